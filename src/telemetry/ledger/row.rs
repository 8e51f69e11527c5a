//! The cells of one row under a sequence lock: one writer, any number of readers, no waiting.
//!
//! ```text
//!  writer: seq = odd │ fence │ cells ... │ seq = even (release)
//!  reader: seq even? (acquire) │ cells ... │ fence │ seq unchanged? else again
//! ```
//! Every word is an atomic, so a torn read is a stale figure that is thrown away, never undefined.
//! Figures wrap at 2^64, `queued` stops at 0.

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::thread;

use super::snapshot::Totals;
use super::{DropReason, Weight};

const ROUTED: usize = 0;
const QUEUED: usize = 1;
/// Place of what was delivered.
pub(super) const DELIVERED: usize = 2;
/// Place of what was refused for good.
pub(super) const REJECTED: usize = 3;
const DROPPED: usize = 4;
const PLACES: usize = DROPPED + DropReason::ALL.len();

/// Place of what was dropped for a reason.
pub(super) const fn dropped(reason: DropReason) -> usize {
    DROPPED + reason as usize
}

/// Reads of one row before the last good one is shown again: at some 50 ns each well below 1 ms.
const TRIES_MAX: usize = 10_000;
/// Reads before the reader gives its core away, where the writer may be waiting for it.
const TRIES_SPINNING: usize = 64;

/// One row. Aligned so that no other row's writer shares its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct RowCells {
    /// Odd while a verb is being written.
    sequence: AtomicU64,
    places: [WeightCell; PLACES],
}

#[derive(Debug, Default)]
struct WeightCell {
    items: AtomicU64,
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl RowCells {
    /// routed += weight, queued += weight.
    pub(super) fn route(&self, weight: Weight) {
        self.write(|| {
            self.add(ROUTED, weight);
            self.add(QUEUED, weight);
        });
    }

    /// queued -= weight, `place` += weight.
    pub(super) fn finish(&self, place: usize, weight: Weight) {
        self.write(|| {
            self.leave_queue(weight);
            self.add(place, weight);
        });
    }

    /// routed += weight, dropped += weight, without having been queued.
    pub(super) fn pass_by(&self, reason: DropReason, weight: Weight) {
        self.write(|| {
            self.add(ROUTED, weight);
            self.add(dropped(reason), weight);
        });
    }

    /// Moves all of queued to dropped; returns it.
    pub(super) fn abandon(&self, reason: DropReason) -> Weight {
        let queued = self.load(QUEUED);
        if queued != Weight::default() {
            self.finish(dropped(reason), queued);
        }
        queued
    }

    /// The row as it stood between two verbs; `None` if the writer left no gap to read in.
    pub(super) fn read(&self) -> Option<Totals> {
        for tries in 0..TRIES_MAX {
            let before = self.sequence.load(Ordering::Acquire);
            if before.is_multiple_of(2) {
                let totals = self.totals();
                fence(Ordering::Acquire);
                if self.sequence.load(Ordering::Relaxed) == before {
                    return Some(totals);
                }
            }
            if tries < TRIES_SPINNING {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
        None
    }

    fn write(&self, verb: impl FnOnce()) {
        let before = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(before.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        verb();
        self.sequence.store(before.wrapping_add(2), Ordering::Release);
    }

    fn add(&self, place: usize, weight: Weight) {
        self.store(place, self.load(place).plus(weight));
    }

    fn leave_queue(&self, weight: Weight) {
        let queued = self.load(QUEUED);
        let left = Weight {
            items: queued.items.saturating_sub(weight.items),
            requests: queued.requests.saturating_sub(weight.requests),
            bytes: queued.bytes.saturating_sub(weight.bytes),
        };
        self.store(QUEUED, left);
    }

    fn load(&self, place: usize) -> Weight {
        self.places.get(place).map_or_else(Weight::default, |cell| Weight {
            items: cell.items.load(Ordering::Relaxed),
            requests: cell.requests.load(Ordering::Relaxed),
            bytes: cell.bytes.load(Ordering::Relaxed),
        })
    }

    fn store(&self, place: usize, weight: Weight) {
        if let Some(cell) = self.places.get(place) {
            cell.items.store(weight.items, Ordering::Relaxed);
            cell.requests.store(weight.requests, Ordering::Relaxed);
            cell.bytes.store(weight.bytes, Ordering::Relaxed);
        }
    }

    fn totals(&self) -> Totals {
        Totals {
            routed: self.load(ROUTED),
            queued: self.load(QUEUED),
            delivered: self.load(DELIVERED),
            rejected: self.load(REJECTED),
            dropped: DropReason::ALL.map(|reason| self.load(dropped(reason))),
        }
    }
}
