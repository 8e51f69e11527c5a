//! Values as text, written once more from the Collector's description.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use std::collections::BTreeMap;

/// The text that a value is converted to.
pub(crate) fn converted(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => double(*value),
        Some(Value::BytesValue(bytes)) => STANDARD.encode(bytes),
        Some(value) => json(Some(value)).unwrap_or_default(),
    }
}

/// The text that `match_type: regexp` looks at.
pub(crate) fn scalar(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::DoubleValue(value) if *value == f64::INFINITY => Some("+Inf".to_owned()),
        Value::DoubleValue(value) => Some(format!("{value}")),
        Value::BytesValue(_) | Value::ArrayValue(_) | Value::KvlistValue(_) => None,
        value => Some(converted(Some(value))),
    }
}

fn double(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        "Infinity".to_owned()
    } else if size == 0.0 || (1e-6..1e21).contains(&size) {
        format!("{value}")
    } else {
        let text = format!("{value:e}");
        if text.contains("e-") { text } else { text.replace('e', "e+") }
    }
}

/// `None` for an infinite number.
fn json(value: Option<&Value>) -> Option<String> {
    Some(match value {
        None => "null".to_owned(),
        Some(Value::StringValue(text)) => string(text),
        Some(Value::DoubleValue(value)) if !value.is_finite() => return None,
        Some(Value::BytesValue(bytes)) if bytes.is_empty() => "null".to_owned(),
        Some(Value::BytesValue(bytes)) => string(&STANDARD.encode(bytes)),
        Some(Value::ArrayValue(list)) => {
            let list: Option<Vec<String>> =
                list.values.iter().map(|value| json(value.value.as_ref())).collect();
            format!("[{}]", list?.join(","))
        }
        Some(Value::KvlistValue(map)) => {
            let mut sorted = BTreeMap::new();
            for pair in &map.values {
                let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
                let _ = sorted.insert(&pair.key, json(value)?);
            }
            let pairs = sorted.iter().map(|(key, value)| format!("{}:{value}", string(key)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        }
        Some(value) => converted(Some(value)),
    })
}

fn string(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    format!("\"{escaped}\"")
}
