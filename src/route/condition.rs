//! Evaluates the conditions of a routing table, with the Collector's semantics.
//!
//! A missing or unset attribute is nil, and bytes of length 0 compare as nil, though `IsMatch` sees
//! them as empty text. Of different types only `!=` holds; integers and doubles compare by number,
//! text by bytes; two nils are equal. A missing header matches neither `==` nor
//! `!=` in the context `request`, and is nil elsewhere. `IsMatch` works on the text form of any
//! type. A condition that the Collector would end with an error (an index out of range, an infinite
//! number as text) does not hold.
//!
//! The depth of a condition is bounded where it is compiled, so evaluating it may recurse.

use std::borrow::Cow;
use std::cmp::Ordering;

use spanyard_wire::edit::{Edit, Found, lookup};
use spanyard_wire::resource::Resource;
use spanyard_wire::value::Kind;

use crate::actions::select::same;
use crate::actions::text;
use crate::config::plan::{Comparison, Condition, Literal, Operand};

/// What a condition may look at besides the resource.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Headers of the request, if the receiver lets routing see them.
    pub headers: Option<&'a http::HeaderMap>,
    /// The same, if `include_metadata` makes them known as metadata.
    pub metadata: Option<&'a http::HeaderMap>,
    /// Values that edits take from the request, encoded.
    pub slots: &'a [Option<&'a [u8]>],
}

/// A condition cannot be decided.
struct Undecided;

/// A side of a comparison, found.
enum Side<'a> {
    Nil,
    Found(Found<'a>),
    Text(&'a [u8]),
    /// The values of a header, which equal nothing.
    List,
    Literal(&'a Literal),
}

impl Facts<'_> {
    /// Whether `condition` holds for a group with this resource, as it is after `edits`.
    #[must_use]
    pub fn hold(&self, condition: &Condition, resource: Resource<'_>, edits: &[Edit]) -> bool {
        self.decide(condition, resource, edits).unwrap_or(false)
    }

    fn decide(
        &self,
        condition: &Condition,
        resource: Resource<'_>,
        edits: &[Edit],
    ) -> Result<bool, Undecided> {
        let decide = |inner: &Condition| self.decide(inner, resource, edits);
        Ok(match condition {
            Condition::All(inner) => {
                for one in inner {
                    if !decide(one)? {
                        return Ok(false);
                    }
                }
                true
            }
            Condition::Any(inner) => {
                for one in inner {
                    if decide(one)? {
                        return Ok(true);
                    }
                }
                false
            }
            Condition::Not(inner) => !decide(inner)?,
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
                let kind = found.as_ref().map_or(Kind::Unset, |found| found.value().kind());
                compare(kind, Comparison::Equal, literal(value)) != *negated
            }
            Condition::Compare { left, by, right } => {
                let left = self.side(left, resource, edits)?;
                let right = self.side(right, resource, edits)?;
                compare(left.kind(), *by, right.kind())
            }
            Condition::Matches { of, pattern } => {
                let side = self.side(of, resource, edits)?;
                side.text()?.is_some_and(|text| pattern.is_match(&text))
            }
        })
    }

    fn side<'s>(
        &'s self,
        operand: &'s Operand,
        resource: Resource<'s>,
        edits: &'s [Edit],
    ) -> Result<Side<'s>, Undecided> {
        match operand {
            Operand::Literal(literal) => Ok(Side::Literal(literal)),
            Operand::Attribute(key) => {
                let found = lookup(resource, edits, self.slots, key.as_bytes());
                Ok(found.map_or(Side::Nil, Side::Found))
            }
            Operand::Metadata { header, index } => {
                let values = self.metadata.map(|headers| headers.get_all(header.as_str()));
                let mut values = values.into_iter().flatten().peekable();
                match index {
                    _ if values.peek().is_none() => Ok(Side::Nil),
                    None => Ok(Side::List),
                    Some(index) => {
                        let value = values.nth(*index).ok_or(Undecided)?;
                        Ok(Side::Text(value.as_bytes()))
                    }
                }
            }
        }
    }
}

impl Side<'_> {
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Nil => Kind::Unset,
            Self::Found(found) => found.value().kind(),
            Self::Text(text) => Kind::String(text),
            Self::List => Kind::Array(&[]),
            Self::Literal(value) => literal(value),
        }
    }

    /// The text that a pattern looks at; `None` for nil.
    fn text(&self) -> Result<Option<Cow<'_, [u8]>>, Undecided> {
        text::matched(self.kind()).map_err(|text::NoText| Undecided)
    }
}

fn literal(literal: &Literal) -> Kind<'_> {
    match literal {
        Literal::Nil => Kind::Unset,
        Literal::String(text) => Kind::String(text.as_bytes()),
        Literal::Int(value) => Kind::Int(*value),
        Literal::Double(value) => Kind::Double(*value),
        Literal::Bool(value) => Kind::Bool(*value),
        Literal::Bytes(bytes) => Kind::Bytes(bytes),
    }
}

fn compare(left: Kind<'_>, by: Comparison, right: Kind<'_>) -> bool {
    let ordering = match (nil_if_empty(left), nil_if_empty(right)) {
        (Kind::Unset, Kind::Unset) => Some(Ordering::Equal),
        (Kind::Array(_), Kind::Array(_)) | (Kind::Map(_), Kind::Map(_)) => {
            return match by {
                Comparison::Equal => same(left, right),
                Comparison::Different => !same(left, right),
                _ => false,
            };
        }
        (Kind::String(a), Kind::String(b)) | (Kind::Bytes(a), Kind::Bytes(b)) => Some(a.cmp(b)),
        (Kind::Bool(a), Kind::Bool(b)) => Some(a.cmp(&b)),
        (Kind::Int(a), Kind::Int(b)) => Some(a.cmp(&b)),
        (Kind::Int(a), Kind::Double(b)) => number(a).partial_cmp(&b),
        (Kind::Double(a), Kind::Int(b)) => a.partial_cmp(&number(b)),
        (Kind::Double(a), Kind::Double(b)) => a.partial_cmp(&b),
        _ => None,
    };
    match by {
        Comparison::Equal => ordering.is_some_and(Ordering::is_eq),
        Comparison::Different => !ordering.is_some_and(Ordering::is_eq),
        Comparison::Less => ordering.is_some_and(Ordering::is_lt),
        Comparison::LessOrEqual => ordering.is_some_and(Ordering::is_le),
        Comparison::Greater => ordering.is_some_and(Ordering::is_gt),
        Comparison::GreaterOrEqual => ordering.is_some_and(Ordering::is_ge),
    }
}

/// Bytes of length 0 are nil to a comparison.
const fn nil_if_empty(kind: Kind<'_>) -> Kind<'_> {
    match kind {
        Kind::Bytes([]) => Kind::Unset,
        other => other,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the Collector compares as float64 too")]
const fn number(int: i64) -> f64 {
    int as f64
}
