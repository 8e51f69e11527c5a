//! Which edits of items a group gets: a rule asks for something of the resource, as the processors
//! before it leave it.

use smallvec::SmallVec;
use spanyard_wire::edit::lookup;
use spanyard_wire::items::ItemStep;
use spanyard_wire::request::Group;
use spanyard_wire::resource::Resource;

use crate::actions::select::ResourceTest;
use crate::config::plan::{Branch, ItemRule};

/// The steps for the items of a group, in order; without an allocation where there are few.
pub(super) fn steps<'b>(
    bytes: &[u8],
    group: &Group,
    branch: &'b Branch,
    slots: &[Option<&[u8]>],
) -> SmallVec<[&'b ItemStep; 8]> {
    let resource = Resource::of(group.body.of(bytes));
    let holds = |rule: &ItemRule, test: &ResourceTest| {
        let edits = branch.edits.get(..rule.after).unwrap_or_default();
        test.is_empty() || test.holds(|key| lookup(resource, edits, slots, key))
    };
    let step = |rule: &'b ItemRule| {
        if !holds(rule, &rule.include) {
            return None;
        }
        match &rule.exclude {
            Some(exclusion) if holds(rule, &exclusion.resource) => exclusion.step.as_ref(),
            _ => Some(&rule.step),
        }
    };
    branch.items.iter().filter_map(step).collect()
}
