//! What was wrong with the bytes, and where.
//!
//! One type for the whole crate. `offset` counts from the first byte of what the caller handed in
//! (the request, the group body, the reply). Building an error is cold: no text is made until it
//! is displayed.

use std::fmt;

/// Malformed input: the place and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Bytes from the start of the input to the offending field or length.
    pub offset: usize,
    /// What was found there.
    pub reason: Reason,
}

/// Why bytes were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The input ends inside a key, a number or a group.
    Truncated,
    /// A length reaches beyond the message that holds it.
    LengthPastEnd {
        /// The length as written.
        length: u64,
        /// Bytes that were left.
        left: usize,
    },
    /// A varint of more than ten bytes, or of more than 64 bits.
    VarintTooLong,
    /// A field key of more than 32 bits.
    KeyTooLarge(u64),
    /// Field number 0.
    FieldZero,
    /// Wire type 6 or 7.
    UnknownWireType(u8),
    /// A known field with a wire type that is not its own.
    WrongWireType {
        /// The field number.
        field: u32,
        /// The wire type found.
        found: u8,
        /// The field's own wire type.
        expected: u8,
    },
    /// The end of a group that was not open.
    GroupEnd(u32),
    /// Groups (wire type 3) nested deeper than [`crate::cursor::GROUP_DEPTH_MAX`].
    GroupTooDeep,
    /// More bytes than offsets of 32 bits can address.
    TooLarge(usize),
    /// More groups in a request than [`crate::request::GROUPS_MAX`].
    TooManyGroups,
    /// More fields in one resource than [`crate::count::RESOURCE_FIELDS_MAX`], or more attributes
    /// in one item that is edited than as many.
    TooManyFields,
    /// Edits make more bytes of a request than this, which grows with the request.
    EditsTooLarge(usize),
    /// A value nested deeper than this.
    NestedTooDeep(usize),
    /// The first byte of a gRPC prefix is neither 0 nor 1.
    PrefixFlag(u8),
}

impl WireError {
    /// The error at `offset`.
    #[cold]
    #[must_use]
    pub const fn new(offset: usize, reason: Reason) -> Self {
        Self { offset, reason }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {}: {}", self.offset, self.reason)
    }
}

impl std::error::Error for WireError {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated => f.write_str("the message ends inside a field"),
            Self::LengthPastEnd { length, left } => {
                write!(f, "length {length} runs past the end ({left} bytes left)")
            }
            Self::VarintTooLong => f.write_str("varint longer than 64 bits"),
            Self::KeyTooLarge(key) => write!(f, "field key {key} is larger than 32 bits"),
            Self::FieldZero => f.write_str("field number 0"),
            Self::UnknownWireType(found) => write!(f, "unknown wire type {found}"),
            Self::WrongWireType { field, found, expected } => {
                write!(f, "field {field} has wire type {found}, expected {expected}")
            }
            Self::GroupEnd(field) => write!(f, "end of group {field}, which is not open"),
            Self::GroupTooDeep => f.write_str("groups nested too deep"),
            Self::TooLarge(len) => write!(f, "{len} bytes, expected less than 4 GiB"),
            Self::TooManyGroups => f.write_str("too many resource groups in one request"),
            Self::TooManyFields => f.write_str("too many fields in one resource or item"),
            Self::EditsTooLarge(limit) => write!(f, "edits make more than {limit} bytes of it"),
            Self::NestedTooDeep(max) => write!(f, "a value nested deeper than {max} levels"),
            Self::PrefixFlag(flag) => write!(f, "gRPC compression flag {flag}, expected 0 or 1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_place_and_what_was_found() {
        let error = WireError::new(17, Reason::LengthPastEnd { length: 400, left: 12 });
        assert_eq!(error.to_string(), "offset 17: length 400 runs past the end (12 bytes left)");
        let error = WireError::new(0, Reason::WrongWireType { field: 2, found: 5, expected: 2 });
        assert_eq!(error.to_string(), "offset 0: field 2 has wire type 5, expected 2");
    }
}
