//! Processors on decoded requests, the plain way.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use regex::Regex;

use crate::draw::HEADERS;
use crate::file::{Act, Block, Kind, Processor, Source};
use crate::message::{Around, Message};
use crate::text as texts;

/// Applies one processor to all of a request.
pub(crate) fn apply(processor: &Processor, message: &mut Message) {
    let act = |attributes: &mut Vec<KeyValue>| {
        processor.actions.iter().for_each(|action| act(action, attributes));
    };
    if processor.items {
        message.each_item(&mut |around, attributes| {
            let holds = |block: &Block| holds(block, around, attributes);
            let included = processor.include.as_ref().is_none_or(holds);
            if included && !processor.exclude.as_ref().is_some_and(holds) {
                act(attributes);
            }
        });
        return;
    }
    for resource in message.resources() {
        let mut edited = resource.clone().unwrap_or_default();
        act(&mut edited.attributes);
        if resource.is_some() || !edited.attributes.is_empty() {
            *resource = Some(edited);
        }
    }
}

/// The value of an attribute, as text.
pub(crate) fn text(attribute: &KeyValue) -> String {
    texts::converted(value_of(attribute))
}

fn value_of(attribute: &KeyValue) -> Option<&Value> {
    attribute.value.as_ref()?.value.as_ref()
}

fn find(attributes: &[KeyValue], key: &str) -> Option<usize> {
    attributes.iter().position(|one| one.key == key)
}

fn put(attributes: &mut Vec<KeyValue>, key: &str, value: Option<Value>) {
    let value = Some(AnyValue { value });
    match find(attributes, key) {
        Some(at) => attributes[at].value = value,
        None => attributes.push(KeyValue { key: key.to_owned(), value, ..KeyValue::default() }),
    }
}

fn act(action: &Act, attributes: &mut Vec<KeyValue>) {
    match action {
        Act::Set(kind, key, source) => {
            let Some(value) = source_value(source, attributes) else {
                return;
            };
            let present = find(attributes, key).is_some();
            let applies = match kind {
                Kind::Insert => !present,
                Kind::Update => present,
                Kind::Upsert => true,
            };
            if applies {
                put(attributes, key, value);
            }
        }
        Act::Delete(key, pattern) => {
            let chosen = chosen(attributes, key.as_deref(), *pattern);
            let mut at = 0;
            attributes.retain(|_| {
                at += 1;
                !chosen.contains(&(at - 1))
            });
        }
        Act::Hash(key, pattern) => {
            for at in chosen(attributes, key.as_deref(), *pattern) {
                let hashed = Value::StringValue(hash(value_of(&attributes[at])));
                attributes[at].value = Some(AnyValue { value: Some(hashed) });
            }
        }
        Act::Extract(key, pattern) => {
            let at = find(attributes, key);
            let Some(Value::StringValue(text)) = at.and_then(|at| value_of(&attributes[at])) else {
                return;
            };
            let (text, pattern) = (text.clone(), Regex::new(pattern).expect("a pattern"));
            if let Some(found) = pattern.captures(&text) {
                for name in pattern.capture_names().flatten() {
                    let value = found.name(name).map_or("", |group| group.as_str());
                    put(attributes, name, Some(Value::StringValue(value.to_owned())));
                }
            }
        }
        Act::Convert(key, to) => {
            if let Some(at) = find(attributes, key)
                && let Some(value) = convert(value_of(&attributes[at]), to)
            {
                attributes[at].value = Some(AnyValue { value: Some(value) });
            }
        }
    }
}

/// The outer `None`: there is no source.
fn source_value(source: &Source, attributes: &[KeyValue]) -> Option<Option<Value>> {
    let (found, default) = match source {
        Source::Value(value) => return Some(Some(value.clone())),
        Source::Attribute(key, default) => {
            (find(attributes, key).map(|at| value_of(&attributes[at]).cloned()), default)
        }
        Source::Context("client.address", default) => {
            (Some(Some(Value::StringValue("127.0.0.1".to_owned()))), default)
        }
        Source::Context(name, default) => {
            let name = name.trim_start_matches("metadata.").to_lowercase();
            let values: Vec<&str> =
                HEADERS.iter().filter(|(header, _)| *header == name).map(|(_, v)| *v).collect();
            let joined = (!values.is_empty()).then(|| Some(Value::StringValue(values.join(";"))));
            (joined, default)
        }
    };
    found.or_else(|| default.clone().map(Some))
}

/// The first with the key and all that match, each once.
fn chosen(attributes: &[KeyValue], key: Option<&str>, pattern: Option<&str>) -> Vec<usize> {
    let pattern = pattern.map(|pattern| Regex::new(pattern).expect("a pattern"));
    let first = key.and_then(|key| find(attributes, key));
    let matches = |at: usize| pattern.as_ref().is_some_and(|p| p.is_match(&attributes[at].key));
    (0..attributes.len()).filter(|at| first == Some(*at) || matches(*at)).collect()
}

