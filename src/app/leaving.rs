//! A destination that the new plan does not have: it finishes what it holds, then it goes.
//!
//! ```text
//!  plan swapped -> open while a request of the old plan is under way -> closed -> empty | deadline
//! ```
//! A request ends under the plan under which it began: its body may still be on its way when the
//! plan is swapped, and would be refused by a closed queue. What is left at the deadline is counted
//! as `removed`.

use std::rc::Weak;
use std::time::Instant;

use super::assembly::Served;
use crate::ingest::Front;
use crate::queue::Destination;
use crate::telemetry::ledger::DropReason;

/// On its way out.
pub(super) struct Leaving {
    pub(super) served: Served,
    fronts: Vec<Weak<Front>>,
    deadline: Instant,
}

impl Leaving {
    /// `fronts` are those of the old plan: while one of them lives, so does a request of that plan.
    pub(super) fn new(served: Served, fronts: Vec<Weak<Front>>, deadline: Instant) -> Self {
        served.destination.flush();
        Self { served, fronts, deadline }
    }

    /// Its queue.
    pub(super) fn destination(&self) -> &Destination {
        &self.served.destination
    }

    /// Takes the next step, if it is time; returns whether there is one after it.
    pub(super) fn sweep(&self, now: Instant) -> bool {
        let destination = self.destination();
        destination.sweep(now);
        if now >= self.deadline {
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
