//! From a scanned request to what leaves: groups kept as they are, or with their resource edited.
//!
//! ```text
//! group   key len [ schema_url | resource        | scopes ........ ]
//! leaves  patch { key len' }, source, patch { resource' }, source
//! ```
//! Only the group's key and length and its resource are written anew; scopes and items are sent
//! from where they lie. A group whose edits change nothing leaves byte for byte.
//!
//! A resource in several parts is edited as the one that protobuf would merge, and written in the
//! place of the first; a group without one gets it in front when an edit adds an attribute.
//!
//! A [`Splice`] is scratch: after the first requests it allocates nothing.

mod rewrite;

use crate::cursor::Cursor;
use crate::edit::Edit;
use crate::error::WireError;
use crate::field::{self, Key};
use crate::items::ItemStep;
use crate::request::Group;
use crate::schema::{self, Signal};
use crate::segments::{Segment, Segments, Span};
use crate::varint;
use rewrite::{Inputs, Rewrite};

/// The key of the fields `GROUP` of a request and `RESOURCE` of a group: number 1, a message.
const FIRST_MESSAGE: u8 = 0x0a;
const _: () = assert!(
    Key::new(schema::GROUP, field::LEN).raw() == FIRST_MESSAGE as u32
        && Key::new(schema::RESOURCE, field::LEN).raw() == FIRST_MESSAGE as u32
);

/// What leaves, as slices of the request and patched bytes. Reusable scratch.
#[derive(Debug, Default)]
pub struct Splice {
    out: Segments,
    rewrite: Rewrite,
}

impl Splice {
    /// Empty scratch.
    #[must_use]
    pub const fn new() -> Self {
        Self { out: Segments::new(), rewrite: Rewrite::new() }
    }

    /// Forgets what was appended. The memory is kept, unless one request made it grow far beyond
    /// the usual.
    pub fn clear(&mut self) {
        self.out.clear();
        self.rewrite.clear();
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
    /// A malformed group (one that a scan would have refused), or a patch of 4 GiB. The splice
    /// must be cleared then.
    pub fn edit_group(
        &mut self,
        request: &[u8],
        group: &Group,
        edits: &[Edit],
        slots: &[Option<&[u8]>],
    ) -> Result<bool, WireError> {
        debug_assert!(group.field.end as usize <= request.len(), "a group of another request");
        let inputs = Inputs { request, edits, slots };
        let body = Cursor::at(group.body.start as usize, group.body.of(request));
        if edits.is_empty() || !self.rewrite.apply(body, &inputs)? {
            self.out.keep(group.field);
            return Ok(false);
        }
        self.rewrite.encode(&inputs)?;
        self.lay_out(group.body)?;
        Ok(true)
    }

    /// Appends a group of `request` with its resource and its items edited: `resource_edits` on
    /// the resource, and `steps`, in order, on the spans, log records or data points. Returns
    /// whether anything changed; if not, the group was kept as it is.
    ///
    /// # Errors
    /// As [`Self::edit_group`].
    pub fn rewrite_group(
        &mut self,
        request: &[u8],
        signal: Signal,
        group: &Group,
        resource_edits: &[Edit],
        steps: &[&ItemStep],
        slots: &[Option<&[u8]>],
    ) -> Result<bool, WireError> {
        let _ = (signal, steps.iter().map(|step| step.gate()).count());
        self.edit_group(request, group, resource_edits, slots)
    }

    /// Appends the group with the resource that `rewrite` holds.
    fn lay_out(&mut self, body: Span) -> Result<(), WireError> {
        let resource = self.rewrite.encoded();
        let parts = self.rewrite.parts();
        let old = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        let new = varint::framed(1, resource.len());
        let group_len = body.len().saturating_sub(old).saturating_add(new);
        self.out.patch_field(FIRST_MESSAGE, group_len as u64, &[])?;

        let place = parts.first().map_or(body.start, |part| part.start);
        self.out.keep(Span { start: body.start, end: place });
        self.out.patch_field(FIRST_MESSAGE, resource.len() as u64, resource)?;
        let mut kept = place;
        for part in parts {
            self.out.keep(Span { start: kept, end: part.start });
            kept = part.end;
        }
        self.out.keep(Span { start: kept, end: body.end });
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
        self.out.memory().saturating_add(self.rewrite.memory())
    }

    /// Appends all segments to `out`, gathered.
    pub fn write_to(&self, request: &[u8], out: &mut Vec<u8>) {
        self.out.write_to(request, out);
    }
}

#[cfg(test)]
mod tests;
