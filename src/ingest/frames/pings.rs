//! `keepalive.enforcement_policy`: how often a client may ping, as grpc-go has it.
//!
//! A ping that comes too soon after the last one is a strike, and the third strike is too many. An
//! answer wipes all strikes and lets the next ping pass, since clients ping when they get data.
//! Where pings without a request are not permitted, they may come every two hours.
//!
//! Time has the grain of the watch, so a ping may be up to a second early.

use std::time::Duration;

use crate::ingest::guard::TICK;

/// Strikes that a client has.
const STRIKES_MAX: u32 = 2;
/// Between pings without a request that are not permitted.
const IDLE_MIN: Duration = Duration::from_secs(2 * 60 * 60);

/// The pings of one connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Pings {
    min: u32,
    idle_min: u32,
    now: u32,
    in_use: bool,
    /// Something was answered since the last ping.
    answered: bool,
    last: Option<u32>,
    strikes: u32,
}

impl Pings {
    /// Pings at least `min` apart; without requests as well, or not.
    pub(in crate::ingest) fn new((min, without_stream): (Duration, bool)) -> Self {
        let min = ticks(min);
        let idle_min = if without_stream { min } else { ticks(IDLE_MIN) };
        Self { min, idle_min, now: 0, in_use: false, answered: false, last: None, strikes: 0 }
    }

    pub(super) const fn settle(&mut self, now: u32, answered: bool, in_use: bool) {
        self.now = now;
        self.in_use = in_use;
        self.answered |= answered;
    }

    /// A ping has come: whether it is one too many.
    pub(super) fn too_many(&mut self) -> bool {
        let min = if self.in_use { self.min } else { self.idle_min };
        let early = self.last.is_some_and(|last| self.now.saturating_sub(last) < min);
        self.last = Some(self.now);
        if std::mem::take(&mut self.answered) {
            self.strikes = 0;
        } else if early {
            self.strikes = self.strikes.saturating_add(1);
        }
        self.strikes > STRIKES_MAX
    }
}

/// The ticks that surely lie in `time`.
fn ticks(time: Duration) -> u32 {
    let ticks = time.as_millis().checked_div(TICK.as_millis()).unwrap_or_default();
    u32::try_from(ticks).unwrap_or(u32::MAX).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pings so many ticks apart; the first that is too many.
    fn too_many(policy: (Duration, bool), apart: u32, in_use: bool) -> Option<u32> {
        let mut pings = Pings::new(policy);
        (0..50).find(|at| {
            pings.settle(at * apart, false, in_use);
            pings.too_many()
        })
    }

    #[test]
    fn the_third_ping_that_comes_too_soon_is_too_many() {
        let ten = Duration::from_secs(10);
        assert_eq!(too_many((ten, false), 10, true), Some(3));
        assert_eq!(too_many((ten, true), 10, false), Some(3));
        assert_eq!(too_many((ten, false), 20, true), None);
        assert_eq!(too_many((ten, true), 20, false), None);
        assert_eq!(too_many((ten, false), 20, false), Some(3), "without a request");
    }

    #[test]
    fn an_answer_lets_the_next_ping_pass() {
        let mut pings = Pings::new((Duration::from_secs(10), false));
        for at in 0..50 {
            pings.settle(at, at % 3 == 0, true);
            assert!(!pings.too_many(), "{at}");
        }
    }
}
