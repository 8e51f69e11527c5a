//! What a reader of the ledger gets: totals by (exporter, signal), which balance.

use std::collections::BTreeMap;
use std::sync::Arc;

use spanyard_wire::schema::Signal;

use super::{DropReason, Weight};

/// The figures of one row, or of several added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Copies admitted, or without a route.
    pub routed: Weight,
    /// Not yet at an end: waiting or in flight.
    pub queued: Weight,
    /// Accepted by the destination.
    pub delivered: Weight,
    /// Refused for good, or withdrawn with the client's knowledge.
    pub rejected: Weight,
    /// Given up, by [`DropReason::ALL`].
    pub dropped: [Weight; DropReason::ALL.len()],
}

impl Totals {
    /// What was given up for one reason.
    #[must_use]
    pub fn dropped_for(&self, reason: DropReason) -> Weight {
        self.dropped.get(reason as usize).copied().unwrap_or_default()
    }

    /// What was given up for any reason.
    #[must_use]
    pub fn dropped_in_all(&self) -> Weight {
        self.dropped.iter().copied().fold(Weight::default(), Weight::plus)
    }

    /// How far the two sides of the balance are apart, in each unit.
    #[must_use]
    pub fn imbalance(&self) -> Weight {
        let ends = self.delivered.plus(self.rejected).plus(self.dropped_in_all());
        let found = ends.plus(self.queued);
        let apart = |a: u64, b: u64| a.wrapping_sub(b).min(b.wrapping_sub(a));
        Weight {
            items: apart(self.routed.items, found.items),
            requests: apart(self.routed.requests, found.requests),
            bytes: apart(self.routed.bytes, found.bytes),
        }
    }

    fn add(&mut self, other: &Self) {
        self.routed = self.routed.plus(other.routed);
        self.queued = self.queued.plus(other.queued);
        self.delivered = self.delivered.plus(other.delivered);
        self.rejected = self.rejected.plus(other.rejected);
        for (sum, more) in self.dropped.iter_mut().zip(other.dropped) {
            *sum = sum.plus(more);
        }
    }
}

/// One (exporter, signal) over all shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account<'a> {
    /// Exporter id; `None`: groups without a route.
    pub exporter: Option<&'a str>,
    /// The signal.
    pub signal: Signal,
    /// Its figures.
    pub totals: &'a Totals,
}

/// The ledger at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    accounts: BTreeMap<(Option<Arc<str>>, Signal), Totals>,
    /// Added up row by row, so that two faults cannot hide each other.
    imbalance: Weight,
}

impl Snapshot {
    /// All accounts, those without a route first.
    pub fn accounts(&self) -> impl Iterator<Item = Account<'_>> {
        self.accounts.iter().map(|((exporter, signal), totals)| Account {
            exporter: exporter.as_deref(),
            signal: *signal,
            totals,
        })
    }

    /// One account's figures; zeros if there is none.
    #[must_use]
    pub fn account(&self, exporter: Option<&str>, signal: Signal) -> Totals {
        let identity = (exporter.map(Arc::from), signal);
        self.accounts.get(&identity).copied().unwrap_or_default()
    }

    /// The figures of all accounts added up.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.accounts.values().fold(Totals::default(), |mut sum, totals| {
            sum.add(totals);
            sum
        })
    }

    /// How far the ledger is off, in each unit. Anything but zero is a fault in the gateway.
    #[must_use]
    pub const fn imbalance(&self) -> Weight {
        self.imbalance
    }

    pub(super) fn add(&mut self, exporter: Option<Arc<str>>, signal: Signal, row: &Totals) {
        self.imbalance = self.imbalance.plus(row.imbalance());
        self.accounts.entry((exporter, signal)).or_default().add(row);
    }
}
