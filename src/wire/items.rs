//! Edits of the attributes of items: spans, log records, metric data points.
//!
//! A step is what an `attributes` processor compiles to: edits in order, for the items that its
//! filter takes. Items are opened only where a step may have a say. What that takes is known when
//! the step is made: most edits need some key to be present, and then only the bytes of the key are
//! searched. An item in which none of the keys of any step occurs is passed over.
//!
//! Not here: searching and splicing ([`crate::splice`]); what a filter asks for.

use std::cell::OnceCell;
use std::fmt::Debug;
use std::sync::Arc;

use memchr::memmem::Finder;

use crate::attributes::List;
use crate::cursor::Cursor;
use crate::edit::{Action, Edit, Keys, Source};
use crate::resource::Pair;
use crate::schema::{self, Signal};
use crate::segments::Span;
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
///
/// Of a field that occurs more than once the last counts. In an item that is malformed, what comes
/// before the malformed field is seen.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    pub(crate) signal: Signal,
    pub(crate) request: &'a [u8],
    pub(crate) body: Span,
    /// The number of its fields that are attributes.
    pub(crate) attribute: u32,
    pub(crate) scope: &'a Named,
    pub(crate) metric: Option<&'a Named>,
    /// Its attributes, if a step has edited them.
    pub(crate) list: Option<&'a List>,
}

impl<'a> Item<'a> {
    /// The name of the span, or of the metric that a data point belongs to; empty for log records.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        match (self.signal, self.metric) {
            (Signal::Traces, _) => self.text(schema::SPAN_NAME),
            (Signal::Metrics, Some(metric)) => metric.metric_name(self.request).of(self.request),
            (Signal::Metrics | Signal::Logs, _) => &[],
        }
    }

    /// The number of the span's kind; 0 if it has none.
    #[must_use]
    pub fn kind(&self) -> i32 {
        if self.signal == Signal::Traces { self.number(schema::SPAN_KIND) } else { 0 }
    }

    /// The value of the first attribute with this key, after the edits of the steps before.
    #[must_use]
    pub fn attribute(&self, key: &[u8]) -> Option<Value<'a>> {
        if let Some(list) = self.list {
            return list.value(key, self.request);
        }
        let mut cursor = self.cursor();
        while let Some(field) = cursor.key().ok()? {
            if field.number() != self.attribute {
                cursor.skip(field).ok()?;
                continue;
            }
            let attribute = Pair::read(cursor.message(field).ok()?).ok()?.view();
            if attribute.key == key {
                return Some(attribute.value);
            }
        }
        None
    }

    /// The name of the instrumentation scope; empty if it has none.
    #[must_use]
    pub fn scope_name(&self) -> &'a [u8] {
        self.scope.scope(self.request).0.of(self.request)
    }

    /// The version of the instrumentation scope; empty if it has none.
    #[must_use]
    pub fn scope_version(&self) -> &'a [u8] {
        self.scope.scope(self.request).1.of(self.request)
    }

    /// The body of the log record, if it has one.
    #[must_use]
    pub fn body(&self) -> Option<Value<'a>> {
        if self.signal != Signal::Logs {
            return None;
        }
        let mut parts = 0_usize;
        let last = last(self.cursor(), schema::LOG_BODY, &mut parts)?;
        let whole = self.body.of(self.request);
        Some(if parts > 1 {
            Value::split(whole, schema::LOG_BODY)
        } else {
            Value::new(last.rest())
        })
    }

    /// The severity number of the log record; 0 if it has none.
    #[must_use]
    pub fn severity_number(&self) -> i32 {
        if self.signal == Signal::Logs { self.number(schema::LOG_SEVERITY_NUMBER) } else { 0 }
    }

    /// The severity text of the log record; empty if it has none.
    #[must_use]
    pub fn severity_text(&self) -> &'a [u8] {
        if self.signal == Signal::Logs { self.text(schema::LOG_SEVERITY_TEXT) } else { &[] }
    }

    fn cursor(&self) -> Cursor<'a> {
        Cursor::at(self.body.start as usize, self.body.of(self.request))
    }

    fn text(&self, number: u32) -> &'a [u8] {
        last(self.cursor(), number, &mut 0).map_or(&[], |text| text.rest())
    }

    /// An enum: the low 32 bits count, as protobuf says.
    fn number(&self, number: u32) -> i32 {
        let mut cursor = self.cursor();
        let mut found = 0;
        while let Ok(Some(key)) = cursor.key() {
            if key.number() == number {
                let Ok(value) = cursor.number(key) else { break };
                found = u32::try_from(value & u64::from(u32::MAX)).unwrap_or_default();
            } else if cursor.skip(key).is_err() {
                break;
            }
        }
        found.cast_signed()
    }
}

/// A message that items stand under, whose names are looked up once, when first asked for: the body
/// of a scope's field or of a metric.
#[derive(Debug)]
pub(crate) struct Named {
    body: Span,
    names: OnceCell<(Span, Span)>,
}

impl Named {
    pub(crate) const fn new(body: Span) -> Self {
        Self { body, names: OnceCell::new() }
    }

    /// Name and version of the instrumentation scope, which may come in several parts.
    fn scope(&self, request: &[u8]) -> (Span, Span) {
        *self.names.get_or_init(|| {
            let mut found = (Span::default(), Span::default());
            let mut cursor = self.cursor(request);
            while let Ok(Some(key)) = cursor.key() {
                if key.number() != schema::SCOPE {
                    if cursor.skip(key).is_err() {
                        break;
                    }
                    continue;
                }
                let Ok(scope) = cursor.message(key) else { break };
                let text = |number| last(scope, number, &mut 0).map(|text| text.span());
                found.0 = text(schema::SCOPE_NAME).unwrap_or(found.0);
                found.1 = text(schema::SCOPE_VERSION).unwrap_or(found.1);
            }
            found
        })
    }

    fn metric_name(&self, request: &[u8]) -> Span {
        let names = self.names.get_or_init(|| {
            let name = last(self.cursor(request), schema::METRIC_NAME, &mut 0);
            (name.map(|name| name.span()).unwrap_or_default(), Span::default())
        });
        names.0
    }

    fn cursor<'a>(&self, request: &'a [u8]) -> Cursor<'a> {
        Cursor::at(self.body.start as usize, self.body.of(request))
    }
}

/// The last length-delimited field with this number, and how many there are.
fn last<'a>(mut message: Cursor<'a>, number: u32, count: &mut usize) -> Option<Cursor<'a>> {
    let mut found = None;
    while let Ok(Some(key)) = message.key() {
        if key.number() == number {
            let Ok(body) = message.message(key) else { break };
            found = Some(body);
            *count = count.saturating_add(1);
        } else if message.skip(key).is_err() {
            break;
        }
    }
    found
}
