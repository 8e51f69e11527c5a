//! The only place where payloads wait: one queue for each destination and shard.
//!
//! ```text
//!  pipeline -- reserve, push --> Destination -- next() --> export worker -- settle --> ledger
//! ```
//! Pushing never blocks; a full queue is an answer ([`Full`]). What waits is joined as [`ring`] says.
//! Everything here belongs to one shard and is touched by its thread only.
//!
//! Invariants: every copy pushed is settled exactly once, by [`Flight::settle`] or by what removes it
//! from the queue; slots and bytes go back with it. It knows nothing of sockets, retries or encodings.

pub mod batch;
mod flight;
pub mod ring;
mod wake;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::Gauge;
use tokio::sync::Notify;

use crate::buf::budget::{Lease, Ticket};
use crate::buf::payload::Payload;
use crate::buf::pool::Home;
use crate::config::plan::{self, Batching};
use crate::runtime::clock;
use crate::telemetry::ledger::{DropReason, Row};
use crate::telemetry::names::ExporterMeter;
use crate::units::{MIB, Weight};
use batch::{Batch, Encoding, Sealed, Shared};
pub use flight::{Fate, Flight};
use ring::{Due, MergeKey, Ring, size};
use wake::Desk;

/// Above this much waiting and in flight, answers to clients are held back a little.
pub const SOFT_BYTES: usize = 2 * MIB;
/// How long at most.
pub const SOFT_DELAY: Duration = Duration::from_millis(5);
/// A destination that has answered nothing for this long does not hold clients back.
const SILENT_AFTER: Duration = Duration::from_secs(1);
/// Waiting copies older than this stop pinning blocks much larger than themselves.
const DETACH_AFTER: Duration = Duration::from_millis(100);

/// There is no room for a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// `queue_size` is reached.
    Slots,
    /// The byte budget has no room.
    Bytes,
    /// Too many sets of metadata values are waiting (`metadata_cardinality_limit`).
    Keys,
    /// The queue drains and takes nothing more.
    Closed,
}

/// How one leg wants its copies joined.
#[derive(Clone, Debug, Default)]
pub struct Joining {
    /// What must be equal.
    pub key: MergeKey,
    /// `batch` settings, if the file has some.
    pub batching: Option<Rc<Batching>>,
}

