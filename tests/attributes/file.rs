//! Processors as a configuration file.

use std::fmt::Write;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use spanyard_wire::schema::Signal;

#[derive(Debug)]
pub(crate) struct Processor {
    /// `attributes`; else `resource`.
    pub(crate) items: bool,
    pub(crate) actions: Vec<Act>,
    pub(crate) include: Option<Block>,
    pub(crate) exclude: Option<Block>,
}

#[derive(Debug)]
pub(crate) enum Act {
    Set(Kind, String, Source),
    Delete(Option<String>, Option<&'static str>),
    Hash(Option<String>, Option<&'static str>),
    Extract(String, &'static str),
    Convert(String, &'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Insert,
    Update,
    Upsert,
}

#[derive(Debug)]
pub(crate) enum Source {
    Value(Value),
    Attribute(String, Option<Value>),
    Context(&'static str, Option<Value>),
}

/// `include` or `exclude`.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) regexp: bool,
    pub(crate) services: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) kinds: Vec<String>,
    pub(crate) bodies: Vec<String>,
    pub(crate) severity_texts: Vec<String>,
    pub(crate) severity: Option<(i32, bool)>,
    pub(crate) attributes: Vec<(String, Option<Value>)>,
    pub(crate) resources: Vec<(String, Option<Value>)>,
    pub(crate) libraries: Vec<(String, Option<String>)>,
}

impl Block {
    pub(crate) const fn is_empty(&self) -> bool {
        self.services.is_empty()
            && self.names.is_empty()
            && self.kinds.is_empty()
            && self.bodies.is_empty()
            && self.severity_texts.is_empty()
            && self.severity.is_none()
            && self.attributes.is_empty()
            && self.resources.is_empty()
            && self.libraries.is_empty()
    }
}

/// A file whose pipeline for the signal has these processors.
pub(crate) fn write(processors: &[Processor], signal: Signal) -> String {
    let mut out = String::from(
        "receivers: {otlp: {protocols: {http: {include_metadata: true}}}}\nexporters: {nop: {}}\n\
         processors:\n",
    );
    let mut ids = Vec::new();
    for (at, processor) in processors.iter().enumerate() {
        let (kind, list) =
            if processor.items { ("attributes", "actions") } else { ("resource", "attributes") };
        ids.push(format!("{kind}/{at}"));
        writeln!(out, "  {kind}/{at}:").expect("text grows");
        for (name, block) in [("include", &processor.include), ("exclude", &processor.exclude)] {
            if let Some(written) = block.as_ref().map(|found| block_text(found, signal)) {
                writeln!(out, "    {name}: {{{written}}}").expect("text grows");
            }
        }
        writeln!(out, "    {list}:").expect("text grows");
        for action in &processor.actions {
            writeln!(out, "      - {{{}}}", action_text(action)).expect("text grows");
        }
    }
    writeln!(
        out,
        "service: {{pipelines: {{{}: {{receivers: [otlp], processors: [{}], exporters: [nop]}}}}}}",
        signal.name(),
        ids.join(", ")
    )
    .expect("text grows");
    out
}

fn action_text(action: &Act) -> String {
    let named = |word: &str, key: &Option<String>, pattern: &Option<&str>| {
        let key = key.as_ref().map(|key| format!(", key: {}", quoted(key))).unwrap_or_default();
        let pattern = pattern.map(|text| format!(", pattern: {}", quoted(text)));
        format!("action: {word}{key}{}", pattern.unwrap_or_default())
    };
    match action {
        Act::Set(kind, key, source) => {
            let default = |value: &Option<Value>| {
                value.as_ref().map(|v| format!(", default_value: {}", yaml(v))).unwrap_or_default()
            };
            let source = match source {
                Source::Value(value) => format!("value: {}", yaml(value)),
                Source::Attribute(from, or) => {
                    format!("from_attribute: {}{}", quoted(from), default(or))
                }
                Source::Context(from, or) => {
                    format!("from_context: {}{}", quoted(from), default(or))
                }
            };
            // Words in any case.
            let word = format!("{kind:?}");
            format!("action: {word}, key: {}, {source}", quoted(key))
        }
        Act::Delete(key, pattern) => named("delete", key, pattern),
        Act::Hash(key, pattern) => named("HASH", key, pattern),
        Act::Extract(key, pattern) => {
            format!("action: extract, key: {}, pattern: {}", quoted(key), quoted(pattern))
        }
        Act::Convert(key, to) => {
            format!("action: convert, key: {}, converted_type: {to}", quoted(key))
        }
    }
}

fn block_text(block: &Block, signal: Signal) -> String {
    let mut parts = vec![format!("match_type: {}", if block.regexp { "regexp" } else { "strict" })];
    let names = if signal == Signal::Metrics { "metric_names" } else { "span_names" };
    for (key, list) in [
        ("services", &block.services),
        (names, &block.names),
        ("span_kinds", &block.kinds),
        ("log_bodies", &block.bodies),
        ("log_severity_texts", &block.severity_texts),
    ] {
        if !list.is_empty() {
            let list: Vec<String> = list.iter().map(|text| quoted(text)).collect();
            parts.push(format!("{key}: [{}]", list.join(", ")));
        }
    }
    if let Some((min, undefined)) = block.severity {
        parts.push(format!("log_severity_number: {{min: {min}, match_undefined: {undefined}}}"));
    }
    for (key, list) in [("attributes", &block.attributes), ("resources", &block.resources)] {
        if !list.is_empty() {
            let one = |(key, value): &(String, Option<Value>)| {
                let value = value.as_ref().map(|value| format!(", value: {}", yaml(value)));
                format!("{{key: {}{}}}", quoted(key), value.unwrap_or_default())
            };
            let list: Vec<String> = list.iter().map(one).collect();
            parts.push(format!("{key}: [{}]", list.join(", ")));
        }
    }
    if !block.libraries.is_empty() {
        let one = |(name, version): &(String, Option<String>)| {
            let version = version.as_ref().map(|version| format!(", version: {}", quoted(version)));
            format!("{{name: {}{}}}", quoted(name), version.unwrap_or_default())
        };
        let list: Vec<String> = block.libraries.iter().map(one).collect();
        parts.push(format!("libraries: [{}]", list.join(", ")));
    }
    parts.join(", ")
}

/// Whether YAML has a form for a value and for all in it.
pub(crate) fn has_form(value: &Value) -> bool {
    match value {
        Value::BytesValue(_) | Value::StringValueStrindex(_) => false,
        Value::ArrayValue(list) => list.values.iter().flat_map(|v| &v.value).all(has_form),
        Value::KvlistValue(map) => {
            map.values.iter().all(|pair| pair.value.iter().flat_map(|v| &v.value).all(has_form))
        }
        _ => true,
    }
}

fn yaml(value: &Value) -> String {
    let inner = |value: Option<&Value>| value.map_or_else(|| "null".to_owned(), yaml);
    match value {
        Value::StringValue(text) => quoted(text),
        Value::BoolValue(value) => value.to_string(),
        Value::IntValue(value) => value.to_string(),
        Value::DoubleValue(value) if value.is_nan() => ".nan".to_owned(),
        Value::DoubleValue(value) if value.is_infinite() => ".inf".to_owned(),
        Value::DoubleValue(value) => format!("{value:?}"),
        Value::ArrayValue(list) => {
            let list: Vec<String> = list.values.iter().map(|v| inner(v.value.as_ref())).collect();
            format!("[{}]", list.join(", "))
        }
        Value::KvlistValue(map) => {
            let pair = |pair: &opentelemetry_proto::tonic::common::v1::KeyValue| {
                let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
                format!("{}: {}", quoted(&pair.key), inner(value))
            };
            let map: Vec<String> = map.values.iter().map(pair).collect();
            format!("{{{}}}", map.join(", "))
        }
        Value::BytesValue(_) | Value::StringValueStrindex(_) => unreachable!("has no form"),
    }
}

/// In double quotes, with YAML's escapes.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
