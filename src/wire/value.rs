//! A view of an `AnyValue`, read when asked.
//!
//! The scan does not open values, so a malformed one is found here: its kind is `Unset`. Of several
//! fields of the `oneof` the last counts, as protobuf says.
//!
//! A message may carry its value in several parts (protobuf merges them); then the view stands on
//! the whole message, and copying it copies all parts. One thing is not merged: of an array
//! or a map in several parts, [`Value::kind`] shows the last part only.

use crate::cursor::Cursor;
use crate::error::WireError;

/// A value of an attribute, encoded.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    bytes: &'a [u8],
    /// 0 if `bytes` is the `AnyValue`; else it came in several parts, the fields with this number
    /// in `bytes`.
    split: u32,
}

/// What a value holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind<'a> {
    /// Nothing, something of a kind unknown here, or something malformed.
    Unset,
    /// Text; the bytes may be invalid UTF-8.
    String(&'a [u8]),
    /// A bool.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A double.
    Double(f64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// The body of an `ArrayValue`.
    Array(&'a [u8]),
    /// The body of a `KeyValueList`.
    Map(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The view of an encoded `AnyValue` body.
    #[must_use]
    pub const fn new(any_value: &'a [u8]) -> Self {
        Self { bytes: any_value, split: 0 }
    }

    /// The view of the value that is all fields `number` of `message`.
    pub(crate) const fn split(message: &'a [u8], number: u32) -> Self {
        Self { bytes: message, split: number }
    }

    /// The encoded `AnyValue` body; of one in several parts, the last that holds something.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        if self.split == 0 {
            return self.bytes;
        }
        let holds = |part: &&[u8]| Value::new(part).kind() != Kind::Unset;
        self.parts().filter(holds).last().unwrap_or_default()
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> Kind<'a> {
        let mut kind = Kind::Unset;
        for part in self.parts() {
            match last_kind(part, kind) {
                Ok(last) => kind = last,
                Err(_) => return Kind::Unset,
            }
        }
        kind
    }

    /// Bytes of the encoded `AnyValue`, all parts.
    pub(crate) fn encoded_len(&self) -> usize {
        self.parts().fold(0, |sum, part| sum.saturating_add(part.len()))
    }

    /// Appends the encoded `AnyValue`, all parts.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        self.parts().for_each(|part| out.extend_from_slice(part));
    }

    /// Whether both encode to the same bytes.
    pub(crate) fn same_bytes(&self, other: &Value<'_>) -> bool {
        if self.split != 0 || other.split != 0 {
            return self.parts().flatten().eq(other.parts().flatten());
        }
        self.bytes == other.bytes
    }

    fn parts(&self) -> Parts<'a> {
        if self.split == 0 {
            Parts { whole: Some(self.bytes), message: Cursor::new(&[]), number: 0 }
        } else {
            Parts { whole: None, message: Cursor::new(self.bytes), number: self.split }
        }
    }
}

/// The parts of a value: one, or the fields `number` of a message.
struct Parts<'a> {
    whole: Option<&'a [u8]>,
    message: Cursor<'a>,
    number: u32,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some(whole) = self.whole.take() {
            return Some(whole);
        }
        while let Ok(Some(key)) = self.message.key() {
            if key.number() == self.number {
                return self.message.body(key).ok();
            }
            self.message.skip(key).ok()?;
        }
        None
    }
}

fn last_kind<'a>(any_value: &'a [u8], before: Kind<'a>) -> Result<Kind<'a>, WireError> {
    let mut cursor = Cursor::new(any_value);
    let mut kind = before;
    while let Some(key) = cursor.key()? {
        kind = match key.number() {
            1 => Kind::String(cursor.body(key)?),
            2 => Kind::Bool(cursor.number(key)? != 0),
            3 => Kind::Int(cursor.number(key)?.cast_signed()),
            4 => Kind::Double(f64::from_bits(cursor.fixed64(key)?)),
            5 => Kind::Array(cursor.body(key)?),
            6 => Kind::Map(cursor.body(key)?),
            7 => Kind::Bytes(cursor.body(key)?),
            _ => {
                cursor.skip(key)?;
                kind
            }
        };
    }
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode;

    #[test]
    fn every_kind_is_read_back() {
        let cases = [
            (encode::any_value_string("gold"), Kind::String(b"gold")),
            (encode::any_value_bool(true), Kind::Bool(true)),
            (encode::any_value_bool(false), Kind::Bool(false)),
            (encode::any_value_int(-7), Kind::Int(-7)),
            (encode::any_value_double(0.5), Kind::Double(0.5)),
            (encode::any_value_bytes(&[0, 255]), Kind::Bytes(&[0, 255])),
            (encode::any_value_array(&[encode::any_value_int(1)]), Kind::Array(&[10, 2, 24, 1])),
            (
                encode::any_value_map(&[("a", encode::any_value_int(1))]),
                Kind::Map(&[10, 7, 10, 1, b'a', 18, 2, 24, 1]),
            ),
            (Vec::new(), Kind::Unset),
        ];
        for (bytes, kind) in &cases {
            assert_eq!(Value::new(bytes).kind(), *kind, "{bytes:02x?}");
            assert_eq!(Value::new(bytes).raw(), bytes);
        }
    }

    #[test]
    fn of_several_kinds_the_last_counts_and_unknown_fields_do_not() {
        let mut bytes = encode::any_value_string("a");
        bytes.extend(encode::any_value_int(3));
        bytes.extend([0x78, 1, 0x7a, 0]);
        assert_eq!(Value::new(&bytes).kind(), Kind::Int(3));
    }

    #[test]
    fn a_malformed_value_is_unset() {
        let cases: &[&[u8]] =
            &[&[0x0a, 9, b'x'], &[0x18], &[0x21, 1, 2], &[0x08, 1], &[0x18, 1, 0]];
        for bytes in cases {
            assert_eq!(Value::new(bytes).kind(), Kind::Unset, "{bytes:02x?}");
        }
    }

    #[test]
    fn a_value_in_several_parts_is_merged() {
        // key "k", value "a", value (unset)
        let pair = [0x0a, 1, b'k', 0x12, 3, 0x0a, 1, b'a', 0x12, 0];
        let value = Value::split(&pair, 2);
        assert_eq!(value.kind(), Kind::String(b"a"));
        assert_eq!(value.raw(), [0x0a, 1, b'a']);
        assert_eq!(value.encoded_len(), 3);
        assert!(value.same_bytes(&Value::new(&[0x0a, 1, b'a'])));
        assert!(!value.same_bytes(&Value::new(&[])));
    }
}
