//! JSON written in the oddest way that means the same: white space anywhere, members in any order,
//! unknown and null members between them, names with underscores, letters as escapes, integers in
//! the other of their two forms.

use serde_json::{Map, Value};

use super::sample::Choices;

/// Members whose value is a 64-bit integer, which is a string as serde writes it.
const LONG: [&str; 8] = [
    "timeUnixNano",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "observedTimeUnixNano",
    "count",
    "zeroCount",
    "intValue",
    "asInt",
];
/// Members whose value is a 32-bit integer, which is a number as serde writes it.
const SHORT: [&str; 6] = [
    "droppedAttributesCount",
    "droppedEventsCount",
    "droppedLinksCount",
    "flags",
    "offset",
    "scale",
];
const UNKNOWN: [&str; 4] = [
    r#""trace__id":{"a":[1,{"b":null}],"traceId":"x"}"#,
    r#""":[[],{},-0.5e-3,true,false,"\ud800\"]"]"#,
    r#""a name that is longer than every name of ours":"]}""#,
    r#""resource\u0053":7"#,
];

pub(crate) fn odd(value: &Value, draw: &mut Choices<'_>) -> String {
    let mut out = String::new();
    write(value, draw, &mut out);
    out
}

fn write(value: &Value, draw: &mut Choices<'_>, out: &mut String) {
    space(draw, out);
    match value {
        Value::Object(members) => object(members, draw, out),
        Value::Array(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write(element, draw, out);
            }
            space(draw, out);
            out.push(']');
        }
        Value::String(text) => string(text, draw, out),
        _ => out.push_str(&value.to_string()),
    }
    space(draw, out);
}

fn object(members: &Map<String, Value>, draw: &mut Choices<'_>, out: &mut String) {
    let mut members: Vec<_> = members.iter().collect();
    (1..members.len()).for_each(|at| members.swap(at, draw.pick(at + 1)));
    out.push('{');
    let mut comma = "";
    for (name, value) in members {
        match draw.pick(8) {
            1 => {
                let unknown = UNKNOWN.get(draw.pick(4)).expect("four");
                out.push_str(&format!("{comma}{unknown}"));
                comma = ",";
            }
            // It comes again, with its value.
            2 => {
                out.push_str(&format!("{comma}\"{name}\":null"));
                comma = ",";
            }
            _ => {}
        }
        out.push_str(comma);
        comma = ",";
        space(draw, out);
        if draw.pick(4) == 1 {
            string(&snake(name), draw, out)
        } else {
            string(name, draw, out)
        }
        space(draw, out);
        out.push(':');
        match value {
            Value::String(digits) if LONG.contains(&name.as_str()) && draw.pick(2) == 1 => {
                space(draw, out);
                out.push_str(&format!("{digits}{}", ["", "e0", "E+00", ".0"][draw.pick(4)]));
                space(draw, out);
            }
            Value::Number(number) if SHORT.contains(&name.as_str()) && draw.pick(2) == 1 => {
                out.push_str(&format!("\"{number}\""));
            }
            _ => write(value, draw, out),
        }
    }
    space(draw, out);
    out.push('}');
}

fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |mut snake, letter| {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
        snake
    })
}

fn string(text: &str, draw: &mut Choices<'_>, out: &mut String) {
    out.push('"');
    let escapes = draw.pick(6) == 1;
    for letter in text.chars() {
        if letter < ' ' || letter == '"' || letter == '\\' || (escapes && draw.pick(4) == 1) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04X}"));
            }
        } else {
            out.push(letter);
        }
    }
    out.push('"');
}

fn space(draw: &mut Choices<'_>, out: &mut String) {
    out.push_str(["", "", "", "", " ", "\n", "\t\r\n  "][draw.pick(7)]);
}
