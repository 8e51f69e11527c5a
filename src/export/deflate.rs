//! The compression ladder on the way out: nothing is compressed that came compressed, and a fan-out
//! compresses once.
//!
//! ```text
//!  encoding as wanted           -> the bytes as they are
//!  identity, gzip wanted        -> shared result if there is one, else gzip into a pooled block
//!  no ticket for the result     -> identity: every OTLP server takes it
//! ```
//! Up to [`SYNC_BYTES_MAX`] a payload is compressed in one go; a larger one yields to its shard
//! every [`STRIDE_BYTES`], and then one at a time, so that destinations of one fan-out do not do
//! the same work side by side. Compressor states (about 300 KiB) are kept, at most [`STATES_MAX`] a
//! shard.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use flate2::{Compress, Compression, FlushCompress, Status};
use metrics::Counter;
use tokio::sync::Mutex;

use crate::buf::block::Block;
use crate::buf::budget::Lease;
use crate::buf::payload::{Chunk, Payload};
use crate::buf::pool::Home;
use crate::queue::batch::Shared;
use crate::units::{KIB, MIB};

/// Payloads up to this size are compressed without yielding.
pub const SYNC_BYTES_MAX: usize = MIB;
/// Input between two yields.
pub const STRIDE_BYTES: usize = 256 * KIB;
/// States kept for reuse.
pub const STATES_MAX: usize = 2;
/// Output room asked for at a time, at least.
const ROOM_BYTES_MIN: usize = 4 * KIB;
/// OTLP shrinks to about a sixth: the first guess of the room needed.
const SHRINKS_TO: usize = 5;
/// zlib's largest window, and with it the gzip format.
const WINDOW_BITS: u8 = 15;

/// The compressors of one shard.
pub struct Deflater {
    states: RefCell<Vec<(u32, Compress)>>,
    large: Mutex<()>,
    compressed: Counter,
}

/// Why there is no compressed form; the payload leaves as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncompressed {
    /// The byte budget has no room for the result.
    NoTicket,
    /// The compressor failed.
    Broken,
}

/// Where the result's bytes come from.
#[derive(Clone, Copy, Debug)]
pub struct Purse<'a> {
    /// Blocks.
    pub home: &'a Arc<Home>,
    /// The ticket.
    pub bytes: &'a Arc<Lease>,
}

impl Deflater {
    /// A shard's compressors; `compressed` counts the bytes that go through them.
    #[must_use]
    pub fn new(compressed: Counter) -> Rc<Self> {
        Rc::new(Self { states: RefCell::default(), large: Mutex::default(), compressed })
    }

    /// The payload as gzip; taken from `shared`, or put there, when the payload travels to several
    /// destinations.
    ///
    /// # Errors
    /// [`Uncompressed`]: why it must leave as it is.
    pub async fn gzip(
        &self,
        payload: &Payload,
        level: u32,
        shared: Option<&Shared>,
        purse: Purse<'_>,
    ) -> Result<Arc<Payload>, Uncompressed> {
        let _turn = match payload.len() {
            0..=SYNC_BYTES_MAX => None,
            _ => Some(self.large.lock().await),
        };
        if let Some(done) = shared.and_then(|shared| shared.get()) {
            return Ok(Arc::clone(done));
        }
        let made = Arc::new(self.make(payload, level, purse).await?);
        Ok(match shared {
            Some(shared) => Arc::clone(shared.get_or_init(|| made)),
            None => made,
        })
    }

    async fn make(
        &self,
        payload: &Payload,
        level: u32,
        Purse { home, bytes }: Purse<'_>,
    ) -> Result<Payload, Uncompressed> {
        let guess = payload.len().div_euclid(SHRINKS_TO).max(ROOM_BYTES_MIN);
        let block = Block::new(home, guess, bytes.empty()).map_err(|_| Uncompressed::NoTicket)?;
        let mut gzip = Gzip { state: self.state(level), out: block };
        let mut since_yield = 0_usize;
        for chunk in payload.chunks() {
            for stride in chunk.bytes().chunks(STRIDE_BYTES) {
                gzip.feed(stride)?;
                since_yield = since_yield.saturating_add(stride.len());
                if payload.len() > SYNC_BYTES_MAX && since_yield >= STRIDE_BYTES {
                    since_yield = 0;
                    tokio::task::yield_now().await;
                }
            }
        }
        gzip.finish()?;
        self.compressed.increment(u64::try_from(payload.len()).unwrap_or(u64::MAX));
        self.keep(level, gzip.state);
        Ok(Payload::from(Chunk::whole(Arc::new(gzip.out))))
    }

    fn state(&self, level: u32) -> Compress {
        let mut states = self.states.borrow_mut();
        match states.iter().position(|(of, _)| *of == level) {
            Some(index) => {
                let (_, mut state) = states.swap_remove(index);
                state.reset();
                state
            }
            None => Compress::new_gzip(Compression::new(level.min(9)), WINDOW_BITS),
        }
    }

    fn keep(&self, level: u32, state: Compress) {
        let mut states = self.states.borrow_mut();
        if states.len() >= STATES_MAX {
            drop(states.remove(0));
        }
        states.push((level, state));
    }
}

/// One stream in the making.
struct Gzip {
    state: Compress,
    out: Block,
}

impl Gzip {
    fn feed(&mut self, mut input: &[u8]) -> Result<(), Uncompressed> {
        while !input.is_empty() {
            self.make_room()?;
            let before = self.state.total_in();
            let _ = self.step(input, FlushCompress::None)?;
            let taken = self.state.total_in().wrapping_sub(before);
            let taken = usize::try_from(taken).map_err(|_| Uncompressed::Broken)?;
            input = input.get(taken..).ok_or(Uncompressed::Broken)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Uncompressed> {
        loop {
            self.make_room()?;
            if self.step(&[], FlushCompress::Finish)? == Status::StreamEnd {
                return Ok(());
            }
        }
    }

    fn step(&mut self, input: &[u8], flush: FlushCompress) -> Result<Status, Uncompressed> {
        let step = self.state.compress_vec(input, self.out.bytes_mut(), flush);
        step.map_err(|_| Uncompressed::Broken)
    }

    fn make_room(&mut self) -> Result<(), Uncompressed> {
        if self.out.room() > 0 {
            return Ok(());
        }
        self.out.reserve(ROOM_BYTES_MIN).map_err(|_| Uncompressed::NoTicket)
    }
}

#[cfg(test)]
mod tests;
