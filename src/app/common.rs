//! What all shards share, and what outlasts each of them: plan, listeners, budgets, counters, orders.
//!
//! Locks here are taken at start, reload and drain, never for a request.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use spanyard_wire::schema::Signal;

use super::doors::Doors;
use super::drain::Losses;
use crate::admin::Readiness;
use crate::buf::budget::Budget;
use crate::config::plan::{Destination, Plan};
use crate::runtime::clock;
use crate::telemetry::cells::Registry;
use crate::telemetry::ledger::Ledger;
use crate::units::MIB;

/// The stride in which shards lease bytes.
const BYTES_STRIDE_MAX: usize = MIB;
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

/// Shared by the main thread and all shards.
pub(super) struct Common {
    pub(super) plan: ArcSwap<Plan>,
    pub(super) shards: usize,
    pub(super) bytes: Arc<Budget>,
    pub(super) registry: Arc<Registry>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) doors: Mutex<Doors>,
    pub(super) orders: Vec<flume::Sender<Order>>,
    pub(super) inboxes: Vec<flume::Receiver<Order>>,
    losses: (flume::Sender<Losses>, flume::Receiver<Losses>),
    slots: Mutex<HashMap<(String, Signal), Arc<Budget>>>,
}

impl Common {
    pub(super) fn new(plan: Plan, shards: usize) -> io::Result<Arc<Self>> {
        let doors = Doors::bind(&plan, shards, None)?;
        let budget = plan.budget;
        let (orders, inboxes) = (0..shards).map(|_| flume::bounded(ORDERS_MAX)).unzip();
        Ok(Arc::new(Self {
            bytes: Budget::new(budget.limit, budget.soft, shards, BYTES_STRIDE_MAX),
            registry: Registry::new(shards),
            ledger: Ledger::new(shards),
            readiness: Readiness::new(shards),
            doors: Mutex::new(doors),
            plan: ArcSwap::from_pointee(plan),
            shards,
            orders,
            inboxes,
            losses: flume::bounded(shards.max(1)),
            slots: Mutex::default(),
        }))
    }

    /// The process-wide slots of a destination's queue; a new `queue_size` holds from now on.
    pub(super) fn slots(&self, destination: &Destination) -> Arc<Budget> {
        let capacity = usize::try_from(destination.queue.capacity).unwrap_or(usize::MAX);
        let key = (destination.exporter.clone(), destination.signal);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = slots
            .entry(key)
            .or_insert_with(|| Budget::new(capacity, capacity, self.shards, SLOTS_STRIDE_MAX));
        budget.resize(capacity, capacity);
        Arc::clone(budget)
    }

    /// A shard reports what it could not deliver.
    pub(super) fn report(&self, losses: Losses) {
        // The channel holds one report of every shard, so this does not wait.
        drop(self.losses.0.try_send(losses));
    }

    /// Sums the reports of `shards` shards, at most until `deadline`.
    pub(super) fn collect_losses(&self, shards: usize, deadline: Instant) -> Losses {
        let mut sum = Losses::default();
        for _ in 0..shards {
            let left = deadline.saturating_duration_since(clock::now());
            match self.losses.1.recv_timeout(left) {
                Ok(losses) => sum = sum.plus(losses),
                Err(_) => return sum,
            }
        }
        sum
    }
}
