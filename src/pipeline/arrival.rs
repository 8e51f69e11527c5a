//! What comes into the pipeline and what it answers.

use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use spanyard_wire::error::WireError;
use tokio::time::timeout;

use crate::buf::block::Block;
use crate::buf::budget::Ticket;
pub use crate::queue::batch::{Encoding, GATHER_BYTES_MAX};
pub use crate::queue::receipt::{Answer, Failure};
use crate::queue::receipt::{Claim, Receipt};
use crate::queue::{Destination, SOFT_DELAY};

/// One request, read and inflated.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// Its headers (HTTP headers or gRPC metadata), when conditions of a route may see them.
    pub routing: Option<&'a http::HeaderMap>,
    /// The same, when edits and `metadata_keys` of batches may see them (`include_metadata`).
    pub headers: Option<&'a http::HeaderMap>,
    /// The client's address; `None` over a socket in the file system.
    pub peer: Option<IpAddr>,
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
    /// Everything was admitted. With `hold`, the answer waits for it first.
    Accepted {
        /// Present when a destination is above its soft limit or is waited for.
        hold: Option<Hold>,
    },
    /// Some groups go nowhere but to a dead destination: these were not taken.
    Partial {
        /// Items not taken.
        rejected: u64,
        /// Why, for the client's log.
        message: String,
    },
    /// Groups whose tenants are over their quota were not taken; the answer waits for the others.
    Limited {
        /// Items not taken.
        rejected: u64,
        /// Why, for the client's log.
        message: String,
        /// What the answer waits for.
        hold: Hold,
    },
    /// Nothing was taken.
    Refused(Refusal),
}

/// A reason to let a client wait for its answer: much is on its way to a destination, or what
/// becomes of the request is to be known first.
#[derive(Debug, Default)]
pub struct Hold {
    pressed: Option<Rc<Destination>>,
    receipt: Option<Receipt>,
}

impl Hold {
    /// Waits until `destination` is less pressed.
    pub(super) fn press(&mut self, destination: &Rc<Destination>) {
        self.pressed = Some(Rc::clone(destination));
    }

    /// Waits for what becomes of one more copy.
    pub(super) fn claim(&mut self) -> Rc<Claim> {
        self.receipt.get_or_insert_default().claim()
    }

    /// The hold, if there is anything to wait for.
    pub(super) fn some(self) -> Option<Self> {
        (self.pressed.is_some() || self.receipt.is_some()).then_some(self)
    }

    /// Waits until the destination is below its soft limit, at most [`SOFT_DELAY`] (after that only
    /// the hard bounds count), or for the backends' answer, for as long as they are tried.
    pub async fn over(self) -> Answer {
        match (self.receipt, self.pressed) {
            (Some(receipt), _) => receipt.answer().await,
            (None, Some(pressed)) => {
                // Both ends are fine.
                drop(timeout(SOFT_DELAY, pressed.relieved()).await);
                Answer::Delivered
            }
            (None, None) => Answer::Delivered,
        }
    }
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read. Not retryable.
    Malformed(WireError),
    /// A queue is full or the budget is used up. Retryable.
    Overloaded,
    /// The tenant has sent more than it may. Retryable.
    Quota {
        /// When it is worth trying again, in seconds; 1 to 30.
        seconds: u64,
    },
}
