//! The bytes that come out: written forward, lengths put in place afterwards.
//!
//! In front of a message stand as many bytes as its length is believed to take. When it ends and
//! takes more, all messages around it are known to take at least as many: all are widened at once,
//! so that a body is moved at most once for each size of a length, however deep it lies.
//!
//! Invariants: nothing is written before there is room for it, so the vector never grows by itself;
//! lengths have their shortest form.

use spanyard_wire::varint;

use super::error::Stop;
use super::frame::Frame;
use super::table::Field;
use super::unescape::Pieces;
use crate::buf::block::Block;
use crate::buf::budget::Exhausted;

/// What the transcoder writes to.
pub trait Sink {
    /// What has been written. It is made to grow by [`Sink::reserve`] only.
    fn bytes(&mut self) -> &mut Vec<u8>;

    /// Makes room for `more` bytes.
    ///
    /// # Errors
    /// There is none.
    fn reserve(&mut self, more: usize) -> Result<(), Exhausted>;
}

impl Sink for Block {
    #[inline]
    fn bytes(&mut self) -> &mut Vec<u8> {
        self.bytes_mut()
    }

    fn reserve(&mut self, more: usize) -> Result<(), Exhausted> {
        Self::reserve(self, more)
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn bytes(&mut self) -> &mut Vec<u8> {
        self
    }

    fn reserve(&mut self, more: usize) -> Result<(), Exhausted> {
        Self::reserve(self, more);
        Ok(())
    }
}

/// Room for the tag and the value of any field but the bytes of text: had once for each.
pub(super) const FIELD_BYTES_MAX: usize = 24;

/// A sink with a limit.
#[derive(Debug)]
pub(super) struct Output<'s, S> {
    sink: &'s mut S,
    limit: usize,
}

impl<'s, S: Sink> Output<'s, S> {
    pub(super) const fn new(sink: &'s mut S, limit: usize) -> Self {
        Self { sink, limit }
    }

    /// Bytes written.
    #[inline(always)]
    pub(super) fn len(&mut self) -> usize {
        self.sink.bytes().len()
    }

    /// Makes room for `more` bytes.
    #[inline(always)]
    pub(super) fn room(&mut self, more: usize) -> Result<(), Stop> {
        let bytes = self.sink.bytes();
        if bytes.capacity().wrapping_sub(bytes.len()) >= more {
            return Ok(());
        }
        self.grow(more)
    }

    #[inline(never)]
    fn grow(&mut self, more: usize) -> Result<(), Stop> {
        self.check()?;
        self.sink.reserve(more).map_err(|_| Stop::NoRoom)
    }

    /// Whether what has been written is within the limit.
    pub(super) fn check(&mut self) -> Result<(), Stop> {
        if self.len() > self.limit { Err(Stop::TooLarge) } else { Ok(()) }
    }

    /// Appends a tag.
    #[inline(always)]
    pub(super) fn tag(&mut self, field: &Field) {
        let [first, second] = field.tag;
        self.byte(first);
        if second != 0 {
            self.byte(second);
        }
    }

    /// Appends a byte.
    #[inline(always)]
    pub(super) fn byte(&mut self, byte: u8) {
        self.sink.bytes().push(byte);
    }

    /// Appends a varint.
    #[inline(always)]
    pub(super) fn varint(&mut self, value: u64) {
        varint::write(value, self.sink.bytes());
    }

    /// Appends bytes.
    #[inline(always)]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.sink.bytes().extend_from_slice(bytes);
    }

    /// Appends text with its length, for which room is made.
    #[inline(always)]
    pub(super) fn text(&mut self, text: &[u8]) -> Result<(), Stop> {
        self.room(text.len().saturating_add(varint::LEN_MAX))?;
        self.varint(text.len() as u64);
        self.put(text);
        Ok(())
    }

    /// Leaves `reserved` bytes for a length.
    #[inline(always)]
    pub(super) fn leave(&mut self, reserved: u8) {
        for _ in 0..reserved {
            self.byte(0);
        }
    }

    /// Whether the bytes behind `start` were base64, which they are replaced by.
    pub(super) fn base64(&mut self, start: usize) -> bool {
        super::encoded::base64_in_place(self.sink.bytes(), start)
    }

    /// Forgets what was written behind `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.sink.bytes().truncate(len);
    }

    /// Puts the length of `top`, which ends here, in place. `around` are the messages around it.
    /// Returns how many bytes it takes.
    #[inline(always)]
    pub(super) fn close(&mut self, top: &mut Frame, around: &mut [Frame]) -> Result<u8, Stop> {
        let body = self.len().wrapping_sub(top.start);
        if body < 0x80 && top.reserved == 1 {
            #[expect(clippy::cast_possible_truncation, reason = "less than 0x80")]
            let len = body as u8;
            if let Some(place) = self.sink.bytes().get_mut(top.start.wrapping_sub(1)) {
                *place = len;
            }
            return Ok(1);
        }
        self.close_long(top, around, body)
    }

    fn close_long(
        &mut self,
        top: &mut Frame,
        around: &mut [Frame],
        body: usize,
    ) -> Result<u8, Stop> {
        let needed = u8::try_from(varint::len(body as u64)).unwrap_or(u8::MAX);
        if needed > top.reserved {
            self.widen(top, around, needed)?;
        } else if needed < top.reserved {
            let surplus = usize::from(top.reserved.saturating_sub(needed));
            let bytes = self.sink.bytes();
            bytes.copy_within(top.start.., top.start.saturating_sub(surplus));
            bytes.truncate(bytes.len().saturating_sub(surplus));
            top.start = top.start.saturating_sub(surplus);
            top.reserved = needed;
        }
        let first = top.start.saturating_sub(usize::from(needed));
        let places = self.sink.bytes().get_mut(first..top.start).unwrap_or_default();
        let mut left = body as u64;
        for place in places {
            let more = if left < 0x80 { 0 } else { 0x80 };
            let low = (left & 0x7f) as u8;
            *place = low | more;
            left >>= 7;
        }
        Ok(needed)
    }

    /// Gives `top` and all messages around it at least `needed` bytes for their lengths.
    fn widen(&mut self, top: &mut Frame, around: &mut [Frame], needed: u8) -> Result<(), Stop> {
        let lacks = |frame: &Frame| usize::from(needed.saturating_sub(frame.reserved));
        let written = |frame: &&mut Frame| frame.reserved > 0;
        let mut shift = lacks(top);
        for frame in around.iter().filter(|frame| frame.reserved > 0) {
            shift = shift.saturating_add(lacks(frame));
        }
        self.room(shift)?;
        let bytes = self.sink.bytes();
        let mut end = bytes.len();
        bytes.resize(end.saturating_add(shift), 0);
        let frames = std::iter::once(top).chain(around.iter_mut().rev());
        for frame in frames.filter(written) {
            // The body moves by what it and all around it lack, the bytes in front of its length
            // by less.
            bytes.copy_within(frame.start..end, frame.start.saturating_add(shift));
            end = frame.start.saturating_sub(usize::from(frame.reserved));
            frame.start = frame.start.saturating_add(shift);
            shift = shift.saturating_sub(lacks(frame));
            frame.reserved = frame.reserved.max(needed);
        }
        Ok(())
    }
}

impl<S: Sink> Pieces for Output<'_, S> {
    fn take(&mut self, piece: &[u8]) -> Result<(), Stop> {
        self.room(piece.len())?;
        self.put(piece);
        Ok(())
    }
}
