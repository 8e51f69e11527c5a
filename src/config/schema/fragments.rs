//! What each kind of value is in JSON Schema. The kinds are those of the tables of keys, a closed
//! list: a test holds that each has a fragment.

use serde_json::{Value, json};

/// A duration as Go writes it.
const DURATION: &str = "^\\+?(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|\u{b5}s|\u{3bc}s|ms|s|m|h))+$";

/// `${...}` somewhere in a text.
const REFERENCE: &str = "\\$\\{";

/// The fragment for a kind of the tables; `None` for one that is not known.
pub(super) fn fragment(kind: &str) -> Option<Value> {
    let value = match kind {
        "boolean" => json!({"type": "boolean"}),
        "whole number" | "bytes" | "MiB" | "items" | "in units of `sizer`" => {
            json!({"type": "integer", "minimum": 0})
        }
        "0 to 100" => json!({"type": "integer", "minimum": 0, "maximum": 100}),
        "-1, or 1 to 9" => json!({"type": "integer", "minimum": -2, "maximum": 22}),
        "0 to 1" => json!({"type": "number", "minimum": 0, "maximum": 1}),
        "number" => json!({"type": "number"}),
        "any value" => json!({}),
        "at least 1" => json!({"type": "number", "minimum": 1}),
        "duration" => json!({"anyOf": [{"type": "string", "pattern": DURATION}, {"const": 0}]}),
        "URL" => json!({"type": "string", "pattern": "^https?://"}),
        "text"
        | "pattern"
        | "path"
        | "host:port"
        | "condition"
        | "IP address or localhost"
        | "word"
        | "extension"
        | "header"
        | "octal text" => {
            json!({"type": "string"})
        }
        "text, number or boolean" => json!({"type": ["string", "number", "boolean"]}),
        "list of text" | "list of ids" => array(&json!({"type": "string"})),
        "list" => json!({"type": "array"}),
        "mapping" => json!({"type": "object"}),
        _ => return None,
    };
    Some(value)
}

/// A list of texts, or one text with commas.
pub(super) fn array(item: &Value) -> Value {
    json!({"anyOf": [
        {"type": "array", "items": or_reference(item.clone())},
        {"type": "string", "pattern": ","},
        item,
    ]})
}

/// The value, or a text with a reference to a variable or file.
pub(super) fn or_reference(value: Value) -> Value {
    json!({"anyOf": [value, {"type": "string", "pattern": REFERENCE}]})
}

/// The same, or nothing at all: a key without a value counts as absent.
pub(super) fn or_nothing(value: Value) -> Value {
    json!({"anyOf": [value, {"type": "null"}, {"type": "string", "pattern": REFERENCE}]})
}
