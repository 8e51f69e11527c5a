//! From a listening socket to the pipeline and back: OTLP over HTTP/1, over h2c, and gRPC.
//!
//! ```text
//!  listener -> accept -> connection: charge, sniff -> http (hyper) | h2 (streams: grpc, http)
//!                          guard   head -> ticket -> body -> inflate -> json -> Entry::accept
//!                                        answer <- verdict table <-------------- Verdict
//! ```
//! A [`Gate`] is one receiver on one shard; the [`Front`] it holds is what the plan says of the
//! receiver and is replaced as a whole when the plan is. Requests under way keep the front they
//! started with.
//!
//! Invariants: a ticket is had before a body is read; a connection is charged for its buffers or
//! closed; an accept error ends nothing; a client has no way to hold a request for longer than its
//! deadline. What a request means and where it goes is the pipeline's business.

mod accept;
mod body;
mod client;
mod connection;
mod frames;
mod front;
mod grpc;
pub mod guard;
mod h2;
mod head;
mod http;
mod io;
mod json;
mod life;
mod otlp;
mod ready;
mod sniff;
mod verdict;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::io as std_io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::buf::budget::Lease;
use crate::buf::pool::Home;
use crate::frame::inflate::Inflater;
use crate::runtime::task;
use crate::telemetry::log::Throttle;
use crate::telemetry::names::ShardMeter;
pub use front::{Entries, Front};
use guard::Watch;
pub use ready::{Ready, prepare};
use verdict::Answers;

/// A shard logs at most one unreadable request in this time; all are counted.
const COMPLAINT_EVERY: Duration = Duration::from_secs(10);

/// What the gates of one shard share.
#[derive(Debug)]
pub struct Supplies {
    /// Deadlines; someone spawns [`Watch::run`].
    watch: Rc<Watch>,
    inflater: Inflater,
    answers: Answers,
    home: Arc<Home>,
    lease: Arc<Lease>,
    meter: ShardMeter,
    /// Lets one log line about unreadable requests pass a while.
    complaints: Throttle,
    /// The same for connections that are closed for what came on them.
    breaches: Throttle,
    http1: hyper::server::conn::http1::Builder,
}

impl Supplies {
    /// Supplies that charge connections to `lease` and take read blocks from `home`. The caller
    /// runs [`Supplies::watch`].
    #[must_use]
    pub fn new(home: Arc<Home>, lease: Arc<Lease>, meter: ShardMeter) -> Rc<Self> {
        Rc::new(Self {
            watch: Rc::default(),
            inflater: Inflater::default(),
            answers: Answers::default(),
            home,
            lease,
            meter,
            complaints: Throttle::new(COMPLAINT_EVERY),
            breaches: Throttle::new(COMPLAINT_EVERY),
            http1: http::builder(),
        })
    }

    /// The deadlines of the shard's connections: spawn [`Watch::run`] once, or nothing ever
    /// expires.
    #[must_use]
    pub const fn watch(&self) -> &Rc<Watch> {
        &self.watch
    }
}

/// One receiver on one shard.
#[derive(Debug)]
pub struct Gate {
    front: RefCell<Rc<Front>>,
    supplies: Rc<Supplies>,
    acceptors: RefCell<Vec<AbortHandle>>,
    open: Cell<usize>,
    draining: Cell<bool>,
    emptied: Notify,
}

impl Gate {
    /// A gate without listeners.
    #[must_use]
    pub fn new(front: Rc<Front>, supplies: Rc<Supplies>) -> Rc<Self> {
        Rc::new(Self {
            front: RefCell::new(front),
            supplies,
            acceptors: RefCell::default(),
            open: Cell::new(0),
            draining: Cell::new(false),
            emptied: Notify::new(),
        })
    }

    /// Puts another front in place; requests that arrive from now on follow it.
    pub fn swap(&self, front: Rc<Front>) {
        let _ = self.front.replace(front);
    }

    /// Accepts connections on `listener` (non-blocking) until [`Gate::drain`]. Every port takes
    /// every protocol: what a connection speaks shows in its first bytes.
    ///
    /// # Errors
    /// The listener cannot be registered with the shard's executor.
    pub fn listen(self: &Rc<Self>, listener: TcpListener) -> std_io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let gate = Rc::clone(self);
        let accepting = task::spawn("accept", async move {
            accept::run(&gate, async || listener.accept().await).await;
        });
        self.acceptors.borrow_mut().push(accepting);
        Ok(())
    }

    /// Serves one accepted connection in a task of its own.
    pub fn serve(self: &Rc<Self>, stream: TcpStream, peer: SocketAddr) {
        let gate = Rc::clone(self);
        let _ = task::spawn_connection("connection", connection::serve(gate, stream, peer));
    }

    /// Stops accepting and tells every client to go: `Connection: close` with the next answer,
    /// GOAWAY over HTTP/2; idle connections are closed. Requests under way are finished.
    pub fn drain(&self) {
        self.draining.set(true);
        for acceptor in self.acceptors.take() {
            acceptor.abort();
        }
        self.supplies.watch.wake_all();
    }

    /// Connections that are open.
    #[must_use]
    pub const fn connections(&self) -> usize {
        self.open.get()
    }

    /// Waits until no connection is open.
    pub async fn emptied(&self) {
        while self.open.get() > 0 {
            self.emptied.notified().await;
        }
    }

    fn front(&self) -> Rc<Front> {
        Rc::clone(&self.front.borrow())
    }

    fn opened(&self) {
        self.open.set(self.open.get().saturating_add(1));
        self.supplies.meter.connections.increment(1.0);
    }

    fn closed(&self) {
        self.open.set(self.open.get().saturating_sub(1));
        self.supplies.meter.connections.decrement(1.0);
        if self.open.get() == 0 {
            self.emptied.notify_waiters();
        }
    }
}
