//! What leaves: a list of slices of what came in, and of patched bytes.
//!
//! ```text
//! request   [ group 0 ][ group 1                    ][ group 2 ]
//! patch     { key, length, new resource of group 1 }
//! segments  Source(group 0) Patch(..) Source(rest of group 1, group 2)
//! ```
//! Invariants: segments are not empty; no two neighbours could be one; `len` is their sum; every
//! `Patch` lies in the patch buffer.

use crate::error::{Reason, WireError};
use crate::field::{self, Key};
use crate::varint;

/// Offsets `start..end` into a buffer, in bytes. `start <= end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One behind the last byte.
    pub end: u32,
}

impl Span {
    /// The span `start..end`; offsets beyond 4 GiB stand at 4 GiB, where no slice is found.
    #[inline]
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end) }
    }

    /// Bytes it covers.
    #[inline]
    #[must_use]
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether it covers nothing.
    #[inline]
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The bytes it covers; empty when it does not lie in `bytes`.
    #[inline]
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// A piece of what leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A slice of the request.
    Source(Span),
    /// A slice of the patch buffer.
    Patch(Span),
}

impl Segment {
    /// Bytes it covers.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Source(span) | Self::Patch(span) => span.len(),
        }
    }

    /// Whether it covers nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// How many segments, and how many bytes, scratch stays grown for between requests.
pub(crate) const LIST_KEPT: usize = 1 << 14;
pub(crate) const BYTES_KEPT: usize = 1 << 20;

/// The list and the patch buffer it points into.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    list: Vec<Segment>,
    patch: Vec<u8>,
    len: usize,
}

impl Segments {
    pub(crate) const fn new() -> Self {
        Self { list: Vec::new(), patch: Vec::new(), len: 0 }
    }

    /// Forgets all; memory beyond the usual is given back.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.list.shrink_to(LIST_KEPT);
        self.patch.clear();
        self.patch.shrink_to(BYTES_KEPT);
        self.len = 0;
    }

    pub(crate) fn list(&self) -> &[Segment] {
        &self.list
    }

    pub(crate) fn patch(&self) -> &[u8] {
        &self.patch
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn memory(&self) -> usize {
        let list = self.list.capacity().saturating_mul(size_of::<Segment>());
        list.saturating_add(self.patch.capacity())
    }

    /// Appends a slice of the request.
    pub(crate) fn keep(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        self.len = self.len.saturating_add(span.len());
        match self.list.last_mut() {
            Some(Segment::Source(last)) if last.end == span.start => last.end = span.end,
            _ => self.list.push(Segment::Source(span)),
        }
    }

    /// Appends the key of the message field `number`, and the length `len`.
    ///
    /// # Errors
    /// The patch buffer would pass 4 GiB; nothing that counts is appended.
    pub(crate) fn patch_head(&mut self, number: u32, len: u32) -> Result<(), WireError> {
        let start = self.patch.len();
        varint::write(u64::from(Key::new(number, field::LEN).raw()), &mut self.patch);
        varint::write(u64::from(len), &mut self.patch);
        self.patched(start)
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// As [`Self::patch_head`].
    pub(crate) fn patch_bytes(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let start = self.patch.len();
        self.patch.extend_from_slice(bytes);
        self.patched(start)
    }

    fn patched(&mut self, start: usize) -> Result<(), WireError> {
        let end = self.patch.len();
        if u32::try_from(end).is_err() {
            return Err(WireError::new(0, Reason::TooLarge(end)));
        }
        let span = Span::new(start, end);
        if span.is_empty() {
            return Ok(());
        }
        self.len = self.len.saturating_add(span.len());
        match self.list.last_mut() {
            Some(Segment::Patch(last)) if last.end == span.start => last.end = span.end,
            _ => self.list.push(Segment::Patch(span)),
        }
        Ok(())
    }

    /// Bytes that list and patch buffer take up now.
    pub(crate) const fn size(&self) -> usize {
        let list = self.list.len().saturating_mul(size_of::<Segment>());
        list.saturating_add(self.patch.len())
    }

    pub(crate) fn write_to(&self, request: &[u8], out: &mut Vec<u8>) {
        out.reserve(self.len);
        for segment in &self.list {
            out.extend_from_slice(match *segment {
                Segment::Source(span) => span.of(request),
                Segment::Patch(span) => span.of(&self.patch),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_one_segment_and_empty_ones_none() {
        let request = b"abcdef";
        let mut out = Segments::new();
        out.keep(Span::new(0, 2));
        out.keep(Span::new(2, 2));
        out.keep(Span::new(2, 4));
        out.patch_head(1, 1).unwrap();
        out.patch_bytes(b"x").unwrap();
        out.patch_bytes(b"").unwrap();
        out.patch_head(2, 200).unwrap();
        out.keep(Span::new(5, 6));
        let patched = Segment::Patch(Span::new(0, 6));
        let kept = [Segment::Source(Span::new(0, 4)), patched, Segment::Source(Span::new(5, 6))];
        assert_eq!(out.list(), kept);
        let mut gathered = Vec::new();
        out.write_to(request, &mut gathered);
        assert_eq!(gathered, b"abcd\x0a\x01x\x12\xc8\x01f");
        assert_eq!(out.len(), gathered.len());
    }

    #[test]
    fn a_span_outside_the_bytes_covers_none_of_them() {
        assert_eq!(Span::new(2, 9).of(b"abc"), b"");
        assert!(Span { start: 3, end: 2 }.is_empty());
    }
}
