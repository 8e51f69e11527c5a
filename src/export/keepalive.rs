//! Pings that find a dead HTTP/2 connection.
//!
//! A ping leaves when nothing has been heard for `time`, which counts from the last answer or the
//! beginning of an exchange; without an answer to it within `timeout` the connection is dead. Only
//! while somebody polls: an idle connection is polled by its worker, and pinged if the file allows.

use std::task::{Context, Poll};

use h2::{Ping, PingPong};

use super::deadline::Deadline;
use crate::config::plan::Keepalive;
use crate::runtime::clock;

/// The pings of one connection.
pub(super) struct Heart {
    pings: PingPong,
    plan: Keepalive,
    deadline: Deadline,
    waiting: bool,
}

impl Heart {
    pub(super) fn new(pings: PingPong, plan: Keepalive) -> Self {
        let now = clock::now();
        let mut heart = Self { pings, plan, deadline: Deadline::never(now), waiting: false };
        heart.rest();
        heart
    }

    /// The backend has been heard, or something new begins.
    pub(super) fn rest(&mut self) {
        self.deadline.set(clock::now().checked_add(self.plan.time));
    }

    /// Whether it beats while no request is on its way.
    pub(super) const fn beats_idle(&self) -> bool {
        self.plan.idle
    }

    /// What is said of a dead connection.
    pub(super) fn verdict(&self) -> String {
        format!("no answer to a ping within {:?}", self.plan.timeout)
    }

    /// Sends pings as they come due; ready once the connection is dead.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.waiting && self.pings.poll_pong(context).is_ready() {
                // An error here means that the connection has ended, which it says itself.
                self.waiting = false;
                self.rest();
            }
            if self.deadline.poll(context).is_pending() {
                return Poll::Pending;
            }
            if self.waiting {
                return Poll::Ready(());
            }
            if self.pings.send_ping(Ping::opaque()).is_err() {
                self.deadline.set(None);
                return Poll::Pending;
            }
            self.waiting = true;
            self.deadline.set(clock::now().checked_add(self.plan.timeout));
        }
    }
}