/// The bytes of one copy.
pub enum Goods<'a> {
    /// At most [`GATHER_BYTES_MAX`] bytes, written into the batch's own block.
    Small(&'a dyn Fn(&mut Vec<u8>)),
    /// Slices, shared with other destinations. With a cell for its compressed form it travels alone,
    /// and is compressed once for all of them.
    Large(&'a Payload, Option<&'a Shared>),
    /// The bytes as they came, still compressed.
    Original(&'a Payload, Encoding),
}

/// Room for one copy, taken before anything of the request is queued anywhere.
#[derive(Debug)]
pub struct Room {
    slots: Ticket,
}

/// What a shard needs to know and hold to make its queues.
#[derive(Debug)]
pub struct Supplies {
    /// Blocks.
    pub home: Arc<Home>,
    /// Bytes.
    pub bytes: Arc<Lease>,
    /// Queue slots of this destination.
    pub slots: Arc<Lease>,
    /// Counters.
    pub meter: ExporterMeter,
    /// The ledger's row.
    pub row: Row,
}

/// One destination on one shard.
#[derive(Debug)]
pub struct Destination {
    plan: plan::Destination,
    supplies: Supplies,
    ring: RefCell<Ring>,
    desk: Desk,
    closed: Cell<bool>,
    failing: Cell<bool>,
    breaker_open: Cell<bool>,
    last_answer: Cell<Instant>,
    slots_used: Cell<u64>,
    held_by_workers: Cell<Weight>,
    unanswered: Cell<Weight>,
    blame: Cell<DropReason>,
    emptied: Notify,
}

impl Destination {
    /// A queue for `plan` served by `workers` export workers.
    #[must_use]
    pub fn new(plan: plan::Destination, supplies: Supplies, workers: usize) -> Rc<Self> {
        Rc::new(Self {
            plan,
            supplies,
            ring: RefCell::default(),
            desk: Desk::new(workers),
            closed: Cell::new(false),
            failing: Cell::new(false),
            breaker_open: Cell::new(false),
            last_answer: Cell::new(clock::now()),
            slots_used: Cell::new(0),
            held_by_workers: Cell::default(),
            unanswered: Cell::default(),
            blame: Cell::new(DropReason::Shutdown),
            emptied: Notify::new(),
        })
    }

    /// What the file says of it.
    #[must_use]
    pub const fn plan(&self) -> &plan::Destination {
        &self.plan
    }

    /// Its counters.
    #[must_use]
    pub const fn meter(&self) -> &ExporterMeter {
        &self.supplies.meter
    }

    /// Where its blocks come from.
    #[must_use]
    pub const fn home(&self) -> &Arc<Home> {
        &self.supplies.home
    }

    /// The byte budget's share that pays for what it makes (compressed copies).
    #[must_use]
    pub const fn bytes(&self) -> &Arc<Lease> {
        &self.supplies.bytes
    }

    /// Takes room for a copy of `weight`. Small copies need bytes of their own as well.
    ///
    /// # Errors
    /// [`Full`]: why there is none. Nothing is held then.
    pub fn reserve(&self, joining: &Joining, weight: Weight, small: bool) -> Result<Room, Full> {
        if self.closed.get() {
            return Err(Full::Closed);
        }
        let amount = usize::try_from(size(weight, self.plan.queue.sizer)).unwrap_or(usize::MAX);
        let slots = self.supplies.slots.ticket(amount).map_err(|_| Full::Slots)?;
        if small {
            let mut ring = self.ring.borrow_mut();
            let batching = joining.batching.as_ref();
            let now = clock::now();
            let batch = ring.open_for(now, &joining.key, batching, weight).ok_or(Full::Keys)?;
            let len = usize::try_from(weight.bytes).unwrap_or(usize::MAX);
            let ticket = self.supplies.bytes.empty();
            if batch.reserve(&self.supplies.home, ticket, len).is_err() {
                ring.abandon_empty(&joining.key);
                return Err(Full::Bytes);
            }
        }
        Ok(Room { slots })
    }

    /// Queues a copy for which [`Destination::reserve`] made room just before, in the same turn.
    pub fn push(&self, room: Room, joining: &Joining, weight: Weight, goods: &Goods<'_>) {
        let now = clock::now();
        self.supplies.row.routed(weight);
        let mut ring = self.ring.borrow_mut();
        let joins = self.plan.queue.merge || joining.batching.is_some();
        let alone = match goods {
            Goods::Original(payload, encoding) => {
                Some(Batch::original(now, weight, payload, *encoding))
            }
            Goods::Large(payload, Some(shared)) if joining.batching.is_none() => {
                let mut batch = Batch::new(now);
                batch.attach(weight, payload, Some(shared));
                Some(batch)
            }
            Goods::Small(_) | Goods::Large(..) => None,
        };
        if let Some(mut batch) = alone {
            batch.hold(room.slots);
            ring.put_alone(batch);
        } else {
            let batching = joining.batching.as_ref();
            let Some(batch) = ring.open_for(now, &joining.key, batching, weight) else {
                drop(ring);
                self.supplies.meter.enqueue_failed.increment(weight.items);
                self.supplies.row.dropped(DropReason::QueueFull, weight);
                return;
            };
            match goods {
                Goods::Small(write) => batch.gather(weight, write),
                Goods::Large(payload, _) | Goods::Original(payload, _) => {
                    batch.attach(weight, payload, None);
                }
            }
            batch.hold(room.slots);
            ring.joined(&joining.key, weight, joins);
        }
        self.book_slots(weight, true);
        let due = ring.due_batches(now);
        let later = !matches!(ring.due(now), Due::Never);
        drop(ring);
        self.desk.call(due, later);
    }

    /// Gives back what [`Destination::reserve`] prepared for a request that was refused after all.
    pub fn cancel(&self, joining: &Joining) {
        self.ring.borrow_mut().abandon_empty(&joining.key);
    }

    /// Counts a copy that found no room and is dropped, another destination having taken the request.
    pub fn turned_away(&self, weight: Weight) {
        self.supplies.meter.enqueue_failed.increment(weight.items);
        self.supplies.row.routed(weight);
        self.supplies.row.dropped(DropReason::QueueFull, weight);
    }

    /// Counts a copy that found no room and was refused with its request: it was never routed.
    pub fn refused(&self, weight: Weight) {
        self.supplies.meter.enqueue_failed.increment(weight.items);
    }

    /// Waits for the next batch that worker `worker` is to send; `None` once the queue is closed and empty.
    pub async fn next(self: &Rc<Self>, worker: usize) -> Option<(Sealed, Flight)> {
        loop {
            let now = clock::now();
            let taken = self.ring.borrow_mut().take(now);
            if let Some(batch) = taken {
                self.desk.leave(worker);
                let due = self.ring.borrow().due_batches(now);
                self.desk.call(due, false);
                return Some(self.launch(batch));
            }
            if self.closed.get() && !self.ring.borrow().is_waiting() {
                return None;
            }
            let due = self.ring.borrow().due(now);
            let until = match due {
                Due::At(at) => Some(at),
                Due::Now | Due::Never => None,
            };
            self.desk.wait(worker, until).await;
        }
    }

    fn launch(self: &Rc<Self>, batch: Batch) -> (Sealed, Flight) {
        let weight = batch.weight();
        let (sealed, slots) = batch.seal();
        #[expect(clippy::cast_precision_loss, reason = "a histogram sample")]
        self.supplies.meter.batch_requests.record(weight.requests as f64);
        let flight = Flight::new(Rc::clone(self), weight, slots);
        (sealed, flight)
    }

    /// Whether more than [`SOFT_BYTES`] wait and are in flight at a backend that does answer.
    #[must_use]
    pub fn is_pressed(&self) -> bool {
        self.ring.borrow().held_bytes() > SOFT_BYTES
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
        self.breaker_open.set(breaker_open);
        self.supplies.meter.breaker_open.set(if breaker_open { 1.0 } else { 0.0 });
        if failing {
            self.desk.relieve();
        }
    }

    /// Whether the backend counts as dead.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.breaker_open.get()
    }

    /// The backend answered something.
    pub fn answered(&self) {
        self.last_answer.set(clock::now());
    }

    /// Upkeep a few times a second: copies that have waited stop pinning large blocks, the age of the
    /// oldest is published.
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
        self.supplies.meter.oldest_age_seconds.set(age);
        self.supplies.slots.sweep();
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

    fn landed(&self, weight: Weight) {
        self.book_slots(weight, false);
        self.ring.borrow_mut().landed(weight);
        if !self.is_pressed() {
            self.desk.relieve();
        }
        if self.is_idle() {
            self.emptied.notify_waiters();
        }
    }

    fn book_slots(&self, weight: Weight, added: bool) {
        let amount = size(weight, self.plan.queue.sizer);
        let used = self.slots_used.get();
        let used = if added { used.saturating_add(amount) } else { used.saturating_sub(amount) };
        self.slots_used.set(used);
        set_gauge(&self.supplies.meter.queue_size, used);
    }
}

/// A gauge takes `f64`; counts stay exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "queue sizes stay far below 2^53")]
fn set_gauge(gauge: &Gauge, value: u64) {
    gauge.set(value as f64);
}
