//! Sends one run of load: workers take turns from the pace, send, and put the result in the tally.
//!
//! ```text
//! pace -> turn -> bodies -> client (HTTP | gRPC) -> verdict -> again? -> tally, acknowledged
//! ```
//! One thread: everything that costs is in the kernel. With reused bodies (`fresh` off) a small
//! request costs one write, one read and a handful of comparisons.

mod bodies;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::clock;
use crate::coding::Coding;
use crate::dial::{Carrier, Dial};
use crate::pace::{Pace, Schedule, Turn};
use crate::send_grpc::Grpc;
use crate::send_h3::Http3;
use crate::send_http::Http;
use crate::shape::Shape;
use crate::sink::Protocol;
use crate::tally::{Tally, Verdict};
use crate::verify::{Acknowledged, Bitmap};
use bodies::Bodies;

/// The first wait before an attempt when the answer names none; it doubles up to [`WAIT_MAX`].
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(2);
/// A worker that cannot connect and does not retry waits this long, rather than spin.
const CONNECT_PAUSE: Duration = Duration::from_millis(20);

/// A run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// HTTP or gRPC.
    pub protocol: Protocol,
    /// What it runs on; HTTP on QUIC is HTTP/3, on anything else HTTP/1.
    pub carrier: Carrier,
    /// Where to.
    pub endpoint: SocketAddr,
    /// The `Host` or authority to name.
    pub authority: String,
    /// Path of the HTTP request; gRPC has its own.
    pub path: String,
    /// How bodies are compressed.
    pub coding: Coding,
    /// Connections, each with one request under way (HTTP/1) or `streams` of them.
    pub connections: usize,
    /// Requests under way on each connection over gRPC or HTTP/3.
    pub streams: usize,
    /// When to send.
    pub schedule: Schedule,
    /// What to send.
    pub shape: Shape,
    /// Every request gets ids of its own. Off: the same bytes again and again, which costs least
    /// and cannot be proved.
    pub fresh: bool,
    /// Headers or metadata to add.
    pub headers: Vec<(String, String)>,
    /// How long one attempt may wait for its answer; its connection is then given up.
    pub timeout: Duration,
    /// How long a refused or broken request is tried again; zero: never.
    pub retry_for: Duration,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Counts and latencies.
    pub tally: Tally,
    /// Which requests were acknowledged.
    pub acknowledged: Acknowledged,
    /// From the first turn to the last answer.
    pub elapsed: Duration,
    /// Requests of an open-loop schedule that were never sent.
    pub unsent: u64,
    /// Bytes of one body before compression.
    pub body_bytes: usize,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Duration,
    /// Requests accepted.
    pub accepted: u64,
    /// Requests refused, failed or broken, and attempts that had to be repeated.
    pub troubled: u64,
    /// Spans in each request.
    pub spans_per_request: u64,
    /// Requests that left late so far.
    pub late: u64,
}

struct Job {
    plan: Plan,
    pace: Arc<Pace>,
    bodies: Bodies,
    tally: Mutex<Tally>,
    acknowledged: Mutex<Bitmap>,
}

/// Sends a run; `show` is called once a second. SIGINT ends it early and in order.
///
/// # Errors
/// When there is no runtime to be had, a header is invalid, or a file for TLS is. Trouble with the
/// endpoint is in the tally.
pub fn run(plan: Plan, mut show: impl FnMut(Progress)) -> io::Result<Outcome> {
    let bodies = Bodies::new(&plan)?;
    let dial = dial(&plan)?;
    let tally = Tally::new().map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (pace, pacer) = Pace::start(plan.schedule)?;
    let job = Arc::new(Job {
        pace: Arc::clone(&pace),
        bodies,
        tally: Mutex::new(tally),
        acknowledged: Mutex::new(Bitmap::default()),
        plan,
    });
    runtime.block_on(async {
        let mut workers = start_workers(&job, &dial);
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let _at_once = second.tick().await;
        loop {
            tokio::select! {
                ended = workers.join_next() => if ended.is_none() { break },
                _ = second.tick() => show(job.progress()),
                _signal = tokio::signal::ctrl_c() => pace.stop(),
            }
        }
    });
    pace.stop();
    if let Some(pacer) = pacer {
        // A panic of the thread has been printed.
        let _ended = pacer.join();
    }
    Ok(job.outcome())
}

