//! Reading JSON by tokens: white space, names, pieces of strings, literals.
//!
//! A cursor is the rest of the document, passed by value, so that it lives in registers. Text is
//! looked at in words of eight bytes, for four things at once: a quote, a backslash, a control
//! character, a byte that is not ASCII; only text with the last of these is checked to be UTF-8.
//! Invariant: what is handed out as text is valid UTF-8 without control characters.

use super::error::{Stop, expected, other};
use super::table::{NAME_MAX, Name};
use super::unescape;

/// A byte in each of eight places.
const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EACH;

/// The high bit of each byte that ends a piece of ASCII text; exact up to the lowest one.
#[inline(always)]
const fn special(word: u64) -> u64 {
    ending(word) | (word & HIGH)
}

/// The same without bytes that are not ASCII.
#[inline(always)]
const fn ending(word: u64) -> u64 {
    let quote = word ^ (b'"' as u64 * EACH);
    let backslash = word ^ (b'\\' as u64 * EACH);
    let quotes = quote.wrapping_sub(EACH) & !quote;
    let backslashes = backslash.wrapping_sub(EACH) & !backslash;
    let controls = word.wrapping_sub(0x20 * EACH) & !word;
    (quotes | backslashes | controls) & HIGH
}

/// The place of the lowest marked byte.
#[inline(always)]
const fn place(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// The rest of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    /// Bytes that are left.
    #[inline(always)]
    pub(super) const fn left(self) -> usize {
        self.0.len()
    }

    /// Behind the next byte.
    #[inline(always)]
    pub(super) fn skip(self) -> Self {
        Self(self.0.get(1..).unwrap_or_default())
    }

    /// Behind white space, with the byte there.
    #[inline(always)]
    pub(super) fn token(self) -> (Option<u8>, Self) {
        match self.0.first() {
            Some(&byte) if byte > b' ' => (Some(byte), self),
            _ => self.token_behind_space(),
        }
    }

    #[inline(never)]
    fn token_behind_space(self) -> (Option<u8>, Self) {
        let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let end = self.0.iter().position(|byte| !space(byte)).unwrap_or(self.0.len());
        let rest = self.0.get(end..).unwrap_or_default();
        (rest.first().copied(), Self(rest))
    }

    /// Behind `byte`, which is the next token.
    #[inline(always)]
    pub(super) fn expect(self, byte: u8, what: &'static str) -> Result<Self, Stop> {
        let (token, here) = self.token();
        if token == Some(byte) { Ok(here.skip()) } else { Err(expected(here.0, what)) }
    }

    /// Behind `word`, whose first byte is the next one.
    pub(super) fn literal(self, word: &'static str) -> Result<Self, Stop> {
        match self.0.strip_prefix(word.as_bytes()) {
            Some(rest) if !rest.first().is_some_and(u8::is_ascii_alphanumeric) => Ok(Self(rest)),
            _ if word.as_bytes().starts_with(self.0) => {
                Err(expected(self.0.get(self.0.len()..).unwrap_or_default(), word))
            }
            _ => Err(expected(self.0, word)),
        }
    }

    /// A name, from behind its opening quote to behind the closing one.
    #[inline(always)]
    pub(super) fn name(self) -> Result<(Name, Self), Stop> {
        let mut words = [0_u64; 3];
        let mut rest = self.0;
        for slot in &mut words {
            let Some((chunk, behind)) = rest.split_first_chunk::<8>() else { break };
            let word = u64::from_le_bytes(*chunk);
            let marks = special(word);
            if marks == 0 {
                *slot = word;
                rest = behind;
                continue;
            }
            let place = place(marks);
            // The bytes below the mark.
            *slot = word & (1_u64 << (place * 8)).wrapping_sub(1);
            let Some((&b'"', behind)) = rest.get(place..).unwrap_or_default().split_first() else {
                break;
            };
            return Ok((Name(words), Self(behind)));
        }
        self.long_name()
    }

    /// A name that is longer than any of ours, has escapes or stands at the document's end.
    #[inline(never)]
    fn long_name(self) -> Result<(Name, Self), Stop> {
        let mut spelled = [0_u8; NAME_MAX];
        let (len, rest) = unescape::copied(self, &mut spelled)?;
        Ok((spelled.get(..len).map_or(Name::NONE, Name::of), rest))
    }

    /// The text up to the next quote or backslash, which is told, and what lies behind that.
    #[inline(always)]
    pub(super) fn piece(self) -> Result<(&'a [u8], u8, Self), Stop> {
        let mut len = 0_usize;
        let mut rest = self.0;
        while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
            let marks = special(u64::from_le_bytes(*chunk));
            if marks == 0 {
                rest = behind;
                len = len.wrapping_add(8);
                continue;
            }
            len = len.wrapping_add(place(marks));
            if let Some((text, behind)) = self.0.split_at_checked(len)
                && let Some((&b'"', behind)) = behind.split_first()
            {
                return Ok((text, b'"', Self(behind)));
            }
            break;
        }
        self.piece_beyond(len)
    }

    /// The same, when its first `len` bytes are known to be plain, and something else follows.
    #[inline(never)]
    fn piece_beyond(self, len: usize) -> Result<(&'a [u8], u8, Self), Stop> {
        let mut end = len;
        let mut rest = self.0.get(len..).unwrap_or_default();
        while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
            let marks = ending(u64::from_le_bytes(*chunk));
            if marks != 0 {
                break;
            }
            rest = behind;
            end = end.saturating_add(8);
        }
        let stop = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        end = end.saturating_add(stop.unwrap_or(rest.len()));
        let (text, rest) = self.0.split_at_checked(end).unwrap_or((self.0, &[]));
        if let Err(error) = std::str::from_utf8(text) {
            let at = self.0.get(error.valid_up_to()..).unwrap_or_default();
            return Err(other(at, "bad UTF-8"));
        }
        match rest.split_first() {
            Some((stop @ (b'"' | b'\\'), behind)) => Ok((text, *stop, Self(behind))),
            Some(_) => Err(other(rest, "a control character in a string, expected an escape")),
            None => Err(expected(rest, "a closing quote")),
        }
    }

    /// A number, by JSON's grammar.
    pub(super) fn number(self) -> Result<(&'a [u8], Self), Stop> {
        let rest = self.0.strip_prefix(b"-").unwrap_or(self.0);
        let mut rest = match rest.split_first() {
            Some((b'0', behind)) => behind,
            _ => digits(rest)?,
        };
        if let Some(behind) = rest.strip_prefix(b".") {
            rest = digits(behind)?;
        }
        if let [b'e' | b'E', behind @ ..] = rest {
            rest = digits(match behind {
                [b'+' | b'-', behind @ ..] => behind,
                _ => behind,
            })?;
        }
        let (text, rest) = self
            .0
            .split_at_checked(self.0.len().saturating_sub(rest.len()))
            .unwrap_or((self.0, &[]));
        Ok((text, Self(rest)))
    }
}

/// What lies behind one digit or more.
fn digits(from: &[u8]) -> Result<&[u8], Stop> {
    match from.iter().position(|byte| !byte.is_ascii_digit()) {
        Some(0) => Err(expected(from, "a digit")),
        Some(end) => Ok(from.get(end..).unwrap_or_default()),
        None if from.is_empty() => Err(expected(from, "a digit")),
        None => Ok(&[]),
    }
}
