//! A connection to a backend, of either protocol, as a worker holds it.
//!
//! A worker drives its own connection: the connection is polled together with what waits for it,
//! during an exchange and while the worker idles. So a warm request needs no task of its own, no
//! channel between tasks and no second wake-up, and a connection that the backend closes is noticed
//! at once.
//!
//! Invariants: one exchange at a time; after a [`Fault`] or a dropped exchange the line is not used
//! again, since nobody knows what the backend has read.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{self, Poll};

use super::auth::Dresser;
use super::response::Verdict;
use super::{otlp_grpc, otlp_http};
use crate::buf::payload::Payload;
use crate::queue::batch::Encoding;
use crate::queue::context::Context;

/// What goes out in one request.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    /// The bytes of the message, without any framing.
    pub(super) payload: Arc<Payload>,
    /// What they are encoded with.
    pub(super) encoding: Encoding,
    /// Values of the incoming requests that go into the head.
    pub(super) context: Option<Rc<Context>>,
}

/// How far an attempt has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The backend has seen nothing.
    Begun,
    /// The backend may have seen something.
    Connected,
    /// The backend has said that it accepts; the rest of its answer is still to come.
    Accepted,
}

/// Why there was no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Place and cause.
    pub(super) why: String,
    /// What kind of trouble.
    pub(super) kind: Trouble,
}

/// Kinds of [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No connection could be made: the backend has seen nothing.
    Unconnected,
    /// The connection broke: nobody knows what the backend has read.
    Broken,
    /// A connection that had been kept alive was closed under the request, or the backend says that
    /// it did not begin: worth one more try at once, on a new connection.
    Stale,
    /// No answer within the timeout.
    TimedOut,
}

impl Fault {
    /// No connection could be made.
    pub(super) const fn unconnected(why: String) -> Self {
        Self { why, kind: Trouble::Unconnected }
    }

    /// The connection broke; `stale` is whether that is worth a try at once.
    pub(super) const fn broken(why: String, stale: bool) -> Self {
        let kind = if stale { Trouble::Stale } else { Trouble::Broken };
        Self { why, kind }
    }
}

/// How to reach a backend and what every request to it has in common.
#[derive(Clone)]
pub(super) enum Caller {
    /// OTLP/HTTP.
    Http(Arc<otlp_http::Caller>),
    /// OTLP/gRPC.
    Grpc(Arc<otlp_grpc::Caller>),
}

impl Caller {
    /// What is done to the head of each request.
    pub(super) fn dresser(&self) -> &Dresser {
        match self {
            Self::Http(caller) => caller.dresser(),
            Self::Grpc(caller) => caller.dresser(),
        }
    }

    /// Opens a connection.
    pub(super) async fn open(&self) -> Result<Line, Fault> {
        match self {
            Self::Http(caller) => {
                otlp_http::Line::open(caller).await.map(|line| Line::Http(Box::new(line)))
            }
            Self::Grpc(caller) => {
                otlp_grpc::Line::open(caller).await.map(|line| Line::Grpc(Box::new(line)))
            }
        }
    }
}

/// An open connection.
pub(super) enum Line {
    /// HTTP/1.1.
    Http(Box<otlp_http::Line>),
    /// HTTP/2.
    Grpc(Box<otlp_grpc::Line>),
}

impl Line {
    /// Sends one request and waits for its answer.
    pub(super) async fn exchange(
        &mut self,
        parcel: &Parcel,
        progress: &Cell<Progress>,
    ) -> Result<Verdict, Fault> {
        progress.set(Progress::Connected);
        match self {
            Self::Http(line) => line.exchange(parcel, progress).await,
            Self::Grpc(line) => line.exchange(parcel).await,
        }
    }

    /// Keeps the idle connection alive; ready once it is closed.
    pub(super) fn poll_closed(&mut self, context: &mut task::Context<'_>) -> Poll<()> {
        match self {
            Self::Http(line) => line.poll_closed(context),
            Self::Grpc(line) => line.poll_closed(context),
        }
    }

    /// Whether it can carry another exchange, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Http(line) => line.is_open(),
            Self::Grpc(line) => line.is_open(),
        }
    }
}

/// Polls `connection` while `exchange` runs; a connection that ends is set to `None`.
pub(super) async fn drive<C, E>(connection: &mut Option<C>, exchange: E) -> E::Output
where
    C: Future + Unpin,
    E: Future,
{
    let mut exchange = pin!(exchange);
    poll_fn(|context| {
        // First the exchange, so that what it sends is written in this turn; last again, so that
        // what was read reaches it in this turn.
        if let Poll::Ready(done) = exchange.as_mut().poll(context) {
            return Poll::Ready(done);
        }
        let _ended = poll_end(connection, context);
        exchange.as_mut().poll(context)
    })
    .await
}

/// Polls a connection; ready when it has ended, now or before.
pub(super) fn poll_end<C: Future + Unpin>(
    connection: &mut Option<C>,
    context: &mut task::Context<'_>,
) -> Poll<()> {
    let Some(running) = connection else {
        return Poll::Ready(());
    };
    if Pin::new(running).poll(context).is_ready() {
        *connection = None;
        return Poll::Ready(());
    }
    Poll::Pending
}
