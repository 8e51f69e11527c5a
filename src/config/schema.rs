//! A JSON Schema (draft 2020-12) of the configuration, for editors and for checks without the
//! program: generated from the tables of keys, of what is not supported and of component types.
//!
//! It says what can be said without meaning: which keys stand where, types, words, the shape of
//! references. A key that is known and refused as not supported yet is let through with a
//! description, so that a Collector's file validates. Every value may be null or hold `${...}`.

mod fragments;
mod words;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::keys::{Key, Table, tables};
use super::kinds::{SECTIONS, built, idle};
use super::receivers::ENCODINGS;
use super::unsupported::{self, Verdict};
use fragments::{array, fragment, or_nothing, or_reference};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// What a pipeline's name begins with.
const SIGNALS: &str = "traces|metrics|logs";

/// Mappings that have the keys of another one.
const SAME: [(&str, &str); 4] = [
    ("receivers.otlp.protocols.grpc.tls", "receivers.otlp.protocols.*.tls"),
    ("receivers.otlp.protocols.http.tls", "receivers.otlp.protocols.*.tls"),
    ("processors.attributes.exclude", "processors.attributes.include"),
    ("processors.attributes.include.resources", "processors.attributes.include.attributes"),
];

/// Keys that another one may stand in for.
const OPTIONAL: [(&str, &str); 2] =
    [("processors.resource.attributes", "key"), ("processors.attributes.actions", "key")];

/// The schema of a configuration file.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for table in tables() {
        if !table.scope.is_empty() {
            let _ = definitions.insert(name_of(table.scope), object(table));
        }
    }
    let mut properties = Map::new();
    for section in SECTIONS {
        let _ = properties.insert(section.to_owned(), components(section));
    }
    let _ = properties.insert("service".to_owned(), pointer("service"));
    json!({
        "$schema": DIALECT,
        "title": "spanyard",
        "description": "The configuration of spanyard: the OpenTelemetry Collector's file.",
        "type": "object",
        "properties": properties,
        // Keys that are ways: `a::b: v`.
        "patternProperties": {"::": true},
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// A section of components: each type under its name, alone or with `/name`.
fn components(section: &str) -> Value {
    let mut patterns = Map::new();
    for kind in built(section) {
        let scope = format!("{section}.{}", kind.table);
        let has_keys = tables().iter().any(|table| table.scope == scope);
        let empty = json!({"type": ["object", "null"], "maxProperties": 0});
        let value = if has_keys { pointer(&scope) } else { empty };
        let _ = patterns.insert(ids(kind.name), value);
    }
    for name in idle(section) {
        let description = format!("`{name}` is known and not built, or has no effect here.");
        let _ = patterns.insert(ids(name), json!({"description": description}));
    }
    or_nothing(json!({
        "type": "object",
        "patternProperties": patterns,
        "additionalProperties": false,
    }))
}

/// A mapping with the keys of a table.
fn object(table: &Table) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        let _ = properties.insert(key.name.to_owned(), property(table.scope, key));
    }
    for name in unsupported::keys_of(table.scope) {
        if let Some(verdict) = unsupported::verdict(table.scope, name) {
            let _ = properties.insert(name.to_owned(), known(verdict));
        }
    }
    let required: Vec<&str> = required(table).map(|key| key.name).collect();
    json!({
        "minProperties": u32::from(table.scope == "receivers.otlp.protocols"),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "required": required,
    })
}

/// The keys of a table that must be there.
fn required(table: &Table) -> impl Iterator<Item = &'static Key> {
    let scope = table.scope;
    let is_optional = move |key: &Key| OPTIONAL.contains(&(scope, key.name));
    table.keys.iter().filter(move |key| key.default == "required" && !is_optional(key))
}

/// A key that is not read.
fn known(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::NotYet(reason) | Verdict::NotYetUnless(_, reason) => {
            json!({"description": sentence("Not supported yet", reason)})
        }
        Verdict::Ignored(reason) => json!({"description": sentence("Ignored", reason)}),
        Verdict::Renamed(name) => json!({"description": format!("Use `{name}`."), "not": {}}),
    }
}

fn sentence(word: &str, reason: &str) -> String {
    if reason.is_empty() { format!("{word}.") } else { format!("{word}: {reason}.") }
}

