//! What all shards share, and what outlasts each of them: plan, listeners, budgets, counters,
//! orders.
//!
//! Locks here are taken at start, reload and drain, never for a request.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use spanyard_wire::schema::Signal;
use tokio::sync::Notify;
use tokio::time::timeout_at;

use super::doors::Doors;
use super::drain::Losses;
use crate::admin::Readiness;
use crate::buf::budget::Budget;
use crate::config::plan::{Destination, Plan, Sizer};
use crate::export::{self, Backend};
use crate::ingest::{self, Crowd, Ready};
use crate::pipeline::Table;
use crate::queue::DeadOn;
use crate::runtime::clock;
use crate::runtime::engine::Carrier;
use crate::telemetry::cells::Registry;
use crate::telemetry::ledger::{DropReason, Ledger};
use crate::units::{MIB, Weight};

/// The stride in which shards lease bytes.
const BYTES_STRIDE_MAX: usize = MIB;
/// The part of the byte budget's soft bound that all queues together may hold: (3, 4) is three
/// quarters. The rest is for what comes in and goes through, so that dead backends cannot stop live
/// ones.
const SHARES: (usize, usize) = (3, 4);
/// The stride in which shards lease queue slots.
const SLOTS_STRIDE_MAX: usize = 64;
/// Orders that may wait for a shard.
const ORDERS_MAX: usize = 16;

/// What the main thread tells a shard.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// The plan has been swapped: take it over.
    Reload,
    /// Finish until then, and end.
    Drain {
        /// When to give up.
        deadline: Instant,
    },
}

/// A plan with what can only be made once for it: clients that have read their certificates.
pub(super) struct Current {
    pub(super) plan: Arc<Plan>,
    pub(super) backends: Vec<Backend>,
    /// By the plan's receivers.
    pub(super) ready: Vec<Ready>,
    /// Rises with each plan.
    pub(super) generation: u64,
}

impl Current {
    /// Reads what the plan names; says which component cannot be served, and why.
    pub(super) fn prepare(plan: Plan, generation: u64) -> Result<Self, String> {
        let backends = plan.destinations.iter().map(export::prepare).collect::<Result<_, _>>();
        let backends = backends.map_err(|unusable| unusable.to_string())?;
        let ready = plan.receivers.iter().map(|receiver| {
            ingest::prepare(receiver).map_err(|why| format!("receiver {}: {why}", receiver.id))
        });
        let ready = ready.collect::<Result<_, _>>()?;
        Ok(Self { plan: Arc::new(plan), backends, ready, generation })
    }
}

/// What a destination's queues share on all shards: slots, bytes, and whether the backend is dead.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) slots: Arc<Budget>,
    pub(super) share: Arc<Budget>,
    pub(super) dead_on: DeadOn,
}

/// The way of the shards' last words.
type Reports = (flume::Sender<(usize, Losses)>, flume::Receiver<(usize, Losses)>);

/// Shared by the main thread and all shards.
pub(super) struct Common {
    pub(super) plan: ArcSwap<Current>,
    pub(super) shards: usize,
    /// What carries the shards' sockets.
    pub(super) carrier: Carrier,
    pub(super) bytes: Arc<Budget>,
    pub(super) registry: Arc<Registry>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) doors: Mutex<Doors>,
    /// How many connections each shard has, and the ways of those that move.
    pub(super) crowd: Arc<Crowd>,
    pub(super) orders: Vec<flume::Sender<Order>>,
    pub(super) inboxes: Vec<flume::Receiver<Order>>,
    /// The generation that each shard follows.
    follows: Vec<AtomicU64>,
    followed: Notify,
    /// Every plan that may still be in use.
    plans: Mutex<Vec<Weak<Plan>>>,
    losses: Reports,
    started: (flume::Sender<()>, flume::Receiver<()>),
    /// By exporter, signal and what a slot counts: slots of two sizers are not to be added up.
    shared: Mutex<HashMap<(String, Signal, Sizer), Shared>>,
    /// Made when the first plan with quotas comes.
    tenants: OnceLock<Arc<Table>>,
}

impl Common {
    pub(super) fn new(current: Current, shards: usize, carrier: Carrier) -> io::Result<Arc<Self>> {
        let doors = Doors::bind(&current.plan, shards, None)?;
        let budget = current.plan.budget;
        let (orders, inboxes) = (0..shards).map(|_| flume::bounded(ORDERS_MAX)).unzip();
        Ok(Arc::new(Self {
            bytes: Budget::new(budget.limit, budget.soft, shards, BYTES_STRIDE_MAX),
            registry: Registry::new(shards),
            ledger: Ledger::new(shards),
            readiness: Readiness::new(shards),
            doors: Mutex::new(doors),
            crowd: Crowd::new(shards),
            follows: (0..shards).map(|_| AtomicU64::new(0)).collect(),
            followed: Notify::new(),
            plans: Mutex::new(vec![Arc::downgrade(&current.plan)]),
            plan: ArcSwap::from_pointee(current),
            shards,
            carrier,
            orders,
            inboxes,
            losses: flume::bounded(shards.max(1)),
            started: flume::bounded(shards.max(1)),
            shared: Mutex::default(),
            tenants: OnceLock::new(),
        }))
    }

