//! The schema knows every kind, every word and every key. That it takes and refuses the right files
//! is held by `tests/schema/run`.

use serde_json::Value;

use super::fragments::fragment;
use super::{child_of, schema, special, words};
use crate::config::keys::tables;

/// Mappings whose keys no table has: any are taken.
const OPEN: [&str; 5] = [
    "service.telemetry.resource",
    "service.telemetry.metrics.readers.periodic",
    "service.telemetry.traces.sampler",
    "service.telemetry.traces.limits",
    "service.telemetry.logs.initial_fields",
];

#[test]
fn every_kind_of_the_tables_has_a_fragment() {
    for table in tables().into_iter().filter(|table| !table.scope.is_empty()) {
        for key in table.keys {
            let kind = key.kind;
            let nested = child_of(table.scope, key.name).is_some();
            let is_list = kind.starts_with("list") || kind.starts_with("mapping");
            let known = fragment(kind).is_some() || nested && is_list;
            assert!(known, "{}.{}: no fragment for the kind `{kind}`", table.scope, key.name);
            let closed = nested || special(table.scope, key).is_some();
            let path = format!("{}.{}", table.scope, key.name);
            let open = OPEN.contains(&path.as_str());
            assert!(kind != "mapping" || closed || open, "{path} is open");
        }
    }
}

#[test]
fn every_setting_that_takes_a_word_has_its_list() {
    for table in tables() {
        for key in table.keys.iter().filter(|key| key.kind == "word") {
            let listed = words::of(table.scope, key.name).is_some();
            assert!(listed, "{}.{} has no list of words", table.scope, key.name);
        }
    }
}

#[test]
fn every_reference_within_the_schema_leads_to_a_definition() {
    let schema = schema();
    let mut pending = vec![&schema];
    let mut followed = 0;
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(members) => {
                if let Some(to) = members.get("$ref").and_then(Value::as_str) {
                    let at = to.strip_prefix('#').expect("a place in this document");
                    assert!(schema.pointer(at).is_some(), "{to} leads nowhere");
                    followed += 1;
                }
                pending.extend(members.values());
            }
            Value::Array(items) => pending.extend(items),
            _ => {}
        }
    }
    assert!(followed > 30, "only {followed} references were found");
}
