//! How a destination does, and how it ends: pressure on clients, health, sweeps, draining.
//!
//! Nothing here moves a payload; what is removed from the queue is booked with its reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{Destination, SOFT_BYTES, move_gauge};
use crate::buf::budget::Lease;
use crate::runtime::clock;
use crate::telemetry::ledger::DropReason;
use crate::units::Weight;

/// A destination that has answered nothing for this long does not hold clients back.
const SILENT_AFTER: Duration = Duration::from_secs(1);
/// Waiting copies older than this stop pinning blocks much larger than themselves.
const DETACH_AFTER: Duration = Duration::from_millis(100);

/// How many shards hold a backend for dead. A shard with nothing to send there makes no attempt
/// that could fail, and learns it from the others.
#[derive(Clone, Debug, Default)]
pub struct DeadOn(Arc<AtomicUsize>);

impl Destination {
    /// Whether more than [`SOFT_BYTES`] or half of `queue_size` wait and are in flight at a backend
    /// that does answer.
    #[must_use]
    pub fn is_pressed(&self) -> bool {
        let slots = self.supplies.slots.budget();
        (self.ring.borrow().held_bytes() > SOFT_BYTES || slots.leased() > slots.limit() / 2)
            && !self.failing.get()
            && clock::now().saturating_duration_since(self.last_answer.get()) < SILENT_AFTER
    }

    /// Waits until the pressure is gone; the caller bounds it with [`SOFT_DELAY`].
    pub async fn relieved(&self) {
        while self.is_pressed() {
            self.desk.relief().await;
        }
    }

    /// Tells the queue how its backend does: `failing` from the first failed attempt until the next
    /// success; `breaker_open` once it counts as dead.
    pub fn set_health(&self, failing: bool, breaker_open: bool) {
        self.failing.set(failing);
        let was_open = self.breaker_open.replace(breaker_open);
        if !self.superseded.get() {
            self.publish_health(was_open, breaker_open);
        }
        if failing {
            self.desk.relieve();
        }
    }

    fn publish_health(&self, was_open: bool, is_open: bool) {
        match (was_open, is_open) {
            (false, true) => drop(self.supplies.dead_on.0.fetch_add(1, Ordering::Relaxed)),
            (true, false) => drop(self.supplies.dead_on.0.fetch_sub(1, Ordering::Relaxed)),
            _ => {}
        }
        self.supplies.meter.breaker_open.set(if is_open { 1.0 } else { 0.0 });
    }

    /// Whether it stands for the same exporter and signal as `other`.
    #[must_use]
    pub fn is_heir_of(&self, other: &Self) -> bool {
        (&self.plan.exporter, self.plan.signal) == (&other.plan.exporter, other.plan.signal)
    }

    /// Another queue stands for this exporter and signal from now on: only that one's health and
    /// age are published. What both hold is counted together.
    pub fn supersede(&self) {
        if !self.superseded.replace(true) {
            self.publish_health(self.is_dead_here(), false);
        }
    }

    /// Whether it can send what `other` holds: the values of request headers that travel with a
    /// payload are those that its own backend is told.
    #[must_use]
    pub fn can_inherit(&self, other: &Self) -> bool {
        self.plan.target.context_keys() == other.plan.target.context_keys()
    }

    /// Its leases of slots and of its share of the bytes, for the queue of this shard that replaces
    /// it: what one of the two has in spare does not count against the other.
    #[must_use]
    pub fn leases(&self) -> (Arc<Lease>, Arc<Lease>) {
        (Arc::clone(&self.supplies.slots), Arc::clone(&self.supplies.share))
    }

    /// Takes over what waits in the queue that it replaces: new settings hold from the next attempt
    /// on. What is in flight there stays there.
    pub fn inherit(&self, from: &Self) {
        let waiting = from.ring.borrow_mut().take_waiting();
        if waiting.is_empty() {
            return;
        }
        for batch in waiting {
            from.book_slots(batch.weight(), false);
            self.book_slots(batch.weight(), true);
            self.ring.borrow_mut().put_alone(batch);
        }
        if from.is_idle() {
            from.emptied.notify_waiters();
        }
        self.call(clock::now());
    }

    /// It goes, and no other stands in its place: its gauges have nothing to show.
    pub fn retract(&self) {
        if !self.superseded.get() {
            self.supplies.meter.queue_capacity.set(0.0);
            self.supplies.meter.oldest_age_seconds.set(0.0);
        }
    }

    /// Whether the backend counts as dead, on this shard or on another.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.is_dead_here() || self.supplies.dead_on.0.load(Ordering::Relaxed) > 0
    }

    /// Whether the backend counts as dead by what this shard has seen.
    #[must_use]
    pub const fn is_dead_here(&self) -> bool {
        self.breaker_open.get()
    }

    /// The backend answered something.
    pub fn answered(&self) {
        self.last_answer.set(clock::now());
    }

    /// Upkeep a few times a second: copies that have waited stop pinning large blocks, the age of
    /// the oldest is published.
    pub fn sweep(&self, now: Instant) {
        let home = &self.supplies.home;
        let lost = self.ring.borrow_mut().retain(|batch| {
            now.saturating_duration_since(batch.since()) < DETACH_AFTER
                || batch.detach(home).is_ok()
        });
        if lost.requests > 0 {
            self.book_slots(lost, false);
            self.supplies.row.dropped(DropReason::NoTicket, lost);
        }
        let oldest = self.ring.borrow().oldest();
        let age = oldest.map_or(0.0, |since| now.saturating_duration_since(since).as_secs_f64());
        if !self.superseded.get() {
            self.supplies.meter.oldest_age_seconds.set(age);
        }
        self.supplies.slots.sweep();
        self.supplies.share.sweep();
        if !self.is_pressed() {
            self.desk.relieve();
        }
    }

    /// From now on nothing waits for company.
    pub fn flush(&self) {
        self.ring.borrow_mut().flush();
        self.desk.call_all();
    }

    /// Takes nothing more; what waits leaves without waiting for company, then the workers end.
    pub fn close(&self) {
        self.closed.set(true);
        self.flush();
    }

    /// Waits until nothing waits and nothing is in flight.
    pub async fn emptied(&self) {
        while !self.is_idle() {
            self.emptied.notified().await;
        }
    }

    /// What workers hold: refused by the backend so far and to be tried again, and sent without an
    /// answer yet.
    #[must_use]
    pub fn in_flight(&self) -> (Weight, Weight) {
        let unanswered = self.unanswered.get();
        (self.held_by_workers.get().minus(unanswered), unanswered)
    }

    /// From now on, flights that end without a fate are counted as dropped for `reason`.
    pub fn blame(&self, reason: DropReason) {
        self.blame.set(reason);
    }

    /// Whether nothing waits and nothing is in flight.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.ring.borrow().is_idle()
    }

    /// Drops what waits (not what is in flight), counted under `reason`; returns what it weighed.
    pub fn abandon(&self, reason: DropReason) -> Weight {
        let lost = self.ring.borrow_mut().retain(|_| false);
        if lost.requests > 0 {
            self.book_slots(lost, false);
            self.supplies.row.dropped(reason, lost);
        }
        if self.is_idle() {
            self.emptied.notify_waiters();
        }
        self.desk.call_all();
        lost
    }
}

impl Drop for Destination {
    /// A destination that goes has no say any more.
    fn drop(&mut self) {
        if self.is_dead_here() {
            self.set_health(false, false);
        }
        let left = self.slots_used.get();
        move_gauge(&self.supplies.meter.queue_size, left, 0);
    }
}
