//! The reader: a slice that shrinks from the front.
//!
//! All bounds are checked here and nowhere else; a caller can only take what is there. A cursor
//! knows where it stands in the whole input (`end` minus what is left), so errors and spans carry
//! offsets into the input at no cost in the loop.
//!
//! Unknown fields of every wire type are skipped, balanced groups included. Not here: which fields
//! are known.

use crate::error::{Reason, WireError};
use crate::field::{self, Key};
use crate::segments::Span;
use crate::varint;

/// How deep groups (wire types 3 and 4, long deprecated) may nest.
pub const GROUP_DEPTH_MAX: usize = 64;
/// Groups nested as deep are skipped with a small stack.
const GROUPS_FEW: usize = 8;

/// A position in a message: what is left of it, and where it ends in the whole input.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    end: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor over a whole input.
    #[inline]
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self::at(0, bytes)
    }

    /// A cursor over `bytes`, which stand at `start` in the input.
    #[inline]
    #[must_use]
    pub const fn at(start: usize, bytes: &'a [u8]) -> Self {
        Self { rest: bytes, end: start.saturating_add(bytes.len()) }
    }

    /// Where the cursor stands, in bytes from the start of the input.
    #[inline]
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.end.wrapping_sub(self.rest.len())
    }

    /// What is left.
    #[inline]
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether nothing is left.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The offsets of what is left. Inputs of 4 GiB and more are refused before anyone asks.
    #[inline]
    #[must_use]
    pub fn span(&self) -> Span {
        Span::new(self.offset(), self.end)
    }

    /// The offsets from `start` to where the cursor stands.
    #[inline]
    #[must_use]
    pub fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.offset())
    }

    /// Takes the next field key; `None` at the end.
    ///
    /// # Errors
    /// A truncated or oversized key, or field number 0. The wire type is looked at by what comes
    /// next: [`Self::body`], [`Self::skip`].
    #[inline]
    pub fn key(&mut self) -> Result<Option<Key>, WireError> {
        match self.rest {
            [] => Ok(None),
            [byte, rest @ ..] if (0x08..0x80).contains(byte) => {
                self.rest = rest;
                Ok(Some(Key::from_raw(u32::from(*byte))))
            }
            _ => self.long_key().map(Some),
        }
    }

    #[inline(never)]
    fn long_key(&mut self) -> Result<Key, WireError> {
        if let [first @ 0x80..=0xff, second @ 1..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(Key::from_raw(u32::from(*first & 0x7f) | (u32::from(*second) << 7)));
        }
        let start = self.offset();
        let raw = self.varint()?;
        let Ok(raw) = u32::try_from(raw) else {
            return Err(WireError::new(start, Reason::KeyTooLarge(raw)));
        };
        let key = Key::from_raw(raw);
        if key.number() == 0 {
            return Err(WireError::new(start, Reason::FieldZero));
        }
        Ok(key)
    }

    /// Takes a varint.
    ///
    /// # Errors
    /// Truncated, or longer than 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, WireError> {
        match varint::read(self.rest) {
            Ok((value, rest)) => {
                self.rest = rest;
                Ok(value)
            }
            Err(reason) => Err(self.error(reason)),
        }
    }

    /// Takes a length and as many bytes.
    ///
    /// # Errors
    /// As [`Self::varint`], or the length runs past the end.
    #[inline]
    pub fn block(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.varint()?;
        self.take(length)
    }

    /// Takes the body of a length-delimited field whose key was just read.
    ///
    /// # Errors
    /// As [`Self::block`], or the key has another wire type.
    #[inline]
    pub fn body(&mut self, key: Key) -> Result<&'a [u8], WireError> {
        if key.wire() == field::LEN {
            self.block()
        } else {
            Err(self.wrong_wire_type(key, field::LEN))
        }
    }

    /// Skips the body of a length-delimited field whose key was just read.
    ///
    /// # Errors
    /// As [`Self::body`].
    #[inline]
    pub fn skip_body(&mut self, key: Key) -> Result<(), WireError> {
        self.body(key).map(drop)
    }

    /// Takes the body of a message field whose key was just read, as a cursor over it.
    ///
    /// # Errors
    /// As [`Self::body`].
    #[inline]
    pub fn message(&mut self, key: Key) -> Result<Self, WireError> {
        let body = self.body(key)?;
        Ok(Self { rest: body, end: self.offset() })
    }

    /// Takes a field with this key if it is a pair of the form that nearly every attribute has: a
    /// key and a value and nothing else, all lengths in one byte. Returns the bodies of key and
    /// value. This is [`Self::key`], [`Self::message`] and a reader of pairs in one, at a third of
    /// their cost; when it declines, nothing was taken.
    #[inline]
    pub(crate) fn plain_pair(&mut self, wanted: u32) -> Option<(Self, Self)> {
        let [first, len @ 0..0x80, behind @ ..] = self.rest else {
            return None;
        };
        if u32::from(*first) != wanted {
            return None;
        }
        let (pair, rest) = behind.split_at_checked(usize::from(*len))?;
        let [0x0a, name @ 0..0x80, inner @ ..] = pair else {
            return None;
        };
        let (key, inner) = inner.split_at_checked(usize::from(*name))?;
        let [0x12, value_len, value @ ..] = inner else {
            return None;
        };
        if usize::from(*value_len) != value.len() {
            return None;
        }
        self.rest = rest;
        let end = self.offset();
        let key = Self { rest: key, end: end.wrapping_sub(inner.len()) };
        Some((key, Self { rest: value, end }))
    }

    /// Skips a field with this key, which is one byte, if its length has one byte or two; returns
    /// the length. This is [`Self::key`] and [`Self::skip_body`] in one, at a third of their cost;
    /// when it declines, nothing was taken.
    #[inline]
    pub(crate) fn plain_skip(&mut self, wanted: u8) -> Option<usize> {
        let (length, rest) = match self.rest {
            [key, a @ 0..0x80, rest @ ..] if *key == wanted => (usize::from(*a), rest),
            [key, a, b @ 0..0x80, rest @ ..] if *key == wanted => {
                (usize::from(*a & 0x7f) | (usize::from(*b) << 7), rest)
            }
            _ => return None,
        };
        (_, self.rest) = rest.split_at_checked(length)?;
        Some(length)
    }

    /// Takes the number of a varint field whose key was just read.
    ///
    /// # Errors
    /// As [`Self::varint`], or the key has another wire type.
    #[inline]
    pub fn number(&mut self, key: Key) -> Result<u64, WireError> {
        if key.wire() == field::VARINT {
            self.varint()
        } else {
            Err(self.wrong_wire_type(key, field::VARINT))
        }
    }

    /// Takes the eight bytes of a `fixed64` or `double` field whose key was just read.
    ///
    /// # Errors
    /// Truncated, or the key has another wire type.
    #[inline]
    pub fn fixed64(&mut self, key: Key) -> Result<u64, WireError> {
        if key.wire() != field::FIXED64 {
            return Err(self.wrong_wire_type(key, field::FIXED64));
        }
        let Some((bytes, rest)) = self.rest.split_first_chunk::<8>() else {
            return Err(self.error(Reason::Truncated));
        };
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// Skips what follows a key that nobody asked for.
    ///
    /// # Errors
    /// Truncated, a length past the end, an unknown wire type, or an unbalanced group.
    #[inline]
    pub fn skip(&mut self, key: Key) -> Result<(), WireError> {
        match key.wire() {
            field::LEN => self.block().map(drop),
            field::VARINT => self.varint().map(drop),
            _ => self.skip_rare(key),
        }
    }

    /// Skips fields of the common forms while at least `size` bytes are left, up to the first whose
    /// body is a message or text of `size` bytes or more. Stops as well before what it does not
    /// know or what is malformed: [`Self::key`] is what goes on from there.
    #[inline]
    pub(crate) fn skip_below(&mut self, size: usize) {
        let mut left = self.rest;
        while left.len() >= size
            && let [key @ 0x08..0x80, first, rest @ ..] = left
        {
            let wire = key & 7;
            let behind = if wire == field::LEN && *first < 0x80 {
                let length = usize::from(*first);
                if length >= size { None } else { rest.get(length..) }
            } else {
                match (wire, rest) {
                    (field::LEN, [second @ 0..0x80, rest @ ..]) => {
                        let length = usize::from(*first & 0x7f) | (usize::from(*second) << 7);
                        if length >= size { None } else { rest.get(length..) }
                    }
                    (field::VARINT, _) if *first < 0x80 => Some(rest),
                    (field::FIXED64, _) => rest.get(7..),
                    (field::FIXED32, _) => rest.get(3..),
                    // Empty: its end has the next wire type.
                    (field::GROUP_START, _) if *first == key.wrapping_add(1) => Some(rest),
                    _ => None,
                }
            };
            let Some(behind) = behind else {
                break;
            };
            left = behind;
        }
        self.rest = left;
    }

    #[inline(never)]
    fn skip_rare(&mut self, key: Key) -> Result<(), WireError> {
        match key.wire() {
            field::FIXED64 => self.skip_fixed(8),
            field::FIXED32 => self.skip_fixed(4),
            field::GROUP_START => self.skip_group(key.number()),
            field::GROUP_END => Err(self.error(Reason::GroupEnd(key.number()))),
            other => Err(self.error(Reason::UnknownWireType(other))),
        }
    }

    fn skip_fixed(&mut self, len: usize) -> Result<(), WireError> {
        let Some((_, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.error(Reason::Truncated));
        };
        self.rest = rest;
        Ok(())
    }

    /// Skips to the end of group `number`, whose start was just read. No recursion: a stack of the
    /// groups that are open, which is small until there are many.
    fn skip_group(&mut self, number: u32) -> Result<(), WireError> {
        let mut few = [0_u32; GROUPS_FEW];
        let [outermost, ..] = &mut few;
        *outermost = number;
        let Some(number) = self.close_groups(&mut few, 1)? else {
            return Ok(());
        };
        let mut many = [0_u32; GROUP_DEPTH_MAX];
        for (slot, number) in many.iter_mut().zip(few.into_iter().chain([number])) {
            *slot = number;
        }
        match self.close_groups(&mut many, GROUPS_FEW.saturating_add(1))? {
            None => Ok(()),
            Some(_) => Err(self.error(Reason::GroupTooDeep)),
        }
    }

    /// Skips to the end of the first `depth` groups of `open`; returns the number of a group inside
    /// for which there is no room, once its start was read.
    #[inline]
    fn close_groups(
        &mut self,
        open: &mut [u32],
        mut depth: usize,
    ) -> Result<Option<u32>, WireError> {
        while depth > 0 {
            let Some(key) = self.key()? else {
                return Err(self.error(Reason::Truncated));
            };
            match key.wire() {
                field::GROUP_START => {
                    let Some(slot) = open.get_mut(depth) else {
                        return Ok(Some(key.number()));
                    };
                    *slot = key.number();
                    depth = depth.saturating_add(1);
                }
                field::GROUP_END => {
                    depth = depth.saturating_sub(1);
                    if open.get(depth) != Some(&key.number()) {
                        return Err(self.error(Reason::GroupEnd(key.number())));
                    }
                }
                field::FIXED64 => self.skip_fixed(8)?,
                field::FIXED32 => self.skip_fixed(4)?,
                field::LEN => self.block().map(drop)?,
                field::VARINT => self.varint().map(drop)?,
                other => return Err(self.error(Reason::UnknownWireType(other))),
            }
        }
        Ok(None)
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'a [u8], WireError> {
        let parts = usize::try_from(length).ok().and_then(|len| self.rest.split_at_checked(len));
        match parts {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.error(Reason::LengthPastEnd { length, left: self.rest.len() })),
        }
    }

    #[cold]
    #[inline(never)]
    fn error(&self, reason: Reason) -> WireError {
        WireError::new(self.offset(), reason)
    }

    #[cold]
    #[inline(never)]
    fn wrong_wire_type(&self, key: Key, expected: u8) -> WireError {
        self.error(Reason::WrongWireType { field: key.number(), found: key.wire(), expected })
    }
}

#[cfg(test)]
mod tests;
