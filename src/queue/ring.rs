//! When a batch leaves: the rule "keep the queue short and the batches big" as a pure state
//! machine.
//!
//! ```text
//!  put -> open (joined while it is small) -> sealed (full, alone, or flushed) -> take -> in flight
//! ```
//! - While batches have been small lately, what waits leaves at once: there is no timer at low
//!   load.
//! - Once batches of [`JOIN_REQUESTS`] or more have been seen, the next leaves at 256 KiB or 1 ms
//!   after its first copy. The memory of a big batch fades by an eighth with each smaller one.
//! - With a `batch` in the file: at its size, or after its delay.
//!
//! Time is an argument. The ring neither wakes nor sends; [`super::Destination`] does.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::batch::Batch;
use crate::config::plan::{Batching, Sizer};
use crate::units::{KIB, Weight};

/// A batch joined by load is full at this size.
pub const BATCH_BYTES_MAX: usize = 512 * KIB;
/// This much waiting leaves at once.
pub const BATCH_BYTES_DUE: usize = 256 * KIB;
/// How long a batch may wait for company when batches have been big.
pub const JOIN_DELAY: Duration = Duration::from_millis(1);
/// A batch is big from this many requests on.
pub const JOIN_REQUESTS: usize = 4;
/// `Ring::company` counts in parts of a request.
const COMPANY_UNIT: usize = 16;
/// What fades of it with each batch: one part in so many.
const COMPANY_FADES: usize = 8;
/// Batches that may be open at once, one for each set of metadata values.
pub const OPEN_BATCHES_MAX: usize = 1000;

/// What must be equal for two copies to leave as one request: the batch settings and the values of
/// the metadata keys they name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MergeKey {
    /// Which batch settings: 0 is merging by load, others are numbered by the shard's lanes.
    pub batching: usize,
    /// The values of `metadata_keys`, or without a `batch` of what the destination carries on,
    /// written so that equal bytes mean equal values and an absent value is not an empty one.
    pub metadata: Option<Rc<[u8]>>,
}

/// When an open batch is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Now,
    /// Not before then, unless more arrives.
    At(Instant),
    /// It is empty.
    Never,
}

/// A batch that still takes copies.
#[derive(Debug)]
struct Open {
    key: MergeKey,
    batching: Option<Rc<Batching>>,
    batch: Batch,
}

/// Batches of one destination on one shard that wait or are in flight.
#[derive(Debug, Default)]
pub struct Ring {
    open: Vec<Open>,
    sealed: VecDeque<Batch>,
    waiting_bytes: usize,
    in_flight: usize,
    in_flight_bytes: usize,
    company: usize,
    flushing: bool,
}

impl Ring {
    /// The open batch for `key` if a copy of `weight` still fits, or a new one. `None` when too
    /// many sets of metadata values are open.
    pub fn open_for(
        &mut self,
        now: Instant,
        key: &MergeKey,
        batching: Option<&Rc<Batching>>,
        weight: Weight,
    ) -> Option<&mut Batch> {
        let found = self.open.iter().position(|open| open.key == *key);
        if let Some(index) = found
            && self.open.get(index).is_some_and(|open| !open.fits(weight))
        {
            self.seal(index);
        }
        let index = match self.open.iter().position(|open| open.key == *key) {
            Some(index) => index,
            None if self.open.len() >= OPEN_BATCHES_MAX => return None,
            None => {
                self.open.push(Open {
                    key: key.clone(),
                    batching: batching.cloned(),
                    batch: Batch::new(now),
                });
                self.open.len().saturating_sub(1)
            }
        };
        self.open.get_mut(index).map(|open| &mut open.batch)
    }

