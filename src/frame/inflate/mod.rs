//! From compressed to plain bytes, in every coding that clients use: bounded, checked to the last
//! byte.
//!
//! ```text
//!  one_shot  libdeflate, and the only unsafe code       flate   gzip (every member), zlib, raw
//!  zstd      every frame, window <= 8 MiB               lz4     every frame, blocks
//!  snappy    a block, or the framed format
//! ```
//! What is small and says so is inflated at once, straight into its block; the rest in steps of
//! about [`STEP`] bytes, giving way to other tasks between them. A promise of a size is a hint and
//! may lie: the block grows by its ticket, up to the limit. Invariants: output <= limit (one byte
//! more may be written to find that out); every byte of the input belongs to a part that has been
//! checked as far as its format allows; what a decoder holds beside the output is paid for or a
//! constant of the shard; no other room names a decompressor.

mod flate;
mod lz4;
mod one_shot;
mod snappy;
mod xxh32;
mod zstd;

use std::fmt;
use std::sync::Arc;

use super::FrameError;
use crate::buf::block::Block;
use crate::buf::budget::Ticket;
use crate::buf::pool::Home;
use crate::units::{KIB, MIB};

/// Output expected to be larger than this is inflated in steps.
pub const ONE_SHOT_MAX: usize = MIB;
/// Parts of one body (members of gzip, frames); each costs about a microsecond however little is in
/// it.
pub const PARTS_MAX: usize = 4096;
/// The largest window that a zstd frame may ask for.
pub const WINDOW_MAX: u64 = 8 * MIB as u64;
/// Work of one step, in bytes: about 0.1 ms.
const STEP: usize = 256 * KIB;
/// Input of one step: parts that hold nothing take time, too.
const INPUT_STEP: usize = 64 * KIB;
/// Input beyond what is promised to come out of it that is still taken at once.
const SLACK: usize = 128 * KIB;
/// The first block, when the input promises less.
const FIRST_MIN: usize = 4 * KIB;

/// A coding as a client names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`.
    Gzip,
    /// `zstd`.
    Zstd,
    /// `zlib`.
    Zlib,
    /// `deflate`.
    Deflate,
    /// `snappy`.
    Snappy,
    /// `x-snappy-framed`.
    SnappyFramed,
    /// `lz4`.
    Lz4,
}

/// What bytes are, told by the coding's name and their beginning: clients do not agree on what
/// `deflate` and `snappy` mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Members of gzip (RFC 1952).
    Gzip,
    /// Frames of zstd (RFC 8878).
    Zstd,
    /// zlib (RFC 1950).
    Zlib,
    /// Deflate without a frame (RFC 1951).
    RawDeflate,
    /// A block of snappy.
    SnappyBlock,
    /// The framed format of snappy.
    SnappyFramed,
    /// Frames of lz4.
    Lz4,
}

impl Coding {
    /// All of them, in the order of the Collector's list.
    pub const ALL: [Self; 7] = [
        Self::Gzip,
        Self::Zstd,
        Self::Zlib,
        Self::Snappy,
        Self::Deflate,
        Self::Lz4,
        Self::SnappyFramed,
    ];

    /// The name in headers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zlib => "zlib",
            Self::Deflate => "deflate",
            Self::Snappy => "snappy",
            Self::SnappyFramed => "x-snappy-framed",
            Self::Lz4 => "lz4",
        }
    }

    /// What `bytes` that are said to have this coding are.
    #[must_use]
    pub fn format(self, bytes: &[u8]) -> Format {
        match self {
            Self::Gzip => Format::Gzip,
            Self::Zstd => Format::Zstd,
            Self::Zlib | Self::Deflate if flate::is_zlib(bytes) => Format::Zlib,
            Self::Zlib | Self::Deflate => Format::RawDeflate,
            Self::Snappy if !snappy::is_framed(bytes) => Format::SnappyBlock,
            Self::Snappy | Self::SnappyFramed => Format::SnappyFramed,
            Self::Lz4 => Format::Lz4,
        }
    }
}

/// What is wrong with compressed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// In words.
    Text(&'static str),
    /// A zstd frame asks for a window of so many bytes.
    Window(u64),
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Window(bytes) => {
                write!(formatter, "window of {bytes} bytes, at most {} MiB", WINDOW_MAX >> 20)
            }
        }
    }
}

/// Why inflating stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    TooLarge,
    Overloaded,
    /// What is wrong at this offset.
    Bad(usize, Damage),
}

