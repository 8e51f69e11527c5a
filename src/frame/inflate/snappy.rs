//! snappy: a block, or the framed format.
//!
//! ```text
//!  block   length (varint)  { literal | copy }*
//!  framed  ff 06 00 00 "sNaPpY"  { kind(1)  size(3)  sum(4)  <= 64 KiB, a block or plain }*
//! ```
//! A block that says at most 1 MiB is decoded at once by the crate; a larger one here, element by
//! element, so that other tasks have their turn. Chunks of the framed format are decoded one at a
//! time by one decoder of the shard, which checks their sums.
//!
//! Invariant: a block cannot make the output larger than it says, nor say more than its elements
//! could hold. The framed format has no end: what is cut off between two chunks is not missed.

use std::cell::RefCell;
use std::io::{self, Read};

use snap::read::FrameDecoder;

use super::{ONE_SHOT_MAX, STEP, Sink, Stop, Turn, bad};
use crate::units::KIB;

/// The begin of a stream in the framed format.
const IDENTIFIER: &[u8] = b"\xff\x06\x00\x00sNaPpY";
/// Bytes of a chunk before its sum.
const CHUNK_HEAD: usize = 4;
/// What a chunk may expand to.
const CHUNK_MAX: usize = 64 * KIB;
/// Compressed bytes of a chunk: incompressible ones grow by a sixth and 32 bytes.
const CHUNK_LEN_MAX: usize = 76_490;
/// The best that an element can do: 64 bytes from three.
const RATIO_MAX: usize = 22;

/// Whether bytes begin a stream of the framed format.
pub(super) fn is_framed(bytes: &[u8]) -> bool {
    bytes.starts_with(IDENTIFIER)
}

/// Inflates a block.
pub(super) async fn block(compressed: &[u8], sink: &mut Sink) -> Result<(), Stop> {
    let (total, head) =
        length(compressed).ok_or(bad(0, 0, "the length is cut off or too large"))?;
    if total > sink.limit {
        return Err(Stop::TooLarge);
    }
    if total > compressed.len().saturating_mul(RATIO_MAX) {
        return Err(bad(0, 0, "the length is more than the elements can hold"));
    }
    sink.reserve(total)?;
    if total <= ONE_SHOT_MAX && compressed.len() <= total.saturating_mul(2).saturating_add(64) {
        let (_, spare) = sink.spare(total);
        let decoded = snap::raw::Decoder::new().decompress(compressed, spare);
        if decoded.is_ok_and(|len| len == total) {
            return Ok(());
        }
        // Once more, to find the place.
        sink.keep(0);
    }
    let mut at = head;
    while at < compressed.len() {
        at = elements(compressed, at, sink.out.bytes_mut(), total)
            .map_err(|(at, reason)| bad(at, 0, reason))?;
        tokio::task::yield_now().await;
    }
    if sink.out.len() < total {
        return Err(bad(at, 0, "cut off"));
    }
    Ok(())
}

/// The length at the start of a block, and how many bytes it takes.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).ok()?;
            return Some((usize::try_from(value).ok()?, index.saturating_add(1)));
        }
    }
    None
}

/// Decodes elements from `at` on, for one step; `out`, which has room for `total` bytes, grows to
/// no more than that. Returns where the next element is, or where one is that cannot be.
fn elements(
    input: &[u8],
    mut at: usize,
    out: &mut Vec<u8>,
    total: usize,
) -> Result<usize, (usize, &'static str)> {
    const CUT: &str = "an element is cut off";
    const LONG: &str = "more than the length says";
    let (begin, begin_out) = (at, out.len());
    while let Some((&tag, rest)) = input.get(at..).and_then(<[u8]>::split_first) {
        let high = usize::from(tag >> 2);
        let extra = match tag & 3 {
            0 => high.saturating_sub(59),
            1 => 1,
            2 => 2,
            _ => 4,
        };
        let number = little(rest.get(..extra).ok_or((at, CUT))?);
        let room = total.saturating_sub(out.len());
        let mut next = at.saturating_add(extra).saturating_add(1);
        if tag & 3 == 0 {
            let len = if extra == 0 { high } else { number }.saturating_add(1);
            let end = next.saturating_add(len);
            let literal = input.get(next..end).ok_or((at, CUT))?;
            if len > room {
                return Err((at, LONG));
            }
            out.extend_from_slice(literal);
            next = end;
        } else {
            let (len, offset) = match tag & 3 {
                1 => ((high & 7).saturating_add(4), (high >> 3 << 8) | number),
                _ => (high.saturating_add(1), number),
            };
            let start = out.len().checked_sub(offset).filter(|_| offset > 0);
            let start = start.ok_or((at, "a copy from before the begin"))?;
            if len > room {
                return Err((at, LONG));
            }
            repeat(out, start, len);
        }
        at = next;
        let read = at.saturating_sub(begin);
        if read.saturating_add(out.len().saturating_sub(begin_out)) >= STEP {
            break;
        }
    }
    Ok(at)
}

fn little(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |value: usize, byte| (value << 8) | usize::from(*byte))
}

/// Appends `len` bytes that repeat what stands from `start` on.
fn repeat(out: &mut Vec<u8>, start: usize, len: usize) {
    let mut left = len;
    while left > 0 {
        let piece = out.len().saturating_sub(start).min(left);
        out.extend_from_within(start..start.saturating_add(piece));
        left = left.saturating_sub(piece);
    }
}

