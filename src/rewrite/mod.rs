//! From chosen groups to bytes that can leave: slices of the request plus patched resources.
//!
//! ```text
//!  request + groups + edits --splice--> segments --goods--> small: written once into the batch
//!                                                           large: chunks of it + a patch block
//! ```
//! Unedited neighbours coalesce into one slice; unknown top-level fields go along with every
//! branch. A branch that takes every group unedited is the request itself.

pub mod context;
mod items;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use spanyard_wire::error::WireError;
use spanyard_wire::request::Request;
use spanyard_wire::schema::Signal;
use spanyard_wire::segments::Segment;
use spanyard_wire::splice::Splice;

use crate::buf::block::Block;
use crate::buf::budget::{Exhausted, Lease};
use crate::buf::payload::{Chunk, Payload};
use crate::buf::pool::Home;
use crate::config::plan::Branch;
use crate::units::KIB;

/// Slices below this are copied: an I/O slot costs more than copying a kilobyte.
const SLICE_BYTES_MIN: usize = KIB;

/// Memory for this many group numbers is kept from request to request.
const GROUPS_KEPT: usize = 4096;

/// What one branch takes of a request. Reused from request to request.
#[derive(Debug, Default)]
pub struct Selection {
    /// Indices into `Request::groups`, ascending.
    pub groups: Vec<usize>,
    /// The bytes that leave.
    pub splice: Splice,
    /// Items in the groups.
    pub items: u64,
    /// Whether the bytes are exactly those that came.
    pub untouched: bool,
}

impl Selection {
    /// Forgets the last request; keeps its memory.
    pub fn clear(&mut self) {
        self.groups.clear();
        self.groups.shrink_to(GROUPS_KEPT);
        self.splice.clear();
        self.items = 0;
        self.untouched = false;
    }

    /// Builds `splice` from the chosen groups of a request of this signal, with the branch's edits.
    ///
    /// # Errors
    /// [`WireError`] when a resource cannot be edited; `Request::scan` has refused such input
    /// before.
    pub fn build(
        &mut self,
        bytes: &[u8],
        request: &Request,
        signal: Signal,
        branch: &Branch,
        slots: &[Option<&[u8]>],
    ) -> Result<(), WireError> {
        let edits = branch.edits.as_slice();
        let mut changed = self.groups.len() != request.groups.len();
        let mut strays = request.strays.iter().peekable();
        for group in self.groups.iter().filter_map(|index| request.groups.get(*index)) {
            self.items = self.items.saturating_add(u64::from(group.items));
            while let Some(stray) = strays.next_if(|stray| stray.start < group.field.start) {
                self.splice.keep(*stray);
            }
            let steps = items::steps(bytes, group, branch, slots);
            if !steps.is_empty() {
                let splice = &mut self.splice;
                changed |= splice.rewrite_group(bytes, signal, group, edits, &steps, slots)?;
            } else if edits.is_empty() {
                self.splice.keep(group.field);
            } else {
                changed |= self.splice.edit_group(bytes, group, edits, slots)?;
            }
        }
        for stray in strays {
            self.splice.keep(*stray);
        }
        self.untouched = !changed;
        Ok(())
    }

    /// The splice as slices of `block` plus one block of patches and small slices.
    ///
    /// # Errors
    /// [`Exhausted`] when the byte budget has no room for the patches.
    pub fn to_payload(
        &self,
        block: &Arc<Block>,
        home: &Arc<Home>,
        lease: &Arc<Lease>,
    ) -> Result<Payload, Exhausted> {
        if let [Segment::Source(span)] = self.splice.segments() {
            let (start, end) = (span.start as usize, span.end as usize);
            return Ok(Chunk::new(Arc::clone(block), start, end).into());
        }
        let copied = |segment: &&Segment| is_copied(segment);
        let size = self.splice.segments().iter().filter(copied).map(length).sum();
        let mut scratch = Block::new(home, size, lease.empty())?;
        for segment in self.splice.segments().iter().filter(copied) {
            scratch.put(self.bytes_of(segment, block));
        }
        let scratch = Arc::new(scratch);
        let mut payload = Payload::default();
        let mut start = 0;
        let mut end = 0_usize;
        for segment in self.splice.segments() {
            if is_copied(segment) {
                end = end.saturating_add(length(segment));
            } else if let Segment::Source(span) = segment {
                payload.push(Chunk::new(Arc::clone(&scratch), start, end));
                start = end;
                let (from, to) = (span.start as usize, span.end as usize);
                payload.push(Chunk::new(Arc::clone(block), from, to));
            }
        }
        payload.push(Chunk::new(scratch, start, end));
        Ok(payload)
    }

    fn bytes_of<'a>(&'a self, segment: &Segment, source: &'a [u8]) -> &'a [u8] {
        let (bytes, span) = match segment {
            Segment::Source(span) => (source, span),
            Segment::Patch(span) => (self.splice.patch(), span),
        };
        bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

const fn length(segment: &Segment) -> usize {
    let (Segment::Source(span) | Segment::Patch(span)) = segment;
    span.end.saturating_sub(span.start) as usize
}

const fn is_copied(segment: &Segment) -> bool {
    matches!(segment, Segment::Patch(_)) || length(segment) < SLICE_BYTES_MIN
}
