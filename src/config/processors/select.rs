//! `include` and `exclude` of the `attributes` processor: which items its actions act on.

use std::collections::BTreeSet;

use spanyard_wire::schema::Signal;

use super::{actions, value};
use crate::actions::regexp;
use crate::actions::select::{
    AttributeTest, ItemTest, KINDS, Names, ResourceTest, Severity, Wanted,
};
use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::problems::Code;
use crate::config::report::{Fault, Mark, Report};

pub(in crate::config) const TABLES: [&Table; 5] =
    [&BLOCK, &REGEXP, &ATTRIBUTE, &LIBRARY, &SEVERITY];

const BLOCK: Table = Table {
    scope: "processors.attributes.include",
    keys: &[
        key("match_type", "word", "", "`strict` or `regexp`; needed where text is compared"),
        key("regexp", "mapping", "", "accepted: patterns are compiled, results are not cached"),
        key(
            "services",
            "list of text",
            "[]",
            "traces: one of these is the resource's service.name",
        ),
        key("span_names", "list of text", "[]", "traces: one of these is the span's name"),
        key("span_kinds", "list of text", "[]", "traces: one of these, such as SPAN_KIND_SERVER"),
        key("log_bodies", "list of text", "[]", "logs: one of these is the body's text"),
        key("log_severity_texts", "list of text", "[]", "logs: one of these"),
        key("log_severity_number", "mapping", "", "logs: the lowest severity"),
        key("metric_names", "list of text", "[]", "metrics: one of these"),
        key("attributes", "list", "[]", "traces and logs: the item has all of these attributes"),
        key("resources", "list", "[]", "the resource has all of these attributes"),
        key("libraries", "list", "[]", "traces and logs: the scope is all of these"),
    ],
};
const REGEXP: Table = Table {
    scope: "processors.attributes.include.regexp",
    keys: &[
        key("cacheenabled", "boolean", "false", "no effect"),
        key("cachemaxnumentries", "number", "0", "no effect"),
    ],
};
const ATTRIBUTE: Table = Table {
    scope: "processors.attributes.include.attributes",
    keys: &[
        key("key", "text", "required", "the attribute; the same in `resources`"),
        key("value", "any value", "", "its value, of the same type; a pattern; none: any value"),
    ],
};
const LIBRARY: Table = Table {
    scope: "processors.attributes.include.libraries",
    keys: &[
        key("name", "text", "", "the scope's name"),
        key("version", "text", "", "the scope's version; none: any version"),
    ],
};
const SEVERITY: Table = Table {
    scope: "processors.attributes.include.log_severity_number",
    keys: &[
        key("min", "whole number", "0", "the lowest severity number"),
        key("match_undefined", "boolean", "false", "whether records without severity are met"),
    ],
};

/// A decoded `include` or `exclude`.
#[derive(Clone, Debug)]
pub(in crate::config) struct Block {
    pub(in crate::config) resource: ResourceTest,
    pub(in crate::config) item: ItemTest,
    mark: Mark,
    path: String,
    /// The properties that it names, and where.
    named: Vec<(&'static str, Mark)>,
    /// A kind that no strict comparison can meet.
    odd_kind: Option<Mark>,
}

/// How texts are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Strict,
    Regexp,
}

/// The properties that each signal has.
const PROPERTIES: [(Signal, &[&str]); 3] = [
    (
        Signal::Traces,
        &["services", "span_names", "span_kinds", "attributes", "resources", "libraries"],
    ),
    (Signal::Metrics, &["metric_names", "resources"]),
    (
        Signal::Logs,
        &[
            "log_bodies",
            "log_severity_texts",
            "log_severity_number",
            "attributes",
            "resources",
            "libraries",
        ],
    ),
];

/// Decodes a block; `None` when something in it is wrong.
pub(super) fn decode(field: &Field<'_>) -> Option<Block> {
    let section = field.section(&BLOCK)?;
    if let Some(cache) = section.get("regexp").and_then(|field| field.section(&REGEXP)) {
        let _ = cache.boolean("cacheenabled", false);
        let _ = cache.whole("cachemaxnumentries", 0, 0, i64::MAX.unsigned_abs());
    }
    let reader = Reader { how: how(&section)?, section };
    let (span_names, metric_names) = (reader.names("span_names"), reader.names("metric_names"));
    let (services, kinds) = (reader.names("services"), reader.names("span_kinds"));
    let bodies = reader.names("log_bodies");
    let severity_texts = reader.names("log_severity_texts");
    let (attributes, resources) = (reader.attributes("attributes"), reader.attributes("resources"));
    let libraries = reader.libraries();
    let severity = reader.severity();
    let item = ItemTest {
        names: span_names?.or(metric_names?),
        kinds: kinds?,
        bodies: bodies?,
        severity_texts: severity_texts?,
        severity: severity?,
        libraries: libraries?,
        attributes: attributes?,
    };
    let resource = ResourceTest { services: services?, attributes: resources? };
    let (mark, path) = (field.key, field.path.clone());
    Some(Block { resource, item, mark, path, named: reader.named(), odd_kind: reader.odd_kind() })
}

