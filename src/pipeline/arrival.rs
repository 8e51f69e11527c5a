//! What comes into the pipeline and what it answers.

use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use spanyard_wire::error::WireError;

use crate::buf::block::Block;
use crate::buf::budget::Ticket;
use crate::queue::Destination;
use crate::queue::batch::Encoding;

/// One request, read and inflated.
#[derive(Debug)]
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
#[derive(Debug)]
pub enum Message {
    /// A small body as the protocol library's frame: it is copied where it goes and then dropped.
    /// At most `GATHER_BYTES_MAX` bytes.
    Frame(Bytes, Ticket),
    /// A body in a block of its own.
    Block(Block),
}

impl Message {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Frame(bytes, _) => bytes,
            Self::Block(block) => block,
        }
    }
}

/// What the client is told.
#[derive(Debug)]
pub enum Verdict {
    /// Everything was admitted. With `hold`, the answer waits until that destination is relieved, at
    /// most `queue::SOFT_DELAY`.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read. Not retryable.
    Malformed(WireError),
    /// A queue is full or the budget is used up. Retryable.
    Overloaded,
}