/// A key that is read.
fn property(scope: &str, key: &Key) -> Value {
    let value = special(scope, key)
        .or_else(|| nested(scope, key))
        .or_else(|| words::of(scope, key.name).map(words::fragment))
        .or_else(|| fragment(key.kind))
        .unwrap_or_else(|| json!({}));
    let must = key.default == "required" && !OPTIONAL.contains(&(scope, key.name));
    let mut value = if must { or_reference(value) } else { or_nothing(value) };
    if let Value::Object(members) = &mut value {
        let default = match key.default {
            "" => String::new(),
            "required" => " Required.".to_owned(),
            default => format!(" Default: {default}."),
        };
        let text = format!("{}.{default}", key.note);
        let _ = members.insert("description".to_owned(), Value::from(text));
    }
    value
}

/// Keys whose value is named by what it refers to.
fn special(scope: &str, key: &Key) -> Option<Value> {
    let pipeline = format!("^\\s*({SIGNALS})\\s*(/.+)?$");
    let value = match (scope, key.name) {
        ("service", "pipelines") => json!({
            "type": "object",
            "patternProperties": {pipeline: pointer("service.pipelines.*")},
            "additionalProperties": false,
        }),
        ("receivers.otlp.protocols.http", "compression_algorithms") => {
            array(&json!({"enum": ENCODINGS}))
        }
        ("extensions.spanyard.tenant_limits", "tenants") => json!({
            "type": "object",
            "additionalProperties": pointer("extensions.spanyard.tenant_limits.default"),
        }),
        ("service", "extensions") => list_of(&["extensions"]),
        ("service.pipelines.*", "receivers") => list_of(&["receivers", "connectors"]),
        ("service.pipelines.*", "processors") => {
            let mut list = list_of(&["processors"]);
            if let Value::Object(members) = &mut list {
                let _ = members.insert("uniqueItems".to_owned(), Value::Bool(true));
            }
            list
        }
        ("service.telemetry.metrics", "readers") => {
            let reader = pointer("service.telemetry.metrics.readers");
            json!({"type": "array", "minItems": 1, "items": reader})
        }
        ("service.pipelines.*", "exporters") => list_of(&["exporters", "connectors"]),
        (_, "pipelines" | "default_pipelines") if key.kind == "list of ids" => {
            array(&json!({"type": "string", "pattern": pipeline}))
        }
        _ => return None,
    };
    Some(value)
}

/// References to components of these sections.
fn list_of(sections: &[&str]) -> Value {
    let names: Vec<&str> = sections
        .iter()
        .flat_map(|section| built(section).map(|kind| kind.name).chain(idle(section)))
        .collect();
    let pattern = format!("^\\s*({})\\s*(/.+)?$", names.join("|"));
    json!({"type": "array", "items": or_reference(json!({"type": "string", "pattern": pattern}))})
}

/// A mapping, or a list of mappings, with a table of its own.
fn nested(scope: &str, key: &Key) -> Option<Value> {
    let child = child_of(scope, key.name)?;
    match key.kind {
        "mapping" => Some(pointer(child)),
        "mapping, or list of name and value" => Some(json!({"anyOf": [
            {"type": "object", "additionalProperties": or_reference(json!({"type": "string"}))},
            {"type": "array", "items": pointer(child)},
        ]})),
        kind if kind.starts_with("list") => Some(json!({"type": "array", "items": pointer(child)})),
        _ => None,
    }
}

/// The scope of the table that a key's value has; `*` stands for any component of its section.
fn child_of(scope: &str, name: &str) -> Option<&'static str> {
    let own = format!("{scope}.{name}");
    let same = SAME.iter().find(|(of, _)| *of == own);
    let exact = same.map_or(own, |(_, table)| (*table).to_owned());
    let mut steps: Vec<&str> = exact.split('.').collect();
    if let Some(component) = steps.get_mut(1) {
        *component = "*";
    }
    let any = steps.join(".");
    let scopes = || tables().into_iter().map(|table| table.scope);
    scopes().find(|scope| *scope == exact).or_else(|| scopes().find(|scope| *scope == any))
}

fn pointer(scope: &str) -> Value {
    let to = json!({"$ref": format!("#/$defs/{}", name_of(scope))});
    let all = tables();
    let table = all.into_iter().find(|table| table.scope == scope);
    let must = table.is_some_and(|table| required(table).next().is_some());
    if must { or_reference(to) } else { or_nothing(to) }
}

/// A scope as the name of a definition.
fn name_of(scope: &str) -> String {
    scope.replace('*', "any")
}

/// `name` and `name/anything`.
fn ids(name: &str) -> String {
    format!("^\\s*{name}\\s*(/.+)?$")
}
