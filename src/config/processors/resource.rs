//! The `resource` processor: a list of actions on resource attributes.

use spanyard_wire::encode;

use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::plan::ContextKey;
use crate::config::problems::Code;
use crate::config::report::Fault;
use crate::config::suggest::did_you_mean;
use crate::config::yaml::Typed;

pub(in crate::config) const RESOURCE: Table = Table {
    scope: "processors.resource",
    keys: &[key("attributes", "list of actions", "required", "what to do, in order")],
};
pub(in crate::config) const ACTION: Table = Table {
    scope: "processors.resource.attributes",
    keys: &[
        key("key", "text", "required", "the attribute"),
        key("action", "word", "required", "`insert`, `update`, `upsert` or `delete`"),
        key("value", "text, number or boolean", "", "the new value; keeps its YAML type"),
        key("from_attribute", "text", "", "the new value is that of this resource attribute"),
        key(
            "from_context",
            "text",
            "",
            "the new value is that of a request header (`metadata.<name>`) or `client.address`",
        ),
    ],
};

/// One edit before its slots are numbered.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) struct Draft {
    pub(in crate::config) key: String,
    pub(in crate::config) verb: Verb,
    /// `None` for `delete` only.
    pub(in crate::config) source: Option<DraftSource>,
}

/// What an edit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Verb {
    Insert,
    Update,
    Upsert,
    Delete,
}

/// Where an edit's value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) enum DraftSource {
    /// An encoded `AnyValue`.
    Value(Vec<u8>),
    Attribute(String),
    Context(ContextKey),
}

const VERBS: [(&str, Verb); 4] = [
    ("insert", Verb::Insert),
    ("update", Verb::Update),
    ("upsert", Verb::Upsert),
    ("delete", Verb::Delete),
];

/// Decodes the processor; `None` when something in it is wrong.
pub(super) fn decode(field: &Field<'_>) -> Option<Vec<Draft>> {
    let section = field.section(&RESOURCE)?;
    let list = section.required("attributes")?;
    let items = list.items()?;
    if items.is_empty() {
        list.bad_value("no action is listed", "at least one action");
        return None;
    }
    let drafts = items.iter().map(|item| action(&item.section(&ACTION)?));
    let drafts: Vec<Option<Draft>> = drafts.collect();
    drafts.into_iter().collect()
}

fn action(section: &Section<'_>) -> Option<Draft> {
    let verb = verb(section);
    let key = match section.get("key") {
        Some(field) => field.text().filter(|key| {
            if key.is_empty() {
                field.bad_value("an empty key", "the name of an attribute");
            }
            !key.is_empty()
        }),
        // `pattern` and `hash` do without a key, and have been refused already.
        None if section.has_unsupported() => None,
        None => section.required("key").and_then(|field| field.text()),
    };
    let verb = verb?;
    let source = source(section, verb);
    Some(Draft { key: key?, verb, source: source? })
}

fn verb(section: &Section<'_>) -> Option<Verb> {
    let field = section.required("action")?;
    let text = field.text()?;
    let lower = text.to_lowercase();
    if let Some((_, verb)) = VERBS.iter().find(|(name, _)| *name == lower) {
        return Some(*verb);
    }
    if ["hash", "extract", "convert"].contains(&lower.as_str()) {
        field.not_supported(&format!("the action `{lower}`"), "");
        return None;
    }
    let fault = Fault::new(Code::BadValue, "unknown action")
        .expected("one of insert, update, upsert, delete")
        .found(field.node.shown());
    field.error(fault.maybe_hint(did_you_mean(&text, VERBS.iter().map(|(name, _)| *name))));
    None
}

/// The value's source: exactly one for all verbs but `delete`, which takes none.
fn source(section: &Section<'_>, verb: Verb) -> Option<Option<DraftSource>> {
    let named = ["value", "from_attribute", "from_context"];
    let given: Vec<Field<'_>> = named.iter().filter_map(|name| section.get(name)).collect();
    if verb == Verb::Delete {
        if let Some(field) = given.first() {
            field.error(Fault::new(Code::Conflict, "`delete` takes no value"));
            return None;
        }
        return Some(None);
    }
    if let [_, second, ..] = given.as_slice() {
        let fault = Fault::new(Code::Conflict, "the value has two sources");
        second.error(fault.expected("one of value, from_attribute, from_context"));
        return None;
    }
    if let Some(field) = section.get("value") {
        return value(&field).map(DraftSource::Value).map(Some);
    }
    if let Some(field) = section.get("from_attribute") {
        return field.text().map(DraftSource::Attribute).map(Some);
    }
    if let Some(field) = section.get("from_context") {
        return context(&field).map(DraftSource::Context).map(Some);
    }
    if section.has_unsupported() {
        return None;
    }
    let fault = Fault::new(Code::Missing, "there is no value to set");
    section.error(fault.expected("one of value, from_attribute, from_context"));
    None
}

/// A value with its YAML type, as an encoded `AnyValue`.
fn value(field: &Field<'_>) -> Option<Vec<u8>> {
    match field.node.typed() {
        Some(Typed::Text(text)) => Some(encode::any_value_string(&text)),
        Some(Typed::Bool(value)) => Some(encode::any_value_bool(value)),
        Some(Typed::Int(value)) => Some(encode::any_value_int(value)),
        Some(Typed::Float(value)) => Some(encode::any_value_double(value)),
        Some(Typed::Huge) => {
            field.bad_value("out of range", "a whole number of 64 bits");
            None
        }
        Some(Typed::Date) => {
            let hint = format!("quote it: \"{}\"", field.plain_text());
            let fault = Fault::new(Code::WrongType, "an attribute cannot hold a date");
            field.error(fault.found(field.node.shown()).hint(hint));
            None
        }
        Some(Typed::Null) => {
            field.wrong_type("text, a number or a boolean");
            None
        }
        None => {
            field.not_supported("a list or mapping as a value", "");
            None
        }
    }
}

fn context(field: &Field<'_>) -> Option<ContextKey> {
    let text = field.text()?;
    if text == "client.address" {
        return Some(ContextKey::ClientAddress);
    }
    if text.starts_with("auth.") {
        field.not_supported("`auth.` in `from_context`", "there is no authentication yet");
        return None;
    }
    let name = text.strip_prefix("metadata.").unwrap_or(&text).to_lowercase();
    if name.is_empty() {
        field.bad_value("an empty header name", "metadata.<header> or client.address");
        return None;
    }
    Some(ContextKey::Header(name))
}
