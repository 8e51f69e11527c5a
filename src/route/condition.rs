//! Evaluates the conditions of a routing table, with the Collector's semantics.
//!
//! A missing or unset attribute is nil. `==` between different types is false and `!=` is true;
//! integers and doubles compare by number. A missing header matches neither `==` nor `!=`.
//! `IsMatch` works on the text form of scalars and of bytes (as hex); lists and maps never match.
//!
//! The depth of a condition is bounded where it is compiled, so evaluating it may recurse.

use std::borrow::Cow;

use spanyard_wire::edit::{Edit, Found, lookup};
use spanyard_wire::resource::Resource;
use spanyard_wire::value::{Kind, Value};

use crate::config::plan::{Condition, Literal};

/// What a condition may look at besides the resource.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Headers of the request, if the receiver lets routing see them.
    pub headers: Option<&'a http::HeaderMap>,
    /// Values that edits take from the request, encoded.
    pub slots: &'a [Option<&'a [u8]>],
}

impl Facts<'_> {
    /// Whether `condition` holds for a group with this resource, as it is after `edits`.
    #[must_use]
    pub fn hold(&self, condition: &Condition, resource: Resource<'_>, edits: &[Edit]) -> bool {
        match condition {
            Condition::All(inner) => inner.iter().all(|one| self.hold(one, resource, edits)),
            Condition::Any(inner) => inner.iter().any(|one| self.hold(one, resource, edits)),
            Condition::Not(inner) => !self.hold(inner, resource, edits),
            Condition::Always(value) => *value,
            Condition::HeaderIs { header, value, negated } => {
                let values = self.headers.map(|headers| headers.get_all(header.as_str()));
                values
                    .into_iter()
                    .flatten()
                    .any(|found| (found.as_bytes() == value.as_bytes()) != *negated)
            }
            Condition::AttributeIs { key, value, negated } => {
                let found = lookup(resource, edits, self.slots, key.as_bytes());
                equals(found.as_ref().map(Found::value), value) != *negated
            }
            Condition::AttributeMatches { key, pattern } => {
                let found = lookup(resource, edits, self.slots, key.as_bytes());
                found
                    .as_ref()
                    .map(Found::value)
                    .and_then(text)
                    .is_some_and(|text| pattern.is_match(&text))
            }
        }
    }
}

fn equals(found: Option<Value<'_>>, literal: &Literal) -> bool {
    let kind = found.map_or(Kind::Unset, |value| value.kind());
    match (kind, literal) {
        (Kind::Unset, Literal::Nil) => true,
        (Kind::String(found), Literal::String(wanted)) => found == wanted.as_bytes(),
        (Kind::Bool(found), Literal::Bool(wanted)) => found == *wanted,
        (Kind::Int(found), Literal::Int(wanted)) => found == *wanted,
        (Kind::Int(found), Literal::Double(wanted)) => same_number(found, *wanted),
        (Kind::Double(found), Literal::Int(wanted)) => same_number(*wanted, found),
        (Kind::Double(found), Literal::Double(wanted)) => found == *wanted,
        _ => false,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the Collector compares as float64 too")]
fn same_number(int: i64, double: f64) -> bool {
    int as f64 == double
}

/// The text form of a scalar.
fn text(value: Value<'_>) -> Option<Cow<'_, [u8]>> {
    match value.kind() {
        Kind::String(text) => Some(Cow::Borrowed(text)),
        Kind::Bool(value) => Some(Cow::Borrowed(if value { b"true" } else { b"false" })),
        Kind::Int(value) => Some(Cow::Owned(value.to_string().into_bytes())),
        Kind::Double(value) => Some(Cow::Owned(value.to_string().into_bytes())),
        Kind::Bytes(bytes) => Some(Cow::Owned(hex(bytes).into_bytes())),
        Kind::Unset | Kind::Array(_) | Kind::Map(_) => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}
