//! What a connection takes out of the byte budget beside its fixed charge: for its streams, for its
//! requests, for the library's buffers while a body is on its way.
//!
//! Invariant: what is taken goes back when the stream or the request ends.

use std::rc::Rc;

use super::Client;
use crate::buf::budget::{Exhausted, Ticket};
use crate::ingest::http::BUFFER_BYTES_MAX;
use crate::ingest::verdict::Fault;
use crate::pipeline::Entry;
use crate::units::KIB;

/// What the first open stream of a connection adds to that: bytes that may come before any ticket
/// for them.
const OPEN_BYTES: usize = 64 * KIB;
/// What a stream costs beside its head and its message: its task, and its place in h2.
const STREAM_BYTES: usize = 8 * KIB;
/// Bodies over HTTP/1 whose read buffer the connection's own charge pays for.
const BUFFER_BYTES_PAID: usize = 16 * KIB;
/// While a request is on its way, hyper may hold three times its read buffer: it grows by doubling,
/// and a frame in hand keeps the old one. One of them is kept when the connection idles.
const BUFFERS_BEYOND: usize = 2;

/// A connection with several requests under way holds at most this part of the budget.
const CONNECTION_SHARE: usize = 8;

impl Client {
    /// A stream with a head of so many bytes; `None` when the budget has no room for it.
    pub(in crate::ingest) fn open_stream(self: &Rc<Self>, head: usize) -> Option<Open> {
        let lease = &self.supplies().lease;
        let charge = lease.ticket(STREAM_BYTES.saturating_add(head)).ok()?;
        if self.streams.get() == 0 {
            *self.window.borrow_mut() = Some(lease.ticket(OPEN_BYTES).ok()?);
        }
        self.streams.set(self.streams.get().saturating_add(1));
        self.guard.rest();
        Some(Open { client: Rc::clone(self), _charge: charge })
    }

    /// A ticket of `bytes` for a request that holds nothing yet, and whose body may be `longest`.
    pub(in crate::ingest) fn admit_request(
        &self,
        entry: &Entry,
        bytes: usize,
        longest: usize,
    ) -> Result<(Ticket, Held<'_>), Fault> {
        let lease = entry.lease();
        let share = lease.budget().limit().div_euclid(CONNECTION_SHARE);
        let held = self.held.get().saturating_add(bytes);
        if self.streams.get() > 1 && held > share {
            return Err(Fault::Overloaded);
        }
        let ticket = lease.admit(bytes, entry.admit_below()).map_err(|_| Fault::Overloaded)?;
        let buffers = self.grow_buffer(longest).map_err(|_| Fault::Overloaded)?;
        Ok((ticket, Held::new(self, bytes, buffers)))
    }

    /// Has the connection pay for the read buffer that a body of `bytes` leads to; what is needed
    /// beyond that while the body is on its way is the result.
    fn grow_buffer(&self, bytes: usize) -> Result<Ticket, Exhausted> {
        let mut buffer = self.buffer.borrow_mut();
        if bytes > BUFFER_BYTES_PAID && !self.multiplexed.get() {
            let more = bytes.min(BUFFER_BYTES_MAX).saturating_sub(buffer.amount());
            buffer.grow(more)?;
        }
        self.supplies().lease.ticket(buffer.amount().saturating_mul(BUFFERS_BEYOND))
    }
}

/// An open stream and the ticket that pays for it.
#[derive(Debug)]
pub(in crate::ingest) struct Open {
    pub(in crate::ingest) client: Rc<Client>,
    _charge: Ticket,
}

impl Drop for Open {
    fn drop(&mut self) {
        let client = &self.client;
        client.streams.set(client.streams.get().saturating_sub(1));
        if client.streams.get() == 0 {
            drop(client.window.take());
            if client.breach.get().is_none() {
                client.guard.allow(client.idle_time());
            }
        }
    }
}

/// What a request on its way holds of its connection: a part of its share of the budget over
/// HTTP/2, and buffers of the library over HTTP/1.
#[derive(Debug)]
pub(in crate::ingest) struct Held<'a> {
    client: &'a Client,
    bytes: usize,
    _buffers: Ticket,
}

impl<'a> Held<'a> {
    fn new(client: &'a Client, bytes: usize, buffers: Ticket) -> Self {
        let bytes = if client.multiplexed.get() { bytes } else { 0 };
        client.held.set(client.held.get().saturating_add(bytes));
        Self { client, bytes, _buffers: buffers }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.client.held.set(self.client.held.get().saturating_sub(self.bytes));
    }
}
