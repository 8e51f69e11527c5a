//! Bytes in text: ids as hex digits, values as base64.

use super::cursor::Cursor;
use super::error::{Reason, Stop, bad, other};
use super::unescape;

/// The hex digits of a trace id.
const ID_DIGITS_MAX: usize = 32;

/// What a hex digit is worth, in either case; more than 15 for another byte.
#[inline(always)]
const fn worth(digit: u8) -> u8 {
    let number = digit.wrapping_sub(b'0');
    let letter = (digit | 0x20).wrapping_sub(b'a');
    if number < 10 {
        number
    } else if letter < 6 {
        letter + 10
    } else {
        0xff
    }
}

/// The bytes that pairs of hex digits are.
#[inline(always)]
fn pairs<const BYTES: usize>(digits: &[[u8; 2]; BYTES]) -> Option<[u8; BYTES]> {
    let mut wrong = 0;
    let bytes = digits.map(|[high, low]| {
        let (high, low) = (worth(high), worth(low));
        wrong |= high | low;
        (high << 4) | (low & 15)
    });
    if wrong > 15 { None } else { Some(bytes) }
}

/// An id from behind its opening quote; `None` when it is empty.
#[inline(always)]
pub(super) fn id<const BYTES: usize>(
    from: Cursor<'_>,
) -> Result<(Option<[u8; BYTES]>, Cursor<'_>), Stop> {
    let (digits, _) = from.0.as_chunks::<2>();
    if let Some(digits) = digits.first_chunk::<BYTES>()
        && let Some(&b'"') = from.0.get(BYTES * 2)
        && let Some(bytes) = pairs(digits)
    {
        return Ok((Some(bytes), Cursor(from.0.get(BYTES * 2 + 1..).unwrap_or_default())));
    }
    if let Some(behind) = from.0.strip_prefix(b"\"") {
        return Ok((None, Cursor(behind)));
    }
    other_id(from)
}

/// An id with escapes in it, or none at all.
#[inline(never)]
fn other_id<const BYTES: usize>(
    from: Cursor<'_>,
) -> Result<(Option<[u8; BYTES]>, Cursor<'_>), Stop> {
    let mut place = [0; ID_DIGITS_MAX];
    let (len, rest) = unescape::copied(from, &mut place)?;
    if len != BYTES * 2 {
        return Err(bad(from.0, Reason::HexDigits { found: len, expected: BYTES * 2 }));
    }
    let (digits, _) = place.as_chunks::<2>();
    match digits.first_chunk::<BYTES>().and_then(pairs) {
        Some(bytes) => Ok((Some(bytes), rest)),
        None => Err(other(from.0, "not hex digits")),
    }
}

/// What a base64 digit is worth, in both alphabets; more than 63 for another byte.
const fn sextet(digit: u8) -> u8 {
    match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => 0xff,
    }
}

/// Decodes the base64 digits that `text` has from `start` on, in place, padded or not. Returns
/// whether they were base64.
pub(super) fn base64_in_place(text: &mut Vec<u8>, start: usize) -> bool {
    let digits = text.get(start..).unwrap_or_default();
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    let len = digits.len().saturating_sub(padding);
    if padding > 2 || (padding > 0 && !digits.len().is_multiple_of(4)) || len % 4 == 1 {
        return false;
    }
    let (mut from, mut to) = (start, start);
    let end = start.saturating_add(len);
    while from < end {
        let next = from.saturating_add(4).min(end);
        let (mut word, mut wrong) = (0_u32, 0);
        for place in from..from.saturating_add(4) {
            let digit = text.get(place).filter(|_| place < next).map_or(0, |byte| sextet(*byte));
            wrong |= digit;
            word = word << 6 | u32::from(digit & 63);
        }
        if wrong > 63 {
            return false;
        }
        let [_, bytes @ ..] = word.to_be_bytes();
        let count = next.saturating_sub(from) * 3 / 4;
        let place = text.get_mut(to..to.saturating_add(count)).unwrap_or_default();
        place.copy_from_slice(bytes.get(..count).unwrap_or_default());
        to = to.saturating_add(count);
        from = next;
    }
    text.truncate(to);
    true
}
