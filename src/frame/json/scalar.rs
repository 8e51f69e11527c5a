//! One scalar value: read by its kind, written with its tag.

use super::cursor::Cursor;
use super::encoded;
use super::error::{Stop, expected, other};
use super::frame::Frame;
use super::number::{double, integer};
use super::output::{Output, Sink};
use super::schema;
use super::table::{Field, Kind};
use super::unescape;

/// The longest name of an enum value, and some more.
const ENUM_NAME_MAX: usize = 48;

/// How a value is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// With its tag; not so in a packed list.
    pub(super) tagged: bool,
    /// A zero too.
    pub(super) always: bool,
}

/// The value at `here`, which is no white space. Room for it, but for text, has been made.
#[inline(always)]
pub(super) fn value<'a, S: Sink>(
    field: &Field,
    style: Style,
    here: Cursor<'a>,
    out: &mut Output<'_, S>,
) -> Result<Cursor<'a>, Stop> {
    match field.kind {
        Kind::Text => text(field, style, here, out),
        Kind::TraceId => id::<16, S>(field, style, here, out),
        Kind::SpanId => id::<8, S>(field, style, here, out),
        Kind::Fixed64 => {
            let (found, rest) = integer(here)?;
            let value = found.unsigned().ok_or_else(|| beyond(here, UINT64))?;
            fixed64(field, style, value, out);
            Ok(rest)
        }
        Kind::Int64 => {
            let (found, rest) = integer(here)?;
            let value = found.signed().ok_or_else(|| beyond(here, INT64))?;
            varint(field, style, value.cast_unsigned(), out);
            Ok(rest)
        }
        Kind::Uint32 => {
            let (value, rest) = unsigned32(here)?;
            varint(field, style, u64::from(value), out);
            Ok(rest)
        }
        Kind::Double => {
            let (value, rest) = double(here)?;
            fixed64(field, style, value.to_bits(), out);
            Ok(rest)
        }
        _ => rarer(field, style, here, out),
    }
}

const UINT64: &str = "out of the range of a uint64";
const INT64: &str = "out of the range of an int64";

fn rarer<'a, S: Sink>(
    field: &Field,
    style: Style,
    here: Cursor<'a>,
    out: &mut Output<'_, S>,
) -> Result<Cursor<'a>, Stop> {
    match field.kind {
        Kind::Bool => {
            let (value, rest) = match here.0.first() {
                Some(b't') => (1, here.literal("true")?),
                Some(b'f') => (0, here.literal("false")?),
                _ => return Err(expected(here.0, "true or false")),
            };
            varint(field, style, value, out);
            Ok(rest)
        }
        Kind::Bytes => bytes(field, style, here, out),
        Kind::Enum(names) if here.0.first() == Some(&b'"') => {
            let mut place = [0; ENUM_NAME_MAX];
            let (len, rest) = unescape::copied(here.skip(), &mut place)?;
            let number = place.get(..len).and_then(|name| names.number(name));
            let number = number.ok_or_else(|| other(here.0, "not a name of this enum"))?;
            varint(field, style, u64::from(number), out);
            Ok(rest)
        }
        Kind::Enum(_) | Kind::Int32 => {
            let (value, rest) = signed32(here)?;
            varint(field, style, i64::from(value).cast_unsigned(), out);
            Ok(rest)
        }
        Kind::Sint32 => {
            let (value, rest) = signed32(here)?;
            let zigzag = (value << 1) ^ (value >> 31);
            varint(field, style, u64::from(zigzag.cast_unsigned()), out);
            Ok(rest)
        }
        Kind::Fixed32 => {
            let (value, rest) = unsigned32(here)?;
            if value != 0 || style.always {
                out.tag(field);
                out.put(&value.to_le_bytes());
            }
            Ok(rest)
        }
        Kind::Sfixed64 => {
            let (found, rest) = integer(here)?;
            let value = found.signed().ok_or_else(|| beyond(here, INT64))?;
            fixed64(field, style, value.cast_unsigned(), out);
            Ok(rest)
        }
        _ => {
            let (found, rest) = integer(here)?;
            let value = found.unsigned().ok_or_else(|| beyond(here, UINT64))?;
            varint(field, style, value, out);
            Ok(rest)
        }
    }
}

