//! What a request passes on its way through pipelines: edits of its resources and items, waiting
//! for company, and the end of its headers.

use std::collections::BTreeSet;
use std::sync::Arc;

use spanyard_wire::edit::Edit;
use spanyard_wire::items::{ItemFilter, ItemStep};

use super::Builder;
use crate::actions::select::{ItemTest, Items};
use crate::config::plan::{Batching, Condition, ContextKey, Exclusion, ItemRule, Literal, Operand};
use crate::config::processors::{Attributes, Block, Draft, Processor};
use crate::config::service::Pipeline;

/// Edits on one way: a look-up behind edits walks them backwards, at most this deep.
const EDITS_MAX: usize = 1024;

/// What has been passed so far.
#[derive(Clone, Default)]
pub(super) struct Way {
    pub(super) edits: Vec<Edit>,
    pub(super) items: Vec<ItemRule>,
    pub(super) batch: Option<Batching>,
    /// Behind a `batch`: the headers that are still known, its `metadata_keys`.
    headers: Option<BTreeSet<String>>,
}

impl Way {
    fn knows(&self, header: &str) -> bool {
        self.headers.as_ref().is_none_or(|known| known.contains(header))
    }

    fn pass_batch(&mut self, batch: &Batching) {
        let kept = batch.metadata_keys.iter().filter(|key| self.knows(key)).cloned();
        self.headers = Some(kept.collect());
        self.batch = Some(batch.clone());
    }

    /// The condition as a request meets it here: headers that are no longer known are missing.
    pub(super) fn seen(&self, condition: &Condition) -> Condition {
        let list = |parts: &[Condition]| parts.iter().map(|part| self.seen(part)).collect();
        let side = |operand: &Operand| match operand {
            Operand::Metadata { header, .. } if !self.knows(header) => {
                Operand::Literal(Literal::Nil)
            }
            operand => operand.clone(),
        };
        match condition {
            Condition::All(parts) => Condition::All(list(parts)),
            Condition::Any(parts) => Condition::Any(list(parts)),
            Condition::Not(inner) => Condition::Not(Box::new(self.seen(inner))),
            Condition::HeaderIs { header, .. } if !self.knows(header) => Condition::Always(false),
            Condition::Compare { left, by, right } => {
                Condition::Compare { left: side(left), by: *by, right: side(right) }
            }
            Condition::Matches { of, pattern } => {
                Condition::Matches { of: side(of), pattern: pattern.clone() }
            }
            other => other.clone(),
        }
    }

    fn edit_count(&self) -> usize {
        let of_items = self.items.iter().map(|rule| rule.step.edits().len());
        of_items.fold(self.edits.len(), usize::saturating_add)
    }
}

impl Builder<'_, '_> {
    /// The way behind a pipeline's processors.
    pub(super) fn passed(&mut self, pipeline: &Pipeline, before: &Way) -> Result<Way, String> {
        let settings = self.settings;
        let mut way = before.clone();
        for reference in &pipeline.processors {
            match settings.processors.get(&reference.id) {
                Some(Processor::Resource(drafts)) => {
                    let edits = self.edits(drafts, &way);
                    way.edits.extend(edits);
                }
                Some(Processor::Attributes(attributes)) => {
                    let edits = self.edits(&attributes.drafts, &way);
                    way.items.extend(rule(attributes, edits, way.edits.len()));
                }
                Some(Processor::Batch(batch)) => way.pass_batch(batch),
                Some(Processor::Limiter(limiter)) => {
                    let lowest = self.admit_below.unwrap_or(usize::MAX).min(limiter.soft);
                    self.admit_below = Some(lowest);
                    let id = reference.id.to_string();
                    if !self.limiters.contains(&id) {
                        self.limiters.push(id);
                    }
                }
                None => return Err(format!("`{}` was not decoded", reference.id)),
            }
        }
        if way.edit_count() > EDITS_MAX {
            return Err(format!("more than {EDITS_MAX} edits on the way through {}", pipeline.id));
        }
        Ok(way)
    }

    /// The edits of drafts, their slots numbered.
    fn edits(&mut self, drafts: &[Draft], way: &Way) -> Vec<Edit> {
        let mut slot = |key: &ContextKey| match key {
            ContextKey::Header(name) if !way.knows(name) => None,
            key => Some(self.slot(key)),
        };
        drafts.iter().filter_map(|draft| draft.edit(&mut slot)).collect()
    }

    fn slot(&mut self, key: &ContextKey) -> usize {
        let known = self.slots.iter().position(|slot| slot == key);
        known.unwrap_or_else(|| {
            self.slots.push(key.clone());
            self.slots.len().saturating_sub(1)
        })
    }
}

/// What an `attributes` processor does; `None` when it has no effect.
fn rule(attributes: &Attributes, edits: Vec<Edit>, after: usize) -> Option<ItemRule> {
    if edits.is_empty() {
        return None;
    }
    let included = attributes.include.as_ref().map(|block| &block.item);
    let include = attributes.include.as_ref().map(|block| block.resource.clone());
    let step = |excluded| ItemStep::new(edits.clone(), filter(included, excluded));
    let (step, exclude) = match &attributes.exclude {
        None => (step(None), None),
        Some(Block { resource, item, .. }) if resource.is_empty() => (step(Some(item)), None),
        Some(Block { resource, item, .. }) => {
            let inside = (!item.is_empty()).then(|| step(Some(item)));
            (step(None), Some(Exclusion { resource: resource.clone(), step: inside }))
        }
    };
    Some(ItemRule { after, include: include.unwrap_or_default(), step, exclude })
}

/// What the blocks ask of each item; `None` when nothing.
fn filter(include: Option<&ItemTest>, exclude: Option<&ItemTest>) -> Option<Arc<dyn ItemFilter>> {
    let include = include.filter(|test| !test.is_empty()).cloned();
    let exclude = exclude.cloned();
    if include.is_none() && exclude.is_none() {
        return None;
    }
    Some(Arc::new(Items { include, exclude }))
}