/// What is wrong `taken` bytes behind `at`.
const fn bad(at: usize, taken: usize, reason: &'static str) -> Stop {
    Stop::Bad(at.saturating_add(taken), Damage::Text(reason))
}

/// The decompressors of one shard.
#[derive(Default)]
pub struct Inflater {
    flate: flate::Flate,
    zstd: zstd::Zstd,
    snappy: snappy::Snappy,
}

impl fmt::Debug for Inflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Inflater").finish_non_exhaustive()
    }
}

impl Inflater {
    /// Inflates all parts of `compressed` into a block of `home` paid for by `ticket`, which grows
    /// as needed.
    ///
    /// # Errors
    /// More than `limit` bytes, no room in the budget, or not of this coding to the last byte.
    pub async fn inflate(
        &self,
        coding: Coding,
        compressed: &[u8],
        limit: usize,
        home: &Arc<Home>,
        ticket: Ticket,
    ) -> Result<Block, FrameError> {
        let format = coding.format(compressed);
        let first = match format {
            Format::Gzip => flate::first_of_gzip(compressed),
            Format::Zlib | Format::RawDeflate => flate::first(compressed),
            Format::Zstd => zstd::first(compressed),
            Format::SnappyBlock => 0,
            Format::SnappyFramed | Format::Lz4 => compressed.len(),
        };
        let first = first.max(FIRST_MIN).min(limit.max(1));
        let out = Block::new(home, first, ticket).map_err(|_| FrameError::Overloaded)?;
        let mut sink = Sink { out, limit };
        let done = match format {
            Format::Gzip => self.flate.gzip(compressed, &mut sink).await,
            Format::Zlib => self.flate.deflate(flate::Wrap::Zlib, compressed, &mut sink).await,
            Format::RawDeflate => self.flate.deflate(flate::Wrap::Raw, compressed, &mut sink).await,
            Format::Zstd => self.zstd.inflate(compressed, &mut sink).await,
            Format::SnappyBlock => snappy::block(compressed, &mut sink).await,
            Format::SnappyFramed => self.snappy.framed(compressed, &mut sink).await,
            Format::Lz4 => lz4::inflate(compressed, &mut sink).await,
        };
        match done {
            Ok(()) => Ok(sink.out),
            Err(Stop::TooLarge) => Err(FrameError::TooLarge { limit }),
            Err(Stop::Overloaded) => Err(FrameError::Overloaded),
            Err(Stop::Bad(offset, reason)) => {
                Err(FrameError::BadCompression { coding, offset, reason })
            }
        }
    }
}

/// Where the output goes, and how much of it there may be.
struct Sink {
    out: Block,
    limit: usize,
}

impl Sink {
    /// How much may be written now, at least one byte and at most `step`: there is room for it. One
    /// byte beyond the limit counts, so that a body of exactly the limit ends.
    fn room(&mut self, step: usize) -> Result<usize, Stop> {
        self.check()?;
        if self.out.room() == 0 {
            self.reserve(1)?;
        }
        let allowed = self.limit.saturating_sub(self.out.len()).saturating_add(1);
        Ok(self.out.room().min(allowed).min(step))
    }

    fn reserve(&mut self, more: usize) -> Result<(), Stop> {
        self.out.reserve(more).map_err(|_| Stop::Overloaded)
    }

    /// Whether all that has been written may be there.
    fn check(&self) -> Result<(), Stop> {
        if self.out.len() > self.limit { Err(Stop::TooLarge) } else { Ok(()) }
    }

    /// What has been written, and `room` zeroed bytes behind it for which there is room;
    /// [`Sink::keep`] says how many of them count.
    fn spare(&mut self, room: usize) -> (&mut [u8], &mut [u8]) {
        let start = self.out.len();
        let room = room.min(self.out.room());
        let bytes = self.out.bytes_mut();
        bytes.resize(start.saturating_add(room), 0);
        bytes.split_at_mut(start)
    }

    /// Keeps the first `len` bytes.
    fn keep(&mut self, len: usize) {
        self.out.bytes_mut().truncate(len);
    }
}

/// Work since other tasks had their turn.
#[derive(Default)]
struct Turn(usize);

impl Turn {
    /// Counts work and gives way when it is enough.
    async fn spend(&mut self, bytes: usize) {
        self.0 = self.0.saturating_add(bytes);
        if self.0 >= STEP {
            self.0 = 0;
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests;
