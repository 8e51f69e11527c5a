//! One gRPC message out of the DATA frames of a unary call: five bytes of prefix, the message, the
//! end.
//!
//! The prefix may arrive in pieces; the message's length is known after its fifth byte, which is
//! when a ticket can be taken. Invariant: exactly one message a call. It copies nothing and holds
//! no message.

use std::fmt;

use bytes::{Buf, Bytes};
use spanyard_wire::prefix::{LEN, Prefix};

/// Reads the prefix of a call's message from frames as they come.
#[derive(Debug, Default)]
pub struct PrefixReader {
    bytes: [u8; LEN],
    held: usize,
}

/// A call that does not consist of exactly one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCall {
    /// The compression flag is neither 0 nor 1.
    Flag(u8),
    /// Something follows the message.
    SecondMessage,
    /// The message says it is compressed, but the call names no encoding.
    NoEncoding,
}

impl PrefixReader {
    /// Takes from the front of `frame` what belongs to the prefix; `None` while it is not whole.
    ///
    /// # Errors
    /// [`BadCall::Flag`].
    pub fn take(&mut self, frame: &mut Bytes) -> Result<Option<Prefix>, BadCall> {
        let missing = LEN.saturating_sub(self.held).min(frame.len());
        let place = self.bytes.get_mut(self.held..self.held.saturating_add(missing));
        frame.copy_to_slice(place.unwrap_or_default());
        self.held = self.held.saturating_add(missing);
        if self.held < LEN {
            return Ok(None);
        }
        let [flag, ..] = self.bytes;
        Prefix::parse(&self.bytes).map(Some).map_err(|_| BadCall::Flag(flag))
    }
}

impl fmt::Display for BadCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => {
                write!(formatter, "offset 0: compression flag {flag}, expected 0 or 1")
            }
            Self::SecondMessage => formatter.write_str("bytes after the message of a unary call"),
            Self::NoEncoding => {
                formatter.write_str("a compressed message without a grpc-encoding header")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_read_however_it_is_cut() {
        let call = [1, 0, 0, 1, 2, b'm', b's', b'g'];
        for cut in 0..=call.len() {
            let mut reader = PrefixReader::default();
            let mut first = Bytes::copy_from_slice(&call[..cut]);
            let mut second = Bytes::copy_from_slice(&call[cut..]);
            let prefix = match reader.take(&mut first).unwrap() {
                Some(prefix) => prefix,
                None => reader.take(&mut second).unwrap().unwrap(),
            };
            assert_eq!(prefix, Prefix { compressed: true, len: 258 });
            assert_eq!([first, second].concat(), b"msg");
        }
    }

    #[test]
    fn an_unknown_flag_is_refused_and_a_short_prefix_waits() {
        let mut reader = PrefixReader::default();
        assert_eq!(reader.take(&mut Bytes::from_static(&[7, 0])), Ok(None));
        assert_eq!(reader.take(&mut Bytes::from_static(&[0, 0, 0])), Err(BadCall::Flag(7)));
    }
}
