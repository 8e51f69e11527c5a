//! THE HOT PATH ON ONE SCREEN.

use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use spanyard_wire::error::WireError;

use crate::buf::block::Block;
use crate::buf::budget::Ticket;
use crate::queue::Destination;
use crate::queue::batch::Encoding;

/// One request, read and inflated.
pub struct Arrival<'a> {
    /// Its headers (HTTP headers or gRPC metadata), when the receiver lets routing see them.
    pub headers: Option<&'a http::HeaderMap>,
    /// The client's address.
    pub peer: IpAddr,
    /// The message.
    pub message: Message,
    /// The bytes as they came, when they were compressed.
    pub original: Option<(Encoding, Block)>,
}

/// Exactly one protobuf message with the ticket that pays for it.
pub enum Message {
    /// A small body as the protocol library's frame: it is copied where it goes and then dropped.
    Frame(Bytes, Ticket),
    /// A body in a block of its own.
    Block(Block),
}

/// What the client is told.
pub enum Verdict {
    /// Everything was admitted. With `hold`, the answer waits until that destination is relieved, at
    /// most [`crate::queue::SOFT_DELAY`].
    Accepted {
        /// The most loaded destination, if one is above the soft limit.
        hold: Option<Rc<Destination>>,
    },
    /// Some groups go nowhere but to a dead destination: these were not taken.
    Partial {
        /// Items not taken.
        rejected: u64,
        /// Why, for the client's log.
        message: String,
    },
    /// Nothing was taken.
    Refused(Refusal),
}

/// Why a request was refused.
pub enum Refusal {
    /// It cannot be read. Not retryable.
    Malformed(WireError),
    /// A queue is full or the budget is used up. Retryable.
    Overloaded,
}
