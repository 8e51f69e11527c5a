//! What has been found out lately: a fixed number of digests, each known for a while.
//!
//! Shared by all shards without a lock. The parts of a slot are written one after another, so a
//! reader may see those of two entries mixed; a mixture matches a digest only by a chance of 1 in
//! 2^64, and digests cannot be aimed at, since their key is random.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Mark;

/// Slots that one digest may be in.
const WAYS: usize = 4;

/// A bounded set of digests that forgets.
pub(super) struct Memory {
    slots: Box<[Slot]>,
    since: Instant,
    life: Duration,
}

#[derive(Default)]
struct Slot {
    low: AtomicU64,
    high: AtomicU64,
    /// Milliseconds after `since`.
    until: AtomicU64,
}

impl Memory {
    /// A memory of `sets` times [`WAYS`] digests, each known for `life`; `now` is before any time
    /// it is asked at.
    pub(super) fn new(sets: usize, life: Duration, now: Instant) -> Self {
        let slots = (0..sets.max(1).saturating_mul(WAYS)).map(|_| Slot::default()).collect();
        Self { slots, since: now, life }
    }

    /// Whether the digest was learnt within the time.
    pub(super) fn knows(&self, mark: &Mark, now: Instant) -> bool {
        let (low, high) = halves(mark);
        let now = self.millis(now);
        self.set(low).iter().any(|slot| {
            slot.until.load(Ordering::Acquire) > now
                && slot.low.load(Ordering::Relaxed) == low
                && slot.high.load(Ordering::Relaxed) == high
        })
    }

    /// Knows the digest from now on, in place of the one to be forgotten first.
    pub(super) fn learn(&self, mark: &Mark, now: Instant) {
        let (low, high) = halves(mark);
        let oldest = self.set(low).iter().min_by_key(|slot| {
            let same = slot.low.load(Ordering::Relaxed) == low;
            if same { 0 } else { slot.until.load(Ordering::Relaxed) }
        });
        if let Some(slot) = oldest {
            slot.until.store(0, Ordering::Release);
            slot.low.store(low, Ordering::Relaxed);
            slot.high.store(high, Ordering::Relaxed);
            let until = self.millis(now.checked_add(self.life).unwrap_or(now));
            slot.until.store(until, Ordering::Release);
        }
    }

    fn set(&self, low: u64) -> &[Slot] {
        let sets = self.slots.len().div_euclid(WAYS).max(1);
        let set = usize::try_from(low).unwrap_or(usize::MAX).rem_euclid(sets);
        self.slots.chunks(WAYS).nth(set).unwrap_or_default()
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.since).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX)
    }
}

fn halves(mark: &Mark) -> (u64, u64) {
    let half = |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let (first, rest) = mark.split_at_checked(8).unwrap_or_default();
    let (second, _) = rest.split_at_checked(8).unwrap_or_default();
    (half(first), half(second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::clock;

    fn mark(first: u8, second: u8) -> Mark {
        let mut mark = [0; 32];
        (mark[7], mark[15]) = (first, second);
        mark
    }

    #[test]
    fn a_digest_is_known_for_its_time_and_then_forgotten() {
        let now = clock::now();
        let memory = Memory::new(8, Duration::from_secs(60), now);
        assert!(!memory.knows(&mark(1, 1), now));
        memory.learn(&mark(1, 1), now);
        assert!(memory.knows(&mark(1, 1), now + Duration::from_secs(59)));
        assert!(!memory.knows(&mark(1, 2), now), "both halves count");
        assert!(!memory.knows(&mark(2, 1), now));
        assert!(!memory.knows(&mark(1, 1), now + Duration::from_secs(60)));
    }

    #[test]
    fn more_digests_than_there_is_room_for_drive_out_the_oldest() {
        let now = clock::now();
        let memory = Memory::new(1, Duration::from_secs(60), now);
        for at in 0..10_u8 {
            memory.learn(&mark(at, at), now + Duration::from_secs(u64::from(at)));
        }
        let later = now + Duration::from_secs(10);
        let known: Vec<u8> = (0..10).filter(|at| memory.knows(&mark(*at, *at), later)).collect();
        assert_eq!(known, [6, 7, 8, 9]);
    }
}
