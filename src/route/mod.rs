//! Which branches a resource group takes: a pure function of (group, request, flow).
//!
//! The walk goes down the flow's tree. A stage's children have larger indices than itself, so it
//! ends. Nothing is decoded but the attributes that a condition names, and nothing is allocated.

pub mod condition;

#[cfg(test)]
mod tests;

use smallvec::SmallVec;
use spanyard_wire::resource::Resource;

use crate::config::plan::{Flow, Stage, StageId};
use condition::Facts;

/// Calls `take` with the index of every branch that the group goes to, in the order of the file.
/// A flow that decides by request is walked with an empty resource.
pub fn walk(flow: &Flow, facts: &Facts<'_>, resource: Resource<'_>, mut take: impl FnMut(usize)) {
    let mut pending: SmallVec<[StageId; 16]> = flow.entry.iter().rev().copied().collect();
    while let Some(id) = pending.pop() {
        match flow.stages.get(id.0) {
            Some(Stage::Leaf(branch)) => take(*branch),
            Some(Stage::Switch(switch)) => {
                let mark = pending.len();
                let (mut moved, mut taken) = (false, false);
                for row in &switch.rows {
                    if facts.hold(&row.when, resource, &switch.edits) {
                        pending.extend_from_slice(&row.to);
                        taken = true;
                        moved = !row.copy;
                        if moved {
                            break;
                        }
                    }
                }
                if !(moved || taken && switch.default_if_none) {
                    pending.extend_from_slice(&switch.default);
                }
                if let Some(added) = pending.get_mut(mark..) {
                    added.reverse();
                }
            }
            None => {}
        }
    }
}
