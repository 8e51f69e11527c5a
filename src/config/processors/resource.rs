//! The `resource` processor: actions on resource attributes.

use super::actions::{self, Draft};
use crate::config::decode::Field;
use crate::config::keys::{Table, key};

pub(in crate::config) const RESOURCE: Table = Table {
    scope: "processors.resource",
    keys: &[key("attributes", "list of actions", "required", "what to do, in order")],
};
pub(in crate::config) const ACTION: Table =
    Table { scope: "processors.resource.attributes", keys: actions::KEYS };

/// Decodes the processor; `None` when something in it is wrong.
pub(super) fn decode(field: &Field<'_>) -> Option<Vec<Draft>> {
    let section = field.section(&RESOURCE)?;
    actions::decode(&section.required("attributes")?, &ACTION)
}
