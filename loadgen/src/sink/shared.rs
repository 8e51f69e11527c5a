//! What a sink's connections share: the mode, the receiver, the record, and who waits for them.
//!
//! One lock, held for the time of one request's verification; nothing awaits under it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::{Mode, Report, SinkOptions};
use crate::clock;
use crate::coding::Coding;
use crate::otlp::{self, Signal};
use crate::verify::{Bitmap, Receiver};

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/HTTP, over HTTP/1 or HTTP/2.
    Http,
    /// OTLP/gRPC.
    Grpc,
}

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// How it came.
    pub protocol: Protocol,
    /// The path with its query.
    pub path: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body as it came, without a gRPC prefix.
    pub raw: Bytes,
    /// The body after inflating; equal to `raw` when it was not compressed.
    pub body: Bytes,
}

impl Recorded {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A request that was read to its end.
pub(super) struct Arrival {
    pub(super) signal: Signal,
    pub(super) protocol: Protocol,
    pub(super) path: String,
    /// Empty unless requests are recorded.
    pub(super) headers: Vec<(String, String)>,
    pub(super) coding: Coding,
    /// Empty in a cheap sink.
    pub(super) body: Bytes,
    pub(super) body_bytes: u64,
}

/// What the client is told.
pub(super) enum Answer {
    Accepted { rejected: u64 },
    Refused { status: u16, retry_after: Option<u32>, message: String },
    Close,
}

#[derive(Debug)]
pub(super) struct Shared {
    options: SinkOptions,
    mode: watch::Sender<Mode>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Everything but the spans, which the receiver counts.
    report: Report,
    receiver: Receiver,
    inflated: Vec<u8>,
    recorded: Vec<Recorded>,
    recorded_bytes: usize,
    observers: usize,
}

impl Shared {
    pub(super) fn new(options: SinkOptions) -> Self {
        let receiver = Receiver::new(options.expect.clone());
        let state = State { receiver, ..State::default() };
        let mode = watch::Sender::new(options.mode);
        Self { options, mode, state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(super) const fn cheap(&self) -> bool {
        self.options.cheap
    }

    pub(super) const fn records(&self) -> bool {
        self.options.record && !self.options.cheap
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        let _old = self.mode.send_replace(mode);
    }

    pub(super) fn connected(&self) {
        self.note(|state| state.report.connections += 1);
    }

    /// Counts a request and decides, in the time the mode asks for, how it is answered.
    pub(super) async fn receive(&self, arrival: Arrival) -> Answer {
        let _waiting = Waiting::enter(self, &arrival);
        let mut modes = self.mode.subscribe();
        loop {
            let mode = *modes.borrow_and_update();
            match mode {
                Mode::Ok => return self.accept(arrival, 0),
                Mode::Reject(spans) => return self.accept(arrival, spans),
                Mode::Slow(delay) => {
                    tokio::time::sleep(delay).await;
                    return self.accept(arrival, 0);
                }
                Mode::Fail { status, retry_after } => {
                    self.note(|state| state.report.refused += 1);
                    let message = format!("this sink fails with {status}");
                    return Answer::Refused { status, retry_after, message };
                }
                Mode::Close => {
                    self.note(|state| state.report.closed += 1);
                    return Answer::Close;
                }
                Mode::Silent => {
                    if modes.changed().await.is_err() {
                        return Answer::Close;
                    }
                }
            }
        }
    }

    fn accept(&self, arrival: Arrival, reject: u64) -> Answer {
        let cheap = self.options.cheap;
        self.note(|state| {
            let before = state.receiver.counts().rejected;
            let taken = if cheap { Ok(()) } else { state.take(&arrival, reject) };
            if let Err(message) = taken {
                state.report.malformed += 1;
                return Answer::Refused { status: 400, retry_after: None, message };
            }
            state.report.accepted += 1;
            if self.records() {
                state.record(arrival, self.options.record_bytes_max);
            }
            Answer::Accepted { rejected: state.receiver.counts().rejected - before }
        })
    }

    pub(super) fn report(&self) -> Report {
        self.lock().snapshot()
    }

    pub(super) fn bodies(&self) -> Vec<Recorded> {
        self.lock().recorded.clone()
    }

    pub(super) fn run(&self, run: u32) -> Bitmap {
        self.lock().receiver.run(run).cloned().unwrap_or_default()
    }

    pub(super) fn wait_for(
        &self,
        condition: impl Fn(&Report) -> bool,
        timeout: Duration,
    ) -> Result<Report, Box<Report>> {
        let deadline = clock::now() + timeout;
        let mut state = self.lock();
        loop {
            let report = state.snapshot();
            if condition(&report) {
                return Ok(report);
            }
            let left = deadline.saturating_duration_since(clock::now());
            if left.is_zero() {
                return Err(Box::new(report));
            }
            state.observers += 1;
            let woken = self.changed.wait_timeout(state, left);
            (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
            state.observers -= 1;
        }
    }

    /// Changes the state and wakes whoever waits for a change.
    fn note<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        if state.observers > 0 {
            self.changed.notify_all();
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn snapshot(&self) -> Report {
        Report { spans: self.receiver.counts().clone(), ..self.report.clone() }
    }

    /// Inflates, checks and counts a body; nothing is counted when it is malformed.
    fn take(&mut self, arrival: &Arrival, reject: u64) -> Result<(), String> {
        let body = match arrival.coding.name() {
            Some(name) => {
                let inflated = arrival.coding.inflate(&arrival.body, &mut self.inflated);
                inflated.map_err(|e| format!("{name}: {e}"))?;
                &self.inflated[..]
            }
            None => &arrival.body[..],
        };
        let malformed = |e| format!("protobuf: {e}");
        match arrival.signal {
            Signal::Traces => self.receiver.take(body, reject).map_err(malformed)?,
            signal => {
                let items = otlp::count_items(signal, body).map_err(malformed)?;
                match signal {
                    Signal::Metrics => self.report.metric_points += items,
                    _ => self.report.log_records += items,
                }
            }
        }
        self.report.inflated_bytes += body.len() as u64;
        Ok(())
    }

    fn record(&mut self, arrival: Arrival, bytes_max: usize) {
        let raw = arrival.body;
        let body = match arrival.coding {
            Coding::Identity => raw.clone(),
            _ => Bytes::copy_from_slice(&self.inflated),
        };
        let bytes = raw.len() + body.len();
        if self.recorded_bytes + bytes > bytes_max {
            self.report.unrecorded += 1;
            return;
        }
        self.recorded_bytes += bytes;
        let Arrival { protocol, path, headers, .. } = arrival;
        self.recorded.push(Recorded { protocol, path, headers, raw, body });
    }
}

/// A request that has arrived and is not answered yet.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn enter(shared: &'a Shared, arrival: &Arrival) -> Self {
        shared.note(|state| {
            let report = &mut state.report;
            report.requests += 1;
            report.bytes += arrival.body_bytes;
            report.grpc_requests += u64::from(arrival.protocol == Protocol::Grpc);
            report.gzip_requests += u64::from(arrival.coding == Coding::Gzip);
            report.zstd_requests += u64::from(arrival.coding == Coding::Zstd);
            report.waiting += 1;
            report.waiting_max = report.waiting_max.max(report.waiting);
        });
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.note(|state| state.report.waiting -= 1);
    }
}
