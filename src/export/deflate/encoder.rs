//! One compressed stream in the making, in any of the formats that backends are sent.
//!
//! Input comes in pieces; output goes into one pooled block that grows under its ticket. Snappy has
//! no stream format of its own over HTTP: its block is written as the lengths' sum followed by the
//! elements of 64 KiB pieces, each compressed by itself, as an encoder of the whole does it.

use std::io::{self, Write};

use flate2::{Compress, Compression as Level, FlushCompress, Status};
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, ResetDirective};

use super::Uncompressed;
use crate::buf::block::Block;
use crate::config::plan::Compression;
use crate::units::KIB;

/// Output room asked for at a time, at least.
pub(super) const ROOM_BYTES_MIN: usize = 4 * KIB;
/// zlib's largest window, and with it the gzip format.
const WINDOW_BITS: u8 = 15;
/// zstd's window: with it a state stays below a few MiB at every level.
const ZSTD_WINDOW_LOG: u32 = 20;
/// What a snappy encoder sees at a time.
const SNAPPY_PIECE_BYTES: usize = 64 * KIB;
/// The longest varint of a 32-bit length.
const VARINT_BYTES_MAX: usize = 5;

/// What is kept from stream to stream.
pub(super) enum State {
    Zlib(Compress),
    Zstd(CCtx<'static>),
    Snappy {
        encoder: snap::raw::Encoder,
        scratch: Vec<u8>,
    },
    /// The framed format's encoder is made anew for each stream.
    Framed,
}

impl State {
    /// A state for `compression`; `None` where nothing is compressed.
    pub(super) fn new(compression: Compression) -> Option<Self> {
        let level = |level: u32| Level::new(level.min(9));
        Some(match compression {
            Compression::None => return None,
            Compression::Gzip(of) => Self::Zlib(Compress::new_gzip(level(of), WINDOW_BITS)),
            Compression::Zlib(of) | Compression::Deflate(of) => {
                Self::Zlib(Compress::new(level(of), true))
            }
            Compression::Zstd(level) => {
                let mut state = CCtx::try_create()?;
                let _ = state.set_parameter(CParameter::CompressionLevel(level)).ok()?;
                let _ = state.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG)).ok()?;
                Self::Zstd(state)
            }
            Compression::Snappy => {
                Self::Snappy { encoder: snap::raw::Encoder::new(), scratch: Vec::new() }
            }
            Compression::SnappyFramed => Self::Framed,
        })
    }
}

/// A stream.
pub(super) enum Stream {
    Plain { state: State, out: Block },
    Framed(Box<snap::write::FrameEncoder<Sink>>),
}

impl Stream {
    /// A stream of `len` bytes into `out`.
    pub(super) fn begin(
        mut state: State,
        len: usize,
        mut out: Block,
    ) -> Result<Self, Uncompressed> {
        match &mut state {
            State::Zlib(zlib) => zlib.reset(),
            State::Zstd(zstd) => {
                let _ = zstd.reset(ResetDirective::SessionOnly).map_err(broken)?;
                let len = u64::try_from(len).ok();
                let _ = zstd.set_pledged_src_size(len).map_err(broken)?;
            }
            State::Snappy { .. } => {
                out.reserve(VARINT_BYTES_MAX).map_err(|_| Uncompressed::NoTicket)?;
                let len = u32::try_from(len).map_err(|_| Uncompressed::Broken)?;
                put_varint(&mut out, len);
            }
            State::Framed => {
                let sink = Sink { out, full: false };
                return Ok(Self::Framed(Box::new(snap::write::FrameEncoder::new(sink))));
            }
        }
        Ok(Self::Plain { state, out })
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, input: &[u8]) -> Result<(), Uncompressed> {
        match self {
            Self::Framed(encoder) => encoder.write_all(input).map_err(|_| encoder.get_ref().why()),
            Self::Plain { state, out } => match state {
                State::Zlib(zlib) => deflate(zlib, out, input),
                State::Zstd(zstd) => squeeze(zstd, out, input),
                State::Snappy { encoder, scratch } => {
                    for piece in input.chunks(SNAPPY_PIECE_BYTES) {
                        snap(encoder, scratch, out, piece)?;
                    }
                    Ok(())
                }
                State::Framed => Err(Uncompressed::Broken),
            },
        }
    }

