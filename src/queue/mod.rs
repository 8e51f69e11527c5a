//! The only place where payloads wait: one queue for each destination and shard.
//!
//! ```text
//!  pipeline -- reserve, push --> Destination -- next() --> export worker -- settle --> ledger
//! ```
//! Pushing never blocks; a full queue is an answer ([`Full`]). What waits is joined as [`ring`]
//! says. Everything here belongs to one shard and is touched by its thread only.
//!
//! Invariants: every copy pushed is settled exactly once, by [`Flight::settle`] or by what removes
//! it from the queue; slots and bytes go back with it. It knows nothing of sockets, retries or
//! encodings.

pub mod batch;
mod flight;
pub mod ring;
mod upkeep;
mod wake;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::Gauge;
use tokio::sync::Notify;

use crate::buf::budget::{Exhausted, Lease, Ticket};
use crate::buf::payload::Payload;
use crate::buf::pool::Home;
use crate::config::plan::{self, Batching};
use crate::runtime::clock;
use crate::telemetry::ledger::{DropReason, Row};
use crate::telemetry::names::ExporterMeter;
use crate::units::{MIB, Weight};
use batch::{Batch, Encoding, Sealed, Shared};
pub use flight::{Fate, Flight};
use ring::{MergeKey, Ring, size};
pub use upkeep::DeadOn;
use wake::Desk;

/// Above this much waiting and in flight, answers to clients are held back a little.
pub const SOFT_BYTES: usize = 2 * MIB;
/// How long at most.
pub const SOFT_DELAY: Duration = Duration::from_millis(5);
/// There is no room for a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// `queue_size` is reached.
    Slots,
    /// The destination holds as many bytes as it may.
    Share,
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
    /// Slices, shared with other destinations. With a cell for its compressed form it travels
    /// alone, and is compressed once for all of them.
    Large(&'a Payload, Option<&'a Shared>),
    /// The bytes as they came, still compressed.
    Original(&'a Payload, Encoding),
}

/// How a copy will be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Copied into a batch.
    Small,
    /// As slices in a batch.
    Large,
    /// As a batch of its own.
    Alone,
}

/// Room for one copy, taken before anything of the request is queued anywhere.
#[derive(Debug)]
pub struct Room {
    slots: Ticket,
    share: Ticket,
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
    /// Bytes of the budget that this destination may hold.
    pub share: Arc<Lease>,
    /// What the other shards think of the backend.
    pub dead_on: DeadOn,
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
    superseded: Cell<bool>,
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
            superseded: Cell::new(false),
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

    /// Takes room for a copy of `weight`: slots, `held` bytes of the destination's share, a batch
    /// to join, and a block for a small copy.
    ///
    /// # Errors
    /// [`Full`]: why there is none. Nothing is held then.
    pub fn reserve(
        &self,
        now: Instant,
        joining: &Joining,
        weight: Weight,
        form: Form,
        held: usize,
    ) -> Result<Room, Full> {
        if self.closed.get() {
            return Err(Full::Closed);
        }
        let amount = usize::try_from(size(weight, self.plan.queue.sizer)).unwrap_or(usize::MAX);
        let slots = self.supplies.slots.ticket(amount).map_err(|_| Full::Slots)?;
        let share = self.supplies.share.ticket(held).map_err(|_| Full::Share)?;
        if form != Form::Alone {
            let mut ring = self.ring.borrow_mut();
            let batching = joining.batching.as_ref();
            let batch = ring.open_for(now, &joining.key, batching, weight).ok_or(Full::Keys)?;
            if form == Form::Small && self.make_room(batch, weight).is_err() {
                ring.abandon_empty(&joining.key);
                return Err(Full::Bytes);
            }
        }
        Ok(Room { slots, share })
    }

    fn make_room(&self, batch: &mut Batch, weight: Weight) -> Result<(), Exhausted> {
        let len = usize::try_from(weight.bytes).unwrap_or(usize::MAX);
        batch.reserve(&self.supplies.home, self.supplies.bytes.empty(), len)
    }

