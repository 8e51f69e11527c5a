//! A connection over HTTP/1 between two requests: taken apart when it idles, so that it holds its
//! socket and its state and no buffer.
//!
//! ```text
//!  serve (hyper) -- answer out, nothing else there for a tick --> rest (socket) -- bytes --> serve
//! ```
//! Invariant: it is taken apart only where every byte that was read belongs to a request that has
//! been answered, and the answer is out. What it waits for and how long is the driver's business.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};

use super::client::Client;
use super::io::Io;
use super::life::Age;

/// What is under way on a connection, as its socket and its requests see it.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// An answer is not out yet.
    unwritten: Cell<bool>,
    /// The socket is being closed.
    closing: Cell<bool>,
    /// What was read last does not end with a request's end.
    unended: Cell<bool>,
    /// Heads that were read, and heads whose requests have begun.
    seen: Cell<u32>,
    begun: Cell<u32>,
}

impl Traffic {
    /// What the reader of the rules knows after a read: heads so far, and whether all are whole.
    pub(super) fn read(&self, heads: u32, whole: bool) {
        self.seen.set(heads);
        self.unended.set(!whole);
    }

    /// A request begins.
    pub(super) fn begin(&self) {
        self.begun.set(self.begun.get().wrapping_add(1));
    }

    /// An answer is to be written.
    pub(super) fn answer(&self) {
        self.unwritten.set(true);
    }

    /// Everything is written; whether there was anything.
    pub(super) fn wrote(&self) -> bool {
        self.unwritten.replace(false)
    }

    /// The socket is being closed.
    pub(super) fn close(&self) {
        self.closing.set(true);
    }

    /// Whether more of a next request has come than has been looked at.
    pub(super) fn is_ahead(&self) -> bool {
        self.unended.get() || self.seen.get() != self.begun.get()
    }

    /// Whether nothing at all is under way.
    pub(super) fn is_still(&self) -> bool {
        !self.unwritten.get() && !self.closing.get() && !self.is_ahead()
    }
}

/// Waits for the first bytes of the next request; `false`: there is none, and the socket is closed.
pub(super) async fn rest<S>(client: &Client, io: &mut Io<S>, age: &mut Age) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    client.rest();
    let goes_on = poll_fn(|context| {
        let expired = client.poll_expired(context).is_ready();
        let over = age.poll_over(context).is_ready() || age.is_old();
        match io.poll_fill(context) {
            Poll::Pending if expired || over || client.is_draining() => Poll::Ready(false),
            read => read.map(|read| read.unwrap_or(false)),
        }
    })
    .await;
    if !goes_on {
        // Nothing is unread or unwritten: there is nothing to wait for.
        let shutting = |context: &mut Context<'_>| {
            Poll::Ready(Pin::new(&mut *io).poll_shutdown(context).is_ready())
        };
        let _ = poll_fn(shutting).await;
    }
    goes_on
}
