//! The action `hash`: SHA-256 of a value, in lower-case hexadecimal.

use ring::digest::{SHA256, digest};
use spanyard_wire::edit::Transform;
use spanyard_wire::encode::Encoder;
use spanyard_wire::value::{Kind, Value};

use super::text::hexadecimal;

/// Replaces a value by its hash. Text is hashed as it stands, numbers as 8 bytes with the lowest
/// first, booleans as one byte; bytes, lists, maps and unset values become empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash;

impl Transform for Hash {
    fn apply(&self, value: Value<'_>, out: &mut Vec<u8>) -> bool {
        let hashed = match value.kind() {
            Kind::String(text) => of(text),
            Kind::Bool(value) => of(&[u8::from(value)]),
            Kind::Int(value) => of(&value.to_le_bytes()),
            Kind::Double(value) => of(&value.to_le_bytes()),
            Kind::Unset | Kind::Bytes(_) | Kind::Array(_) | Kind::Map(_) => Vec::new(),
        };
        Encoder::new(out).bytes(1, &hashed);
        true
    }
}

fn of(bytes: &[u8]) -> Vec<u8> {
    hexadecimal(digest(&SHA256, bytes).as_ref())
}