    /// Queues a copy for which [`Destination::reserve`] made room just before, in the same turn.
    pub fn push(
        &self,
        now: Instant,
        room: Room,
        joining: &Joining,
        weight: Weight,
        goods: &Goods<'_>,
    ) {
        self.supplies.row.routed(weight);
        let placed = match goods {
            Goods::Original(payload, encoding) => {
                self.put_alone(Batch::original(now, weight, payload, *encoding), room);
                Ok(())
            }
            Goods::Large(payload, Some(shared)) => {
                let mut batch = Batch::new(now);
                batch.attach(weight, payload, Some(shared));
                self.put_alone(batch, room);
                Ok(())
            }
            Goods::Large(payload, None) => self.join(now, room, joining, weight, |batch| {
                batch.attach(weight, payload, None);
                Ok(())
            }),
            // Two copies of one request may have counted on the same room: it is made sure of here.
            Goods::Small(write) => self.join(now, room, joining, weight, |batch| {
                self.make_room(batch, weight).map_err(|_| DropReason::NoTicket)?;
                batch.gather(weight, write);
                Ok(())
            }),
        };
        if let Err(reason) = placed {
            self.supplies.meter.enqueue_failed.increment(weight.items);
            self.supplies.row.dropped(reason, weight);
            return;
        }
        self.book_slots(weight, true);
        self.call(now);
    }

    /// Calls the workers that what waits is in need of.
    fn call(&self, now: Instant) {
        let (due, later) = self.ring.borrow().outlook(now);
        self.desk.call(due, later);
    }

    fn put_alone(&self, mut batch: Batch, room: Room) {
        batch.hold(room.slots, room.share);
        self.ring.borrow_mut().put_alone(batch);
    }

    /// Puts a copy into the open batch of its key.
    fn join(
        &self,
        now: Instant,
        room: Room,
        joining: &Joining,
        weight: Weight,
        put: impl FnOnce(&mut Batch) -> Result<(), DropReason>,
    ) -> Result<(), DropReason> {
        let mut ring = self.ring.borrow_mut();
        let batching = joining.batching.as_ref();
        let batch =
            ring.open_for(now, &joining.key, batching, weight).ok_or(DropReason::QueueFull)?;
        put(batch)?;
        batch.hold(room.slots, room.share);
        let joins = self.plan.queue.merge || joining.batching.is_some();
        ring.joined(&joining.key, weight, joins);
        Ok(())
    }

    /// Gives back what [`Destination::reserve`] prepared for a request that was refused after all.
    pub fn cancel(&self, joining: &Joining) {
        self.ring.borrow_mut().abandon_empty(&joining.key);
    }

    /// Counts a copy that found no room and is dropped, another destination having taken the
    /// request.
    pub fn turned_away(&self, weight: Weight) {
        self.supplies.meter.enqueue_failed.increment(weight.items);
        self.supplies.row.routed(weight);
        self.supplies.row.dropped(DropReason::QueueFull, weight);
    }

    /// Counts a copy that found no room here or anywhere else, while the rest of its request was
    /// taken: the client was told.
    pub fn rejected(&self, weight: Weight) {
        self.supplies.meter.enqueue_failed.increment(weight.items);
        self.supplies.row.routed(weight);
        self.supplies.row.rejected(weight);
    }

    /// Counts a copy that found no room and was refused with its request: it was never routed.
    pub fn refused(&self, weight: Weight) {
        self.supplies.meter.enqueue_failed.increment(weight.items);
    }

    /// Waits for the next batch that worker `worker` is to send; `None` once the queue is closed
    /// and empty.
    pub async fn next(self: &Rc<Self>, worker: usize) -> Option<(Sealed, Flight)> {
        loop {
            let now = clock::now();
            let taken = self.ring.borrow_mut().take(now);
            if let Some(batch) = taken {
                self.desk.leave(worker);
                self.call(now);
                return Some(self.launch(batch));
            }
            if self.closed.get() && !self.ring.borrow().is_waiting() {
                return None;
            }
            let (_, until) = self.ring.borrow().outlook(now);
            self.desk.wait(worker, until).await;
        }
    }

    fn launch(self: &Rc<Self>, batch: Batch) -> (Sealed, Flight) {
        let weight = batch.weight();
        let (sealed, held) = batch.seal();
        #[expect(clippy::cast_precision_loss, reason = "a histogram sample")]
        self.supplies.meter.batch_requests.record(weight.requests as f64);
        let flight = Flight::new(Rc::clone(self), weight, held);
        (sealed, flight)
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
        let now = if added { used.saturating_add(amount) } else { used.saturating_sub(amount) };
        self.slots_used.set(now);
        move_gauge(&self.supplies.meter.queue_size, used, now);
    }
}

/// Adds what a figure has changed by: a queue that empties and the one in its place share a gauge.
/// A gauge takes `f64`; counts stay exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "queue sizes stay far below 2^53")]
fn move_gauge(gauge: &Gauge, before: u64, now: u64) {
    if now >= before {
        gauge.increment(now.saturating_sub(before) as f64);
    } else {
        gauge.decrement(before.saturating_sub(now) as f64);
    }
}
