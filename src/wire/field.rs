//! A field's key: its number and its wire type, as one small number.

/// A field key as it stands on the wire: number times eight plus wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(u32);

/// The wire type of integers, bools and enums.
pub const VARINT: u8 = 0;
/// The wire type of `fixed64` and `double`.
pub const FIXED64: u8 = 1;
/// The wire type of strings, bytes and messages.
pub const LEN: u8 = 2;
/// The wire type that opens a group (deprecated, only ever unknown to us).
pub const GROUP_START: u8 = 3;
/// The wire type that closes a group.
pub const GROUP_END: u8 = 4;
/// The wire type of `fixed32` and `float`.
pub const FIXED32: u8 = 5;

impl Key {
    /// The key with this raw value. Zero field numbers are the reader's to refuse.
    #[inline]
    #[must_use]
    pub const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// The key of field `number` with wire type `wire`.
    #[inline]
    #[must_use]
    pub const fn new(number: u32, wire: u8) -> Self {
        Self((number << 3) | (wire & 7) as u32)
    }

    /// The raw value, as written.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// The field number.
    #[inline]
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 >> 3
    }

    /// The wire type, 0 to 7.
    #[inline]
    #[must_use]
    pub const fn wire(self) -> u8 {
        (self.0 & 7) as u8
    }
}
