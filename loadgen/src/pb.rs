//! Protobuf in a few lines: enough to write OTLP requests and to read them back.
//!
//! Deliberately not the gateway's wire crate: the proof of delivery must not share the reader that
//! it judges, or one mistake would hide in both. Slow and plain; the reader shrinks a slice and
//! returns malformed input as a value.

use std::fmt;

/// What a field carries, still encoded where it is a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1, little-endian.
    Fixed64(u64),
    /// Wire type 2.
    Bytes(&'a [u8]),
    /// Wire type 5, little-endian.
    Fixed32(u32),
}

impl<'a> Payload<'a> {
    /// The bytes of a length-delimited field, nothing otherwise.
    pub(crate) const fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// Why bytes are no protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What was wrong, in words.
    pub reason: &'static str,
    /// Bytes that were left in the innermost message when it was noticed.
    pub left: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes before the end of the message)", self.reason, self.left)
    }
}

impl std::error::Error for Malformed {}

/// The fields of one message, in the order they are written; ends after the first error.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) const fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Result<(u32, Payload<'a>), Malformed> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| self.bad("field number too large"))?;
        if number == 0 {
            return Err(self.bad("field number 0"));
        }
        let payload = match tag & 7 {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => Payload::Bytes(self.delimited()?),
            5 => Payload::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(self.bad("wire type is none of 0, 1, 2, 5")),
        };
        Ok((number, payload))
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or_else(|| self.bad("truncated"))?;
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(self.bad("varint above 64 bits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.bad("varint longer than 10 bytes"))
    }

    fn delimited(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.varint()?;
        let length = usize::try_from(length).map_err(|_| self.bad("length past the end"))?;
        let (bytes, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| self.bad("length past the end"))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) =
            self.rest.split_first_chunk::<N>().ok_or_else(|| self.bad("truncated"))?;
        self.rest = rest;
        Ok(*bytes)
    }

    const fn bad(&self, reason: &'static str) -> Malformed {
        Malformed { reason, left: self.rest.len() }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Payload<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Appends a varint.
pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Appends a length-delimited field; returns where in `out` its payload begins.
pub(crate) fn bytes_field(out: &mut Vec<u8>, field: u32, payload: &[u8]) -> usize {
    varint(out, u64::from(field) << 3 | 2);
    varint(out, payload.len() as u64);
    let at = out.len();
    out.extend_from_slice(payload);
    at
}

/// Appends a varint field.
pub(crate) fn varint_field(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, u64::from(field) << 3);
    varint(out, value);
}

/// Appends a fixed64 field.
pub(crate) fn fixed64_field(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, u64::from(field) << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A `KeyValue` message with a string value.
pub(crate) fn string_attribute(key: &str, value: &str) -> Vec<u8> {
    let mut any = Vec::with_capacity(value.len() + 4);
    let _at = bytes_field(&mut any, 1, value.as_bytes());
    attribute(key, &any)
}

/// A `KeyValue` message with an integer value.
pub(crate) fn int_attribute(key: &str, value: u64) -> Vec<u8> {
    let mut any = Vec::with_capacity(11);
    varint_field(&mut any, 3, value);
    attribute(key, &any)
}

fn attribute(key: &str, any: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len() + any.len() + 6);
    let _at = bytes_field(&mut out, 1, key.as_bytes());
    let _at = bytes_field(&mut out, 2, any);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut out = Vec::new();
        varint_field(&mut out, 1, u64::MAX);
        fixed64_field(&mut out, 16, 7);
        assert_eq!(bytes_field(&mut out, 2, b"abc"), out.len() - 3);
        let fields: Result<Vec<_>, _> = Fields::of(&out).collect();
        let expected = vec![
            (1, Payload::Varint(u64::MAX)),
            (16, Payload::Fixed64(7)),
            (2, Payload::Bytes(b"abc")),
        ];
        assert_eq!(fields, Ok(expected));
    }

    #[test]
    fn every_truncation_is_an_error_or_a_shorter_message() {
        let mut out = Vec::new();
        let _at = bytes_field(&mut out, 2, b"abcdefgh");
        for end in 1..out.len() {
            let last = Fields::of(&out[..end]).last();
            assert!(matches!(last, Some(Err(_))), "cut at {end} gave {last:?}");
        }
    }

    #[test]
    fn broken_messages_are_refused_with_a_reason() {
        let cases: [(&[u8], &str); 5] = [
            (&[0x03, 0x00], "field number 0"),
            (&[0x0b], "wire type is none of 0, 1, 2, 5"),
            (&[0x0a, 0x05, 0x01], "length past the end"),
            (
                &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
                "varint above 64 bits",
            ),
            (&[0x09, 0, 0], "truncated"),
        ];
        for (bytes, reason) in cases {
            let found = Fields::of(bytes).last();
            assert_eq!(found.map(|field| field.map_err(|bad| bad.reason)), Some(Err(reason)));
        }
    }
}
