//! Actions on attributes: what the processors `resource` and `attributes` have in common.

use std::sync::Arc;

use regex::bytes::Regex;
use spanyard_wire::edit::{Action, Edit, Extract, Keys, Source, Transform};

use super::value;
use crate::actions::convert::Convert;
use crate::actions::extract::Groups;
use crate::actions::hash::Hash;
use crate::actions::pattern::KeyPattern;
use crate::actions::regexp;
use crate::config::decode::{Field, Section};
use crate::config::keys::{Key, Table, key};
use crate::config::plan::ContextKey;
use crate::config::problems::Code;
use crate::config::report::Fault;
use crate::config::suggest::did_you_mean;

/// The keys of an action, for the tables of both processors.
pub(super) const KEYS: &[Key] = &[
    key(
        "key",
        "text",
        "required",
        "the attribute; `delete` and `hash` do with a `pattern` as well",
    ),
    key(
        "action",
        "word",
        "required",
        "`insert`, `update`, `upsert`, `delete`, `hash`, `extract` or `convert`, in any case",
    ),
    key(
        "value",
        "any value",
        "",
        "the new value; keeps its YAML type, lists and mappings included",
    ),
    key("from_attribute", "text", "", "the new value is that of this attribute"),
    key(
        "from_context",
        "text",
        "",
        "the new value is that of a request header (`metadata.<name>`) or `client.address`",
    ),
    key("default_value", "any value", "", "the new value where the source has none"),
    key(
        "pattern",
        "pattern",
        "",
        "`delete`, `hash`: every attribute whose key matches; `extract`: groups become attributes",
    ),
    key("converted_type", "word", "", "`convert`: `int`, `double` or `string`"),
];

/// One edit before its slots are numbered.
#[derive(Clone, Debug)]
pub(in crate::config) struct Draft {
    pub(in crate::config) keys: Keys,
    pub(in crate::config) verb: Verb,
}

/// What an edit does.
#[derive(Clone, Debug)]
pub(in crate::config) enum Verb {
    Insert(DraftSource),
    Update(DraftSource),
    Upsert(DraftSource),
    Delete,
    Replace(Arc<dyn Transform>),
    Extract(Arc<dyn Extract>),
}

