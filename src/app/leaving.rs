//! A destination that the new plan does not have, or has with other settings: it finishes what it
//! holds, then it goes.
//!
//! ```text
//!  plan swapped -> open while a request of the old plan is under way -> closed -> empty | deadline
//! ```
//! A request ends under the plan under which it began: its body may still be on its way when the
//! plan is swapped, and would be refused by a closed queue. Where another queue stands for the same
//! exporter, that one inherits what waits, and what is in flight follows its settings: there is no
//! deadline then. Without one, or where the new one is told other headers of the client's request,
//! what is left at the deadline is counted as `removed`.

use std::cell::Cell;
use std::rc::Weak;
use std::time::{Duration, Instant};

use super::assembly::Served;
use crate::ingest::Front;
use crate::telemetry::ledger::DropReason;

/// On its way out.
pub(super) struct Leaving {
    served: Served,
    fronts: Vec<Weak<Front>>,
    patience: Duration,
    /// `None`: it has an heir.
    deadline: Cell<Option<Instant>>,
}

impl Leaving {
    /// `fronts` are those of former plans: while one of them lives, so does a request of such a
    /// plan. Without an heir it has as long as `patience`.
    pub(super) fn new(served: Served, fronts: Vec<Weak<Front>>, patience: Duration) -> Self {
        served.destination.flush();
        Self { served, fronts, patience, deadline: Cell::new(None) }
    }

    /// Hands over to the one of `served` that stands for the same exporter and signal, if any does.
    pub(super) fn bequeath(&self, served: &[Served], now: Instant) {
        let old = &self.served;
        let heir = served.iter().find(|it| it.destination.is_heir_of(&old.destination));
        if heir.is_some() {
            old.destination.supersede();
        }
        let Some(heir) = heir.filter(|it| it.destination.can_inherit(&old.destination)) else {
            let deadline = self.deadline.get().unwrap_or(now + self.patience);
            return self.deadline.set(Some(deadline));
        };
        self.deadline.set(None);
        old.workers.follow(&heir.workers);
        heir.destination.inherit(&old.destination);
    }

    /// The queue and its workers.
    pub(super) const fn served(&self) -> &Served {
        &self.served
    }

    /// Takes the next step, if it is time; returns whether there is one after it.
    pub(super) fn sweep(&self, now: Instant) -> bool {
        let destination = &self.served.destination;
        destination.sweep(now);
        if self.deadline.get().is_some_and(|deadline| now >= deadline) {
            destination.close();
            let _ = destination.abandon(DropReason::Removed);
            self.served.stop(DropReason::Removed);
            destination.retract();
            return false;
        }
        if self.fronts.iter().any(|front| front.strong_count() > 0) {
            return true;
        }
        destination.close();
        let is_idle = destination.is_idle();
        if is_idle {
            destination.retract();
        }
        !is_idle
    }
}
