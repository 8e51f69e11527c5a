//! Writing protobuf: for replies, for values in edits, and for those who make requests (the load
//! generator, tests).
//!
//! An [`Encoder`] appends to a `Vec`. A message is written by a closure; its length is put in front
//! afterwards, which moves the body only when the length takes more than one byte. Fields are
//! written as given, zero values too: what to leave out is the caller's to decide.

use crate::field::{self, Key};
use crate::varint;

/// Appends fields to a buffer.
#[derive(Debug)]
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Encoder<'a> {
    /// An encoder that appends to `out`.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Appends bytes that are encoded already.
    pub fn raw(&mut self, encoded: &[u8]) {
        self.out.extend_from_slice(encoded);
    }

    /// Appends a key.
    pub fn key(&mut self, field: u32, wire: u8) {
        varint::write(u64::from(Key::new(field, wire).raw()), self.out);
    }

    /// Appends a varint field: integers that are not negative, enums.
    pub fn uint(&mut self, field: u32, value: u64) {
        self.key(field, field::VARINT);
        varint::write(value, self.out);
    }

    /// Appends an `int64` or `int32` field.
    pub fn int(&mut self, field: u32, value: i64) {
        self.uint(field, value.cast_unsigned());
    }

    /// Appends a bool field.
    pub fn bool(&mut self, field: u32, value: bool) {
        self.uint(field, u64::from(value));
    }

    /// Appends a `fixed64` field.
    pub fn fixed64(&mut self, field: u32, value: u64) {
        self.key(field, field::FIXED64);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends a `fixed32` field.
    pub fn fixed32(&mut self, field: u32, value: u32) {
        self.key(field, field::FIXED32);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends a double field.
    pub fn double(&mut self, field: u32, value: f64) {
        self.fixed64(field, value.to_bits());
    }

    /// Appends a bytes field, or a message that is encoded already.
    pub fn bytes(&mut self, field: u32, value: &[u8]) {
        self.key(field, field::LEN);
        varint::write(value.len() as u64, self.out);
        self.out.extend_from_slice(value);
    }

    /// Appends a string field.
    pub fn string(&mut self, field: u32, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    /// Appends a message field whose body `write` appends.
    pub fn message(&mut self, field: u32, write: impl FnOnce(&mut Encoder<'_>)) {
        self.key(field, field::LEN);
        let length_at = self.out.len();
        self.out.push(0);
        let start = self.out.len();
        write(&mut Encoder {
            out: &mut *self.out,
        });
        let len = self.out.len().saturating_sub(start);
        let mut length = Vec::with_capacity(varint::LEN_MAX);
        varint::write(len as u64, &mut length);
        drop(self.out.splice(length_at..start, length));
    }

    /// Appends an attribute whose value is the encoded `AnyValue` body `any_value`.
    pub fn attribute(&mut self, field: u32, key: &str, any_value: &[u8]) {
        let pair = varint::framed(1, key.len());
        let pair = pair.saturating_add(varint::framed(1, any_value.len()));
        self.key(field, field::LEN);
        varint::write(pair as u64, self.out);
        self.string(1, key);
        self.bytes(2, any_value);
    }

    /// Appends an attribute with a text value.
    pub fn string_attribute(&mut self, field: u32, key: &str, value: &str) {
        self.attribute(field, key, &any_value_string(value));
    }

    /// Appends an attribute with an integer value.
    pub fn int_attribute(&mut self, field: u32, key: &str, value: i64) {
        self.attribute(field, key, &any_value_int(value));
    }
}

/// The body of an `AnyValue` that holds text.
#[must_use]
pub fn any_value_string(value: &str) -> Vec<u8> {
    encoded(|any| any.string(1, value))
}

/// The body of an `AnyValue` that holds a bool.
#[must_use]
pub fn any_value_bool(value: bool) -> Vec<u8> {
    encoded(|any| any.bool(2, value))
}

/// The body of an `AnyValue` that holds an integer.
#[must_use]
pub fn any_value_int(value: i64) -> Vec<u8> {
    encoded(|any| any.int(3, value))
}

/// The body of an `AnyValue` that holds a double.
#[must_use]
pub fn any_value_double(value: f64) -> Vec<u8> {
    encoded(|any| any.double(4, value))
}

/// The body of an `AnyValue` that holds bytes.
#[must_use]
pub fn any_value_bytes(value: &[u8]) -> Vec<u8> {
    encoded(|any| any.bytes(7, value))
}

/// The body of an `AnyValue` that holds a list of values, each the body of an `AnyValue`.
#[must_use]
pub fn any_value_array(values: &[Vec<u8>]) -> Vec<u8> {
    encoded(|any| {
        any.message(5, |array| {
            values.iter().for_each(|value| array.bytes(1, value))
        })
    })
}

/// The body of an `AnyValue` that holds a map; the values are bodies of `AnyValue`s.
#[must_use]
pub fn any_value_map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    encoded(|any| {
        any.message(6, |map| {
            pairs
                .iter()
                .for_each(|(key, value)| map.attribute(1, key, value));
        });
    })
}

/// A message on its own, whose body `write` appends.
#[must_use]
pub fn encoded(write: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut Encoder::new(&mut out));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_gets_the_length_of_its_body_however_long() {
        for len in [0_usize, 1, 127, 128, 16_383, 16_384, 100_000] {
            let body = vec![7; len];
            let written = encoded(|out| out.message(3, |inner| inner.raw(&body)));
            let expected = encoded(|out| out.bytes(3, &body));
            assert_eq!(written, expected, "{len} bytes");
        }
    }

    #[test]
    fn nested_messages_and_large_field_numbers_are_written() {
        let written = encoded(|out| {
            out.message(1000, |inner| {
                inner.message(1, |inner| inner.string(2, "x"));
                inner.fixed32(5, 1);
            });
        });
        let expected = [0xc2, 0x3e, 10, 0x0a, 3, 0x12, 1, b'x', 0x2d, 1, 0, 0, 0];
        assert_eq!(written, expected);
    }
}
