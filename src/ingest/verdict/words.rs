//! What is said to a client of each fault, and logged: ours, without quotes or control characters.

use std::fmt;

use super::Fault;
use crate::frame::inflate::Coding;
use crate::ingest::head::{JSON, PROTOBUF, is_on};

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPath => formatter.write_str("no pipeline takes a signal at this path"),
            Self::Method => formatter.write_str("expected the method POST"),
            Self::MediaType => {
                write!(formatter, "expected the content type {PROTOBUF} or {JSON}")
            }
            Self::Json(error) => write!(formatter, "json at {error}"),
            Self::Encoding(taken) => {
                formatter.write_str("unsupported encoding, expected identity")?;
                let mut on = Coding::ALL.iter().filter(|coding| is_on(*taken, **coding));
                on.try_for_each(|coding| write!(formatter, ", {}", coding.name()))
            }
            Self::Compression(error) => error.fmt(formatter),
            Self::Malformed(error) => write!(formatter, "protobuf at {error}"),
            Self::Call(error) => error.fmt(formatter),
            Self::TooLarge { limit } => {
                write!(formatter, "the message is larger than {limit} bytes")
            }
            Self::Overloaded => formatter.write_str("no room at the moment, try again"),
            Self::Unauthenticated => formatter.write_str("missing or wrong credentials"),
            Self::Quota { .. } => formatter.write_str("the tenant is over its quota"),
            Self::Backend(failure) => {
                write!(formatter, "a backend did not take it: gRPC code {}", failure.code)
            }
            Self::Framing => formatter.write_str("the chunks of the body are not in order"),
            Self::CutOff => formatter.write_str("the body ended early"),
            Self::Slow => formatter.write_str("the body did not arrive in time"),
        }
    }
}
