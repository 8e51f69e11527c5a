//! Counting by skipping: a group is walked down to its items, and no further.
//!
//! One walk validates and counts: every length in the group, its resource, the keys and values of
//! its attributes, and its scopes. Spans and log records are skipped unopened; metrics are opened
//! as far as their data points. What the values of attributes hold is not looked at.
//!
//! The cost is one dependent load per item: key, length, next item.

use crate::cursor::Cursor;
use crate::error::{Reason, WireError};
use crate::field::{self, Key};
use crate::resource::Pair;
use crate::schema::{self, Signal};

/// How many fields the resource of one group may have, over all its parts. Each costs an editor
/// some memory, so a request of tiny fields must not become a large one of bookkeeping.
pub const RESOURCE_FIELDS_MAX: u32 = 65_536;

const ITEM: u32 = Key::new(schema::ITEM, field::LEN).raw();
const ITEM_BYTE: u8 = 0x12;
const _: () = assert!(ITEM == ITEM_BYTE as u32);

/// Spans, log records or data points in the body of a group.
///
/// # Errors
/// The first malformed field of the levels that are walked; offsets count from `group_body`.
pub fn count_items(signal: Signal, group_body: &[u8]) -> Result<u32, WireError> {
    walk_group(signal, Cursor::new(group_body), &mut 0)
}

/// Validates a group and counts its items. `lengths` becomes the union of the bits of its parts'
/// lengths: one instruction an item, and enough to tell whether one is as long as a power of two.
#[inline]
pub(crate) fn walk_group(
    signal: Signal,
    mut group: Cursor<'_>,
    lengths: &mut usize,
) -> Result<u32, WireError> {
    let mut items = 0_u32;
    let mut resource_fields = 0_u32;
    while let Some(key) = group.key()? {
        match key.number() {
            schema::RESOURCE => {
                let resource = group.message(key)?;
                *lengths |= resource.rest().len();
                walk_resource(resource, &mut resource_fields)?;
            }
            schema::SCOPES | schema::SCOPES_DEPRECATED => {
                let scope = group.message(key)?;
                let counted = match signal {
                    Signal::Traces | Signal::Logs => walk_scope(scope, lengths)?,
                    Signal::Metrics => walk_metrics(scope, lengths)?,
                };
                items = items.saturating_add(counted);
            }
            schema::SCHEMA_URL => group.skip_body(key)?,
            _ => group.skip(key)?,
        }
    }
    Ok(items)
}

/// The hot loop. Items are recognised by their whole key, so that key and length of the next item
/// are all that is read of it.
#[inline]
fn walk_scope(mut scope: Cursor<'_>, lengths: &mut usize) -> Result<u32, WireError> {
    let mut items = 0_u32;
    loop {
        while let Some(length) = scope.plain_skip(ITEM_BYTE) {
            *lengths |= length;
            items = items.saturating_add(1);
        }
        let Some(key) = scope.key()? else {
            return Ok(items);
        };
        if key.raw() == ITEM {
            *lengths |= scope.body(key)?.len();
            items = items.saturating_add(1);
        } else {
            skip_of_scope(&mut scope, key, lengths)?;
        }
    }
}

fn walk_metrics(mut scope: Cursor<'_>, lengths: &mut usize) -> Result<u32, WireError> {
    let mut points = 0_u32;
    while let Some(key) = scope.key()? {
        if key.raw() == ITEM {
            let metric = scope.message(key)?;
            *lengths |= metric.rest().len();
            points = points.saturating_add(walk_metric(metric)?);
        } else {
            skip_of_scope(&mut scope, key, lengths)?;
        }
    }
    Ok(points)
}

#[inline(never)]
fn skip_of_scope(scope: &mut Cursor<'_>, key: Key, lengths: &mut usize) -> Result<(), WireError> {
    match key.number() {
        schema::SCOPE | schema::ITEM | schema::SCHEMA_URL => {
            *lengths |= scope.body(key)?.len();
            Ok(())
        }
        _ => scope.skip(key),
    }
}

