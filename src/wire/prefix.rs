//! The five bytes before a gRPC message: a compression flag and a big-endian length.

use crate::error::{Reason, WireError};

/// Bytes of a prefix.
pub const LEN: usize = 5;

/// A gRPC message prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Whether the message is compressed, by the encoding that the headers name.
    pub compressed: bool,
    /// Bytes of the message as sent, without the prefix.
    pub len: u32,
}

impl Prefix {
    /// Reads a prefix.
    ///
    /// # Errors
    /// A flag that is neither 0 nor 1.
    pub const fn parse(bytes: &[u8; LEN]) -> Result<Self, WireError> {
        let [flag, a, b, c, d] = *bytes;
        let compressed = match flag {
            0 => false,
            1 => true,
            other => return Err(WireError::new(0, Reason::PrefixFlag(other))),
        };
        Ok(Self {
            compressed,
            len: u32::from_be_bytes([a, b, c, d]),
        })
    }

    /// Writes a prefix.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; LEN] {
        let [a, b, c, d] = self.len.to_be_bytes();
        [self.compressed as u8, a, b, c, d]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_read_back_as_written() {
        for prefix in [
            Prefix {
                compressed: false,
                len: 0,
            },
            Prefix {
                compressed: true,
                len: 0x0102_0304,
            },
            Prefix {
                compressed: false,
                len: u32::MAX,
            },
        ] {
            assert_eq!(Prefix::parse(&prefix.to_bytes()), Ok(prefix));
        }
        assert_eq!(
            Prefix {
                compressed: true,
                len: 258
            }
            .to_bytes(),
            [1, 0, 0, 1, 2]
        );
    }

    #[test]
    fn any_other_flag_is_refused() {
        for flag in 2..=u8::MAX {
            let error = Prefix::parse(&[flag, 0, 0, 0, 0]).unwrap_err();
            assert_eq!(error, WireError::new(0, Reason::PrefixFlag(flag)));
        }
    }
}
