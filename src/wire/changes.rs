//! What differs between a group as it came and as it leaves: places, and what stands there instead.
//!
//! ```text
//! group   head [ resource head [ .. attribute .. ] scope head [ .. item head [ .. attribute
//! change  head'           head'     bytes                head'           head'    nothing
//! ```
//! A message whose inside changes gets another length, and so a new head (key and length). Heads
//! are opened before their inside and closed after it, when the length is known; one whose inside
//! did not change is forgotten. All that no change names is kept from where it lies.
//!
//! Invariant: places do not overlap; after [`Changes::sort`] they are in the order of the request.

use crate::error::{Reason, WireError};
use crate::field::{self, Key};
use crate::segments::{BYTES_KEPT, Segments, Span};
use crate::varint;

/// How many changes the list stays grown for between requests.
const CHANGES_KEPT: usize = 1 << 14;

/// Scratch: the changes of the group at hand.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    list: Vec<Change>,
    bytes: Vec<u8>,
    /// Bytes that all changes put and take away.
    plus: usize,
    minus: usize,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    old: Span,
    new: New,
}

#[derive(Clone, Copy, Debug)]
enum New {
    Nothing,
    /// In `bytes`.
    Bytes(Span),
    /// The key of a message field with this number, and this length.
    Head {
        number: u32,
        len: u32,
    },
}

/// A message that is being walked.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Open {
    at: usize,
    plus: usize,
    minus: usize,
}

impl Changes {
    pub(crate) const fn new() -> Self {
        Self { list: Vec::new(), bytes: Vec::new(), plus: 0, minus: 0 }
    }

    /// Forgets all.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.bytes.clear();
        (self.plus, self.minus) = (0, 0);
    }

    /// Gives back memory beyond the usual.
    pub(crate) fn shrink(&mut self) {
        self.clear();
        self.list.shrink_to(CHANGES_KEPT);
        self.bytes.shrink_to(BYTES_KEPT);
    }

    pub(crate) const fn memory(&self) -> usize {
        let list = self.list.capacity().saturating_mul(size_of::<Change>());
        list.saturating_add(self.bytes.capacity())
    }

    /// Bytes that the changes take up now.
    pub(crate) const fn len(&self) -> usize {
        self.list.len().saturating_mul(size_of::<Change>()).saturating_add(self.bytes.len())
    }

    /// Where the bytes of a change are written, before [`Self::replace`] names their start.
    pub(crate) const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What was written from `start` on stands in the place of `old`.
    pub(crate) fn replace(&mut self, old: Span, start: usize) {
        let new = Span::new(start, self.bytes.len());
        self.push(old, New::Bytes(new), new.len());
    }

    pub(crate) fn remove(&mut self, old: Span) {
        self.push(old, New::Nothing, 0);
    }

    fn push(&mut self, old: Span, new: New, len: usize) {
        self.plus = self.plus.saturating_add(len);
        self.minus = self.minus.saturating_add(old.len());
        self.list.push(Change { old, new });
    }

    /// The walk enters a message.
    #[inline]
    pub(crate) fn open(&mut self) -> Open {
        let open = Open { at: self.list.len(), plus: self.plus, minus: self.minus };
        self.list.push(Change { old: Span::default(), new: New::Nothing });
        open
    }

    /// The walk leaves a message, the field `number` with this place and body. Whether anything in
    /// it changed.
    #[inline]
    pub(crate) fn close(&mut self, open: Open, number: u32, field: Span, body: Span) -> bool {
        if self.list.len() == open.at.saturating_add(1) {
            self.list.truncate(open.at);
            return false;
        }
        let plus = self.plus.saturating_sub(open.plus);
        let minus = self.minus.saturating_sub(open.minus);
        let len = body.len().saturating_add(plus).saturating_sub(minus);
        let old = Span { start: field.start, end: body.start };
        if let Some(head) = self.list.get_mut(open.at) {
            head.old = old;
            head.new = New::Head { number, len: Span::new(0, len).end };
        }
        self.plus = self.plus.saturating_add(head_len(number, len));
        self.minus = self.minus.saturating_add(old.len());
        true
    }

    /// Puts the changes in the order of the request.
    pub(crate) fn sort(&mut self) {
        let place = |change: &Change| (change.old.start, change.old.end);
        if !self.list.is_sorted_by_key(place) {
            self.list.sort_unstable_by_key(place);
        }
    }

    /// Appends the field with its changes.
    ///
    /// # Errors
    /// The patch would pass 4 GiB.
    pub(crate) fn write_to(&self, field: Span, out: &mut Segments) -> Result<(), WireError> {
        let mut kept = field.start;
        for change in &self.list {
            out.keep(Span { start: kept, end: change.old.start });
            kept = change.old.end;
            match change.new {
                New::Nothing => {}
                New::Bytes(span) => out.patch_bytes(span.of(&self.bytes))?,
                New::Head { len: u32::MAX, .. } => {
                    return Err(WireError::new(0, Reason::TooLarge(u32::MAX as usize)));
                }
                New::Head { number, len } => out.patch_head(number, len)?,
            }
        }
        out.keep(Span { start: kept, end: field.end });
        Ok(())
    }
}

#[inline]
fn head_len(number: u32, len: usize) -> usize {
    let key = varint::len(u64::from(Key::new(number, field::LEN).raw()));
    key.saturating_add(varint::len(len as u64))
}