impl Block {
    /// Reports what a pipeline of this signal cannot ask for, and a block that asks for nothing.
    pub(in crate::config) fn check(&self, signal: Signal, report: &Report<'_>) {
        let properties = PROPERTIES.iter().find(|(of, _)| *of == signal);
        let known = properties.map(|(_, known)| *known).unwrap_or_default();
        let name = signal.name();
        for (property, mark) in self.named.iter().filter(|(named, _)| !known.contains(named)) {
            let message = format!("`{property}` cannot be asked for in a pipeline of {name}");
            let fault = Fault::new(Code::Conflict, message);
            let fault = fault.hint(format!("{name} have {}", known.join(", ")));
            report.error(*mark, &format!("{}.{property}", self.path), fault);
        }
        if self.named.is_empty() {
            let fault = Fault::new(Code::Missing, "the block asks for nothing");
            let expected = format!("one of {}, for {name}", known.join(", "));
            report.error(self.mark, &self.path, fault.expected(expected));
        }
        if let (Some(mark), Signal::Traces) = (self.odd_kind, signal) {
            let kinds = KINDS.get(1..).unwrap_or_default().join(", ");
            let fault = Fault::new(Code::BadValue, "no kind of span");
            let path = format!("{}.span_kinds", self.path);
            report.error(mark, &path, fault.expected(format!("one of {kinds}")));
        }
    }
}

/// `match_type`; `Some(None)` when it is not given.
fn how(section: &Section<'_>) -> Option<Option<How>> {
    let Some(field) = section.get("match_type") else {
        return Some(None);
    };
    let word = field.one_of(&["strict", "regexp"])?;
    Some(Some(if word == "strict" { How::Strict } else { How::Regexp }))
}

/// A block being decoded.
struct Reader<'a> {
    section: Section<'a>,
    how: Option<How>,
}

impl Reader<'_> {
    /// How texts are compared; reports it when that is not said.
    fn how(&self) -> Option<How> {
        if self.how.is_none() {
            let fault = Fault::new(Code::Missing, "`match_type` is required");
            self.section.error(fault.expected("strict or regexp"));
        }
        self.how
    }

    fn names(&self, key: &str) -> Option<Option<Names>> {
        let Some(field) = self.section.get(key) else {
            return Some(None);
        };
        let listed = field.texts()?;
        if listed.is_empty() {
            return Some(None);
        }
        let texts: Vec<&str> = listed.iter().map(|(text, _)| text.as_str()).collect();
        self.compared(&texts, &field).map(Some)
    }

    fn compared(&self, texts: &[&str], field: &Field<'_>) -> Option<Names> {
        if self.how()? == How::Strict {
            let names: BTreeSet<Box<[u8]>> =
                texts.iter().map(|text| text.as_bytes().into()).collect();
            return Some(Names::Exact(names));
        }
        match regexp::compile_set(texts.iter().copied()) {
            Ok(patterns) => Some(Names::Patterns(patterns)),
            Err(reason) => {
                field.bad_value(&format!("the pattern is not valid: {reason}"), "RE2 syntax");
                None
            }
        }
    }

    fn attributes(&self, key: &str) -> Option<Vec<AttributeTest>> {
        let Some(field) = self.section.get(key) else {
            return Some(Vec::new());
        };
        let tests = field.items()?.iter().map(|item| self.attribute(item)).collect::<Vec<_>>();
        tests.into_iter().collect()
    }

    fn attribute(&self, field: &Field<'_>) -> Option<AttributeTest> {
        let section = field.section(&ATTRIBUTE)?;
        let named = section.required("key")?;
        let key = named.text()?;
        if key.is_empty() {
            named.bad_value("an empty key", "the name of an attribute");
            return None;
        }
        let wanted = match section.get("value") {
            None => Wanted::Anything,
            Some(field) if self.how()? == How::Strict => {
                Wanted::Exactly(value::encoded(&field)?.into())
            }
            Some(field) => Wanted::Matching(actions::pattern(&field)?),
        };
        Some(AttributeTest { key: key.as_bytes().into(), wanted })
    }

    fn libraries(&self) -> Option<Vec<(Names, Option<Names>)>> {
        let Some(field) = self.section.get("libraries") else {
            return Some(Vec::new());
        };
        let library = |field: &Field<'_>| {
            let section = field.section(&LIBRARY)?;
            let name = section.text("name").unwrap_or_default();
            let name = self.compared(&[&name], field)?;
            let version = match section.get("version") {
                Some(field) => Some(self.compared(&[&field.text()?], &field)?),
                None => None,
            };
            Some((name, version))
        };
        let libraries = field.items()?.iter().map(library).collect::<Vec<_>>();
        libraries.into_iter().collect()
    }

    fn severity(&self) -> Option<Option<Severity>> {
        let Some(field) = self.section.get("log_severity_number") else {
            return Some(None);
        };
        let section = field.section(&SEVERITY)?;
        let min = section.whole("min", 0, 0, i32::MAX.unsigned_abs().into());
        let undefined = section.boolean("match_undefined", false);
        Some(Some(Severity { min: i32::try_from(min).unwrap_or(i32::MAX), undefined }))
    }

    /// The properties that are given and not empty.
    fn named(&self) -> Vec<(&'static str, Mark)> {
        let all = PROPERTIES.iter().flat_map(|(_, properties)| properties.iter().copied());
        let all: BTreeSet<&'static str> = all.collect();
        let given = all.into_iter().filter_map(|name| Some((name, self.section.get(name)?)));
        given.filter(|(_, field)| !field.is_empty_list()).map(|(n, f)| (n, f.key)).collect()
    }

    fn odd_kind(&self) -> Option<Mark> {
        let listed = self.section.get("span_kinds").filter(|_| self.how == Some(How::Strict))?;
        let odd = |text: &str| !KINDS.iter().skip(1).any(|kind| *kind == text);
        listed.texts()?.iter().find(|(text, _)| odd(text)).map(|(_, field)| field.mark())
    }
}
