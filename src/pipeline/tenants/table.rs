//! The buckets of all tenants, shared by all shards without a lock.
//!
//! A bucket is one time: when all that its tenant has sent would be paid for at its rate (GCRA). It
//! lies in the past for a tenant with a full bucket, and such a slot is as good as empty: another
//! tenant may take it over. Tenants are told apart by a fingerprint of 64 bits under a random key,
//! so that names cannot be made up to meet in one slot.
//!
//! A tenant is looked for in [`PROBES`] slots in a row. When all of them belong to others who owe,
//! it shares the one that is out of debt first: more tenants than there is room for are limited
//! together rather than not at all. Two shards that meet a tenant for the first time at once may
//! open two buckets for it; the one found first is used from then on.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::config::plan::Quota;

/// Slots that a tenant may be in.
const PROBES: usize = 16;
/// Slots of a table: tenants that may owe at the same time; 1 MiB.
const SLOTS: usize = 1 << 16;
/// How often a slot is taken for before another's is shared.
const TRIES: usize = 4;
const NANOS: u128 = 1_000_000_000;

/// All buckets.
#[derive(Debug)]
pub struct Table {
    slots: Box<[Slot]>,
    keys: RandomState,
    since: Instant,
}

#[derive(Debug, Default)]
struct Slot {
    /// 0: never used.
    print: AtomicU64,
    /// When all is paid for, in nanoseconds after `since`.
    paid: AtomicU64,
}

/// Where a tenant's bucket is.
enum Place<'a> {
    /// It has one, or shares one.
    Found(&'a Slot),
    /// It has none, and this one is as good as empty; with what its fingerprint is.
    Free(&'a Slot, u64),
}

impl Table {
    /// An empty table. `now` is before any time that it is asked at.
    #[must_use]
    pub fn new(now: Instant) -> Arc<Self> {
        Self::of(SLOTS, now)
    }

    fn of(slots: usize, now: Instant) -> Arc<Self> {
        let slots = (0..slots.max(1)).map(|_| Slot::default()).collect();
        Arc::new(Self { slots, keys: RandomState::new(), since: now })
    }

    /// The fingerprint of a name.
    pub(super) fn print(&self, name: &[u8]) -> u64 {
        self.keys.hash_one(name).max(1)
    }

    /// Nanoseconds until this tenant is out of debt; 0: it is not in debt.
    pub(super) fn debt(&self, print: u64, quota: Quota, now: Instant) -> u64 {
        let now = self.nanos(now);
        let Some(Place::Found(slot)) = self.place(print, now) else { return 0 };
        let paid = slot.paid.load(Ordering::Relaxed);
        let (ahead, bucket) = (paid.saturating_sub(now), cost(quota, quota.burst));
        if ahead < bucket { 0 } else { ahead.saturating_sub(bucket).saturating_add(1) }
    }

    /// Has the tenant pay for what it sent.
    pub(super) fn pay(&self, print: u64, quota: Quota, items: u64, now: Instant) {
        let now = self.nanos(now);
        let price = cost(quota, items);
        let Some(slot) = self.take(print, now) else { return };
        let after = |paid: u64| Some(paid.max(now).saturating_add(price));
        // It never declines, so there is no failure to look at.
        let _ = slot.paid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after).ok();
    }

    /// The tenant's slot; takes one over if need be.
    fn take(&self, print: u64, now: u64) -> Option<&Slot> {
        for _ in 0..TRIES {
            match self.place(print, now)? {
                Place::Found(slot) => return Some(slot),
                Place::Free(slot, before) => {
                    let (won, lost) = (Ordering::AcqRel, Ordering::Relaxed);
                    if slot.print.compare_exchange(before, print, won, lost).is_ok() {
                        return Some(slot);
                    }
                }
            }
        }
        self.probe(print).next()
    }

    fn place(&self, print: u64, now: u64) -> Option<Place<'_>> {
        let mut free = None;
        let mut oldest: Option<(&Slot, u64)> = None;
        for slot in self.probe(print) {
            let known = slot.print.load(Ordering::Acquire);
            if known == print {
                return Some(Place::Found(slot));
            }
            let paid = slot.paid.load(Ordering::Relaxed);
            if paid <= now && free.is_none() {
                free = Some((slot, known));
            }
            if oldest.is_none_or(|(_, least)| paid < least) {
                oldest = Some((slot, paid));
            }
        }
        match free {
            Some((slot, known)) => Some(Place::Free(slot, known)),
            None => oldest.map(|(slot, _)| Place::Found(slot)),
        }
    }

    fn probe(&self, print: u64) -> impl Iterator<Item = &Slot> {
        let count = self.slots.len().max(1);
        let first = usize::try_from(print % count as u64).unwrap_or_default();
        let at = move |step: usize| first.saturating_add(step) % count;
        (0..PROBES.min(count)).filter_map(move |step| self.slots.get(at(step)))
    }

    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.since);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Nanoseconds in which so many items are paid for; at least one for one.
fn cost(quota: Quota, items: u64) -> u64 {
    let nanos = (u128::from(items) * NANOS).div_ceil(u128::from(quota.rate.max(1)));
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