fn dial(plan: &Plan) -> io::Result<Dial> {
    let alpn: &[u8] = match (plan.protocol, &plan.carrier) {
        (Protocol::Grpc, Carrier::Quic(_)) => {
            let message = "gRPC over QUIC: expected HTTP";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        (Protocol::Grpc, _) => b"h2",
        (Protocol::Http, Carrier::Quic(_)) => b"h3",
        (Protocol::Http, _) => b"http/1.1",
    };
    Dial::new(plan.endpoint, &plan.carrier, alpn)
}

fn start_workers(job: &Arc<Job>, dial: &Dial) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    let streams = job.plan.streams.max(1);
    for _ in 0..job.plan.connections.max(1) {
        let mut start = |client| {
            let _handle = workers.spawn(work(Arc::clone(job), client));
        };
        match (job.plan.protocol, &job.plan.carrier) {
            (Protocol::Grpc, _) => {
                let shared = Grpc::new(dial.clone());
                (0..streams).for_each(|_| start(Client::Grpc(shared.clone())));
            }
            (Protocol::Http, Carrier::Quic(_)) => {
                let shared = Http3::new(dial.clone());
                (0..streams).for_each(|_| start(Client::Http3(shared.clone())));
            }
            (Protocol::Http, _) => start(Client::Http(Http::new(dial.clone()))),
        }
    }
    workers
}

async fn work(job: Arc<Job>, mut client: Client) {
    while let Some(turn) = job.pace.next().await {
        one(&job, &mut client, turn).await;
    }
}

/// Sends one request until it has ended.
async fn one(job: &Job, client: &mut Client, turn: Turn) {
    let body = job.bodies.body(turn.index);
    let first = clock::now();
    job.tally().left(first.saturating_duration_since(turn.intended));
    let mut sent = first;
    let mut wait = WAIT_FIRST;
    loop {
        let verdict = client.send(job, &body).await;
        let ended = clock::now();
        let asked = match &verdict {
            Verdict::Accepted { .. } | Verdict::Failed { .. } => None,
            Verdict::Refused { retry_after, .. } => Some(retry_after.unwrap_or(wait)),
            Verdict::Broken { .. } => Some(wait),
        };
        let again = |asked: &Duration| {
            ended + *asked < first + job.plan.retry_for && !job.pace.is_stopped()
        };
        match asked.filter(again) {
            Some(asked) => {
                job.tally().retried(&verdict, ended - sent);
                tokio::time::sleep(asked).await;
                wait = (wait * 2).min(WAIT_MAX);
                sent = clock::now();
            }
            None => return finish(job, turn, &verdict, ended, sent, body.len()).await,
        }
    }
}

async fn finish(
    job: &Job,
    turn: Turn,
    verdict: &Verdict,
    ended: Instant,
    sent: Instant,
    bytes: usize,
) {
    job.tally().ended(verdict, ended.saturating_duration_since(turn.intended), ended - sent);
    match verdict {
        Verdict::Accepted { .. } => {
            job.tally().bytes += bytes as u64;
            if job.plan.fresh {
                let mut bits = job.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
                let _new = bits.set(turn.index);
            }
        }
        Verdict::Broken { .. } => tokio::time::sleep(CONNECT_PAUSE).await,
        Verdict::Refused { .. } | Verdict::Failed { .. } => {}
    }
}

enum Client {
    Http(Http),
    Http3(Http3),
    Grpc(Grpc),
}

impl Client {
    async fn send(&mut self, job: &Job, body: &bytes::Bytes) -> Verdict {
        let answer = async {
            match self {
                Self::Http(client) => client.send(body).await,
                Self::Http3(client) => client.send(job.bodies.request(), body.clone()).await,
                Self::Grpc(client) => client.send(job.bodies.request(), body.clone()).await,
            }
        };
        if let Ok(verdict) = tokio::time::timeout(job.plan.timeout, answer).await {
            return verdict;
        }
        if let Self::Http(client) = self {
            // What is left of the answer must not be taken for that of the next request.
            client.disconnect();
        }
        Verdict::Broken { message: format!("no answer within {:?}", job.plan.timeout) }
    }
}

impl Job {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> Progress {
        let tally = self.tally();
        let repeated = tally.refusals_retried + tally.breaks_retried;
        Progress {
            elapsed: self.pace.elapsed(),
            accepted: tally.accepted,
            troubled: tally.requests() - tally.accepted + repeated,
            spans_per_request: self.bodies.spans(),
            late: tally.late,
        }
    }

    fn outcome(&self) -> Outcome {
        let tally = self.tally().clone();
        let requests = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let scheduled = self.plan.schedule.requests_per_second.map_or(0, |_| {
            let requests = self.plan.schedule.requests_max();
            if requests == u64::MAX { 0 } else { requests }
        });
        Outcome {
            unsent: scheduled.saturating_sub(tally.requests()),
            acknowledged: Acknowledged {
                spans_per_request: self.bodies.spans(),
                requests,
                rejected: tally.rejected_spans,
            },
            elapsed: self.pace.elapsed(),
            body_bytes: self.bodies.body_bytes(),
            tally,
        }
    }
}
