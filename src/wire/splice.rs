//! From a scanned request to what leaves: groups kept as they are, or with attributes edited.
//!
//! ```text
//! group   key len [ schema_url | resource .. | scope key len [ item | item key len [ .. a .. ] ] ]
//! leaves  patch     source       patch, source  patch          source patch          source, patch
//! ```
//! Only attributes that changed are written anew, and the lengths of the messages around them; all
//! else is sent from where it lies. A group whose edits change nothing leaves byte for byte.
//!
//! A resource of the usual form is edited directly (`direct`), any other through the list of its
//! attributes; what leaves is the same.
//!
//! Items are edited lazily: the group's bytes are searched for the keys that matter, and only items
//! in which one occurs are opened (`walk`). One that is malformed inside, where the scan does not
//! look, is left as it came.
//!
//! A resource in several parts is edited as the one that protobuf would merge; each part keeps its
//! place, and new attributes come behind those of the last. A group without one gets it in front
//! when an edit adds an attribute.
//!
//! A [`Splice`] is scratch: after the first requests it allocates nothing.

mod direct;
mod hits;
mod walk;

use crate::attributes::{self, Inputs, List};
use crate::changes::Changes;
use crate::cursor::Cursor;
use crate::edit::Edit;
use crate::error::{Reason, WireError};
use crate::items::ItemStep;
use crate::request::Group;
use crate::schema::{self, Signal};
use crate::segments::{LIST_KEPT, Segment, Segments, Span};
use hits::Hits;
use walk::Walk;

/// What edits may make of a request, in bytes of patch and bookkeeping: this many, and so many
/// times the bytes of the request. Tiny items that each get a long attribute must not fill the
/// memory.
const GROWTH_FREE: usize = 16 << 20;
const GROWTH_TIMES: usize = 8;

/// What leaves, as slices of the request and patched bytes. Reusable scratch.
#[derive(Debug, Default)]
pub struct Splice {
    out: Segments,
    list: List,
    changes: Changes,
    /// The `resource` fields of the group.
    parts: Vec<Part>,
    hits: Hits,
}

/// A message field in the request.
#[derive(Clone, Copy, Debug)]
struct Part {
    field: Span,
    body: Span,
}

