//! Values as JSON text, byte for byte as Go writes them: keys sorted, `<`, `>` and `&` escaped,
//! bytes in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use spanyard_wire::value::{Kind, Value};

use super::number;
use super::tree::{DEPTH_MAX, elements, members};

/// The JSON text of a value; `None` where JSON has none: an infinite number somewhere in it, or
/// more levels than [`DEPTH_MAX`].
pub(super) fn text(kind: Kind<'_>) -> Option<String> {
    let mut out = String::new();
    write(kind, &mut out, DEPTH_MAX)?;
    Some(out)
}

fn write(kind: Kind<'_>, out: &mut String, depth: usize) -> Option<()> {
    let deeper = depth.checked_sub(1)?;
    match kind {
        Kind::Unset => out.push_str("null"),
        Kind::String(text) => write_string(text, out),
        Kind::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Kind::Int(value) => out.push_str(&value.to_string()),
        Kind::Double(value) if value.is_finite() => out.push_str(&number::double_text(value)),
        Kind::Double(_) => return None,
        Kind::Bytes([]) => out.push_str("null"),
        Kind::Bytes(bytes) => {
            out.push('"');
            STANDARD.encode_string(bytes, out);
            out.push('"');
        }
        Kind::Array(list) => {
            out.push('[');
            for (at, element) in elements(list).into_iter().enumerate() {
                comma(at, out);
                write(Value::new(element).kind(), out, deeper)?;
            }
            out.push(']');
        }
        Kind::Map(map) => {
            let mut members = members(map);
            // Of equal keys the last one counts: the sort is stable.
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let mut kept: Vec<_> = Vec::with_capacity(members.len());
            for member in members {
                if kept.last().is_some_and(|(key, _)| *key == member.0) {
                    let _ = kept.pop();
                }
                kept.push(member);
            }
            out.push('{');
            for (at, (key, value)) in kept.into_iter().enumerate() {
                comma(at, out);
                write_string(key, out);
                out.push(':');
                write(Value::new(&value).kind(), out, deeper)?;
            }
            out.push('}');
        }
    }
    Some(())
}

fn comma(at: usize, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
}

/// A byte that is no part of valid UTF-8 becomes the replacement character.
fn write_string(text: &[u8], out: &mut String) {
    out.push('"');
    for chunk in text.utf8_chunks() {
        chunk.valid().chars().for_each(|c| write_char(c, out));
        chunk.invalid().iter().for_each(|_| out.push_str("\\ufffd"));
    }
    out.push('"');
}

fn write_char(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
        c => out.push(c),
    }
}