    /// Ends the stream; the state can begin another one.
    pub(super) fn finish(self) -> Result<(State, Block), Uncompressed> {
        match self {
            Self::Framed(encoder) => {
                let done = encoder.into_inner().map_err(|error| error.into_inner().get_ref().why());
                done.map(|sink| (State::Framed, sink.out))
            }
            Self::Plain { mut state, mut out } => {
                match &mut state {
                    State::Zlib(zlib) => {
                        while !step(zlib, &mut out, &[], FlushCompress::Finish)? {}
                    }
                    State::Zstd(zstd) => while !end(zstd, &mut out)? {},
                    State::Snappy { .. } | State::Framed => {}
                }
                Ok((state, out))
            }
        }
    }
}

fn deflate(zlib: &mut Compress, out: &mut Block, mut input: &[u8]) -> Result<(), Uncompressed> {
    while !input.is_empty() {
        let before = zlib.total_in();
        let _ended = step(zlib, out, input, FlushCompress::None)?;
        let taken = usize::try_from(zlib.total_in().wrapping_sub(before)).map_err(broken)?;
        input = input.get(taken..).ok_or(Uncompressed::Broken)?;
    }
    Ok(())
}

/// One turn of zlib; whether the stream has ended.
fn step(
    zlib: &mut Compress,
    out: &mut Block,
    input: &[u8],
    flush: FlushCompress,
) -> Result<bool, Uncompressed> {
    make_room(out)?;
    let step = zlib.compress_vec(input, out.bytes_mut(), flush).map_err(broken)?;
    Ok(step == Status::StreamEnd)
}

fn squeeze(zstd: &mut CCtx<'_>, out: &mut Block, input: &[u8]) -> Result<(), Uncompressed> {
    let mut input = InBuffer::around(input);
    while input.pos < input.src.len() {
        make_room(out)?;
        let at = out.len();
        let mut room = OutBuffer::around_pos(out.bytes_mut(), at);
        let _hint = zstd.compress_stream(&mut room, &mut input).map_err(broken)?;
    }
    Ok(())
}

/// Writes what zstd still holds; whether that was all.
fn end(zstd: &mut CCtx<'_>, out: &mut Block) -> Result<bool, Uncompressed> {
    make_room(out)?;
    let at = out.len();
    let mut room = OutBuffer::around_pos(out.bytes_mut(), at);
    let left = zstd.end_stream(&mut room).map_err(broken)?;
    Ok(left == 0)
}

/// One piece of a snappy block: its elements without the length before them.
fn snap(
    encoder: &mut snap::raw::Encoder,
    scratch: &mut Vec<u8>,
    out: &mut Block,
    piece: &[u8],
) -> Result<(), Uncompressed> {
    scratch.resize(snap::raw::max_compress_len(piece.len()), 0);
    let len = encoder.compress(piece, scratch).map_err(broken)?;
    let written = scratch.get(..len).ok_or(Uncompressed::Broken)?;
    let head = written.iter().position(|byte| byte & 0x80 == 0).ok_or(Uncompressed::Broken)?;
    let elements = written.get(head.saturating_add(1)..).unwrap_or_default();
    out.reserve(elements.len()).map_err(|_| Uncompressed::NoTicket)?;
    out.put(elements);
    Ok(())
}

fn put_varint(out: &mut Block, mut value: u32) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.put(&[low & 0x7f]);
        }
        out.put(&[low | 0x80]);
    }
}

fn make_room(out: &mut Block) -> Result<(), Uncompressed> {
    if out.room() > 0 {
        return Ok(());
    }
    out.reserve(ROOM_BYTES_MIN).map_err(|_| Uncompressed::NoTicket)
}

fn broken<E>(_: E) -> Uncompressed {
    Uncompressed::Broken
}

/// A block as a writer.
pub(super) struct Sink {
    out: Block,
    full: bool,
}

impl Sink {
    const fn why(&self) -> Uncompressed {
        if self.full { Uncompressed::NoTicket } else { Uncompressed::Broken }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.reserve(bytes.len()).is_err() {
            self.full = true;
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        }
        self.out.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
