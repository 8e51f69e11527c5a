//! How long a connection lives, where the file says so (`keepalive`, `max_connection_age`).
//!
//! ```text
//!  age, give or take a tenth -> old: told to go -> grace -> cut off
//!  nothing read for `time`   -> ping            -> nothing read for `timeout` -> cut off
//! ```
//! Beside that a client may not leave a frame half sent or its answers unread for long ([`Wait`]).
//!
//! Connections that are accepted together do not come back together, hence the tenth. Whatever is
//! read is a sign of life, an answer to a ping among it. Who only idles is the guard's business.

use std::cell::{Cell, OnceCell};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::{Ping, PingPong};

use super::client::Client;
use super::guard::{Guard, Watch};

/// The age of one connection.
pub(super) struct Age {
    guard: Option<Guard>,
    grace: Option<Duration>,
    old: bool,
}

impl Age {
    /// Of a connection over HTTP/1; it begins now.
    pub(super) fn of_http(client: &Client) -> Self {
        Self::new(client, client.times.age, client.times.grace)
    }

    /// Of one over HTTP/2, which may carry both: the lower of their ages.
    fn of_both(client: &Client) -> Self {
        let (calls, requests) = (client.keepalive, client.times);
        let later = calls.age.is_none_or(|age| requests.age.is_some_and(|other| other < age));
        if later {
            Self::new(client, requests.age, requests.grace)
        } else {
            Self::new(client, calls.age, calls.grace)
        }
    }

    fn new(client: &Client, age: Option<Duration>, grace: Option<Duration>) -> Self {
        let guard = age.map(|age| {
            let guard = client.supplies().watch().guard();
            guard.allow(scattered(age));
            guard
        });
        Self { guard, grace, old: false }
    }

    /// Whether the client is to be told to go.
    pub(super) const fn is_old(&self) -> bool {
        self.old
    }

    /// Ready when the connection is to be cut off.
    pub(super) fn poll_over(&mut self, context: &Context<'_>) -> Poll<()> {
        let Some(guard) = &self.guard else { return Poll::Pending };
        if guard.poll_expired(context).is_ready() {
            if self.old {
                return Poll::Ready(());
            }
            self.old = true;
            guard.rest();
            if let Some(grace) = self.grace {
                guard.allow(grace);
            }
        }
        Poll::Pending
    }
}

/// The age and the pings of one connection over HTTP/2.
pub(super) struct Life {
    age: Age,
    pings: Option<PingPong>,
}

/// How long nothing has been read.
#[derive(Debug)]
pub(super) struct Silence {
    guard: Guard,
    time: Duration,
    asked: Cell<bool>,
}

/// What a client has begun and has to end in time. It costs a comparison until it happens.
#[derive(Debug, Default)]
pub(super) struct Wait {
    guard: OnceCell<Guard>,
    waiting: Cell<bool>,
}

impl Wait {
    /// Whether the client is waited for from now on; the time runs from the first call that says
    /// so.
    pub(super) fn set(&self, waiting: bool, watch: &Rc<Watch>, limit: Duration) {
        if self.waiting.replace(waiting) == waiting {
            return;
        }
        if waiting {
            self.guard.get_or_init(|| watch.guard()).allow(limit);
        } else if let Some(guard) = self.guard.get() {
            guard.rest();
        }
    }

    /// Ready when it took too long.
    pub(super) fn poll_over(&self, context: &Context<'_>) -> Poll<()> {
        self.guard.get().map_or(Poll::Pending, |guard| guard.poll_expired(context))
    }
}

impl Silence {
    /// Something has been read.
    pub(super) fn broken(&self) {
        self.asked.set(false);
        self.guard.allow(self.time);
    }
}

impl Life {
    /// Begins with the connection; `pings` sends them.
    pub(super) fn new(client: &Client, pings: Option<PingPong>) -> Self {
        let plan = client.keepalive;
        let watch = client.supplies().watch();
        if let Some((time, _)) = plan.ping {
            let silence = client.silence.get_or_init(|| Silence {
                guard: watch.guard(),
                time,
                asked: Cell::new(false),
            });
            silence.broken();
        }
        Self { age: Age::of_both(client), pings }
    }

    /// Whether the client is to be told to go.
    pub(super) const fn is_old(&self) -> bool {
        self.age.is_old()
    }

    /// Sends pings as they come due; ready when the connection is to be cut off.
    pub(super) fn poll_over(&mut self, client: &Client, context: &mut Context<'_>) -> Poll<()> {
        if self.age.poll_over(context).is_ready() {
            return Poll::Ready(());
        }
        let (Some(silence), Some((_, timeout))) = (client.silence.get(), client.keepalive.ping)
        else {
            return Poll::Pending;
        };
        let Some(pings) = &mut self.pings else { return Poll::Pending };
        // The answer itself is not waited for: that something was read is enough. Taking it makes
        // room for the next ping.
        drop(pings.poll_pong(context));
        if silence.guard.poll_expired(context).is_ready() {
            if silence.asked.get() {
                return Poll::Ready(());
            }
            // No ping can leave before the last one is answered, if late, or after the end.
            let sent = pings.send_ping(Ping::opaque()).is_ok();
            silence.asked.set(sent);
            silence.guard.allow(if sent { timeout } else { silence.time });
        }
        Poll::Pending
    }
}

/// `age` and up to a tenth more or less of it, by chance.
pub(super) fn scattered(age: Duration) -> Duration {
    jittered(age, RandomState::new().build_hasher().finish())
}

/// `age` and up to a tenth more or less of it, as `seed` has it.
fn jittered(age: Duration, seed: u64) -> Duration {
    /// Steps of a tenth.
    const STEPS: u32 = 1000;
    let step = u32::try_from(seed % u64::from(2 * STEPS + 1)).unwrap_or(STEPS);
    let part = age / (10 * STEPS);
    age.saturating_sub(age / 10).saturating_add(part.saturating_mul(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_differ_by_a_tenth_at_most_and_reach_both_ends() {
        let age = Duration::from_secs(300);
        assert_eq!(jittered(age, 0), Duration::from_secs(270));
        assert_eq!(jittered(age, 1000), age);
        assert_eq!(jittered(age, 2000), Duration::from_secs(330));
        assert_eq!(jittered(age, 2001), Duration::from_secs(270));
    }
}
