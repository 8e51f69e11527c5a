//! How deep the values of a request are nested: a guard for those who decode it by recursion.
//!
//! ```text
//!  AnyValue { 5: ArrayValue { 1: AnyValue* }   6: KeyValueList { 1: KeyValue { 2: AnyValue }* } }
//! ```
//! The value of an attribute and the body of a log record are at depth 1; what an array or a map
//! holds is one deeper. A level takes four bytes at least, so a value that is nested too deep is
//! long, and so is all that holds it: what is shorter is skipped by its length.
//! [`crate::request::Request::scan`] says in passing whether a request has a long part at all.
//!
//! No recursion and no allocation: messages that are open and not at their end are kept in an array
//! of bounded size. What is malformed is passed over: it is for others to refuse.

use crate::cursor::Cursor;
use crate::error::{Reason, WireError};
use crate::field;
use crate::request::Request;
use crate::schema::{self, Signal};
use crate::varint;

/// The deepest nesting that can be asked for.
pub const DEPTH_MAX: usize = 1000;
/// A resource, a scope or an item with as many bytes is long.
pub const LONG: usize = 512;
/// From this depth on, only what is long can be nested deeper.
const LONG_DEPTH: usize = 100;
const _: () = assert!(bytes_of(LONG_DEPTH) >= LONG && LONG.is_power_of_two());
/// What a level takes at least: two keys, two lengths.
const LEVEL_BYTES: usize = 4;

/// Bytes of the shortest value that holds another one so many levels below it.
#[must_use]
pub const fn bytes_of(levels: usize) -> usize {
    let mut bytes = 0_usize;
    let mut level = 0_usize;
    while level < levels {
        bytes = varint::framed(1, varint::framed(1, bytes));
        level = level.saturating_add(1);
    }
    bytes
}

/// A message that may hold values, below it or in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Request,
    Group,
    Resource,
    Scope,
    ScopeInfo,
    Span,
    Event,
    Link,
    Log,
    Metric,
    /// Metric data with points of this kind.
    Data(Point),
    Point(Point),
    Exemplar,
    Pair,
    Value,
    Array,
    Map,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    Number,
    Histogram,
    Exponential,
    Summary,
}

impl Kind {
    /// What field `number` of such a message is.
    #[inline]
    const fn field(self, number: u32, signal: Signal) -> Option<Self> {
        Some(match (self, number) {
            (Self::Request, schema::GROUP) => Self::Group,
            (Self::Group, schema::RESOURCE) => Self::Resource,
            (Self::Group, schema::SCOPES | schema::SCOPES_DEPRECATED) => Self::Scope,
            (Self::Scope, schema::SCOPE) => Self::ScopeInfo,
            (Self::Scope, schema::ITEM) => match signal {
                Signal::Traces => Self::Span,
                Signal::Metrics => Self::Metric,
                Signal::Logs => Self::Log,
            },
            (Self::Span, 11) => Self::Event,
            (Self::Span, 13) => Self::Link,
            (Self::Log, schema::LOG_BODY) => Self::Value,
            (Self::Metric, 5 | 7) => Self::Data(Point::Number),
            (Self::Metric, 9) => Self::Data(Point::Histogram),
            (Self::Metric, 10) => Self::Data(Point::Exponential),
            (Self::Metric, 11) => Self::Data(Point::Summary),
            (Self::Data(point), schema::METRIC_POINT) => Self::Point(point),
            (Self::Point(Point::Number), 5)
            | (Self::Point(Point::Histogram), 8)
            | (Self::Point(Point::Exponential), 11) => Self::Exemplar,
            (Self::Resource, schema::ATTRIBUTE)
            | (Self::ScopeInfo | Self::Event, 3)
            | (Self::Span, schema::SPAN_ATTRIBUTE)
            | (Self::Link, 4)
            | (Self::Log, schema::LOG_ATTRIBUTE)
            | (Self::Metric, 12)
            | (Self::Point(Point::Number | Point::Summary), 7)
            | (Self::Point(Point::Histogram), 9)
            | (Self::Point(Point::Exponential), 1)
            | (Self::Exemplar, 7)
            | (Self::Map, 1) => Self::Pair,
            (Self::Pair, schema::ATTRIBUTE_VALUE) | (Self::Array, 1) => Self::Value,
            (Self::Value, 5) => Self::Array,
            (Self::Value, 6) => Self::Map,
            _ => return None,
        })
    }
}