fn hash(value: Option<&Value>) -> String {
    let bytes = match value {
        Some(Value::StringValue(text)) => text.as_bytes().to_vec(),
        Some(Value::BoolValue(value)) => vec![u8::from(*value)],
        Some(Value::IntValue(value)) => value.to_le_bytes().to_vec(),
        Some(Value::DoubleValue(value)) => value.to_le_bytes().to_vec(),
        _ => return String::new(),
    };
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `None`: the value stays. Of the texts that occur only those are numbers that are named here.
fn convert(value: Option<&Value>, to: &str) -> Option<Value> {
    match (to, value) {
        ("string", Some(Value::StringValue(_))) => None,
        ("string", value) => Some(Value::StringValue(texts::converted(value))),
        ("int", Some(Value::DoubleValue(value))) if value.abs() < 1e18 => {
            Some(Value::IntValue(format!("{:.0}", value.trunc()).parse().expect("whole")))
        }
        ("int", Some(Value::BoolValue(value))) => Some(Value::IntValue(i64::from(*value))),
        ("int", Some(Value::StringValue(text))) => text.parse().ok().map(Value::IntValue),
        ("double", Some(Value::IntValue(value))) => Some(Value::DoubleValue(*value as f64)),
        ("double", Some(Value::BoolValue(value))) => {
            Some(Value::DoubleValue(if *value { 1.0 } else { 0.0 }))
        }
        ("double", Some(Value::StringValue(text))) => match text.as_str() {
            "1_0.5" => Some(Value::DoubleValue(10.5)),
            "0x1p-2" => Some(Value::DoubleValue(0.25)),
            text => text.parse().ok().map(Value::DoubleValue),
        },
        _ => None,
    }
}

fn holds(block: &Block, around: &Around, attributes: &[KeyValue]) -> bool {
    let meets = |wanted: &str, text: &str| {
        if block.regexp {
            Regex::new(wanted).expect("a pattern").is_match(text)
        } else {
            wanted == text
        }
    };
    let any = |list: &[String], text: &str| list.is_empty() || list.iter().any(|w| meets(w, text));
    let all = |list: &[(String, Option<Value>)], attributes: &[KeyValue]| {
        list.iter().all(|(key, wanted)| {
            let Some(at) = find(attributes, key) else {
                return false;
            };
            let found = value_of(&attributes[at]);
            match wanted {
                None => true,
                Some(Value::StringValue(pattern)) if block.regexp => {
                    texts::scalar(found).is_some_and(|text| meets(pattern, &text))
                }
                Some(wanted) => found.is_some_and(|found| same(wanted, found)),
            }
        })
    };
    let service = find(&around.resource, "service.name")
        .map_or_else(|| "<nil-service-name>".to_owned(), |at| text(&around.resource[at]));
    let kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
    let kind = usize::try_from(around.kind).ok().and_then(|kind| kinds.get(kind));
    let kind = kind.map(|name| format!("SPAN_KIND_{name}")).unwrap_or_default();
    let body = texts::converted(around.body.as_ref().and_then(|body| body.value.as_ref()));
    let severe = |(min, undefined): (i32, bool)| match around.severity {
        0 => undefined,
        severity => severity >= min,
    };
    let library = |(name, version): &(String, Option<String>)| {
        meets(name, &around.scope.name)
            && version.as_ref().is_none_or(|version| meets(version, &around.scope.version))
    };
    any(&block.services, &service)
        && any(&block.names, &around.name)
        && any(&block.kinds, &kind)
        && any(&block.bodies, &body)
        && any(&block.severity_texts, &around.severity_text)
        && block.severity.is_none_or(severe)
        && block.libraries.iter().all(library)
        && all(&block.resources, &around.resource)
        && all(&block.attributes, attributes)
}

/// Equal in type and content; the order of maps does not count.
fn same(a: &Value, b: &Value) -> bool {
    let inner = |a: Option<&AnyValue>, b: Option<&AnyValue>| match (
        a.and_then(|a| a.value.as_ref()),
        b.and_then(|b| b.value.as_ref()),
    ) {
        (None, None) => true,
        (Some(a), Some(b)) => same(a, b),
        _ => false,
    };
    match (a, b) {
        (Value::ArrayValue(a), Value::ArrayValue(b)) => {
            a.values.len() == b.values.len()
                && a.values.iter().zip(&b.values).all(|(a, b)| inner(Some(a), Some(b)))
        }
        (Value::KvlistValue(a), Value::KvlistValue(b)) => {
            let sorted = |list: &[KeyValue]| {
                let mut list = list.to_vec();
                list.sort_by(|a, b| a.key.cmp(&b.key));
                list
            };
            let (a, b) = (sorted(&a.values), sorted(&b.values));
            a.len() == b.len()
                && a.iter()
                    .zip(&b)
                    .all(|(a, b)| a.key == b.key && inner(a.value.as_ref(), b.value.as_ref()))
        }
        (a, b) => a == b,
    }
}
