//! From what was sent to exactly one protobuf message, within bounds.
//!
//! [`grpc_prefix`] finds the message in a stream of bytes; [`inflate`] undoes every coding that
//! clients use; [`json`] turns OTLP/JSON into protobuf. The bytes as they came are the caller's:
//! they may leave again as they are. Invariants: what comes out is never larger than the limit
//! given, and never lies outside of a ticket.
//!
//! It reads no sockets and knows no status codes.

pub mod grpc_prefix;
pub mod gzip;
pub mod inflate;
pub mod json;

use std::fmt;

/// Why a transfer form could not be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The message is larger than the limit in bytes.
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The byte budget has no room for it.
    Overloaded,
    /// Not of this coding, or damaged.
    BadCompression {
        /// The coding, as the client names it.
        coding: inflate::Coding,
        /// Where in the compressed bytes: as exact as is known, at least the start of the member,
        /// frame or block.
        offset: usize,
        /// What was found.
        reason: inflate::Damage,
    },
    /// Not a request in JSON.
    BadJson(json::JsonError),
}

impl fmt::Display for FrameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(formatter, "more than {limit} bytes"),
            Self::Overloaded => formatter.write_str("no room"),
            Self::BadCompression { coding, offset, reason } => {
                write!(formatter, "{} at offset {offset}: {reason}", coding.name())
            }
            Self::BadJson(error) => write!(formatter, "json at {error}"),
        }
    }
}
