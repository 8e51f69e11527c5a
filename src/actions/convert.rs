//! The action `convert`: a value in another type. What cannot be converted stays as it is.

use spanyard_wire::edit::Transform;
use spanyard_wire::encode::Encoder;
use spanyard_wire::value::{Kind, Value};

use super::{number, text};

/// The type to convert to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convert {
    /// A whole number: of a double the whole part, of text what Go's `ParseInt` reads.
    Int,
    /// A double: of text what Go's `ParseFloat` reads.
    Double,
    /// Text, see [`text::converted`].
    Text,
}

impl Transform for Convert {
    fn apply(&self, value: Value<'_>, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Int => int(value.kind()).map(|value| Encoder::new(out).int(3, value)),
            Self::Double => double(value.kind()).map(|value| Encoder::new(out).double(4, value)),
            Self::Text if matches!(value.kind(), Kind::String(_)) => None,
            Self::Text => {
                Encoder::new(out).bytes(1, &text::converted(value.kind()));
                Some(())
            }
        }
        .is_some()
    }
}

fn int(kind: Kind<'_>) -> Option<i64> {
    match kind {
        Kind::Double(value) => number::truncated(value),
        Kind::Bool(value) => Some(i64::from(value)),
        Kind::String(text) => number::parse_int(text),
        Kind::Unset | Kind::Int(_) | Kind::Bytes(_) | Kind::Array(_) | Kind::Map(_) => None,
    }
}

fn double(kind: Kind<'_>) -> Option<f64> {
    match kind {
        Kind::Int(value) => Some(value as f64),
        Kind::Bool(value) => Some(f64::from(u8::from(value))),
        Kind::String(text) => number::parse_double(text),
        Kind::Unset | Kind::Double(_) | Kind::Bytes(_) | Kind::Array(_) | Kind::Map(_) => None,
    }
}
