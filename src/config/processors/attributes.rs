//! The `attributes` processor: actions on the attributes of spans, log records and data points.

use super::actions::{self, Draft};
use super::select::{self, Block};
use crate::config::decode::Field;
use crate::config::keys::{Table, key};
use crate::config::problems::Code;
use crate::config::report::Fault;

pub(in crate::config) const ATTRIBUTES: Table = Table {
    scope: "processors.attributes",
    keys: &[
        key("actions", "list of actions", "required", "what to do, in order"),
        key("include", "mapping", "", "act only on items for which this holds"),
        key("exclude", "mapping", "", "not on these; the keys are those of `include`"),
    ],
};
pub(in crate::config) const ACTION: Table =
    Table { scope: "processors.attributes.actions", keys: actions::KEYS };

/// A decoded processor.
#[derive(Clone, Debug)]
pub(in crate::config) struct Attributes {
    pub(in crate::config) drafts: Vec<Draft>,
    pub(in crate::config) include: Option<Block>,
    pub(in crate::config) exclude: Option<Block>,
}

/// Attributes that resources have and items do not: names, and beginnings of names.
const OF_RESOURCES: [&str; 3] =
    ["deployment.environment", "deployment.environment.name", "webengine.name"];
const OF_RESOURCES_FROM: [&str; 10] = [
    "service.",
    "k8s.",
    "host.",
    "cloud.",
    "telemetry.sdk.",
    "telemetry.distro.",
    "container.",
    "os.",
    "process.",
    "faas.",
];

/// Decodes the processor; `None` when something in it is wrong.
pub(super) fn decode(field: &Field<'_>) -> Option<Attributes> {
    let section = field.section(&ATTRIBUTES)?;
    let list = section.required("actions");
    let drafts = list.as_ref().and_then(|list| actions::decode(list, &ACTION));
    let block = |name| section.get(name).map(|field| select::decode(&field));
    let (include, exclude) = (block("include"), block("exclude"));
    for item in list.iter().filter_map(|list| list.items()).flatten() {
        warn_of_resource_key(&item);
    }
    Some(Attributes {
        drafts: drafts?,
        include: include.map_or(Some(None), |block| block.map(Some))?,
        exclude: exclude.map_or(Some(None), |block| block.map(Some))?,
    })
}

/// An action on what stands in resources probably belongs to the `resource` processor.
fn warn_of_resource_key(item: &Field<'_>) {
    let members = item.children().unwrap_or_default();
    let Some((_, field)) = members.iter().find(|(name, _)| *name == "key") else {
        return;
    };
    let key = field.plain_text();
    let known = OF_RESOURCES.contains(&key.as_str())
        || OF_RESOURCES_FROM.iter().any(|beginning| key.starts_with(beginning));
    if known {
        let message = format!("`{key}` is usually an attribute of the resource");
        let hint = "this processor acts on spans, log records and data points; \
                    use the `resource` processor for resources";
        field.warning(Fault::new(Code::Surprising, message).hint(hint));
    }
}
