//! When each request is to be sent.
//!
//! Open loop: the whole schedule is known before the run; request `i` is due at `start + i / rate`
//! whatever the gateway does, and latency counts from then. A thread of its own releases what is
//! due, because the kernel wakes a sleeping thread within about 60 us while tokio's timers round
//! to 1 ms. Closed loop: a request is due when a connection is free.
//!
//! A schedule that cannot be kept ends at [`GRACE`] after its end; what was not sent is reported.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::clock;

/// How long after its end an open-loop run may still send what is overdue.
const GRACE: Duration = Duration::from_secs(5);
/// The pacing thread looks at least so often whether it should stop.
const NAP_MAX: Duration = Duration::from_millis(50);

/// What to keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Requests a second; absent: closed loop.
    pub requests_per_second: Option<f64>,
    /// Requests at most.
    pub requests: Option<u64>,
    /// Length of the run.
    pub duration: Option<Duration>,
}

impl Schedule {
    /// How many requests an open-loop run has, or the bound of a closed one.
    #[must_use]
    pub fn requests_max(&self) -> u64 {
        let bound = self.requests.unwrap_or(u64::MAX);
        match (self.requests_per_second, self.duration) {
            (Some(rate), Some(duration)) => bound.min(whole(rate * duration.as_secs_f64())),
            _ => bound,
        }
    }

    /// When request `index` is due, from the start of the run. Nothing in a closed loop.
    #[must_use]
    pub fn due(&self, index: u64) -> Option<Duration> {
        let rate = self.requests_per_second?;
        let seconds = index as f64 / rate;
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

/// One request to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) index: u64,
    /// When it should leave.
    pub(crate) intended: Instant,
}

/// Hands out turns to the workers of one run.
#[derive(Debug)]
pub(crate) struct Pace {
    schedule: Schedule,
    start: Instant,
    requests_max: u64,
    next: AtomicU64,
    due: Semaphore,
    stopped: AtomicBool,
}

impl Pace {
    /// Starts the clock; open loop: also the thread that releases turns, which ends with the run.
    pub(crate) fn start(
        schedule: Schedule,
    ) -> std::io::Result<(Arc<Self>, Option<JoinHandle<()>>)> {
        let pace = Arc::new(Self {
            schedule,
            start: clock::now(),
            requests_max: schedule.requests_max(),
            next: AtomicU64::new(0),
            due: Semaphore::new(0),
            stopped: AtomicBool::new(false),
        });
        let mut thread = None;
        if schedule.requests_per_second.is_some() {
            let given = Arc::clone(&pace);
            let builder = std::thread::Builder::new().name("pace".to_owned());
            thread = Some(builder.spawn(move || given.release())?);
        }
        Ok((pace, thread))
    }

    /// The next request, once it is due; nothing when the run is over.
    pub(crate) async fn next(&self) -> Option<Turn> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        if index >= self.requests_max || self.is_stopped() {
            return None;
        }
        if let Some(due) = self.schedule.due(index) {
            // Closed when the run is stopped.
            self.due.acquire().await.ok()?.forget();
            return Some(Turn { index, intended: self.start + due });
        }
        let intended = clock::now();
        let over = self.schedule.duration.is_some_and(|length| intended - self.start >= length);
        (!over).then_some(Turn { index, intended })
    }

    /// No turn is handed out from now on.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.due.close();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn release(&self) {
        let end = self.schedule.duration.map(|length| length + GRACE);
        let mut released = 0;
        while !self.is_stopped() {
            let elapsed = self.start.elapsed();
            if end.is_some_and(|end| elapsed > end) {
                return self.stop();
            }
            if released < self.requests_max {
                let rate = self.schedule.requests_per_second.unwrap_or(0.0);
                let due = whole(elapsed.as_secs_f64() * rate) + 1;
                let due = due.min(self.requests_max);
                self.due.add_permits(usize::try_from(due - released).unwrap_or(0));
                released = due;
            }
            let next = self.schedule.due(released).filter(|_| released < self.requests_max);
            let nap = next.map_or(NAP_MAX, |next| next.saturating_sub(self.start.elapsed()));
            std::thread::sleep(nap.min(NAP_MAX));
        }
    }
}

/// The whole part of a number that is no less than 0.
fn whole(number: f64) -> u64 {
    Duration::try_from_secs_f64(number).map_or(u64::MAX, |seconds| seconds.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_known_beforehand() {
        let schedule = Schedule {
            requests_per_second: Some(200.0),
            requests: None,
            duration: Some(Duration::from_secs(10)),
        };
        assert_eq!(schedule.requests_max(), 2_000);
        assert_eq!(schedule.due(300), Some(Duration::from_millis(1_500)));
        let fewer = Schedule { requests: Some(7), ..schedule };
        assert_eq!(fewer.requests_max(), 7);
        let closed = Schedule { requests_per_second: None, ..fewer };
        assert_eq!((closed.requests_max(), closed.due(3)), (7, None));
    }

    #[test]
    fn an_open_loop_hands_out_each_request_once_and_then_ends() {
        let schedule =
            Schedule { requests_per_second: Some(100_000.0), requests: Some(500), duration: None };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (pace, thread) = Pace::start(schedule).expect("a thread");
        let indexes = runtime.block_on(async {
            let mut indexes = Vec::new();
            while let Some(turn) = pace.next().await {
                indexes.push(turn.index);
            }
            indexes
        });
        assert_eq!(indexes, (0..500).collect::<Vec<_>>());
        pace.stop();
        thread.expect("the pacing thread").join().expect("it ends");
    }

    #[test]
    fn a_stopped_run_hands_out_nothing() {
        let schedule = Schedule { requests_per_second: None, requests: None, duration: None };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (pace, _none) = Pace::start(schedule).expect("no thread");
        assert!(runtime.block_on(pace.next()).is_some());
        pace.stop();
        assert!(runtime.block_on(pace.next()).is_none());
    }
}
