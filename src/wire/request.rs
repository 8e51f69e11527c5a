//! The first pass over a request: where its groups lie and how many items they hold.
//!
//! `scan` accepts a request or refuses it as a whole. What it accepted can be looked into by
//! [`crate::resource`] and edited by [`crate::splice`] without failing half-way.
//!
//! Invariants after a scan: groups and strays are in the order of the request and cover all of it;
//! neighbouring strays are one; `items` is the sum over the groups. After an error all is empty.
//! The vectors keep their capacity between requests, up to [`GROUPS_KEPT`] entries.

use crate::count::walk_group;
use crate::cursor::Cursor;
use crate::error::{Reason, WireError};
use crate::nesting::LONG;
use crate::schema::{self, Signal};
use crate::segments::Span;

/// How many groups one request may have. A group can be as small as two bytes and costs twenty
/// here; this bounds what a request of empty groups can take.
pub const GROUPS_MAX: usize = 1 << 16;

/// How many groups the vectors stay grown for between requests.
pub const GROUPS_KEPT: usize = 1 << 14;

/// A resource group: one `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The whole field: key, length and body.
    pub field: Span,
    /// The body alone.
    pub body: Span,
    /// Spans, log records or data points in it.
    pub items: u32,
}

/// Where the parts of a request lie. Reusable scratch.
#[derive(Debug, Default)]
pub struct Request {
    /// The resource groups, in order.
    pub groups: Vec<Group>,
    /// Unknown top-level fields, in order.
    pub strays: Vec<Span>,
    /// Items of all groups.
    pub items: u64,
    /// Whether a resource, a scope or an item has [`crate::nesting::LONG`] bytes or more.
    pub long: bool,
}

impl Request {
    /// Empty scratch.
    #[must_use]
    pub const fn new() -> Self {
        Self { groups: Vec::new(), strays: Vec::new(), items: 0, long: false }
    }

    /// Forgets the last request, then walks this one.
    ///
    /// # Errors
    /// The first malformed field down to the boundaries of items and of attribute values; 4 GiB
    /// or more; more than [`GROUPS_MAX`] groups. Nothing is left in `self` then.
    pub fn scan(&mut self, signal: Signal, bytes: &[u8]) -> Result<(), WireError> {
        self.clear();
        let walked = self.walk(signal, bytes);
        if walked.is_err() {
            self.clear();
        }
        walked
    }

    fn clear(&mut self) {
        self.groups.clear();
        self.groups.shrink_to(GROUPS_KEPT);
        self.strays.clear();
        self.strays.shrink_to(GROUPS_KEPT);
        self.items = 0;
        self.long = false;
    }

    fn walk(&mut self, signal: Signal, bytes: &[u8]) -> Result<(), WireError> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(WireError::new(0, Reason::TooLarge(bytes.len())));
        }
        let mut cursor = Cursor::new(bytes);
        let mut lengths = 0;
        loop {
            let start = cursor.offset();
            let Some(key) = cursor.key()? else {
                self.long = lengths >= LONG;
                return Ok(());
            };
            if key.number() != schema::GROUP {
                cursor.skip(key)?;
                self.stray(cursor.span_from(start));
                continue;
            }
            let body = cursor.message(key)?;
            if self.groups.len() >= GROUPS_MAX {
                return Err(WireError::new(start, Reason::TooManyGroups));
            }
            let items = walk_group(signal, body, &mut lengths)?;
            let field = cursor.span_from(start);
            self.groups.push(Group { field, body: body.span(), items });
            self.items = self.items.saturating_add(u64::from(items));
        }
    }

    fn stray(&mut self, span: Span) {
        match self.strays.last_mut() {
            Some(last) if last.end == span.start => last.end = span.end,
            _ => self.strays.push(span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_strays_cover_the_request_in_order() {
        // group { scopes { 2 items } }, varint field 5 twice, empty group
        let bytes = [0x0a, 6, 0x12, 4, 0x12, 0, 0x12, 0, 0x28, 1, 0x28, 2, 0x0a, 0x80, 0x00];
        let mut request = Request::new();
        request.scan(Signal::Traces, &bytes).unwrap();
        let first = Group { field: Span::new(0, 8), body: Span::new(2, 8), items: 2 };
        let second = Group { field: Span::new(12, 15), body: Span::new(15, 15), items: 0 };
        assert_eq!(request.groups, [first, second]);
        assert_eq!(request.strays, [Span::new(8, 12)]);
        assert_eq!(request.items, 2);
    }

    #[test]
    fn a_refused_request_leaves_nothing_behind() {
        let mut request = Request::new();
        request.scan(Signal::Logs, &[0x0a, 4, 0x12, 2, 0x12, 0, 0x28, 1]).unwrap();
        assert_eq!(request.items, 1);
        let error = request.scan(Signal::Logs, &[0x0a, 4, 0x12, 2, 0x12, 0, 0x28]).unwrap_err();
        assert_eq!(error, WireError::new(7, Reason::Truncated));
        assert!(request.groups.is_empty() && request.strays.is_empty() && request.items == 0);
    }

    #[test]
    fn an_empty_request_is_accepted() {
        let mut request = Request::new();
        request.scan(Signal::Metrics, &[]).unwrap();
        assert!(request.groups.is_empty());
    }

    #[test]
    fn a_request_of_too_many_empty_groups_is_refused() {
        let mut request = Request::new();
        let error = request.scan(Signal::Traces, &[0x0a, 0].repeat(GROUPS_MAX + 1)).unwrap_err();
        assert_eq!(error, WireError::new(2 * GROUPS_MAX, Reason::TooManyGroups));
        assert!(
            request.groups.capacity() <= GROUPS_KEPT,
            "scratch shrinks after a hostile request"
        );
    }
}
