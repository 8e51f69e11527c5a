//! Integers and doubles, as numbers or as strings.
//!
//! Integers are read eight digits at a time and never pass through a double. Forms that hardly
//! anyone writes (`1e3`, `2.0`, escapes inside) are read again by slower code, exactly.

use super::cursor::Cursor;
use super::error::{Stop, expected, other};
use super::unescape;

/// The longest number in a string that has escapes in it.
const ESCAPED_MAX: usize = 64;

/// An integer: its sign and its magnitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    negative: bool,
    magnitude: u64,
}

impl Integer {
    /// As a `uint64`.
    #[inline(always)]
    pub(super) const fn unsigned(self) -> Option<u64> {
        if self.negative && self.magnitude != 0 { None } else { Some(self.magnitude) }
    }

    /// As an `int64`.
    #[inline(always)]
    pub(super) const fn signed(self) -> Option<i64> {
        if self.negative {
            0_i64.checked_sub_unsigned(self.magnitude)
        } else {
            0_i64.checked_add_unsigned(self.magnitude)
        }
    }
}

/// Eight digits as a number, when that is what the word holds.
#[inline(always)]
const fn eight(word: u64) -> Option<u64> {
    let low = word ^ 0x3030_3030_3030_3030;
    if (low | low.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    // Neighbours are joined: digits to pairs, pairs to fours, fours to eight.
    let pairs = low.wrapping_mul(10).wrapping_add(low >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

/// Digits up to the first other byte; `None` when there are none or too many for 64 bits.
#[inline(always)]
fn magnitude(from: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    let mut rest = from;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>()
        && let Some(digits) = eight(u64::from_le_bytes(*chunk))
    {
        value = value.checked_mul(100_000_000)?.checked_add(digits)?;
        rest = behind;
    }
    while let Some((byte @ b'0'..=b'9', behind)) = rest.split_first() {
        value = value.checked_mul(10)?.checked_add(u64::from(byte & 15))?;
        rest = behind;
    }
    if rest.len() == from.len() { None } else { Some((value, rest)) }
}

/// Whether the digits of `from` up to `rest` are a number of JSON: nothing but its end follows, and
/// it has no zero in front.
#[inline(always)]
const fn is_number(from: &[u8], rest: &[u8]) -> bool {
    let ends = matches!(rest, [b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n', ..]);
    ends && (!matches!(from, [b'0', ..]) || from.len() == rest.len() + 1)
}

/// An integer as a number or as a string; the next byte is its first.
#[inline(always)]
pub(super) fn integer(from: Cursor<'_>) -> Result<(Integer, Cursor<'_>), Stop> {
    let (quoted, unquoted) = match from.0 {
        [b'"', behind @ ..] => (true, behind),
        all => (false, all),
    };
    let (negative, digits) = match unquoted {
        [b'-', behind @ ..] => (true, behind),
        all => (false, all),
    };
    if let Some((magnitude, rest)) = magnitude(digits) {
        let found = Integer { negative, magnitude };
        match rest {
            [b'"', behind @ ..] if quoted => return Ok((found, Cursor(behind))),
            _ if !quoted && is_number(digits, rest) => return Ok((found, Cursor(rest))),
            _ => {}
        }
    }
    other_integer(from)
}

/// The same for every form.
#[inline(never)]
fn other_integer(from: Cursor<'_>) -> Result<(Integer, Cursor<'_>), Stop> {
    let mut place = [0; ESCAPED_MAX];
    let (text, rest) = text(from, &mut place)?;
    exact(text).map(|found| (found, rest)).map_err(|words| other(from.0, words))
}

/// The text of a number, whether it is quoted or not.
fn text<'a: 't, 't>(
    from: Cursor<'a>,
    place: &'t mut [u8; ESCAPED_MAX],
) -> Result<(&'t [u8], Cursor<'a>), Stop> {
    match from.0.first() {
        Some(b'"') => {
            let (text, stop, behind) = from.skip().piece()?;
            if stop == b'"' {
                return Ok((text, behind));
            }
            let (len, behind) = unescape::copied(from.skip(), place)?;
            let text = place.get(..len).ok_or_else(|| other(from.0, "not a number"))?;
            Ok((text, behind))
        }
        Some(b'-' | b'0'..=b'9') => from.number(),
        _ => Err(expected(from.0, "a number")),
    }
}

/// The integer that a decimal text is, exactly.
fn exact(text: &[u8]) -> Result<Integer, &'static str> {
    const NO_INTEGER: &str = "not an integer";
    const TOO_LARGE: &str = "an integer of more than 64 bits";
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut magnitude = 0_u64;
    // Zeros that are not in the magnitude yet, digits of all, digits behind the point.
    let (mut zeros, mut count, mut fraction) = (0_i64, 0_i64, None);
    let mut exponent = 0_i64;
    let mut bytes = rest;
    while let Some((&byte, behind)) = bytes.split_first() {
        bytes = behind;
        match byte {
            b'0'..=b'9' => {
                count += 1;
                fraction = fraction.map(|digits: i64| digits + 1);
                if byte == b'0' {
                    zeros += i64::from(magnitude != 0);
                    continue;
                }
                let shifted = shifted(magnitude, zeros + 1).ok_or(TOO_LARGE)?;
                magnitude = shifted.checked_add(u64::from(byte & 15)).ok_or(TOO_LARGE)?;
                zeros = 0;
            }
            b'.' if fraction.is_none() && count > 0 => fraction = Some(0),
            b'e' | b'E' if count > 0 => {
                exponent = power(bytes).ok_or(NO_INTEGER)?;
                bytes = &[];
            }
            _ => return Err(NO_INTEGER),
        }
    }
    if count == 0 || fraction == Some(0) {
        return Err(NO_INTEGER);
    }
    let power = zeros.saturating_add(exponent).saturating_sub(fraction.unwrap_or(0));
    if magnitude != 0 && power < 0 {
        return Err(NO_INTEGER);
    }
    let magnitude = shifted(magnitude, power).ok_or(TOO_LARGE)?;
    Ok(Integer { negative, magnitude })
}

/// `value` with so many zeros behind it.
fn shifted(value: u64, zeros: i64) -> Option<u64> {
    if value == 0 {
        return Some(0);
    }
    value.checked_mul(10_u64.checked_pow(u32::try_from(zeros).ok()?)?)
}

/// The number behind an `e`.
fn power(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0_i64, |value, byte| value.saturating_mul(10).saturating_add(i64::from(byte & 15)));
    Some(if negative { value.saturating_neg() } else { value })
}

/// A double as a number or as a string, of which `NaN`, `Infinity` and `-Infinity` are some.
#[inline(always)]
pub(super) fn double(from: Cursor<'_>) -> Result<(f64, Cursor<'_>), Stop> {
    if let Some((value, rest)) = magnitude(from.0)
        && value < 1 << 53
        && is_number(from.0, rest)
    {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        return Ok((value as f64, Cursor(rest)));
    }
    other_double(from)
}

#[inline(never)]
fn other_double(from: Cursor<'_>) -> Result<(f64, Cursor<'_>), Stop> {
    let mut place = [0; ESCAPED_MAX];
    let (text, rest) = text(from, &mut place)?;
    let value: Option<f64> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    match value {
        None => Err(other(from.0, "not a number")),
        Some(value) if value.is_infinite() && text.iter().any(u8::is_ascii_digit) => {
            Err(other(from.0, "a number beyond the range of a double"))
        }
        Some(value) => Ok((value, rest)),
    }
}
