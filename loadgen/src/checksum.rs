//! The checksum that every span of ours carries, and how it is recomputed.
//!
//! It covers every field of the span, known or not, except the attribute that carries it, and the
//! mark of the resource under which the span was sent. It is a sum over fields, so a relay that
//! decodes and writes the fields in another order leaves it unchanged, while a value that moved to
//! another key, another span or another resource does not. Because it is a sum, the sender adds
//! the ids of a span to a base that was computed once (see `shape`).
//!
//! It finds mistakes, not attackers. The order of array elements is not covered.

use crate::pb::{Fields, Malformed, Payload};

/// The span attribute that carries the checksum: 16 lower-case hex digits.
pub const CHECKSUM_KEY: &str = "loadgen.checksum";
/// The resource attribute whose value is part of the checksum of every span below it.
pub const RESOURCE_KEY: &str = "loadgen.resource";

/// How deep attribute values may nest below the span; deeper ones are covered as plain bytes.
const DEPTH_MAX: u32 = 8;
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// The messages a span is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Span,
    Attribute,
    Value,
    List,
    Map,
    Event,
    Link,
    Status,
}

impl Message {
    const fn child(self, field: u32) -> Option<Self> {
        match (self, field) {
            (Self::Span, 9) | (Self::Event, 3) | (Self::Link, 4) | (Self::Map, 1) => {
                Some(Self::Attribute)
            }
            (Self::Span, 11) => Some(Self::Event),
            (Self::Span, 13) => Some(Self::Link),
            (Self::Span, 15) => Some(Self::Status),
            (Self::Attribute, 2) | (Self::List, 1) => Some(Self::Value),
            (Self::Value, 5) => Some(Self::List),
            (Self::Value, 6) => Some(Self::Map),
            _ => None,
        }
    }
}

/// The sum over the fields of an encoded span, without its checksum attribute.
pub(crate) fn span_sum(span: &[u8]) -> Result<u64, Malformed> {
    message_sum(Message::Span, span, 0)
}

/// What one length-delimited field of a span adds to its sum.
pub(crate) fn field_sum(field: u32, bytes: &[u8]) -> u64 {
    mix(field, hash(bytes))
}

/// The checksum of a span: its sum together with the mark of its resource.
pub(crate) fn finish(sum: u64, resource_mark: &[u8]) -> u64 {
    let mut h = sum.wrapping_add(mix(u32::MAX, hash(resource_mark)));
    h ^= h >> 32;
    h = h.wrapping_mul(FACTOR);
    h ^ h >> 29
}

/// The checksum as it stands in the attribute.
pub(crate) fn hex(checksum: u64) -> [u8; 16] {
    let mut digits = [0_u8; 16];
    let nibbles = checksum.to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    for (digit, nibble) in digits.iter_mut().zip(nibbles) {
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    }
    digits
}

/// The key of an encoded `KeyValue`; empty when it has none.
pub(crate) fn attribute_key(attribute: &[u8]) -> Result<&[u8], Malformed> {
    let mut key: &[u8] = b"";
    for field in Fields::of(attribute) {
        if let (1, Payload::Bytes(bytes)) = field? {
            key = bytes;
        }
    }
    Ok(key)
}

/// The string value of an encoded `KeyValue`; nothing when it is of another type.
pub(crate) fn attribute_text(attribute: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let mut text = None;
    for field in Fields::of(attribute) {
        if let (2, Payload::Bytes(any)) = field? {
            for value in Fields::of(any) {
                if let (1, Payload::Bytes(bytes)) = value? {
                    text = Some(bytes);
                }
            }
        }
    }
    Ok(text)
}

fn message_sum(message: Message, bytes: &[u8], depth: u32) -> Result<u64, Malformed> {
    let mut sum = 0_u64;
    for field in Fields::of(bytes) {
        let (number, payload) = field?;
        let term = match (payload, message.child(number)) {
            (Payload::Bytes(inner), Some(child)) if depth < DEPTH_MAX => {
                if message == Message::Span
                    && child == Message::Attribute
                    && attribute_key(inner)? == CHECKSUM_KEY.as_bytes()
                {
                    continue;
                }
                message_sum(child, inner, depth + 1)?
            }
            (Payload::Bytes(inner), _) => hash(inner),
            (Payload::Varint(value) | Payload::Fixed64(value), _) => value,
            (Payload::Fixed32(value), _) => u64::from(value),
        };
        sum = sum.wrapping_add(mix(number, term));
    }
    Ok(sum)
}

fn mix(field: u32, term: u64) -> u64 {
    let mut h = (term ^ u64::from(field).wrapping_mul(FACTOR)).wrapping_add(u64::from(field));
    h = (h ^ h >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ h >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ h >> 31
}

fn hash(bytes: &[u8]) -> u64 {
    let mut h = bytes.len() as u64;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut eight = [0_u8; 8];
        eight.copy_from_slice(word);
        h = (h.rotate_left(23) ^ u64::from_le_bytes(eight)).wrapping_mul(FACTOR);
    }
    let mut tail = [0_u8; 8];
    for (to, from) in tail.iter_mut().zip(words.remainder()) {
        *to = *from;
    }
    h = (h.rotate_left(23) ^ u64::from_le_bytes(tail)).wrapping_mul(FACTOR);
    h ^ h >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{bytes_field, string_attribute};

    fn span(attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        let _at = bytes_field(&mut out, 5, b"name");
        for attribute in attributes {
            let _at = bytes_field(&mut out, 9, attribute);
        }
        out
    }

    #[test]
    fn the_order_of_fields_and_the_checksum_itself_do_not_matter() {
        let (a, b) = (string_attribute("a", "1"), string_attribute("b", "2"));
        let own = string_attribute(CHECKSUM_KEY, "0123456789abcdef");
        let plain = span_sum(&span(&[a.clone(), b.clone()]));
        assert_eq!(plain, span_sum(&span(&[own, b, a])));
    }

    #[test]
    fn a_value_that_moved_to_another_key_is_noticed() {
        let sent = span(&[string_attribute("a", "1"), string_attribute("b", "2")]);
        let swapped = span(&[string_attribute("a", "2"), string_attribute("b", "1")]);
        assert_ne!(span_sum(&sent), span_sum(&swapped));
    }

    #[test]
    fn every_flipped_bit_is_noticed_or_breaks_the_message() {
        let sent = span(&[string_attribute("http.route", "/cart/{id}")]);
        let sum = span_sum(&sent).expect("a span");
        for at in 0..sent.len() * 8 {
            let mut broken = sent.clone();
            broken[at / 8] ^= 1 << (at % 8);
            assert_ne!(span_sum(&broken), Ok(sum), "bit {at}");
        }
    }

    #[test]
    fn the_resource_is_part_of_it() {
        assert_ne!(finish(1, b"r0"), finish(1, b"r1"));
    }

    #[test]
    fn hex_has_sixteen_lower_case_digits() {
        assert_eq!(&hex(0x0123_4567_89ab_cdef), b"0123456789abcdef");
    }
}
