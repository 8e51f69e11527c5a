//! The parts of lists and maps, and a form in which equal ones have equal bytes.

use std::borrow::Cow;

use spanyard_wire::cursor::Cursor;
use spanyard_wire::encode::Encoder;
use spanyard_wire::schema;
use spanyard_wire::value::{Kind, Value};

/// Levels of lists and maps inside one another that are looked at; each costs a stack frame.
pub(super) const DEPTH_MAX: usize = 64;

/// The field of a list, and of a map, that holds an entry.
const ENTRY: u32 = 1;

/// The encoded values of a list, given its body.
pub(super) fn elements(list: &[u8]) -> Vec<&[u8]> {
    entries(list)
}

/// Keys and encoded values of a map, given its body.
pub(super) fn members(map: &[u8]) -> Vec<(&[u8], Cow<'_, [u8]>)> {
    entries(map).into_iter().map(pair).collect()
}

fn entries(body: &[u8]) -> Vec<&[u8]> {
    let mut cursor = Cursor::new(body);
    let mut out = Vec::new();
    while let Ok(Some(key)) = cursor.key() {
        if key.number() == ENTRY {
            out.extend(cursor.body(key).ok());
        } else if cursor.skip(key).is_err() {
            break;
        }
    }
    out
}

/// A value in several parts is the one that they make when joined.
fn pair(body: &[u8]) -> (&[u8], Cow<'_, [u8]>) {
    let mut cursor = Cursor::new(body);
    let (mut name, mut value) = (<&[u8]>::default(), Cow::Borrowed(<&[u8]>::default()));
    while let Ok(Some(key)) = cursor.key() {
        let number = key.number();
        if number != schema::ATTRIBUTE_KEY && number != schema::ATTRIBUTE_VALUE {
            if cursor.skip(key).is_err() {
                break;
            }
            continue;
        }
        let Ok(part) = cursor.body(key) else { break };
        if number == schema::ATTRIBUTE_KEY {
            name = part;
        } else if value.is_empty() {
            value = Cow::Borrowed(part);
        } else {
            value.to_mut().extend_from_slice(part);
        }
    }
    (name, value)
}

/// Writes a value so that two are equal, type by type and whatever the order of their maps, when
/// their bytes are. What lies deeper than [`DEPTH_MAX`] is left out.
pub(super) fn canonical(kind: Kind<'_>, out: &mut Vec<u8>) {
    write_canonical(kind, out, DEPTH_MAX);
}

fn write_canonical(kind: Kind<'_>, out: &mut Vec<u8>, depth: usize) {
    let Some(deeper) = depth.checked_sub(1) else {
        return;
    };
    let inner = |bytes: &[u8]| {
        let mut written = Vec::new();
        write_canonical(Value::new(bytes).kind(), &mut written, deeper);
        written
    };
    match kind {
        Kind::Unset => {}
        Kind::String(text) => Encoder::new(out).bytes(1, text),
        Kind::Bool(value) => Encoder::new(out).bool(2, value),
        Kind::Int(value) => Encoder::new(out).int(3, value),
        Kind::Double(value) => Encoder::new(out).double(4, value),
        Kind::Bytes(bytes) => Encoder::new(out).bytes(7, bytes),
        Kind::Array(list) => Encoder::new(out).message(5, |list_out| {
            elements(list).into_iter().for_each(|value| list_out.bytes(1, &inner(value)));
        }),
        Kind::Map(map) => {
            let mut members = members(map);
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Encoder::new(out).message(6, |map_out| {
                for (key, value) in members {
                    map_out.bytes(1, key);
                    map_out.bytes(2, &inner(&value));
                }
            });
        }
    }
}
