//! Edits of a resource of the usual form, without a list of its attributes.
//!
//! Nearly every group has one resource, nearly every attribute is a key and a value and nothing
//! else, and nearly every edit names one key and brings its value along. If no two edits name the
//! same key, each concerns at most one attribute, the first with its key, and none sees what
//! another did. So one walk that compares keys finds all that changes, and only that is written.
//!
//! All else is declined before a change is noted, also what is malformed: then the list of
//! attributes ([`crate::attributes`]) does the work, or says what is wrong. What leaves is the same
//! on both ways.

use crate::attributes::{self, Inputs};
use crate::changes::Changes;
use crate::cursor::Cursor;
use crate::edit::{Action, Edit, Keys, Source};
use crate::field::{self, Key};
use crate::resource::Pair;
use crate::schema;
use crate::segments::Span;

/// More edits than these are left to the list: every key is compared with those of all edits.
const EDITS_MAX: usize = 4;

const ATTRIBUTE: Key = Key::new(schema::ATTRIBUTE, field::LEN);

/// An attribute that an edit names.
#[derive(Clone, Copy)]
struct Found<'a> {
    field: Span,
    value: &'a [u8],
}

/// Notes in `out` what the edits change in the resource of the group with this body. `None`: it is
/// not for here, and nothing was noted.
pub(super) fn edit(
    group: Cursor<'_>,
    edits: &[Edit],
    inputs: &Inputs<'_>,
    out: &mut Changes,
) -> Option<()> {
    if !independent(edits) {
        return None;
    }
    let (field, resource) = the_resource(group)?;
    let found = find(resource, edits)?;
    let body = resource.span();
    let open = out.open();
    for (edit, found) in edits.iter().zip(&found) {
        if let Some(found) = found {
            change(edit, *found, inputs, out);
        }
    }
    let start = out.buffer().len();
    for (edit, found) in edits.iter().zip(&found) {
        if found.is_none() {
            add(edit, inputs, out.buffer());
        }
    }
    if out.buffer().len() > start {
        out.replace(Span { start: body.end, end: body.end }, start);
    }
    let _changed = out.close(open, schema::RESOURCE, field, body);
    Some(())
}

/// Whether each edit names a key of its own and needs nothing but what it brings.
fn independent(edits: &[Edit]) -> bool {
    let alone = |(at, edit): (usize, &Edit)| match (&edit.keys, &edit.action) {
        (Keys::Matching(_), _) | (_, Action::Replace(_) | Action::Extract(_)) => false,
        (Keys::One(_), action) => {
            action.source().and_then(Source::attribute).is_none()
                && edits.iter().take(at).all(|before| before.keys != edit.keys)
        }
    };
    edits.len() <= EDITS_MAX && edits.iter().enumerate().all(alone)
}

/// The group's resource with its field, if it has one in one part.
fn the_resource(mut group: Cursor<'_>) -> Option<(Span, Cursor<'_>)> {
    let mut resource = None;
    while !group.is_empty() {
        let start = group.offset();
        let key = group.key().ok()??;
        if key.number() != schema::RESOURCE {
            group.skip(key).ok()?;
        } else if resource.is_none() {
            let body = group.message(key).ok()?;
            resource = Some((group.span_from(start), body));
        } else {
            return None;
        }
    }
    resource
}

/// For each edit the first attribute with its key; `None` if an attribute is not of the usual form.
#[inline]
fn find<'a>(mut resource: Cursor<'a>, edits: &[Edit]) -> Option<[Option<Found<'a>>; EDITS_MAX]> {
    let mut all = [None; EDITS_MAX];
    let mut note = |name: &[u8], value: &'a [u8], start: usize, behind: &Cursor<'_>| {
        for (edit, found) in edits.iter().zip(&mut all) {
            if matches!(&edit.keys, Keys::One(key) if **key == *name) && found.is_none() {
                *found = Some(Found { field: behind.span_from(start), value });
            }
        }
    };
    loop {
        let mut start = resource.offset();
        while let Some((name, value)) = resource.plain_pair(ATTRIBUTE.raw()) {
            note(name.rest(), value.rest(), start, &resource);
            start = resource.offset();
        }
        let Some(key) = resource.key().ok()? else {
            return Some(all);
        };
        if key.number() == schema::ATTRIBUTE {
            let pair = Pair::plain(resource.message(key).ok()?)?;
            note(pair.key.rest(), pair.value.rest(), start, &resource);
        } else {
            resource.skip(key).ok()?;
        }
    }
}

/// Does to an attribute that is there what the edit says. The same value is no change.
fn change(edit: &Edit, found: Found<'_>, inputs: &Inputs<'_>, out: &mut Changes) {
    match (&edit.keys, &edit.action) {
        (_, Action::Delete) => out.remove(found.field),
        (Keys::One(key), Action::Update(source) | Action::Upsert(source)) => {
            let value = source.constant(inputs.slots).filter(|value| *value != found.value);
            if let Some(value) = value {
                let start = out.buffer().len();
                attributes::write(ATTRIBUTE, key, value, out.buffer());
                out.replace(found.field, start);
            }
        }
        _ => {}
    }
}

/// Appends the attribute to `out`, if the edit adds one that is absent.
fn add(edit: &Edit, inputs: &Inputs<'_>, out: &mut Vec<u8>) {
    if let (Keys::One(key), Action::Insert(source) | Action::Upsert(source)) =
        (&edit.keys, &edit.action)
        && let Some(value) = source.constant(inputs.slots)
    {
        attributes::write(ATTRIBUTE, key, value, out);
    }
}