    /// The buckets of tenants, the same over all reloads.
    pub(super) fn tenants(&self) -> Arc<Table> {
        Arc::clone(self.tenants.get_or_init(|| Table::new(clock::now())))
    }

    /// A shard is up.
    pub(super) fn up(&self, shard: usize) {
        self.readiness.shard_up(shard);
        // Full once every shard has started: nobody waits for restarts.
        self.started.0.try_send(()).unwrap_or_default();
    }

    /// Waits until every shard has started, at most `within`. Says whether all have.
    pub(super) fn all_up(&self, within: Duration) -> bool {
        let deadline = clock::now() + within;
        (0..self.shards).all(|_| {
            let left = deadline.saturating_duration_since(clock::now());
            self.started.1.recv_timeout(left).is_ok()
        })
    }

    /// Puts another plan in place; nobody follows it yet.
    pub(super) fn put(&self, current: Current) {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|plan| plan.strong_count() > 0);
        plans.push(Arc::downgrade(&current.plan));
        self.plan.store(Arc::new(current));
    }

    /// Plans that are alive: the current one, and those under which requests began.
    pub(super) fn plans_alive(&self) -> usize {
        let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.iter().filter(|plan| plan.strong_count() > 0).count()
    }

    /// A shard follows the plan of this generation.
    pub(super) fn follow(&self, shard: usize, generation: u64) {
        if let Some(follows) = self.follows.get(shard) {
            follows.store(generation, Ordering::Release);
        }
        self.followed.notify_one();
    }

    /// Waits until every shard follows the plan of this generation or a later one, at most until
    /// `deadline`; returns those that do not. One caller at a time.
    pub(super) async fn followed(&self, generation: u64, deadline: Instant) -> Vec<usize> {
        loop {
            let shards = self.follows.iter().enumerate();
            let late: Vec<usize> = shards
                .filter(|(_, follows)| follows.load(Ordering::Acquire) < generation)
                .map(|(shard, _)| shard)
                .collect();
            let wait = timeout_at(deadline.into(), self.followed.notified());
            if late.is_empty() || wait.await.is_err() {
                return late;
            }
        }
    }

    /// Forgets what shards shared of destinations that are no more.
    pub(super) fn forget_unused(&self) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|_, shared| Arc::strong_count(&shared.slots) > 1);
    }

    /// Tells every shard. One that takes no orders is broken: it follows the current plan when it
    /// is restarted, and what it held is booked when it is settled.
    pub(super) fn order(&self, order: Order) {
        for (shard, orders) in self.orders.iter().enumerate() {
            if orders.try_send(order).is_err() {
                tracing::error!(shard, ?order, "the shard takes no orders");
            }
        }
    }

    /// What all shards share of a destination. A new `queue_size` or budget holds from now on; the
    /// destinations' shares of the bytes add up to [`SHARES`] of the soft bound.
    pub(super) fn shared(&self, plan: &Plan, destination: &Destination) -> Shared {
        let capacity = usize::try_from(destination.queue.capacity).unwrap_or(usize::MAX);
        let real = plan.destinations.iter().filter(|other| other.is_real()).count();
        let (parts, of) = SHARES;
        let bytes = plan.budget.soft / of * parts / real.max(1);
        let sizer = destination.queue.sizer;
        let key = (destination.exporter.clone(), destination.signal, sizer);
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = shared.entry(key).or_insert_with(|| Shared {
            slots: Budget::new(capacity, capacity, self.shards, SLOTS_STRIDE_MAX),
            share: Budget::new(bytes, bytes, self.shards, BYTES_STRIDE_MAX),
            dead_on: DeadOn::default(),
        });
        shared.slots.resize(capacity, capacity);
        shared.share.resize(bytes, bytes);
        shared.clone()
    }

    /// Waits for the end of a shard's thread that has made its report, and books what it left
    /// behind.
    pub(super) fn settle(&self, shard: usize, thread: JoinHandle<()>) {
        if thread.join().is_err() {
            tracing::error!(shard, "the shard's thread panicked");
        }
        let left = self.ledger.book_abandoned(shard, DropReason::Shutdown);
        if left != Weight::default() {
            tracing::error!(shard, items = left.items, "the shard left items behind");
        }
    }

    /// A shard reports what it could not deliver; nothing of it is in flight any more.
    pub(super) fn report(&self, shard: usize, losses: Losses) {
        if self.losses.0.try_send((shard, losses)).is_err() {
            // The channel holds one report of every shard.
            tracing::error!(shard, "a second report of the shard was not taken");
        }
    }

    /// The reports of the shards that make one until `deadline`.
    pub(super) async fn reports(&self, deadline: Instant) -> Vec<(usize, Losses)> {
        let mut reports = Vec::with_capacity(self.shards);
        while reports.len() < self.shards {
            match timeout_at(deadline.into(), self.losses.1.recv_async()).await {
                Ok(Ok(report)) => reports.push(report),
                Ok(Err(_)) | Err(_) => break,
            }
        }
        reports
    }

    /// Gives up the process's own handles of the listeners.
    pub(super) fn take_doors(&self) -> Doors {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *doors)
    }
}
