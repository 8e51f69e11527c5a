//! The accept loop: it never ends of itself, whatever the system says.
//!
//! An error that concerns one connection is passed over at once; want of descriptors or memory is
//! waited out with growing pauses, since trying again at once would only burn the core.

use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::Gate;
use crate::runtime::net::Stream;
use crate::telemetry::names::Transport;

/// The first pause after an error that will not pass at once.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
/// The longest: how late a client may be let in after descriptors are free again.
const PAUSE_MAX: Duration = Duration::from_millis(640);

/// Serves what `accept` yields on the port of `side`, for ever.
pub(super) async fn run<A>(gate: &Rc<Gate>, side: Transport, mut accept: A)
where
    A: AsyncFnMut() -> io::Result<(Stream, Option<IpAddr>)>,
{
    let mut pauses = Pauses::default();
    loop {
        match accept().await {
            Ok((stream, peer)) => {
                pauses.reset();
                gate.serve(stream, peer, side);
            }
            Err(error) => {
                gate.supplies.meter.accept_errors.increment(1);
                if let Some(pause) = pauses.after(&error) {
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

/// How long to wait after errors in a row.
#[derive(Debug, Default)]
struct Pauses {
    last: Option<Duration>,
}

impl Pauses {
    fn reset(&mut self) {
        self.last = None;
    }

    /// The pause after `error`; `None`: try again at once.
    fn after(&mut self, error: &io::Error) -> Option<Duration> {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
            return None;
        }
        let pause = self.last.map_or(PAUSE_FIRST, |last| last.saturating_mul(2).min(PAUSE_MAX));
        if self.last.is_none() {
            tracing::warn!(%error, "connections cannot be accepted; trying again");
        }
        self.last = Some(pause);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_start_anew_after_success() {
        let mut pauses = Pauses::default();
        let full = io::Error::from_raw_os_error(24);
        let mut last = Duration::ZERO;
        for _ in 0..20 {
            let pause = pauses.after(&full).unwrap();
            assert!(pause >= last && pause <= PAUSE_MAX);
            last = pause;
        }
        assert_eq!(last, PAUSE_MAX);
        pauses.reset();
        assert_eq!(pauses.after(&full), Some(PAUSE_FIRST));
    }

    #[test]
    fn an_error_of_one_connection_does_not_hold_the_others() {
        let mut pauses = Pauses::default();
        assert_eq!(pauses.after(&io::ErrorKind::ConnectionAborted.into()), None);
    }
}
