//! The compression ladder on the way out: nothing is compressed that came compressed, and a fan-out
//! compresses once.
//!
//! ```text
//!  encoding as wanted           -> the bytes as they are
//!  identity, another one wanted -> shared result if there is one, else compressed into a block
//!  no ticket for the result     -> identity: every OTLP server takes it
//! ```
//! Up to [`SYNC_BYTES_MAX`] a payload is compressed in one go; a larger one yields to its shard
//! every [`STRIDE_BYTES`], and then one at a time, so that destinations of one fan-out do not do
//! the same work side by side. Compressor states (gzip: about 300 KiB, zstd: up to some MiB) are
//! kept, at most [`STATES_MAX`] a shard.

mod encoder;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use metrics::Counter;
use tokio::sync::Mutex;

use crate::buf::block::Block;
use crate::buf::budget::Lease;
use crate::buf::payload::{Chunk, Payload};
use crate::buf::pool::Home;
use crate::config::plan::Compression;
use crate::queue::batch::{Encoding, Shared};
use crate::units::{KIB, MIB};
use encoder::{ROOM_BYTES_MIN, State, Stream};

/// Payloads up to this size are compressed without yielding.
pub const SYNC_BYTES_MAX: usize = MIB;
/// Input between two yields.
pub const STRIDE_BYTES: usize = 256 * KIB;
/// States kept for reuse.
pub const STATES_MAX: usize = 2;
/// OTLP shrinks to about a sixth: the first guess of the room needed.
const SHRINKS_TO: usize = 5;

/// The compressors of one shard.
pub struct Deflater {
    states: RefCell<Vec<(Compression, State)>>,
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

/// What bytes are encoded with once they have been compressed.
#[must_use]
pub const fn encoding_of(compression: Compression) -> Encoding {
    match compression {
        Compression::None => Encoding::Identity,
        Compression::Gzip(_) => Encoding::Gzip,
        Compression::Zlib(_) => Encoding::Zlib,
        Compression::Deflate(_) => Encoding::Deflate,
        Compression::Zstd(_) => Encoding::Zstd,
        Compression::Snappy => Encoding::Snappy,
        Compression::SnappyFramed => Encoding::SnappyFramed,
    }
}

impl Deflater {
    /// A shard's compressors; `compressed` counts the bytes that go through them.
    #[must_use]
    pub fn new(compressed: Counter) -> Rc<Self> {
        Rc::new(Self { states: RefCell::default(), large: Mutex::default(), compressed })
    }

    /// The payload compressed; taken from `shared`, or put there, when the payload travels to
    /// several destinations, all of which want the same.
    ///
    /// # Errors
    /// [`Uncompressed`]: why it must leave as it is.
    pub async fn compress(
        &self,
        payload: &Payload,
        with: Compression,
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
        let made = Arc::new(self.make(payload, with, purse).await?);
        Ok(match shared {
            Some(shared) => Arc::clone(shared.get_or_init(|| made)),
            None => made,
        })
    }

    async fn make(
        &self,
        payload: &Payload,
        with: Compression,
        Purse { home, bytes }: Purse<'_>,
    ) -> Result<Payload, Uncompressed> {
        let guess = payload.len().div_euclid(SHRINKS_TO).max(ROOM_BYTES_MIN);
        let block = Block::new(home, guess, bytes.empty()).map_err(|_| Uncompressed::NoTicket)?;
        let state = self.state(with).ok_or(Uncompressed::Broken)?;
        let mut stream = Stream::begin(state, payload.len(), block)?;
        let mut since_yield = 0_usize;
        for chunk in payload.chunks() {
            for stride in chunk.bytes().chunks(STRIDE_BYTES) {
                stream.feed(stride)?;
                since_yield = since_yield.saturating_add(stride.len());
                if payload.len() > SYNC_BYTES_MAX && since_yield >= STRIDE_BYTES {
                    since_yield = 0;
                    tokio::task::yield_now().await;
                }
            }
        }
        let (state, out) = stream.finish()?;
        self.compressed.increment(u64::try_from(payload.len()).unwrap_or(u64::MAX));
        self.keep(with, state);
        Ok(Payload::from(Chunk::whole(Arc::new(out))))
    }

    fn state(&self, with: Compression) -> Option<State> {
        let mut states = self.states.borrow_mut();
        match states.iter().position(|(of, _)| *of == with) {
            Some(index) => Some(states.swap_remove(index).1),
            None => State::new(with),
        }
    }

    fn keep(&self, with: Compression, state: State) {
        let mut states = self.states.borrow_mut();
        if states.len() >= STATES_MAX {
            drop(states.remove(0));
        }
        states.push((with, state));
    }
}

#[cfg(test)]
mod tests;
