//! Strings with escapes: `\n`, `\u00e9`, surrogate pairs.
//!
//! Half of a surrogate pair alone becomes U+FFFD, as in the Collector. All of it is off the hot
//! path, except that text with line ends passes here.

use super::cursor::Cursor;
use super::error::{Stop, expected, other};

/// Takes text in pieces.
pub(super) trait Pieces {
    /// Takes the next piece.
    fn take(&mut self, piece: &[u8]) -> Result<(), Stop>;
}

/// A fixed place; what is beyond its end is only counted.
struct Fixed<'a> {
    place: &'a mut [u8],
    len: usize,
}

impl Pieces for Fixed<'_> {
    fn take(&mut self, piece: &[u8]) -> Result<(), Stop> {
        let end = self.len.saturating_add(piece.len());
        if let Some(place) = self.place.get_mut(self.len..end) {
            place.copy_from_slice(piece);
        }
        self.len = end;
        Ok(())
    }
}

/// Passes text over.
struct Nowhere;

impl Pieces for Nowhere {
    fn take(&mut self, _: &[u8]) -> Result<(), Stop> {
        Ok(())
    }
}

/// Copies a string, from behind its opening quote, to `place`; returns its whole length, even when
/// that is more than the place has.
pub(super) fn copied<'a>(from: Cursor<'a>, place: &mut [u8]) -> Result<(usize, Cursor<'a>), Stop> {
    let mut fixed = Fixed { place, len: 0 };
    let rest = string(from, &mut fixed)?;
    Ok((fixed.len, rest))
}

/// Passes a string over, from behind its opening quote.
pub(super) fn skipped(from: Cursor<'_>) -> Result<Cursor<'_>, Stop> {
    string(from, &mut Nowhere)
}

/// Hands a string over, from behind its opening quote to behind the closing one.
pub(super) fn string<'a>(from: Cursor<'a>, to: &mut impl Pieces) -> Result<Cursor<'a>, Stop> {
    let mut rest = from;
    loop {
        let (text, stop, behind) = rest.piece()?;
        to.take(text)?;
        rest = behind;
        if stop == b'"' {
            return Ok(rest);
        }
        rest = escape(rest, to)?;
    }
}

/// One escape, from behind its backslash.
fn escape<'a>(from: Cursor<'a>, to: &mut impl Pieces) -> Result<Cursor<'a>, Stop> {
    let byte = match from.0.first() {
        Some(plain @ (b'"' | b'\\' | b'/')) => *plain,
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'u') => return unicode(from.skip(), to),
        _ => return Err(expected(from.0, "an escape")),
    };
    to.take(&[byte])?;
    Ok(from.skip())
}

/// One or two UTF-16 units, from behind the first one's `\u`.
fn unicode<'a>(from: Cursor<'a>, to: &mut impl Pieces) -> Result<Cursor<'a>, Stop> {
    let (first, rest) = unit(from)?;
    let mut found = char::from_u32(first);
    let mut end = rest;
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = rest.0.strip_prefix(b"\\u")
    {
        let (second, behind) = unit(Cursor(second))?;
        // A second unit that is no partner stands for itself.
        if (0xdc00..0xe000).contains(&second) {
            let scalar = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            found = char::from_u32(scalar);
            end = behind;
        }
    }
    let mut encoded = [0; 4];
    let scalar = found.unwrap_or(char::REPLACEMENT_CHARACTER);
    to.take(scalar.encode_utf8(&mut encoded).as_bytes())?;
    Ok(end)
}

/// Four hex digits.
fn unit(from: Cursor<'_>) -> Result<(u32, Cursor<'_>), Stop> {
    let mut value = 0;
    let mut rest = from;
    for _ in 0..4 {
        let digit = rest.0.first().and_then(|byte| char::from(*byte).to_digit(16));
        let Some(digit) = digit else {
            return Err(match rest.0.first() {
                None => expected(rest.0, "a hex digit"),
                Some(_) => other(rest.0, "an escape of fewer than four hex digits"),
            });
        };
        value = value * 16 + digit;
        rest = rest.skip();
    }
    Ok((value, rest))
}