/// The decoder of chunks, made when it is first needed: 140 KiB, and 80 KiB for the chunk in hand.
#[derive(Default)]
pub(super) struct Snappy {
    decoder: RefCell<Option<FrameDecoder<Feed>>>,
}

/// Chunks on their way into the decoder.
#[derive(Default)]
struct Feed {
    bytes: Vec<u8>,
    at: usize,
}

impl Read for Feed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.bytes.get(self.at..).unwrap_or_default();
        let read = rest.read(into)?;
        self.at = self.at.saturating_add(read);
        Ok(read)
    }
}

impl Snappy {
    /// Inflates every chunk of a stream, or of several one after the other.
    pub(super) async fn framed(&self, compressed: &[u8], sink: &mut Sink) -> Result<(), Stop> {
        if !is_framed(compressed) {
            return Err(bad(0, 0, "expected the bytes ff 06 00 00 73 4e of a snappy stream"));
        }
        let mut at = 0_usize;
        let mut turn = Turn::default();
        while at < compressed.len() {
            let before = sink.out.len();
            let rest = compressed.get(at..).unwrap_or_default();
            let cut = bad(at, 0, "a chunk is cut off");
            let &[kind, a, b, c] = rest.first_chunk::<CHUNK_HEAD>().ok_or(cut)?;
            let end = little(&[a, b, c]).saturating_add(CHUNK_HEAD);
            let chunk = rest.get(..end).ok_or(cut)?;
            match kind {
                0xff if chunk != IDENTIFIER => {
                    return Err(bad(at, 0, "not the identifier of a stream"));
                }
                0x80..=0xff => {}
                0 | 1 if end <= CHUNK_LEN_MAX => {
                    self.chunk(chunk, sink, bad(at, 0, "a chunk is damaged"))?;
                }
                0 | 1 => return Err(bad(at, 0, "a chunk that is too long")),
                _ => return Err(bad(at, 0, "a kind of chunk that is not known")),
            }
            at = at.saturating_add(end);
            turn.spend(sink.out.len().saturating_sub(before).saturating_add(64)).await;
        }
        Ok(())
    }

    /// Decodes one chunk.
    fn chunk(&self, chunk: &[u8], sink: &mut Sink, damaged: Stop) -> Result<(), Stop> {
        let mut decoder = self
            .decoder
            .take()
            .unwrap_or_else(|| FrameDecoder::new(Feed { bytes: IDENTIFIER.to_vec(), at: 0 }));
        let feed = decoder.get_mut();
        drop(feed.bytes.drain(..feed.at));
        feed.at = 0;
        feed.bytes.extend_from_slice(chunk);
        loop {
            let room = sink.room(CHUNK_MAX)?;
            let start = sink.out.len();
            let (_, spare) = sink.spare(room);
            let read = decoder.read(spare);
            sink.keep(start.saturating_add(*read.as_ref().unwrap_or(&0)));
            match read {
                Ok(0) => {
                    let _ = self.decoder.replace(Some(decoder));
                    return Ok(());
                }
                Ok(_) => {}
                Err(_) => return Err(damaged),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_decode_as_the_crate_decodes_them() {
        let mut text = Vec::new();
        for at in 0..9000_u32 {
            text.extend_from_slice(format!("{} spans of {};", at % 7, at.pow(2) % 911).as_bytes());
        }
        for plain in [&text[..], &[0; 100_000], b"abcabcabcabcabcabcabcabc", b"x"] {
            let block = snap::raw::Encoder::new().compress_vec(plain).unwrap();
            let (total, mut at) = length(&block).unwrap();
            let mut out = Vec::with_capacity(total);
            while at < block.len() {
                at = elements(&block, at, &mut out, total).unwrap();
            }
            assert!(out == plain, "{} bytes", plain.len());
        }
    }

    #[test]
    fn every_form_of_an_element_is_read() {
        let cases: [(&[u8], &[u8]); 6] = [
            (&[8, b'a', b'b', b'c'], b"abc"),
            (&[60 << 2, 2, b'a', b'b', b'c'], b"abc"),
            (&[63 << 2, 1, 0, 0, 0, b'a', b'b'], b"ab"),
            (&[4, b'a', b'b', 1 | (2 << 2), 2], b"abababab"),
            (&[4, b'a', b'b', 2 | (4 << 2), 1, 0], b"abbbbbb"),
            (&[4, b'a', b'b', 3 | (1 << 2), 2, 0, 0, 0], b"abab"),
        ];
        for (bytes, plain) in cases {
            let mut out = Vec::with_capacity(plain.len());
            assert_eq!(elements(bytes, 0, &mut out, plain.len()), Ok(bytes.len()));
            assert_eq!(out, plain);
            let mut out = Vec::with_capacity(plain.len());
            assert!(elements(bytes, 0, &mut out, plain.len() - 1).is_err(), "one byte too many");
            let cut = &bytes[..bytes.len() - 1];
            assert!(elements(cut, 0, &mut Vec::with_capacity(9), 9).is_err(), "{bytes:?} cut");
        }
        for copy in [[1, 0], [1, 3]] {
            assert!(elements(&[&[4, b'a', b'b'], &copy[..]].concat(), 0, &mut vec![], 9).is_err());
        }
    }
}
