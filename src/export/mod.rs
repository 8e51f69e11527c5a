//! From a queue to a backend and back with an answer.
//!
//! ```text
//!  queue::Destination -> worker -> deflate -> line (otlp_http | otlp_grpc) -> backend
//!         ^                |  breaker, retry, bisect      |
//!         `---- settle ----'<------- response ------------'
//! ```
//! [`prepare`] reads what a destination's settings name (certificates, heads of requests) once,
//! when a plan is loaded, and finds their faults; [`start`] puts workers to a shard's queue. A
//! worker sends one batch at a time over a connection of its own, as often as `retry_on_failure`
//! lets it; [`breaker`] keeps the workers of a dead backend from trying all at once. Every batch
//! ends delivered, rejected or dropped in the ledger; nothing is forgotten, whatever the backend
//! does.
//!
//! It does not decide what is queued or joined, and knows nothing of clients.

mod auth;
mod bisect;
pub mod breaker;
mod connect;
mod deadline;
pub mod deflate;
mod keepalive;
mod line;
mod local;
mod otlp_grpc;
mod otlp_http;
pub mod probe;
mod report;
pub mod response;
pub mod retry;
mod succession;
mod tls;
mod worker;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::config::plan::{self, Compression, Target};
use crate::queue::Destination;
use crate::runtime::{kept, task};
use breaker::Gate;
use connect::Dialer;
use deflate::Deflater;
use line::Caller;
use report::Reporter;
use succession::Succession;
use tls::Alpn;
use worker::{Crew, Worker};

/// A destination that is ready to be served, on any shard.
#[derive(Clone)]
pub struct Backend(Kind);

#[derive(Clone)]
enum Kind {
    Remote { caller: Caller, timeout: Option<Duration>, compression: Compression },
    Debug,
    Nop,
}

/// Settings that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Exporter id as written.
    pub exporter: String,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "exporter {}: {}", self.exporter, self.why)
    }
}

impl std::error::Error for Unusable {}

/// Reads certificates and credentials and builds what all requests have in common. Blocks on files;
/// nothing is connected. What is to be read again is looked after by a thread of its own.
///
/// # Errors
/// [`Unusable`]: which exporter cannot be served, and why.
pub fn prepare(plan: &plan::Destination) -> Result<Backend, Unusable> {
    let (keys, mut files) = (plan.target.context_keys(), Vec::new());
    let kind = match &plan.target {
        Target::Debug => Ok(Kind::Debug),
        Target::Nop => Ok(Kind::Nop),
        Target::Http(target) => Dialer::new(&target.peer, Alpn::Http1, &mut files)
            .and_then(|dialer| otlp_http::Caller::new(target, keys, Arc::new(dialer), &mut files))
            .map(|caller| Kind::http(caller, target)),
        Target::Grpc(target) => Dialer::new(&target.peer, Alpn::H2, &mut files)
            .and_then(|dialer| {
                otlp_grpc::Caller::new(target, plan.signal, keys, Arc::new(dialer), &mut files)
            })
            .map(|caller| Kind::grpc(caller, target)),
    };
    let kind = kind.and_then(|kind| kept::look_after(&files).map(|()| kind));
    kind.map(Backend).map_err(|why| Unusable { exporter: plan.exporter.clone(), why })
}

impl Kind {
    fn http(caller: otlp_http::Caller, target: &plan::HttpTarget) -> Self {
        let caller = Caller::Http(Arc::new(caller));
        Self::remote(caller, target.timeout, target.compression)
    }

    fn grpc(caller: otlp_grpc::Caller, target: &plan::GrpcTarget) -> Self {
        let caller = Caller::Grpc(Arc::new(caller));
        Self::remote(caller, target.timeout, target.compression)
    }

    fn remote(caller: Caller, timeout: Duration, compression: Compression) -> Self {
        let timeout = (!timeout.is_zero()).then_some(timeout);
        Self::Remote { caller, timeout, compression }
    }
}

/// The workers of one destination on this shard.
pub struct Team {
    /// Of a remote backend.
    crew: Option<Rc<Crew>>,
    workers: Vec<AbortHandle>,
}

impl Team {
    /// Ends the workers; what they have in flight is counted as the queue says.
    pub fn abort(&self) {
        for worker in &self.workers {
            worker.abort();
        }
    }

    /// What these workers have begun follows the settings of `heir` from the next attempt on.
    pub fn follow(&self, heir: &Self) {
        if let (Some(crew), Some(heir)) = (&self.crew, &heir.crew) {
            crew.succession.settle(heir);
        }
    }
}

/// Starts the workers of a destination on this shard: at most `workers` requests are in flight, the
/// number that [`Destination::new`] was given. `debug` and `nop` need one. The workers end when the
/// queue is closed and empty; aborting them drops what they have in flight, counted as `shutdown`.
#[must_use]
pub fn start(
    destination: &Rc<Destination>,
    backend: &Backend,
    workers: usize,
    deflater: &Rc<Deflater>,
) -> Team {
    let Backend(kind) = backend;
    let local = |worker| Team { crew: None, workers: vec![worker] };
    match kind {
        Kind::Nop => local(task::spawn("export nop", local::nop(Rc::clone(destination)))),
        Kind::Debug => local(task::spawn("export debug", local::debug(Rc::clone(destination)))),
        Kind::Remote { caller, timeout, compression } => {
            let crew = Rc::new(Crew {
                destination: Rc::clone(destination),
                caller: caller.clone(),
                timeout: *timeout,
                compression: *compression,
                gate: Gate::default(),
                reporter: Reporter::new(destination.plan()),
                deflater: Rc::clone(deflater),
                futile: Cell::new(0),
                succession: Succession::default(),
            });
            let spawn = |seat| task::spawn("export worker", Worker::new(&crew, seat).run());
            let workers = (0..workers).map(spawn).collect();
            Team { crew: Some(crew), workers }
        }
    }
}
