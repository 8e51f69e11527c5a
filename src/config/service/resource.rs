//! `service.telemetry.resource`: what the gateway says about itself, as labels of `target_info`.
//!
//! ```text
//! resource: {service.name: edge, service.instance.id: }          null removes
//! resource: {attributes: [{name: service.name, value: edge}]}    newer spelling
//! ```

use crate::config::decode::Field;
use crate::config::keys::{Table, key};
use crate::config::problems::Code;
use crate::config::report::Fault;

pub(in crate::config) const ATTRIBUTE: Table = Table {
    scope: "service.telemetry.resource.attributes",
    keys: &[
        key("name", "text", "required", "attribute"),
        key("value", "text", "", "its value; none removes what the gateway sets itself"),
        key("type", "word", "string", "only `string`"),
    ],
};

/// Labels and their values; `None` removes one.
pub(super) fn decode(field: &Field<'_>) -> Vec<(String, Option<String>)> {
    let children = field.children().unwrap_or_default();
    let newer = children.iter().find(|(name, field)| *name == "attributes" && field.is_list());
    let Some((_, list)) = newer else {
        let labels = children.iter().filter_map(|(name, field)| Some((label(name), value(field)?)));
        return labels.collect();
    };
    for (name, field) in children.iter().filter(|(name, _)| *name != "attributes") {
        if *name != "schema_url" {
            let fault = Fault::new(Code::UnknownKey, format!("unknown key `{name}`"));
            let hint = "known here: schema_url, attributes";
            field.report.error(field.key, &field.path, fault.hint(hint));
        }
    }
    let items = list.items().unwrap_or_default();
    let pairs = items.iter().filter_map(|item| {
        let section = item.section(&ATTRIBUTE)?;
        let name = section.required("name")?.text()?;
        let _ = section.get("type").and_then(|field| field.one_of(&["string"]));
        let given = section.get("value");
        let value = match given {
            Some(field) => Some(field.text()?),
            None => None,
        };
        Some((label(&name), value))
    });
    pairs.collect()
}

/// `Some(None)`: removed; `None`: no text, which has been reported.
fn value(field: &Field<'_>) -> Option<Option<String>> {
    if field.node.is_null() {
        return Some(None);
    }
    field.text().map(Some)
}

/// An attribute's name as a label of Prometheus.
fn label(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let label: String = name.chars().map(fits).collect();
    if label.starts_with(|c: char| c.is_ascii_digit()) { format!("key_{label}") } else { label }
}
