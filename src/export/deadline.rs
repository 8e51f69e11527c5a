//! One timer for all attempts of a worker.
//!
//! Arming a timer anew for each attempt costs two trips to the runtime's timer wheel a request, for
//! a timeout that hardly ever comes. This one is armed once, left alone while it is early, and put
//! off when it fires before the deadline that then holds. So it costs one trip a timeout, not two a
//! request; the price is one needless wake-up of the worker in that time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::Sleep;

/// A deadline that is moved often and reached rarely.
#[derive(Debug)]
pub(super) struct Deadline {
    sleep: Pin<Box<Sleep>>,
    at: Option<Instant>,
}

impl Deadline {
    /// A deadline that never comes; `now` only starts the timer somewhere.
    pub(super) fn never(now: Instant) -> Self {
        Self { sleep: Box::pin(tokio::time::sleep_until(now.into())), at: None }
    }

    /// Moves the deadline.
    pub(super) fn set(&mut self, at: Option<Instant>) {
        self.at = at;
        let Some(at) = at else { return };
        // Fired or later than wanted: arm it. Earlier than wanted: `poll` will put it off.
        if self.sleep.is_elapsed() || self.sleep.deadline() > at.into() {
            self.sleep.as_mut().reset(at.into());
        }
    }

    /// Ready once the deadline has passed.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else {
            return Poll::Pending;
        };
        loop {
            match self.sleep.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) if self.sleep.deadline() >= at.into() => return Poll::Ready(()),
                Poll::Ready(()) => self.sleep.as_mut().reset(at.into()),
            }
        }
    }
}
