//! What edits do not name is there still, byte for byte and in order. Fields are cut by prost's own
//! reader.

use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};
use spanyard_wire::edit::{Action, Edit, Keys};
use spanyard_wire::items::ItemStep;
use spanyard_wire::schema::{self, Signal};

/// A field as prost's own reader cuts it.
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) whole: &'a [u8],
    /// Empty unless the field is length-delimited.
    pub(crate) body: &'a [u8],
}

/// The fields of a message; `None` if it is malformed.
pub(crate) fn fields(bytes: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let start = rest;
        let (number, wire) = decode_key(&mut rest).ok()?;
        let mut body: &[u8] = &[];
        if wire == WireType::LengthDelimited {
            let mut behind = rest;
            let len = prost::decode_length_delimiter(&mut behind).ok()?;
            body = behind.get(..len)?;
        }
        skip_field(wire, number, &mut rest, DecodeContext::default()).ok()?;
        let whole = start.get(..start.len() - rest.len())?;
        found.push(Field { number, whole, body });
    }
    Some(found)
}

/// A group's own fields, its resource and its items.
pub(crate) fn group(signal: Signal, old: &[u8], new: &[u8], resource: &[Edit], steps: &[ItemStep]) {
    let (old, new) = (fields(old).expect("a group"), fields(new).expect("a group"));
    let place = |all: &[Field<'_>]| all.iter().position(|field| field.number == schema::RESOURCE);
    assert_eq!(place(&new), Some(place(&old).unwrap_or(0)).filter(|_| place(&new).is_some()));
    let added = new.len() - old.len();
    assert!(added <= usize::from(place(&old).is_none()), "fields of the group");
    let item_edits: Vec<&Edit> = steps.iter().flat_map(ItemStep::edits).collect();
    let mut resources = [Vec::new(), Vec::new()];
    if added == 1 {
        resources[1].extend_from_slice(new.first().expect("it was added").body);
    }
    for (old, new) in old.iter().zip(new.iter().skip(added)) {
        assert_eq!(old.number, new.number, "fields of the group");
        match old.number {
            schema::RESOURCE => {
                resources[0].extend_from_slice(old.body);
                resources[1].extend_from_slice(new.body);
            }
            schema::SCOPES | schema::SCOPES_DEPRECATED => {
                scope(signal, old, new, &item_edits);
            }
            _ => assert_eq!(old.whole, new.whole, "a field of the group"),
        }
    }
    let edits: Vec<&Edit> = resource.iter().collect();
    attributes(&resources[0], &resources[1], schema::ATTRIBUTE, &edits);
}

fn scope(signal: Signal, old: &Field<'_>, new: &Field<'_>, edits: &[&Edit]) {
    each(old, new, &[schema::ITEM], &mut |old, new| match signal {
        Signal::Traces => item(old, new, schema::SPAN_ATTRIBUTE, edits),
        Signal::Logs => item(old, new, schema::LOG_ATTRIBUTE, edits),
        Signal::Metrics => each(old, new, &schema::METRIC_DATA, &mut |old, new| {
            let number = schema::point_attribute(old.number);
            each(old, new, &[schema::METRIC_POINT], &mut |old, new| item(old, new, number, edits));
        }),
    });
}

/// All fields of two messages are the same, but that `inner` looks into those with these numbers.
fn each(
    old: &Field<'_>,
    new: &Field<'_>,
    numbers: &[u32],
    inner: &mut dyn FnMut(&Field<'_>, &Field<'_>),
) {
    if old.whole == new.whole {
        return;
    }
    let (old, new) = (fields(old.body).expect("scanned"), fields(new.body).expect("scanned"));
    assert_eq!(old.len(), new.len(), "fields of a scope, a metric or its data");
    for (old, new) in old.iter().zip(&new) {
        assert_eq!(old.number, new.number);
        if numbers.contains(&old.number) {
            inner(old, new);
        } else {
            assert_eq!(old.whole, new.whole);
        }
    }
}

fn item(old: &Field<'_>, new: &Field<'_>, number: u32, edits: &[&Edit]) {
    if old.whole != new.whole {
        attributes(old.body, new.body, number, edits);
    }
}

fn attributes(old: &[u8], new: &[u8], number: u32, edits: &[&Edit]) {
    let (old, new) = (fields(old).expect("edited"), fields(new).expect("edited"));
    assert_eq!(others(&old, number), others(&new, number), "fields that are no attributes");
    assert_eq!(
        untouched(&old, number, edits),
        untouched(&new, number, edits),
        "unnamed attributes"
    );
}

fn others<'a>(fields: &[Field<'a>], number: u32) -> Vec<&'a [u8]> {
    fields.iter().filter(|field| field.number != number).map(|field| field.whole).collect()
}

/// The attributes that no edit names.
fn untouched<'a>(all: &[Field<'a>], number: u32, edits: &[&Edit]) -> Vec<&'a [u8]> {
    let unnamed = all.iter().filter(|field| field.number == number).filter(|field| {
        let key = fields(field.body).expect("a pair").into_iter().rfind(|inner| inner.number == 1);
        let key = key.map_or(&[][..], |inner| inner.body);
        !edits.iter().any(|edit| names(edit, key))
    });
    unnamed.map(|field| field.whole).collect()
}

fn names(edit: &Edit, key: &[u8]) -> bool {
    let puts = match &edit.action {
        Action::Extract(extract) => extract.targets().iter().any(|target| **target == *key),
        _ => false,
    };
    puts || match &edit.keys {
        Keys::One(own) => **own == *key,
        Keys::Matching(pattern) => pattern.matches(key),
    }
}
