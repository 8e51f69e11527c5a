//! The walk over the items of a group: by key and length past those that nobody wants, into those
//! in which something occurs.
//!
//! Scopes, metrics and their data are opened on the way to an item; a scope or a metric in which
//! nothing occurs is passed over as one.

use super::hits::Hits;
use crate::attributes::{Inputs, List};
use crate::changes::Changes;
use crate::cursor::Cursor;
use crate::error::{Reason, WireError};
use crate::field::{self, Key};
use crate::items::{Item, ItemStep, Named};
use crate::schema::{self, Signal};
use crate::segments::Span;

const ITEM: u32 = Key::new(schema::ITEM, field::LEN).raw();

/// The walk and what it works with.
pub(super) struct Walk<'a> {
    pub(super) inputs: Inputs<'a>,
    pub(super) signal: Signal,
    pub(super) steps: &'a [&'a ItemStep],
    pub(super) list: &'a mut List,
    pub(super) changes: &'a mut Changes,
    pub(super) hits: &'a mut Hits,
}

/// A message field that holds an item, and what it stands under.
struct Place<'a> {
    /// The number of the field.
    number: u32,
    field: Span,
    /// The number of the item's fields that are attributes.
    attribute: u32,
    scope: &'a Named,
    metric: Option<&'a Named>,
}

impl Walk<'_> {
    /// Edits the items of the group with this body.
    pub(super) fn group(&mut self, mut group: Cursor<'_>) -> Result<(), WireError> {
        loop {
            let start = group.offset();
            let Some(key) = group.key()? else {
                return Ok(());
            };
            let number = key.number();
            if number != schema::SCOPES && number != schema::SCOPES_DEPRECATED {
                group.skip(key)?;
                continue;
            }
            let scope = group.message(key)?;
            if self.hits.none_before(group.offset()) {
                continue;
            }
            let body = scope.span();
            let open = self.changes.open();
            self.scope(scope)?;
            let _changed = self.changes.close(open, number, group.span_from(start), body);
        }
    }

    fn scope(&mut self, mut scope: Cursor<'_>) -> Result<(), WireError> {
        let named = Named::new(scope.span());
        loop {
            let start = scope.offset();
            let Some(key) = scope.key()? else {
                return Ok(());
            };
            if key.raw() != ITEM {
                scope.skip(key)?;
                continue;
            }
            let item = scope.message(key)?;
            if !self.hits.occur_in(item.span(), self.inputs.request, self.steps) {
                continue;
            }
            let (number, field) = (schema::ITEM, scope.span_from(start));
            let attribute = match self.signal {
                Signal::Traces => schema::SPAN_ATTRIBUTE,
                Signal::Logs => schema::LOG_ATTRIBUTE,
                Signal::Metrics => {
                    let open = self.changes.open();
                    self.metric(item, &named)?;
                    let _changed = self.changes.close(open, number, field, item.span());
                    continue;
                }
            };
            self.item(item, &Place { number, field, attribute, scope: &named, metric: None })?;
        }
    }

    /// Edits the points of all data of a metric, also those of a kind that a later one overrides.
    fn metric(&mut self, mut metric: Cursor<'_>, scope: &Named) -> Result<(), WireError> {
        let named = Named::new(metric.span());
        loop {
            let start = metric.offset();
            let Some(key) = metric.key()? else {
                return Ok(());
            };
            let kind = key.number();
            if !schema::METRIC_DATA.contains(&kind) {
                metric.skip(key)?;
                continue;
            }
            let mut data = metric.message(key)?;
            let body = data.span();
            let open = self.changes.open();
            loop {
                let start = data.offset();
                let Some(key) = data.key()? else { break };
                if key.number() != schema::METRIC_POINT {
                    data.skip(key)?;
                    continue;
                }
                let point = data.message(key)?;
                let (number, field) = (schema::METRIC_POINT, data.span_from(start));
                let attribute = schema::point_attribute(kind);
                let metric = Some(&named);
                self.item(point, &Place { number, field, attribute, scope, metric })?;
            }
            let _changed = self.changes.close(open, kind, metric.span_from(start), body);
        }
    }

    fn item(&mut self, body: Cursor<'_>, place: &Place<'_>) -> Result<(), WireError> {
        let span = body.span();
        let mut read = false;
        for step in self.steps {
            let item = Item {
                signal: self.signal,
                request: self.inputs.request,
                body: span,
                attribute: place.attribute,
                scope: place.scope,
                metric: place.metric,
                list: read.then_some(&*self.list),
            };
            if step.filter().is_some_and(|filter| !filter.takes(&item)) {
                continue;
            }
            if !read {
                self.list.clear();
                match self.list.read(body, place.attribute) {
                    Ok(()) => read = true,
                    Err(error) if error.reason == Reason::TooManyFields => return Err(error),
                    Err(_malformed) => return Ok(()),
                }
            }
            self.list.apply(step.edits(), &self.inputs)?;
        }
        if read { self.write(span, place) } else { Ok(()) }
    }

    fn write(&mut self, body: Span, place: &Place<'_>) -> Result<(), WireError> {
        let open = self.changes.open();
        let _end = self.list.write_part(0, body, &self.inputs, self.changes)?;
        if self.list.adds() {
            self.list.write_added(place.attribute, body.end, &self.inputs, self.changes);
        }
        let _changed = self.changes.close(open, place.number, place.field, body);
        if self.changes.len() > self.inputs.limit {
            let reason = Reason::EditsTooLarge(self.inputs.limit);
            return Err(WireError::new(place.field.start as usize, reason));
        }
        Ok(())
    }
}