/// Points of one metric. Of several kinds of data the last counts, of one kind all parts do: so
/// says protobuf of a `oneof`.
fn walk_metric(mut metric: Cursor<'_>) -> Result<u32, WireError> {
    let mut points = 0_u32;
    let mut kind = 0_u32;
    while let Some(key) = metric.key()? {
        let number = key.number();
        if !schema::METRIC_DATA.contains(&number) {
            metric.skip(key)?;
            continue;
        }
        if number != kind {
            (kind, points) = (number, 0);
        }
        let mut data = metric.message(key)?;
        while let Some(key) = data.key()? {
            if key.number() == schema::METRIC_POINT {
                data.skip_body(key)?;
                points = points.saturating_add(1);
            } else {
                data.skip(key)?;
            }
        }
    }
    Ok(points)
}

fn walk_resource(mut resource: Cursor<'_>, fields: &mut u32) -> Result<(), WireError> {
    count_field(&resource, fields)?;
    while let Some(key) = resource.key()? {
        count_field(&resource, fields)?;
        if key.number() == schema::ATTRIBUTE {
            let attribute = resource.message(key)?;
            if Pair::plain(attribute).is_none() {
                walk_attribute(attribute)?;
            }
        } else {
            resource.skip(key)?;
        }
    }
    Ok(())
}

#[inline(never)]
fn walk_attribute(mut attribute: Cursor<'_>) -> Result<(), WireError> {
    while let Some(key) = attribute.key()? {
        match key.number() {
            schema::ATTRIBUTE_KEY | schema::ATTRIBUTE_VALUE => attribute.skip_body(key)?,
            _ => attribute.skip(key)?,
        }
    }
    Ok(())
}

#[inline]
fn count_field(at: &Cursor<'_>, fields: &mut u32) -> Result<(), WireError> {
    *fields = fields.saturating_add(1);
    if *fields > RESOURCE_FIELDS_MAX {
        return Err(WireError::new(at.offset(), Reason::TooManyFields));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_scopes_and_of_deprecated_scopes_are_counted() {
        let scope = [0x12, 0x01, 0xff, 0x0a, 0x00, 0x12, 0x00, 0x1a, 0x00];
        let mut group = vec![0x12, 9];
        group.extend(scope);
        group.extend([0xc2, 0x3e, 9]);
        group.extend(scope);
        assert_eq!(count_items(Signal::Traces, &group), Ok(4));
        assert_eq!(count_items(Signal::Logs, &group), Ok(4));
    }

    #[test]
    fn points_of_the_last_kind_of_a_metric_are_counted() {
        // gauge with two points, sum with one, sum with one more: the gauge is overwritten.
        let metric = [0x2a, 4, 0x0a, 0, 0x0a, 0, 0x3a, 2, 0x0a, 0, 0x3a, 2, 0x0a, 0];
        let mut group = vec![0x12, 16, 0x12, 14];
        group.extend(metric);
        assert_eq!(count_items(Signal::Metrics, &group), Ok(2));
        assert_eq!(count_items(Signal::Traces, &group), Ok(1), "a span is not opened");
    }

    #[test]
    fn known_fields_of_another_wire_type_are_refused() {
        let cases: &[&[u8]] = &[
            &[0x08, 1],                   // resource
            &[0x10, 1],                   // scopes
            &[0x18, 1],                   // schema_url
            &[0x0a, 2, 0x08, 1],          // attribute
            &[0x0a, 4, 0x0a, 2, 0x10, 1], // value of an attribute
            &[0x12, 2, 0x10, 1],          // item
            &[0x12, 4, 0x12, 2, 0x28, 1], // gauge
        ];
        assert!(!cases.is_empty());
        for body in cases {
            let error = count_items(Signal::Metrics, body).unwrap_err();
            assert!(matches!(error.reason, Reason::WrongWireType { .. }), "{body:02x?}: {error}");
        }
    }

    #[test]
    fn a_resource_of_too_many_fields_is_refused() {
        let fields = usize::try_from(RESOURCE_FIELDS_MAX).unwrap();
        let resource = |count: usize| {
            let mut group = vec![0x0a];
            crate::varint::write(2 * count as u64, &mut group);
            group.extend([0x0a, 0x00].repeat(count));
            group
        };
        assert_eq!(count_items(Signal::Logs, &resource(fields - 1)), Ok(0));
        let error = count_items(Signal::Logs, &resource(fields)).unwrap_err();
        assert_eq!(error.reason, Reason::TooManyFields);
    }
}
