//! Content codings: what a body is compressed with, on both sides.
//!
//! Reading takes all gzip members and all zstd frames and is bounded; writing is at a low level,
//! as exporters do. Snappy is a block where it is written; a block and frames are read.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use snap::raw::{Encoder, decompress_len};
use snap::read::FrameDecoder;
use zstd_safe::{DCtx, InBuffer, OutBuffer};

use crate::gzip::{self, INFLATED_BYTES_MAX};

/// The level of the zstd bodies a sender makes.
const ZSTD_LEVEL: i32 = 1;
/// How snappy frames begin.
const SNAPPY_FRAMES: &[u8] = b"\xff\x06\x00\x00sNaPpY";
/// Room for one more piece of inflated zstd.
const PIECE_BYTES: usize = 256 << 10;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    #[default]
    Identity,
    /// `gzip`, RFC 1952.
    Gzip,
    /// `zstd`, RFC 8878.
    Zstd,
    /// `zlib`, RFC 1950; `deflate` means the same.
    Zlib,
    /// `snappy`.
    Snappy,
}

impl Coding {
    /// The name in `Content-Encoding` and `grpc-encoding`; none for a body that is sent as it is.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
            Self::Zlib => Some("zlib"),
            Self::Snappy => Some("snappy"),
        }
    }

    /// The coding of this name; nothing for one that is not understood here.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"" | b"identity" => Some(Self::Identity),
            b"gzip" => Some(Self::Gzip),
            b"zstd" => Some(Self::Zstd),
            b"zlib" | b"deflate" => Some(Self::Zlib),
            b"snappy" | b"x-snappy-framed" => Some(Self::Snappy),
            _ => None,
        }
    }

    /// `bytes` compressed.
    ///
    /// # Errors
    /// Never in practice: the output is memory.
    pub fn compress(self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(bytes),
            Self::Gzip => gzip::deflate(&bytes),
            Self::Zstd => {
                let mut out = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
                let _size = zstd_safe::compress(&mut out, &bytes, ZSTD_LEVEL).map_err(fault)?;
                Ok(out)
            }
            Self::Zlib => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&bytes)?;
                encoder.finish()
            }
            Self::Snappy => Ok(Encoder::new().compress_vec(&bytes)?),
        }
    }

    /// Replaces `out` by the content of `bytes`; for an identity `out` is left empty.
    pub(crate) fn inflate(self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        out.clear();
        match self {
            Self::Identity => Ok(()),
            Self::Gzip => gzip::inflate(bytes, out),
            Self::Zstd => unzstd(bytes, out),
            Self::Zlib => bounded(ZlibDecoder::new(bytes), out),
            Self::Snappy if bytes.starts_with(SNAPPY_FRAMES) => {
                bounded(FrameDecoder::new(bytes), out)
            }
            Self::Snappy => {
                if decompress_len(bytes)? as u64 > INFLATED_BYTES_MAX {
                    return Err(too_large());
                }
                *out = snap::raw::Decoder::new().decompress_vec(bytes)?;
                Ok(())
            }
        }
    }
}

/// Everything a reader gives.
fn bounded(reader: impl Read, out: &mut Vec<u8>) -> io::Result<()> {
    let read = reader.take(INFLATED_BYTES_MAX + 1).read_to_end(out)?;
    if read as u64 > INFLATED_BYTES_MAX { Err(too_large()) } else { Ok(()) }
}

fn too_large() -> io::Error {
    io::Error::other(format!("content above {INFLATED_BYTES_MAX} bytes"))
}

/// All frames of `bytes`, one after the other.
fn unzstd(bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let mut state = DCtx::create();
    let mut input = InBuffer::around(bytes);
    loop {
        out.reserve(PIECE_BYTES);
        let at = out.len();
        let mut room = OutBuffer::around_pos(out, at);
        let missing = state.decompress_stream(&mut room, &mut input).map_err(fault)?;
        let filled = room.pos();
        if filled as u64 > INFLATED_BYTES_MAX {
            return Err(too_large());
        }
        if input.pos() == bytes.len() && missing == 0 {
            return Ok(());
        }
        if input.pos() == bytes.len() && filled < at + PIECE_BYTES {
            return Err(io::Error::other("cut off"));
        }
    }
}

fn fault(code: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, zstd_safe::get_error_name(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Vec<u8> {
        (0..400_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect()
    }

    #[test]
    fn what_is_compressed_comes_back_whole_however_large() {
        for coding in [Coding::Gzip, Coding::Zstd, Coding::Zlib, Coding::Snappy] {
            let small = coding.compress(text()).expect("compressed");
            assert!(small.len() < text().len() / 2, "{coding:?}: {}", small.len());
            let mut out = b"old".to_vec();
            coding.inflate(&small, &mut out).expect("whole");
            assert!(out == text(), "{coding:?}");
            assert_eq!(Coding::named(coding.name().unwrap_or("").as_bytes()), Some(coding));
        }
    }

    #[test]
    fn all_frames_are_read() {
        let frame = |text: &[u8]| Coding::Zstd.compress(text.to_vec()).expect("compressed");
        let mut out = Vec::new();
        let two = [frame(b"first "), frame(b"second")].concat();
        Coding::Zstd.inflate(&two, &mut out).expect("two frames");
        assert_eq!(out, b"first second");
    }

    #[test]
    fn a_frame_that_is_cut_off_or_none_at_all_is_an_error() {
        let mut bytes = Coding::Zstd.compress(text()).expect("compressed");
        bytes.truncate(bytes.len() - 1);
        assert!(Coding::Zstd.inflate(&bytes, &mut Vec::new()).is_err());
        assert!(Coding::Zstd.inflate(b"no frame at all", &mut Vec::new()).is_err());
    }
}
