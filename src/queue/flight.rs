//! A batch on its way: what a worker holds between taking it and knowing its fate.
//!
//! Invariants: the weights settled add up to the batch's; slots and bytes go back when the flight
//! is dropped, whatever happened to the worker; what has no fate by then is counted as dropped for
//! the reason that the destination is blamed with (`shutdown` unless something broke).

use std::rc::Rc;

use super::batch::Held;
use super::{Destination, Supplies};
use crate::telemetry::ledger::DropReason;
use crate::units::Weight;

/// A batch on its way.
#[derive(Debug)]
pub struct Flight {
    destination: Rc<Destination>,
    weight: Weight,
    unsettled: Weight,
    sent: bool,
    room: Option<Held>,
}

/// What became of a part of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The backend has it.
    Delivered,
    /// The backend refused it for good.
    Rejected,
    /// Given up.
    Dropped(DropReason),
}

impl Flight {
    pub(super) fn new(destination: Rc<Destination>, weight: Weight, held: Option<Held>) -> Self {
        let with_workers = &destination.held_by_workers;
        with_workers.set(with_workers.get().plus(weight));
        Self { destination, weight, unsettled: weight, sent: false, room: held }
    }

    /// Books the fate of `weight`, a part of this batch.
    pub fn settle(&mut self, weight: Weight, fate: Fate) {
        let Supplies { meter, row, .. } = &self.destination.supplies;
        match fate {
            Fate::Delivered => {
                meter.sent.increment(weight.items);
                row.delivered(weight);
            }
            Fate::Rejected => {
                meter.send_failed.increment(weight.items);
                row.rejected(weight);
            }
            Fate::Dropped(reason) => {
                meter.send_failed.increment(weight.items);
                row.dropped(reason, weight);
            }
        }
        self.unsettled = self.unsettled.minus(weight);
        let held = &self.destination.held_by_workers;
        held.set(held.get().minus(weight));
        if self.sent {
            let unanswered = &self.destination.unanswered;
            unanswered.set(unanswered.get().minus(weight));
        }
    }

    /// What has no fate yet.
    #[must_use]
    pub const fn unsettled(&self) -> Weight {
        self.unsettled
    }

    /// An attempt has reached the backend (`true`): from now on it may have the batch although it
    /// has not answered. An answer, or a connection that could not be made, ends that (`false`).
    pub fn set_sent(&mut self, sent: bool) {
        let unanswered = &self.destination.unanswered;
        match (self.sent, sent) {
            (false, true) => unanswered.set(unanswered.get().plus(self.unsettled)),
            (true, false) => unanswered.set(unanswered.get().minus(self.unsettled)),
            _ => {}
        }
        self.sent = sent;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.unsettled != Weight::default() {
            self.settle(self.unsettled, Fate::Dropped(self.destination.blame.get()));
        }
        // The room goes first: who waits for it is called by `landed`.
        drop(self.room.take());
        self.destination.landed(self.weight);
    }
}