#[cold]
fn beyond(here: Cursor<'_>, words: &'static str) -> Stop {
    other(here.0, words)
}

#[inline(always)]
fn unsigned32(here: Cursor<'_>) -> Result<(u32, Cursor<'_>), Stop> {
    let (found, rest) = integer(here)?;
    match found.unsigned().map(u32::try_from) {
        Some(Ok(value)) => Ok((value, rest)),
        _ => Err(beyond(here, "out of the range of a uint32")),
    }
}

fn signed32(here: Cursor<'_>) -> Result<(i32, Cursor<'_>), Stop> {
    let (found, rest) = integer(here)?;
    match found.signed().map(i32::try_from) {
        Some(Ok(value)) => Ok((value, rest)),
        _ => Err(beyond(here, "out of the range of an int32")),
    }
}

#[inline(always)]
fn varint<S: Sink>(field: &Field, style: Style, value: u64, out: &mut Output<'_, S>) {
    if value != 0 || style.always {
        if style.tagged {
            out.tag(field);
        }
        out.varint(value);
    }
}

#[inline(always)]
fn fixed64<S: Sink>(field: &Field, style: Style, value: u64, out: &mut Output<'_, S>) {
    if value != 0 || style.always {
        if style.tagged {
            out.tag(field);
        }
        out.put(&value.to_le_bytes());
    }
}

#[inline(always)]
fn id<'a, const BYTES: usize, S: Sink>(
    field: &Field,
    style: Style,
    here: Cursor<'a>,
    out: &mut Output<'_, S>,
) -> Result<Cursor<'a>, Stop> {
    let Some((b'"', digits)) = here.0.split_first() else {
        return Err(expected(here.0, "a string of hex digits"));
    };
    let (found, rest) = encoded::id::<BYTES>(Cursor(digits))?;
    if let Some(bytes) = found {
        out.tag(field);
        out.varint(BYTES as u64);
        out.put(&bytes);
    } else if style.always {
        out.tag(field);
        out.byte(0);
    }
    Ok(rest)
}

#[inline(always)]
fn text<'a, S: Sink>(
    field: &Field,
    style: Style,
    here: Cursor<'a>,
    out: &mut Output<'_, S>,
) -> Result<Cursor<'a>, Stop> {
    let Some((b'"', behind)) = here.0.split_first() else {
        return Err(expected(here.0, "a string"));
    };
    let (text, stop, rest) = Cursor(behind).piece()?;
    if stop != b'"' {
        return escaped(field, Cursor(behind), out);
    }
    if !text.is_empty() || style.always {
        out.tag(field);
        out.text(text)?;
    }
    Ok(rest)
}

/// Text with escapes, from behind its opening quote. It is not empty.
#[inline(never)]
fn escaped<'a, S: Sink>(
    field: &Field,
    from: Cursor<'a>,
    out: &mut Output<'_, S>,
) -> Result<Cursor<'a>, Stop> {
    out.tag(field);
    out.leave(1);
    let mut frame = Frame::object(&schema::UNKNOWN, out.len(), 1);
    let rest = unescape::string(from, out)?;
    let _ = out.close(&mut frame, &mut [])?;
    Ok(rest)
}

/// Bytes as base64: the text is written, then decoded where it stands.
#[inline(never)]
fn bytes<'a, S: Sink>(
    field: &Field,
    style: Style,
    here: Cursor<'a>,
    out: &mut Output<'_, S>,
) -> Result<Cursor<'a>, Stop> {
    let Some((b'"', behind)) = here.0.split_first() else {
        return Err(expected(here.0, "a string of base64"));
    };
    let before = out.len();
    out.tag(field);
    out.leave(1);
    let mut frame = Frame::object(&schema::UNKNOWN, out.len(), 1);
    let rest = unescape::string(Cursor(behind), out)?;
    if !out.base64(frame.start) {
        return Err(other(here.0, "not base64"));
    }
    if out.len() == frame.start && !style.always {
        out.truncate(before);
        return Ok(rest);
    }
    let _ = out.close(&mut frame, &mut [])?;
    Ok(rest)
}