/// Where an edit's value comes from.
#[derive(Clone, Debug)]
pub(in crate::config) struct DraftSource {
    origin: Origin,
    /// An encoded `AnyValue`.
    default: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
enum Origin {
    /// An encoded `AnyValue`.
    Value(Vec<u8>),
    Attribute(String),
    Context(ContextKey),
}

impl Draft {
    /// The edit, its slot numbered by `slot`, which says `None` for what a request does not bring
    /// here; `None` for an edit without effect.
    pub(in crate::config) fn edit(
        &self,
        slot: &mut dyn FnMut(&ContextKey) -> Option<usize>,
    ) -> Option<Edit> {
        let action = match &self.verb {
            Verb::Insert(source) => Action::Insert(source.number(slot)?),
            Verb::Update(source) => Action::Update(source.number(slot)?),
            Verb::Upsert(source) => Action::Upsert(source.number(slot)?),
            Verb::Delete => Action::Delete,
            Verb::Replace(transform) => Action::Replace(Arc::clone(transform)),
            Verb::Extract(extract) => Action::Extract(Arc::clone(extract)),
        };
        Some(Edit { keys: self.keys.clone(), action })
    }
}

impl Draft {
    /// The request header that the value comes from.
    pub(in crate::config) fn header(&self) -> Option<&str> {
        let (Verb::Insert(source) | Verb::Update(source) | Verb::Upsert(source)) = &self.verb
        else {
            return None;
        };
        match &source.origin {
            Origin::Context(ContextKey::Header(name)) => Some(name),
            _ => None,
        }
    }
}

impl DraftSource {
    fn number(&self, slot: &mut dyn FnMut(&ContextKey) -> Option<usize>) -> Option<Source> {
        let source = match &self.origin {
            Origin::Value(value) => return Some(Source::Value(value.as_slice().into())),
            Origin::Attribute(key) => Some(Source::Attribute(key.as_bytes().into())),
            Origin::Context(key) => slot(key).map(Source::Slot),
        };
        let default = self.default.as_ref().map(|value| value.as_slice().into());
        match (source, default) {
            (Some(source), Some(default)) => Some(Source::Or(Box::new(source), default)),
            (source, default) => source.or_else(|| default.map(Source::Value)),
        }
    }
}

/// The words, and the keys besides `key` and `action` that each takes.
const WORDS: [(&str, &[&str]); 7] = [
    ("insert", SOURCES),
    ("update", SOURCES),
    ("upsert", SOURCES),
    ("delete", &["pattern"]),
    ("hash", &["pattern"]),
    ("extract", &["pattern"]),
    ("convert", &["converted_type"]),
];
const SOURCES: &[&str] = &["value", "from_attribute", "from_context", "default_value"];

/// Decodes a list of actions; `None` when something in it is wrong.
pub(super) fn decode(list: &Field<'_>, table: &'static Table) -> Option<Vec<Draft>> {
    let items = list.items()?;
    if items.is_empty() {
        list.bad_value("no action is listed", "at least one action");
        return None;
    }
    let drafts = items.iter().map(|item| action(&item.section(table)?));
    let drafts: Vec<Option<Vec<Draft>>> = drafts.collect();
    let drafts: Option<Vec<Vec<Draft>>> = drafts.into_iter().collect();
    Some(drafts?.into_iter().flatten().collect())
}

fn action(section: &Section<'_>) -> Option<Vec<Draft>> {
    let word = word(section);
    let key = key_of(section, word);
    let (word, takes) = word?;
    let fits = check_keys(section, word, takes);
    let one = |verb| Some(vec![Draft { keys: keys(&key.clone()??), verb }]);
    let decoded = match word {
        "insert" => source(section).and_then(|source| one(Verb::Insert(source))),
        "update" => source(section).and_then(|source| one(Verb::Update(source))),
        "upsert" => source(section).and_then(|source| one(Verb::Upsert(source))),
        "delete" => by_key_and_pattern(section, key?, &Verb::Delete),
        "hash" => by_key_and_pattern(section, key?, &Verb::Replace(Arc::new(Hash))),
        "extract" => groups(section).and_then(|groups| one(Verb::Extract(Arc::new(groups)))),
        _ => converted(section).and_then(|to| one(Verb::Replace(Arc::new(to)))),
    };
    decoded.filter(|_| fits)
}

fn word(section: &Section<'_>) -> Option<(&'static str, &'static [&'static str])> {
    let field = section.required("action")?;
    let text = field.text()?;
    let lower = text.to_lowercase();
    let names = || WORDS.iter().map(|(name, _)| *name);
    let found = WORDS.iter().find(|(name, _)| *name == lower).copied();
    if found.is_none() {
        let fault = Fault::new(Code::BadValue, "unknown action")
            .expected(format!("one of {}", names().collect::<Vec<_>>().join(", ")))
            .found(field.node.shown());
        field.error(fault.maybe_hint(did_you_mean(&text, names())));
    }
    found
}

/// The key, where one is needed or given; `None` when it is wrong.
fn key_of(section: &Section<'_>, word: Option<(&str, &[&str])>) -> Option<Option<String>> {
    let by_pattern = word.is_none_or(|(word, _)| word == "delete" || word == "hash")
        && given(section, "pattern").is_some();
    match section.get("key") {
        Some(field) => {
            let key = field.text()?;
            if !key.is_empty() {
                return Some(Some(key));
            }
            if !by_pattern {
                field.bad_value("an empty key", "the name of an attribute");
                return None;
            }
        }
        None if by_pattern => {}
        None => return section.required("key").map(|_| None),
    }
    Some(None)
}

/// A value that is given and not empty text: empty text counts as not given, as in the Collector.
fn given<'a>(section: &Section<'a>, key: &str) -> Option<Field<'a>> {
    let empty = |field: &Field<'_>| field.node.typed().is_some() && field.plain_text().is_empty();
    section.get(key).filter(|field| matches!(key, "value" | "default_value") || !empty(field))
}

