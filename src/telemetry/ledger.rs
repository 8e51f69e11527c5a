//! The ledger: where every span that was admitted is now, to the span, at every moment.
//!
//! For each row, that is each (exporter, signal) of a shard, in items, requests and bytes:
//! ```text
//!  routed = delivered + rejected + dropped{reason} + queued        (queued: in flight included)
//! ```
//! A copy enters by `routed` and leaves `queued` by exactly one of the other verbs; a group that no
//! route takes is routed and dropped at once. All five figures are stored, none is derived, so that
//! [`Snapshot::imbalance`] can find a fault; `queued` never goes below 0, so a copy that was
//! finished twice shows.
//!
//! A row has one writer, its shard's thread, which wraps each verb in a sequence lock: two stores
//! and a fence more, no lock, no waiting. A reader that meets a write tries again. Rows live as
//! long as the process, over reloads and shard restarts.
//!
//! It does not decide anything: the stages say what became of a copy.

mod row;
mod snapshot;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spanyard_wire::schema::Signal;

use crate::units::Weight;
use row::RowCells;

pub use snapshot::{Account, Snapshot, Totals};

/// Why a copy was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// No route takes the group.
    NoRoute,
    /// The destination's queue is full.
    QueueFull,
    /// `max_elapsed_time` has passed, or retries are off.
    RetryExhausted,
    /// The destination is no longer in the configuration and its drain time has passed.
    Removed,
    /// The shard that held it panicked.
    ShardPanic,
    /// The drain time of the shut-down has passed.
    Shutdown,
    /// There was no ticket for a copy of its own.
    NoTicket,
}

impl DropReason {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 7] = [
        Self::NoRoute,
        Self::QueueFull,
        Self::RetryExhausted,
        Self::Removed,
        Self::ShardPanic,
        Self::Shutdown,
        Self::NoTicket,
    ];

    /// The value of the label `reason`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::QueueFull => "queue_full",
            Self::RetryExhausted => "retry_exhausted",
            Self::Removed => "removed",
            Self::ShardPanic => "shard_panic",
            Self::Shutdown => "shutdown",
            Self::NoTicket => "no_ticket",
        }
    }
}

/// The ledgers of all shards.
#[derive(Debug)]
pub struct Ledger {
    shards: Vec<Mutex<Rows>>,
}

/// Rows of one shard. The lock is taken to open a row, to read and to abandon, never to count.
type Rows = BTreeMap<Identity, Entry>;

/// Whose row it is; `None` is the row of groups without a route.
type Identity = (Option<Arc<str>>, Signal);

#[derive(Debug, Default)]
struct Entry {
    cells: Arc<RowCells>,
    /// What was last read; shown again when the writer leaves the reader no gap.
    last: Totals,
}

impl Ledger {
    /// A ledger for `shards` shards, and one set of rows more for what belongs to no shard.
    #[must_use]
    pub fn new(shards: usize) -> Arc<Self> {
        Arc::new(Self { shards: (0..=shards).map(|_| Mutex::default()).collect() })
    }

    /// The writing end of a shard; any index from the number of shards on is the set beside them.
    /// One thread at a time may use what comes of it.
    #[must_use]
    pub fn shard(self: &Arc<Self>, shard: usize) -> ShardLedger {
        let shard = shard.min(self.shards.len().saturating_sub(1));
        let unrouted = Signal::ALL.map(|signal| self.row(shard, None, signal));
        ShardLedger { ledger: Arc::clone(self), shard, unrouted }
    }

    /// Books what a shard has queued as dropped, and tells how much that was. Call it when the
    /// shard's thread is gone: until then the rows are its own.
    pub fn book_abandoned(&self, shard: usize, reason: DropReason) -> Weight {
        let Some(rows) = self.shards.get(shard) else {
            return Weight::default();
        };
        lock(rows)
            .values()
            .map(|entry| entry.cells.abandon(reason))
            .fold(Weight::default(), Weight::plus)
    }

    /// What stands in all rows, added up over the shards; each row as it stood between two verbs.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for rows in &self.shards {
            for ((exporter, signal), entry) in lock(rows).iter_mut() {
                if let Some(totals) = entry.cells.read() {
                    entry.last = totals;
                }
                snapshot.add(exporter.clone(), *signal, &entry.last);
            }
        }
        snapshot
    }

    fn row(&self, shard: usize, exporter: Option<&str>, signal: Signal) -> Row {
        let Some(rows) = self.shards.get(shard) else {
            return Row::over(Arc::default());
        };
        let identity = (exporter.map(Arc::from), signal);
        Row::over(Arc::clone(&lock(rows).entry(identity).or_default().cells))
    }
}

/// The writing end of one shard.
#[derive(Clone, Debug)]
pub struct ShardLedger {
    ledger: Arc<Ledger>,
    shard: usize,
    unrouted: [Row; 3],
}

impl ShardLedger {
    /// The row of an exporter, named by its id as written, and a signal. The same identity has the
    /// same cells for the life of the process.
    #[must_use]
    pub fn row(&self, exporter: &str, signal: Signal) -> Row {
        self.ledger.row(self.shard, Some(exporter), signal)
    }

    /// A group that no route takes: routed and dropped at once.
    pub fn no_route(&self, signal: Signal, weight: Weight) {
        if let Some(row) = self.unrouted.get(signal.index()) {
            row.cells.pass_by(DropReason::NoRoute, weight);
        }
    }
}

/// One row's writing end. Verbs other than [`Row::routed`] take out of `queued`.
#[derive(Clone, Debug)]
pub struct Row {
    cells: Arc<RowCells>,
    one_thread: PhantomData<std::cell::Cell<()>>,
}

impl Row {
    /// Admitted for this destination; waits from now on.
    pub fn routed(&self, weight: Weight) {
        self.cells.route(weight);
    }

    /// The destination has accepted it.
    pub fn delivered(&self, weight: Weight) {
        self.cells.finish(row::DELIVERED, weight);
    }

    /// The destination has refused it for good, or it was withdrawn and the client told so.
    pub fn rejected(&self, weight: Weight) {
        self.cells.finish(row::REJECTED, weight);
    }

    /// Given up after it was acknowledged.
    pub fn dropped(&self, reason: DropReason, weight: Weight) {
        self.cells.finish(row::dropped(reason), weight);
    }

    const fn over(cells: Arc<RowCells>) -> Self {
        Self { cells, one_thread: PhantomData }
    }
}

fn lock(rows: &Mutex<Rows>) -> MutexGuard<'_, Rows> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
