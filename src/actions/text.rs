//! Values as text. There are three forms, since the Collector has three: for conversion, for
//! `IsMatch`, and for `include` and `exclude` by regular expression.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use spanyard_wire::value::Kind;

use super::{json, number};

/// A value that has no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoText;

/// The text that a value is converted to. Unset: nothing; bytes: base64; lists and maps: JSON.
#[must_use]
pub fn converted(kind: Kind<'_>) -> Cow<'_, [u8]> {
    match kind {
        Kind::Unset => Cow::Borrowed(b""),
        Kind::String(text) => Cow::Borrowed(text),
        Kind::Bool(value) => Cow::Borrowed(boolean(value)),
        Kind::Int(value) => Cow::Owned(value.to_string().into_bytes()),
        Kind::Double(value) => Cow::Owned(number::double_text(value).into_bytes()),
        Kind::Bytes(bytes) => Cow::Owned(STANDARD.encode(bytes).into_bytes()),
        Kind::Array(_) | Kind::Map(_) => {
            Cow::Owned(json::text(kind).unwrap_or_default().into_bytes())
        }
    }
}

/// The text that `IsMatch` looks at; `None` for an unset value. Bytes: hexadecimal.
///
/// # Errors
/// [`NoText`] for an infinite number, also inside a list or a map.
pub fn matched(kind: Kind<'_>) -> Result<Option<Cow<'_, [u8]>>, NoText> {
    match kind {
        Kind::Unset => Ok(None),
        Kind::Bytes(bytes) => Ok(Some(Cow::Owned(hexadecimal(bytes)))),
        Kind::Array(_) | Kind::Map(_) => {
            let text = json::text(kind).ok_or(NoText)?;
            Ok(Some(Cow::Owned(text.into_bytes())))
        }
        Kind::Double(value) if !value.is_finite() => Err(NoText),
        Kind::String(_) | Kind::Bool(_) | Kind::Int(_) | Kind::Double(_) => {
            Ok(Some(converted(kind)))
        }
    }
}

/// The text that a pattern of `include` or `exclude` looks at; scalars only.
#[must_use]
pub fn scalar(kind: Kind<'_>) -> Option<Cow<'_, [u8]>> {
    match kind {
        Kind::Double(value) => Some(Cow::Owned(number::plain_text(value).into_bytes())),
        Kind::String(_) | Kind::Bool(_) | Kind::Int(_) => Some(converted(kind)),
        Kind::Unset | Kind::Bytes(_) | Kind::Array(_) | Kind::Map(_) => None,
    }
}

const fn boolean(value: bool) -> &'static [u8] {
    if value { b"true" } else { b"false" }
}

/// Two lower-case digits for each byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let digit = |value: u8| if value < 10 { b'0' | value } else { b'a'.wrapping_add(value - 10) };
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
