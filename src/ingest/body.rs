//! Reading a body into what the pipeline takes, under a ticket that was had before the first byte.
//!
//! ```text
//!  length known, <= 8 KiB, one frame   the frame itself, not copied
//!  length known                        one block of that size; frames are copied and dropped
//!  length unknown                      one frame of <= 8 KiB as it is, else a block that doubles
//! ```
//! Frames pin the protocol library's read buffer, hence the copy. Invariants: never more bytes are
//! held than the ticket says (beside the frame in hand); a body over its limit is given up at the
//! frame that passes it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::RecvStream;

use super::client::Client;
use super::guard::Guard;
use super::verdict::Fault;
use crate::buf::block::Block;
use crate::buf::budget::Ticket;
use crate::buf::pool::Home;
use crate::pipeline::{GATHER_BYTES_MAX, Message};
use crate::units::KIB;

/// What a request of unknown length asks for at first.
pub(super) const UNKNOWN_LENGTH_TICKET: usize = 16 * KIB;

/// Where a body comes from.
pub(super) trait Source {
    /// The next bytes; `None` at the end.
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Fault>>>;

    /// Whether the end has been reached.
    fn is_end(&self) -> bool;

    /// From here on, `bytes` more are paid for by a ticket.
    fn admitted(&mut self, bytes: usize);
}

/// The body of an HTTP/2 stream with the stream's own deadline. Flow-control capacity is given back
/// as soon as the bytes are handed out.
pub(super) struct StreamBody<'a> {
    stream: RecvStream,
    client: &'a Client,
    guard: &'a Guard,
    /// Bytes that a ticket pays for and that have not come yet: the window counts on them.
    owed: usize,
}

impl<'a> StreamBody<'a> {
    pub(super) const fn new(stream: RecvStream, client: &'a Client, guard: &'a Guard) -> Self {
        Self { stream, client, guard, owed: 0 }
    }

    fn came(&mut self, bytes: usize) {
        let paid = bytes.min(self.owed);
        self.owed = self.owed.saturating_sub(paid);
        self.client.owe_less(paid);
    }
}

impl Drop for StreamBody<'_> {
    fn drop(&mut self) {
        self.came(self.owed);
    }
}

impl Source for StreamBody<'_> {
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Fault>>> {
        match self.stream.poll_data(context) {
            Poll::Pending if self.guard.poll_expired(context).is_ready() => {
                Poll::Ready(Some(Err(Fault::Slow)))
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(Fault::CutOff))),
            Poll::Ready(Some(Ok(data))) => {
                self.came(data.len());
                let released = self.stream.flow_control().release_capacity(data.len());
                Poll::Ready(Some(released.map(|()| data).map_err(|_| Fault::CutOff)))
            }
        }
    }

    fn is_end(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn admitted(&mut self, bytes: usize) {
        self.owed = self.owed.saturating_add(bytes);
        self.client.owe_more(bytes);
    }
}

/// The next bytes of a body.
pub(super) async fn next<B: Source>(body: &mut B) -> Option<Result<Bytes, Fault>> {
    poll_fn(|context| body.poll_data(context)).await
}

/// A body as it came.
#[derive(Debug)]
pub(super) enum Raw {
    /// Small, in one piece.
    Frame(Bytes, Ticket),
    /// In its own block.
    Block(Block),
}

impl Raw {
    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Frame(bytes, _) => bytes,
            Self::Block(block) => block,
        }
    }

    /// As the pipeline takes it.
    pub(super) fn into_message(self) -> Message {
        match self {
            Self::Frame(bytes, ticket) => Message::Frame(bytes, ticket),
            Self::Block(block) => Message::Block(block),
        }
    }

    /// In a block of its own.
    pub(super) fn into_block(self, home: &Arc<Home>) -> Result<Block, Fault> {
        match self {
            Self::Block(block) => Ok(block),
            Self::Frame(bytes, ticket) => {
                let mut block = block(home, bytes.len(), ticket)?;
                block.put(&bytes);
                Ok(block)
            }
        }
    }
}

/// Reads `len` bytes, of which `first` are the first; more are left in the body.
pub(super) async fn sized<B: Source>(
    body: &mut B,
    mut first: Bytes,
    len: usize,
    ticket: Ticket,
    home: &Arc<Home>,
) -> Result<(Raw, Bytes), Fault> {
    if first.is_empty() && len > 0 {
        first = next(body).await.ok_or(Fault::CutOff)??;
    }
    if first.len() >= len && len <= GATHER_BYTES_MAX {
        let rest = first.split_off(len);
        return Ok((Raw::Frame(first, ticket), rest));
    }
    let mut block = block(home, len, ticket)?;
    loop {
        let missing = len.saturating_sub(block.len());
        if first.len() >= missing {
            let rest = first.split_off(missing);
            block.put(&first);
            return Ok((Raw::Block(block), rest));
        }
        block.put(&first);
        first = next(body).await.ok_or(Fault::CutOff)??;
    }
}

/// Reads a body of unknown length, at most `limit` bytes.
pub(super) async fn unsized_body<B: Source>(
    body: &mut B,
    limit: usize,
    ticket: Ticket,
    home: &Arc<Home>,
) -> Result<Raw, Fault> {
    let Some(first) = next(body).await else { return Ok(Raw::Frame(Bytes::new(), ticket)) };
    let first = first?;
    let Some(second) = next(body).await else {
        return whole(first, limit, ticket, home);
    };
    let second = second?;
    let start = first.len().saturating_add(second.len()).max(UNKNOWN_LENGTH_TICKET);
    let mut block = block(home, start, ticket)?;
    block.put(&first);
    drop(first);
    let mut piece = second;
    loop {
        if block.len().saturating_add(piece.len()) > limit {
            return Err(Fault::TooLarge { limit });
        }
        block.reserve(piece.len()).map_err(|_| Fault::Overloaded)?;
        block.put(&piece);
        match next(body).await {
            Some(next) => piece = next?,
            None => return Ok(Raw::Block(block)),
        }
    }
}

/// A body that came in one piece.
fn whole(bytes: Bytes, limit: usize, ticket: Ticket, home: &Arc<Home>) -> Result<Raw, Fault> {
    if bytes.len() > limit {
        return Err(Fault::TooLarge { limit });
    }
    let small = bytes.len() <= GATHER_BYTES_MAX;
    let raw = Raw::Frame(bytes, ticket);
    if small { Ok(raw) } else { raw.into_block(home).map(Raw::Block) }
}

fn block(home: &Arc<Home>, len: usize, ticket: Ticket) -> Result<Block, Fault> {
    Block::new(home, len, ticket).map_err(|_| Fault::Overloaded)
}

/// Reads up to `limit` bytes and throws them away; whether the body ended within them.
pub(super) async fn discard<B: Source>(body: &mut B, limit: usize) -> bool {
    let mut left = limit;
    while !body.is_end() {
        match next(body).await {
            None => return true,
            Some(Ok(data)) if data.len() <= left => left = left.saturating_sub(data.len()),
            Some(_) => return false,
        }
    }
    true
}
