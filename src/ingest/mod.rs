//! From a listening socket to the pipeline and back: OTLP over HTTP/1, /2 and /3, and gRPC.
//!
//! ```text
//!  listener -> accept -> connection: charge, sniff -> http (hyper) | h2 (streams: grpc, http)
//!  datagrams -> quic: validated? charge -----------------> h3 (streams)
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
mod auth;
mod body;
mod client;
mod connection;
mod cors;
mod crowd;
mod frames;
mod front;
mod grpc;
pub mod guard;
mod h2;
mod h3;
mod handshake;
mod head;
mod http;
mod io;
mod json;
mod life;
mod manners;
mod otlp;
mod quic;
mod ready;
mod rest;
mod seam;
mod sniff;
mod socket;
pub mod strict;
mod tls;
mod verdict;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::io as std_io;
use std::net::{IpAddr, UdpSocket};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::buf::budget::Lease;
use crate::buf::pool::Home;
use crate::frame::inflate::Inflater;
use crate::runtime::engine::Carrier;
use crate::runtime::net::{Listener, Stream};
use crate::runtime::task;
use crate::telemetry::log::Throttle;
use crate::telemetry::names::{ShardMeter, Transport};
pub use crowd::{Crowd, Handed, Place};
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
    /// The same for handshakes that fail.
    handshake_complaints: Throttle,
    /// The same for connections that are closed for what came on them.
    breaches: Throttle,
    http1: hyper::server::conn::http1::Builder,
    place: Place,
    /// Endpoints of QUIC that are open.
    endpoints: RefCell<Vec<Weak<quic::Quic>>>,
    /// What carries connections.
    carrier: Carrier,
    /// Connections of all gates that are open, and how many may be.
    open: Cell<usize>,
    open_max: Cell<usize>,
}

impl Supplies {
    /// Supplies that charge connections to `lease` and take read blocks from `home`. The caller
    /// runs [`Supplies::watch`], and takes in what others hand to the shard of `place`.
    #[must_use]
    pub fn new(
        home: Arc<Home>,
        lease: Arc<Lease>,
        meter: ShardMeter,
        place: Place,
        carrier: Carrier,
    ) -> Rc<Self> {
        Rc::new(Self {
            watch: Rc::default(),
            inflater: Inflater::default(),
            answers: Answers::default(),
            home,
            lease,
            meter,
            complaints: Throttle::new(COMPLAINT_EVERY),
            handshake_complaints: Throttle::new(COMPLAINT_EVERY),
            breaches: Throttle::new(COMPLAINT_EVERY),
            http1: http::builder(),
            place,
            endpoints: RefCell::default(),
            carrier,
            open: Cell::new(0),
            open_max: Cell::new(usize::MAX),
        })
    }

    /// From now on a connection beyond so many is closed as soon as it is accepted.
    pub fn limit_connections(&self, max: usize) {
        self.open_max.set(max);
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
    quic: RefCell<Option<quic::Serving>>,
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
            quic: RefCell::default(),
            open: Cell::new(0),
            draining: Cell::new(false),
            emptied: Notify::new(),
        })
    }

    /// Puts another front in place; requests that arrive from now on follow it.
    pub fn swap(&self, front: Rc<Front>) {
        let _ = self.front.replace(front);
    }

    /// Accepts connections on `listener`, the port of `side`, until [`Gate::drain`]. Every port
    /// takes every protocol: what a connection speaks shows in its first bytes.
    ///
    /// # Errors
    /// The listener cannot be registered with the shard's executor.
    pub fn listen(self: &Rc<Self>, listener: Listener, side: Transport) -> std_io::Result<()> {
        let acceptor = listener.register()?;
        let gate = Rc::clone(self);
        let accepting = task::spawn("accept", async move {
            accept::run(&gate, side, async || acceptor.accept().await).await;
        });
        self.acceptors.borrow_mut().push(accepting);
        Ok(())
    }

    /// Takes HTTP/3 on `socket` (non-blocking) until [`Gate::drain`]. Another gate's endpoint at
    /// the same address changes over to this one; the connections it has stay with the other.
    ///
    /// # Errors
    /// The socket has no address.
    pub fn listen_quic(self: &Rc<Self>, socket: UdpSocket) -> std_io::Result<()> {
        let serving = quic::serve(self, socket)?;
        drop(self.quic.replace(Some(serving)));
        Ok(())
    }

    /// Serves one connection accepted on the port of `side` in a task of its own.
    pub fn serve(self: &Rc<Self>, stream: Stream, peer: Option<IpAddr>, side: Transport) {
        let gate = Rc::clone(self);
        let _ = task::spawn_connection("connection", connection::serve(gate, stream, peer, side));
    }

    /// Serves a connection that has just been accepted, or has a shard with fewer of them do it.
    fn place(self: &Rc<Self>, stream: Stream, peer: Option<IpAddr>, side: Transport) {
        let way = self.supplies.place.elsewhere().filter(|_| stream.is_movable());
        let Some(way) = way else { return self.serve(stream, peer, side) };
        let Ok(stream) = stream.detach() else {
            return self.supplies.meter.accept_errors.increment(1);
        };
        let receiver = Arc::clone(self.front.borrow().id());
        match way.hand(Handed { stream, peer, side, receiver }) {
            Ok(()) => self.supplies.meter.handed_connections.increment(1),
            Err(handed) => self.take_in(handed),
        }
    }

    /// Serves a connection that another shard has accepted.
    pub fn take_in(self: &Rc<Self>, handed: Handed) {
        match Stream::attach(handed.stream) {
            Ok(stream) => self.serve(stream, handed.peer, handed.side),
            Err(_) => self.supplies.meter.accept_errors.increment(1),
        }
    }

    /// Stops accepting and tells every client to go: `Connection: close` with the next answer,
    /// GOAWAY over HTTP/2; idle connections are closed. Requests under way are finished.
    pub fn drain(&self) {
        self.draining.set(true);
        for acceptor in self.acceptors.take() {
            acceptor.abort();
        }
        if let Some((_, serving)) = self.quic.take() {
            serving.abort();
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
        self.supplies.open.set(self.supplies.open.get().saturating_add(1));
        self.supplies.meter.connections.increment(1.0);
        self.supplies.place.opened();
    }

    fn closed(&self) {
        self.open.set(self.open.get().saturating_sub(1));
        self.supplies.open.set(self.supplies.open.get().saturating_sub(1));
        self.supplies.meter.connections.decrement(1.0);
        self.supplies.place.closed();
        if self.open.get() == 0 {
            self.emptied.notify_waiters();
        }
    }
}