/// A message that goes on behind the one that is looked into.
#[derive(Clone, Copy, Debug)]
struct Open {
    kind: Kind,
    /// Values around and including it.
    depth: u16,
    start: u32,
    end: u32,
}

/// Refuses a scanned request with values nested deeper than `max`; 0: any depth is welcome.
///
/// # Errors
/// [`Reason::NestedTooDeep`].
#[inline]
pub fn check(signal: Signal, bytes: &[u8], request: &Request, max: usize) -> Result<(), WireError> {
    if max == 0 || (!request.long && max >= LONG_DEPTH) {
        return Ok(());
    }
    match too_deep(signal, bytes, max) {
        Some(offset) => Err(WireError::new(offset, Reason::NestedTooDeep(max))),
        None => Ok(()),
    }
}

/// Where in a request of `signal` a value begins that is nested deeper than `max` (at most
/// [`DEPTH_MAX`]; more means as much).
#[must_use]
#[inline(never)]
pub fn too_deep(signal: Signal, bytes: &[u8], max: usize) -> Option<usize> {
    match max {
        0..=LONG_DEPTH => walk::<{ open_max(LONG_DEPTH) }>(signal, bytes, max),
        _ => walk::<{ open_max(DEPTH_MAX) }>(signal, bytes, max.min(DEPTH_MAX)),
    }
}

/// Messages that can be open at once: down to the first value there are at most nine, and then
/// three a level: value, map, pair.
const fn open_max(depth: usize) -> usize {
    depth.saturating_mul(3).saturating_add(9)
}

/// As [`too_deep`], with room for so many open messages.
fn walk<const OPEN: usize>(signal: Signal, bytes: &[u8], max: usize) -> Option<usize> {
    let shortest = bytes_of(max);
    if bytes.len() < shortest {
        return None;
    }
    let mut open = [Open { kind: Kind::Request, depth: 0, start: 0, end: 0 }; OPEN];
    let mut count = 0_usize;
    let (mut kind, mut depth, mut needed) = (Kind::Request, 0_usize, shortest);
    let mut cursor = Cursor::new(bytes);
    loop {
        if let Some((inner, body)) = descend(&mut cursor, kind, signal, needed) {
            if !cursor.is_empty() {
                let (start, end) = (cursor.offset(), cursor.span().end);
                let start = u32::try_from(start).ok()?;
                let depth = u16::try_from(depth).ok()?;
                *open.get_mut(count)? = Open { kind, depth, start, end };
                count = count.saturating_add(1);
            }
            (kind, cursor) = (inner, body);
            if inner == Kind::Value {
                depth = depth.saturating_add(1);
                if depth > max {
                    return Some(cursor.offset());
                }
                needed = max.saturating_sub(depth).saturating_mul(LEVEL_BYTES);
            }
            continue;
        }
        // This message holds no more; its parent may.
        count = count.checked_sub(1)?;
        let parent = open.get(count)?;
        let (start, end) = (usize::try_from(parent.start).ok()?, usize::try_from(parent.end).ok()?);
        kind = parent.kind;
        cursor = Cursor::at(start, bytes.get(start..end)?);
        depth = usize::from(parent.depth);
        needed = match depth {
            0 => shortest,
            _ => max.saturating_sub(depth).saturating_mul(LEVEL_BYTES),
        };
    }
}

/// The next field of a message of this kind that may hold values and has at least `needed` bytes;
/// `None` at its end, or where it is malformed.
#[inline]
fn descend<'a>(
    cursor: &mut Cursor<'a>,
    kind: Kind,
    signal: Signal,
    needed: usize,
) -> Option<(Kind, Cursor<'a>)> {
    loop {
        cursor.skip_below(needed);
        if cursor.rest().len() < needed {
            return None;
        }
        let key = cursor.key().ok()??;
        if key.wire() != field::LEN {
            cursor.skip(key).ok()?;
            continue;
        }
        let body = cursor.message(key).ok()?;
        if body.rest().len() >= needed
            && let Some(inner) = kind.field(key.number(), signal)
        {
            return Some((inner, body));
        }
    }
}

#[cfg(test)]
mod tests;
