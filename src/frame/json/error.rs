//! Why JSON was not taken: the place in the bytes, the place in the document, and the reason.
//!
//! ```text
//!  offset 118, resourceSpans[0].scopeSpans[0].spans[3].traceId: 31 hex digits, expected 32
//! ```
//! Texts are ours: of the document only single printable bytes are shown, and no quotes or
//! backslashes, so that a text may stand in JSON as it is.

use std::fmt;

/// JSON that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// Where, in bytes from the start of the document.
    pub offset: usize,
    /// The fields and elements around it, as far as they are known to OTLP.
    pub path: Box<str>,
    /// What is wrong there.
    pub reason: Reason,
}

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "offset {}", self.offset)?;
        if !self.path.is_empty() {
            write!(formatter, ", {}", self.path)?;
        }
        write!(formatter, ": {}", self.reason)
    }
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Something else should be here.
    Expected {
        /// What.
        what: &'static str,
        /// The byte that is here; `None` at the end.
        found: Option<u8>,
    },
    /// An id of another length.
    HexDigits {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// More than 100 objects and arrays in each other.
    TooDeep,
    /// Said by these words.
    Other(&'static str),
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Expected { what, found } => {
                write!(formatter, "expected {what}, found ")?;
                match found {
                    None => formatter.write_str("the end"),
                    Some(b'"') => formatter.write_str("a quote"),
                    Some(byte) if byte.is_ascii_graphic() && byte != b'\\' => {
                        write!(formatter, "{}", char::from(byte))
                    }
                    Some(byte) => write!(formatter, "byte {byte:#04x}"),
                }
            }
            Self::HexDigits { found, expected } => {
                write!(formatter, "{found} hex digits, expected {expected}")
            }
            Self::TooDeep => formatter.write_str("more than 100 levels of nesting"),
            Self::Other(words) => formatter.write_str(words),
        }
    }
}

/// Why the walk stopped.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    /// The document is wrong where so many of its bytes are left.
    Bad { left: usize, reason: Reason },
    /// The output is larger than the limit.
    TooLarge,
    /// There is no room for the output.
    NoRoom,
}

/// Stops where `rest` begins.
#[cold]
pub(super) const fn bad(rest: &[u8], reason: Reason) -> Stop {
    Stop::Bad { left: rest.len(), reason }
}

/// Stops where `rest` begins, for the reason that these words say.
#[cold]
pub(super) const fn other(rest: &[u8], words: &'static str) -> Stop {
    bad(rest, Reason::Other(words))
}

/// Stops where `rest` begins: `what` should be there.
#[cold]
pub(super) fn expected(rest: &[u8], what: &'static str) -> Stop {
    bad(rest, Reason::Expected { what, found: rest.first().copied() })
}
