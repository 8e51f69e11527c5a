//! Whether a backend counts as dead, and who may find out that it lives again.
//!
//! ```text
//!        5 failures in a row, or 5 s      the delay of the one that failed has passed
//!   closed ----------------------> open ---------------------------> probing (one send)
//!     ^                             ^                                   |        |
//!     |                             +-------------- failed -------------+        |
//!     +------------------------------------ answered ----------------------------+
//! ```
//! Invariants: at most one probe is out; while open or probing nobody else sends. Any answer that
//! is not a failure closes it: a backend that refuses or throttles is alive. Beside that, nobody
//! sends before the time that a throttling backend has named. Workers that may not send wait at the
//! [`Gate`], with their batch. It keeps no clock and counts nothing.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// This many failures in a row open the breaker.
pub const FAILURES_MAX: u32 = 5;
/// So does failing for this long, at least twice: one worker alone backs off too slowly to count
/// to five.
pub const FAILING_MAX: Duration = Duration::from_secs(5);

/// The state machine; time is an argument.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    failing_since: Option<Instant>,
    state: State,
    not_before: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    Probing,
}

/// What a worker that has something to send may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Send.
    Go,
    /// Send, and everyone waits for the outcome.
    Probe,
    /// Wait, until then or until something changes.
    Wait(Option<Instant>),
}

impl Breaker {
    /// Asks for leave to send.
    pub fn pass(&mut self, now: Instant) -> Pass {
        if let Some(until) = self.not_before.filter(|until| *until > now) {
            return Pass::Wait(Some(until));
        }
        match self.state {
            State::Closed => Pass::Go,
            State::Open { until } if now >= until => {
                self.state = State::Probing;
                Pass::Probe
            }
            State::Open { until } => Pass::Wait(Some(until)),
            State::Probing => Pass::Wait(None),
        }
    }

    /// The backend answered, be it with a refusal.
    pub const fn answered(&mut self) {
        self.failures = 0;
        self.failing_since = None;
        self.state = State::Closed;
    }

    /// The backend asked that nothing be sent until then.
    pub fn hold(&mut self, until: Instant) {
        self.not_before = self.not_before.max(Some(until));
    }

    /// A send failed; `probe` is whether it had leave as [`Pass::Probe`]. The next probe may go
    /// after `delay`. A straggler that was sent before the breaker opened does not put the probe
    /// off.
    pub fn failed(&mut self, now: Instant, probe: bool, delay: Duration) {
        self.failures = self.failures.saturating_add(1);
        let since = *self.failing_since.get_or_insert(now);
        let long = now.saturating_duration_since(since) >= FAILING_MAX;
        let opens = match self.state {
            State::Closed => self.failures >= FAILURES_MAX || long,
            State::Probing => probe,
            State::Open { .. } => false,
        };
        if opens {
            self.state = State::Open { until: now + delay };
        }
    }

    /// Whether the backend counts as dead.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed)
    }
}

/// The breaker of one destination on one shard, and its waiting workers.
#[derive(Debug, Default)]
pub struct Gate {
    breaker: RefCell<Breaker>,
    changed: Notify,
    failing: Cell<bool>,
}

/// How a destination does, as its queue is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The last send failed.
    pub failing: bool,
    /// The breaker is open.
    pub open: bool,
}

impl Gate {
    /// Waits for leave to send; `Some(true)` is a probe, `None` means that `expires` has passed.
    pub async fn pass(
        &self,
        clock: impl Fn() -> Instant,
        expires: Option<Instant>,
    ) -> Option<bool> {
        loop {
            let changed = self.changed.notified();
            let now = clock();
            let until = match self.breaker.borrow_mut().pass(now) {
                Pass::Go => return Some(false),
                Pass::Probe => return Some(true),
                Pass::Wait(until) => until,
            };
            if expires.is_some_and(|expires| expires <= now) {
                return None;
            }
            match until.into_iter().chain(expires).min() {
                None => changed.await,
                Some(until) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(until.into()) => {}
                    }
                }
            }
        }
    }

    /// Books an answer that is not a failure. Returns the destination's health if that has changed.
    pub fn answered(&self) -> Option<Health> {
        self.change(false, Breaker::answered)
    }

    /// Books that the backend lives but wants less, nothing before `until`. Returns the
    /// destination's health if that has changed.
    pub fn throttled(&self, until: Option<Instant>) -> Option<Health> {
        self.change(true, |breaker| {
            breaker.answered();
            if let Some(until) = until {
                breaker.hold(until);
            }
        })
    }

    /// Books a failure. Returns the destination's health if that has changed.
    pub fn failed(&self, now: Instant, probe: bool, delay: Duration) -> Option<Health> {
        self.change(true, |breaker| breaker.failed(now, probe, delay))
    }

    fn change(&self, failing: bool, book: impl FnOnce(&mut Breaker)) -> Option<Health> {
        let mut breaker = self.breaker.borrow_mut();
        let was = Health { failing: self.failing.replace(failing), open: breaker.is_open() };
        book(&mut breaker);
        let is = Health { failing, open: breaker.is_open() };
        if was.open {
            self.changed.notify_waiters();
        }
        (was != is).then_some(is)
    }
}

#[cfg(test)]
mod tests;