    /// Books a copy that was just put into the open batch of `key`, and seals the batch if that
    /// made it full. `joins: false` seals it in any case.
    pub fn joined(&mut self, key: &MergeKey, weight: Weight, joins: bool) {
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes_of(weight));
        let found = self.open.iter().position(|open| open.key == *key);
        if let Some(index) = found
            && self.open.get(index).is_some_and(|open| !joins || open.is_full())
        {
            self.seal(index);
        }
    }

    /// Drops the open batch of `key` if nothing has been put into it.
    pub fn abandon_empty(&mut self, key: &MergeKey) {
        self.open.retain(|open| open.key != *key || !open.batch.is_empty());
    }

    /// Puts a batch that is joined with nothing.
    pub fn put_alone(&mut self, batch: Batch) {
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes_of(batch.weight()));
        self.sealed.push_back(batch);
    }

    fn seal(&mut self, index: usize) {
        let open = self.open.swap_remove(index);
        self.sealed.push_back(open.batch);
    }

    fn due_open(&self, open: &Open, now: Instant) -> Due {
        if open.batch.is_empty() {
            return Due::Never;
        }
        if self.flushing {
            return Due::Now;
        }
        let at = match &open.batching {
            Some(batching) => open.batch.since() + batching.delay_max,
            None if open.batch.len() >= BATCH_BYTES_DUE || !self.in_company() => return Due::Now,
            None => open.batch.since() + JOIN_DELAY,
        };
        if at <= now { Due::Now } else { Due::At(at) }
    }

    /// Takes the next batch that is due and counts it as in flight.
    pub fn take(&mut self, now: Instant) -> Option<Batch> {
        let batch = match self.sealed.pop_front() {
            Some(batch) => batch,
            None => {
                let due = |open: &Open| self.due_open(open, now) == Due::Now;
                let index = self.open.iter().position(due)?;
                self.open.swap_remove(index).batch
            }
        };
        let bytes = bytes_of(batch.weight());
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
        self.in_flight = self.in_flight.saturating_add(1);
        self.in_flight_bytes = self.in_flight_bytes.saturating_add(bytes);
        let requests = usize::try_from(batch.weight().requests).unwrap_or(usize::MAX);
        let faded = self.company.saturating_sub(self.company.div_ceil(COMPANY_FADES));
        self.company = requests.saturating_mul(COMPANY_UNIT).max(faded);
        Some(batch)
    }

    /// Whether batches have been big lately.
    const fn in_company(&self) -> bool {
        self.company >= JOIN_REQUESTS * COMPANY_UNIT
    }

    /// A batch of `weight` is no longer in flight.
    pub fn landed(&mut self, weight: Weight) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.in_flight_bytes = self.in_flight_bytes.saturating_sub(bytes_of(weight));
    }

    /// Bytes that wait or are in flight.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.waiting_bytes.saturating_add(self.in_flight_bytes)
    }

    /// How many batches could be taken by separate connections right now, and when the next could
    /// be.
    #[must_use]
    pub fn outlook(&self, now: Instant) -> (usize, Option<Instant>) {
        let mut due = self.sealed.len();
        let mut later: Option<Instant> = None;
        for open in &self.open {
            match self.due_open(open, now) {
                Due::Now => due = due.saturating_add(1),
                Due::At(at) => later = Some(later.map_or(at, |known| known.min(at))),
                Due::Never => {}
            }
        }
        (due, later)
    }

    /// Whether nothing waits and nothing is in flight.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0 && !self.is_waiting()
    }

    /// Whether anything waits.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.sealed.is_empty() || self.open.iter().any(|open| !open.batch.is_empty())
    }

    /// From now on nothing waits for company.
    pub const fn flush(&mut self) {
        self.flushing = true;
    }

    /// When the oldest waiting copy arrived.
    #[must_use]
    pub fn oldest(&self) -> Option<Instant> {
        let open = self.open.iter().map(|open| open.batch.since());
        self.sealed.iter().map(Batch::since).chain(open).min()
    }

    /// Removes the waiting batches for which `keep` is false and returns what they weighed.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut Batch) -> bool) -> Weight {
        let mut removed = Weight::default();
        let mut check = |batch: &mut Batch| {
            let kept = keep(batch);
            if !kept {
                removed = removed.plus(batch.weight());
            }
            kept
        };
        self.sealed.retain_mut(&mut check);
        self.open.retain_mut(|open| check(&mut open.batch));
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes_of(removed));
        removed
    }
}

impl Open {
    fn fits(&self, more: Weight) -> bool {
        if self.batch.is_empty() {
            return true;
        }
        let sum = self.batch.weight().plus(more);
        match &self.batching {
            None => bytes_of(sum) <= BATCH_BYTES_MAX,
            Some(batching) => {
                batching.size_max == 0 || size(sum, batching.sizer) <= batching.size_max
            }
        }
    }

    fn is_full(&self) -> bool {
        match &self.batching {
            None => self.batch.len() >= BATCH_BYTES_MAX,
            Some(batching) => size(self.batch.weight(), batching.sizer) >= batching.size_min,
        }
    }
}

/// A weight in the units of a sizer.
#[must_use]
pub const fn size(weight: Weight, sizer: Sizer) -> u64 {
    match sizer {
        Sizer::Requests => weight.requests,
        Sizer::Items => weight.items,
        Sizer::Bytes => weight.bytes,
    }
}

fn bytes_of(weight: Weight) -> usize {
    usize::try_from(weight.bytes).unwrap_or(usize::MAX)
}