impl Splice {
    /// Empty scratch.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            out: Segments::new(),
            list: List::new(),
            changes: Changes::new(),
            parts: Vec::new(),
            hits: Hits::new(),
        }
    }

    /// Forgets what was appended. The memory is kept, unless one request made it grow far beyond
    /// the usual.
    pub fn clear(&mut self) {
        self.out.clear();
        self.list.shrink();
        self.changes.shrink();
        self.parts.clear();
        self.parts.shrink_to(LIST_KEPT);
    }

    /// Appends a slice of the request as it is.
    pub fn keep(&mut self, span: Span) {
        self.out.keep(span);
    }

    /// Appends a group of `request` with `edits` applied to its resource; `slots` are the values
    /// that this request brings for [`crate::edit::Source::Slot`]. Returns whether anything
    /// changed; if not, the group was kept as it is.
    ///
    /// # Errors
    /// A malformed group (one that a scan would have refused), or edits that make far more bytes
    /// than came. The splice must be cleared then.
    pub fn edit_group(
        &mut self,
        request: &[u8],
        group: &Group,
        edits: &[Edit],
        slots: &[Option<&[u8]>],
    ) -> Result<bool, WireError> {
        self.rewrite_group(request, Signal::Traces, group, edits, &[], slots)
    }

    /// Appends a group of `request` with its resource and its items edited: `resource_edits` on
    /// the resource, and `steps`, in order, on the spans, log records or data points, which
    /// `signal` tells apart. Returns whether anything changed; if not, the group was kept as it is.
    ///
    /// # Errors
    /// As [`Self::edit_group`]; also an item of too many attributes.
    pub fn rewrite_group(
        &mut self,
        request: &[u8],
        signal: Signal,
        group: &Group,
        resource_edits: &[Edit],
        steps: &[&ItemStep],
        slots: &[Option<&[u8]>],
    ) -> Result<bool, WireError> {
        debug_assert!(group.field.end as usize <= request.len(), "a group of another request");
        let items = !steps.is_empty() && self.hits.start(request, group.body, steps);
        if resource_edits.is_empty() && !items {
            self.out.keep(group.field);
            return Ok(false);
        }
        let limit = request.len().saturating_mul(GROWTH_TIMES).saturating_add(GROWTH_FREE);
        let limit = limit.saturating_sub(self.out.size());
        let inputs = Inputs { request, slots, limit };
        let body = Cursor::at(group.body.start as usize, group.body.of(request));
        self.changes.clear();
        let open = self.changes.open();
        if !resource_edits.is_empty() {
            let direct = direct::edit(body, resource_edits, &inputs, &mut self.changes);
            if direct.is_none() {
                self.edit_resource(body, resource_edits, &inputs)?;
            }
        }
        if items {
            let (list, changes, hits) = (&mut self.list, &mut self.changes, &mut self.hits);
            Walk { inputs, signal, steps, list, changes, hits }.group(body)?;
        }
        if !self.changes.close(open, schema::GROUP, group.field, group.body) {
            self.out.keep(group.field);
            return Ok(false);
        }
        if self.changes.len() > limit {
            return Err(WireError::new(group.field.start as usize, Reason::EditsTooLarge(limit)));
        }
        self.changes.sort();
        self.changes.write_to(group.field, &mut self.out)?;
        Ok(true)
    }

    fn edit_resource(
        &mut self,
        mut group: Cursor<'_>,
        edits: &[Edit],
        inputs: &Inputs<'_>,
    ) -> Result<(), WireError> {
        self.list.clear();
        self.parts.clear();
        let front = group.span().start;
        loop {
            let start = group.offset();
            let Some(key) = group.key()? else { break };
            if key.number() == schema::RESOURCE {
                let resource = group.message(key)?;
                self.parts.push(Part { field: group.span_from(start), body: resource.span() });
                self.list.read(resource, schema::ATTRIBUTE, attributes::only(edits))?;
            } else {
                group.skip(key)?;
            }
        }
        self.list.apply(edits, inputs)?;
        let nowhere = Span { start: front, end: front };
        let none = [Part { field: nowhere, body: nowhere }];
        let parts = if self.parts.is_empty() { none.as_slice() } else { &self.parts };
        let mut written = 0;
        for (left, part) in (0..parts.len()).rev().zip(parts) {
            let open = self.changes.open();
            written = self.list.write_part(written, part.body, inputs, &mut self.changes)?;
            if left == 0 && self.list.adds() {
                let end = part.body.end;
                self.list.write_added(schema::ATTRIBUTE, end, inputs, &mut self.changes);
            }
            let _changed = self.changes.close(open, schema::RESOURCE, part.field, part.body);
        }
        Ok(())
    }

    /// What was appended, in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        self.out.list()
    }

    /// The buffer that [`Segment::Patch`] points into.
    #[must_use]
    pub fn patch(&self) -> &[u8] {
        self.out.patch()
    }

    /// Bytes of all segments.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was appended.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.out.len() == 0
    }

    /// Bytes of memory that the scratch holds.
    #[must_use]
    pub const fn memory(&self) -> usize {
        let parts = self.parts.capacity().saturating_mul(size_of::<Part>());
        let work = self.list.memory().saturating_add(self.changes.memory());
        let hits = self.hits.memory();
        self.out.memory().saturating_add(parts).saturating_add(work).saturating_add(hits)
    }

    /// Appends all segments to `out`, gathered.
    pub fn write_to(&self, request: &[u8], out: &mut Vec<u8>) {
        self.out.write_to(request, out);
    }
}

#[cfg(test)]
mod tests;
