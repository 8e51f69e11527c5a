//! Free blocks of one shard, by size class.
//!
//! A block that is dropped on its own shard's thread goes straight back to the free list. Dropped
//! elsewhere, which happens only when a shard's runtime is shut down, it travels home over a
//! bounded channel; it is freed when that is full or when it is larger than 1 MiB. Free blocks are
//! not charged to the budget: their sum is bounded by `spare_bytes_max` a shard instead, and what
//! travels by 16 MiB.
//!
//! Classes step by quarters of a power of two, so a block is at most 25 % larger than asked for.
//! It hands out plain `Vec<u8>` with capacity and no length: nothing is zeroed.

use std::cell::RefCell;
use std::sync::Arc;

use crate::units::{KIB, MIB};

/// The smallest block.
pub const BLOCK_BYTES_MIN: usize = 4 * KIB;
/// Blocks above this are allocated and freed each time: they are rare, and keeping them is not.
pub const BLOCK_BYTES_MAX: usize = 64 * MIB;
/// Blocks in transit from other threads.
const RETURNING_MAX: usize = 16;
/// The largest of them; larger ones are freed where they are dropped.
const RETURNING_BYTES_MAX: usize = MIB;

thread_local! {
    static LOCAL: RefCell<Option<Free>> = const { RefCell::new(None) };
}

/// Where blocks of one shard come home to.
#[derive(Debug)]
pub struct Home {
    returning: flume::Sender<Vec<u8>>,
    id: u64,
}

/// The pool of one shard: give it to the shard's thread with [`Pool::install`].
#[derive(Clone, Debug)]
pub struct Pool {
    home: Arc<Home>,
}

#[derive(Debug)]
struct Free {
    id: u64,
    classes: Vec<Vec<Vec<u8>>>,
    bytes: usize,
    bytes_max: usize,
    returning: flume::Receiver<Vec<u8>>,
}

impl Pool {
    /// Makes this thread the home of a new pool that keeps at most `spare_bytes_max` free bytes.
    /// A pool installed before on this thread is dropped with its free blocks.
    #[must_use]
    pub fn install(id: u64, spare_bytes_max: usize) -> Self {
        let (sender, returning) = flume::bounded(RETURNING_MAX);
        let free = Free {
            id,
            classes: vec![Vec::new(); class_of(BLOCK_BYTES_MAX).saturating_add(1)],
            bytes: 0,
            bytes_max: spare_bytes_max,
            returning,
        };
        LOCAL.with_borrow_mut(|local| *local = Some(free));
        Self { home: Arc::new(Home { returning: sender, id }) }
    }

    /// The home that blocks of this pool return to.
    #[must_use]
    pub const fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// Bytes and blocks that lie free on this thread.
    #[must_use]
    pub fn spare() -> (usize, usize) {
        LOCAL.with_borrow(|local| {
            local
                .as_ref()
                .map_or((0, 0), |free| (free.bytes, free.classes.iter().map(Vec::len).sum()))
        })
    }
}

impl Home {
    /// An empty vector of at least `capacity` bytes: a free block when called at home.
    #[must_use]
    pub fn take(&self, capacity: usize) -> Vec<u8> {
        let size = class_size(capacity);
        let found = LOCAL.with_borrow_mut(|local| {
            let free = local.as_mut().filter(|free| free.id == self.id)?;
            free.take(class_of(size))
        });
        found.unwrap_or_else(|| Vec::with_capacity(size))
    }

    /// Takes a vector back.
    pub fn give(&self, mut bytes: Vec<u8>) {
        bytes.clear();
        // During thread exit the free list is gone: the vector is simply freed.
        let kept = LOCAL.try_with(|local| {
            let Ok(mut local) = local.try_borrow_mut() else {
                return Some(bytes);
            };
            match local.as_mut().filter(|free| free.id == self.id) {
                Some(free) => {
                    free.give(bytes);
                    None
                }
                None => Some(bytes),
            }
        });
        if let Ok(Some(foreign)) = kept
            && foreign.capacity() <= RETURNING_BYTES_MAX
        {
            // Full or gone: freeing it here is all that is left to do.
            drop(self.returning.try_send(foreign));
        }
    }
}

impl Free {
    fn take(&mut self, class: usize) -> Option<Vec<u8>> {
        if let Some(found) = self.pop(class) {
            return Some(found);
        }
        while let Ok(back) = self.returning.try_recv() {
            self.give(back);
        }
        self.pop(class)
    }

    fn pop(&mut self, class: usize) -> Option<Vec<u8>> {
        let found = self.classes.get_mut(class)?.pop()?;
        self.bytes = self.bytes.saturating_sub(found.capacity());
        Some(found)
    }

    fn give(&mut self, bytes: Vec<u8>) {
        let size = bytes.capacity();
        let fits = self.bytes.saturating_add(size) <= self.bytes_max;
        let kept = (BLOCK_BYTES_MIN..=BLOCK_BYTES_MAX).contains(&size);
        if !fits || !kept || size != class_size(size) {
            return;
        }
        if let Some(list) = self.classes.get_mut(class_of(size)) {
            list.push(bytes);
            self.bytes = self.bytes.saturating_add(size);
        }
    }
}

/// The capacity a block for `bytes` is given.
#[must_use]
pub const fn class_size(bytes: usize) -> usize {
    if bytes <= BLOCK_BYTES_MIN {
        return BLOCK_BYTES_MIN;
    }
    let step = quarter(bytes);
    bytes.div_ceil(step).saturating_mul(step)
}

/// A quarter of the largest power of two below `bytes`.
const fn quarter(bytes: usize) -> usize {
    1 << (bytes.saturating_sub(1).ilog2().saturating_sub(2))
}

/// The free list of blocks of exactly `size`, a result of [`class_size`].
const fn class_of(size: usize) -> usize {
    if size <= BLOCK_BYTES_MIN {
        return 0;
    }
    let power = size.saturating_sub(1).ilog2();
    let doublings = power.saturating_sub(BLOCK_BYTES_MIN.ilog2()) as usize;
    let base = 1_usize << power;
    let step = size.saturating_sub(base).div_ceil(quarter(size));
    doublings.saturating_mul(4).saturating_add(step)
}