/// Refuses keys that the action does not take, or warns where the Collector passes them over.
fn check_keys(section: &Section<'_>, word: &str, takes: &[&str]) -> bool {
    let mut fits = true;
    for name in SOURCES.iter().chain(&["pattern", "converted_type"]) {
        let Some(field) = given(section, name).filter(|_| !takes.contains(name)) else {
            continue;
        };
        let harmless = *name == "default_value"
            || *name == "from_context" && ["delete", "hash"].contains(&word);
        if harmless {
            let message = format!("`{word}` does not use `{name}`");
            field.report.warning(field.key, &field.path, Fault::new(Code::Ignored, message));
        } else {
            let fault = Fault::new(Code::Conflict, format!("`{word}` takes no `{name}`"));
            field.report.error(field.key, &field.path, fault);
            fits = false;
        }
    }
    fits
}

fn keys(key: &str) -> Keys {
    Keys::One(key.as_bytes().into())
}

/// The edits of `delete` and `hash`. A key that the pattern matches needs no edit of its own, so
/// that nothing is hashed twice.
fn by_key_and_pattern(
    section: &Section<'_>,
    key: Option<String>,
    verb: &Verb,
) -> Option<Vec<Draft>> {
    let pattern = match given(section, "pattern") {
        Some(field) => Some(pattern(&field)?),
        None => None,
    };
    let covered = |key: &str| pattern.as_ref().is_some_and(|p| p.is_match(key.as_bytes()));
    let key = key.filter(|key| !covered(key));
    let mut drafts = Vec::new();
    drafts.extend(key.map(|key| Draft { keys: keys(&key), verb: verb.clone() }));
    drafts.extend(pattern.map(|pattern| {
        let keys = Keys::Matching(Arc::new(KeyPattern(pattern)));
        Draft { keys, verb: verb.clone() }
    }));
    Some(drafts)
}

/// A regular expression.
pub(super) fn pattern(field: &Field<'_>) -> Option<Regex> {
    let text = field.text()?;
    match regexp::compile(&text) {
        Ok(pattern) => Some(pattern),
        Err(reason) => {
            field.bad_value(&format!("the pattern is not valid: {reason}"), "RE2 syntax");
            None
        }
    }
}

fn groups(section: &Section<'_>) -> Option<Groups> {
    let Some(field) = given(section, "pattern") else {
        let fault = Fault::new(Code::Missing, "`extract` needs a `pattern`");
        section.error(fault.expected("a pattern with named groups, such as ^/(?P<tenant>[^/]+)"));
        return None;
    };
    let groups = Groups::of(pattern(&field)?);
    if groups.is_none() {
        field.bad_value("every group of the pattern needs a name", "groups like (?P<name>...)");
    }
    groups
}

fn converted(section: &Section<'_>) -> Option<Convert> {
    let Some(field) = given(section, "converted_type") else {
        let fault = Fault::new(Code::Missing, "`convert` needs a `converted_type`");
        section.error(fault.expected("int, double or string"));
        return None;
    };
    Some(match field.one_of(&["int", "double", "string"])? {
        "int" => Convert::Int,
        "double" => Convert::Double,
        _ => Convert::Text,
    })
}

/// The value's source: one, or a default alone.
fn source(section: &Section<'_>) -> Option<DraftSource> {
    let [value, attribute, context] =
        ["value", "from_attribute", "from_context"].map(|name| given(section, name));
    let sources = [&value, &attribute, &context].map(Option::as_ref);
    if let Some(second) = sources.into_iter().flatten().nth(1) {
        let fault = Fault::new(Code::Conflict, "the value has two sources");
        second.error(fault.expected("one of value, from_attribute, from_context"));
        return None;
    }
    let default = match section.get("default_value") {
        Some(field) => Some(value::encoded(&field)?),
        None => None,
    };
    let origin = if let Some(field) = value {
        Origin::Value(value::encoded(&field)?)
    } else if let Some(field) = attribute {
        Origin::Attribute(field.text()?)
    } else if let Some(field) = context {
        Origin::Context(context_key(&field)?)
    } else if let Some(default) = &default {
        Origin::Value(default.clone())
    } else {
        let fault = Fault::new(Code::Missing, "there is no value to set");
        let expected = "one of value, from_attribute, from_context, default_value";
        section.error(fault.expected(expected));
        return None;
    };
    Some(DraftSource { origin, default })
}

fn context_key(field: &Field<'_>) -> Option<ContextKey> {
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
