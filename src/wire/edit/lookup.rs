//! What a key holds after edits.

use std::collections::BTreeSet;

use super::{Action, Edit, Keys, Source};
use crate::attributes::{Inputs, List};
use crate::cursor::Cursor;
use crate::resource::Resource;
use crate::schema;
use crate::value::Value;

/// What [`lookup`] found: a value where it lies, or one that an edit made.
#[derive(Clone, Debug)]
pub enum Found<'a> {
    /// In the request, in an edit or in a slot.
    Lent(Value<'a>),
    /// The encoded `AnyValue` body.
    Made(Box<[u8]>),
}

impl Found<'_> {
    /// The value.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Lent(value) => *value,
            Self::Made(bytes) => Value::new(bytes),
        }
    }
}

/// What an edit means for one key, seen alone.
enum Say<'a> {
    /// Nothing.
    None,
    Insert(Value<'a>),
    Update(Value<'a>),
    Upsert(Value<'a>),
    DeleteFirst,
    DeleteAll,
    /// It depends on what other attributes hold, or on what a transform makes.
    Computed,
}

/// The value of `key` as it would be after `edits`, with `slots` as the request's values.
///
/// Where only constants and values of the request can get there, nothing is allocated. Otherwise
/// the edits that can have a say are played on a copy of the list of attributes, each once: the
/// work grows with the number of edits times that of attributes, however they copy from one
/// another, and there is no recursion.
#[must_use]
pub fn lookup<'a>(
    resource: Resource<'a>,
    edits: &'a [Edit],
    slots: &'a [Option<&'a [u8]>],
    key: &[u8],
) -> Option<Found<'a>> {
    // The attributes with the key: `front`, if any, and then those that came, from the nth on.
    let mut front: Option<Value<'a>> = None;
    let mut skip = 0_usize;
    for edit in edits {
        let say = say(edit, slots, key);
        if matches!(say, Say::None) {
            continue;
        }
        let present = front.is_some() || resource.nth(key, skip).is_some();
        let new = match say {
            Say::Computed => return play(resource, edits, slots, key),
            Say::DeleteAll => {
                (front, skip) = (None, usize::MAX);
                continue;
            }
            Say::Insert(value) if !present => Some(value),
            Say::Update(value) if present => Some(value),
            Say::Upsert(value) => Some(value),
            Say::DeleteFirst if present => None,
            Say::None | Say::Insert(_) | Say::Update(_) | Say::DeleteFirst => continue,
        };
        // What was first goes, or gives its place to the new one.
        if front.is_none() && present {
            skip = skip.saturating_add(1);
        }
        front = new;
    }
    front.or_else(|| resource.nth(key, skip)).map(Found::Lent)
}

fn say<'a>(edit: &'a Edit, slots: &'a [Option<&'a [u8]>], key: &[u8]) -> Say<'a> {
    if let Action::Extract(extract) = &edit.action
        && extract.targets().iter().any(|target| **target == *key)
    {
        return Say::Computed;
    }
    let one = match &edit.keys {
        Keys::One(own) if **own == *key => true,
        Keys::Matching(pattern) if pattern.matches(key) => false,
        Keys::One(_) | Keys::Matching(_) => return Say::None,
    };
    let (source, say): (_, fn(Value<'a>) -> Say<'a>) = match &edit.action {
        Action::Delete => return if one { Say::DeleteFirst } else { Say::DeleteAll },
        Action::Replace(_) => return Say::Computed,
        Action::Insert(source) if one => (source, Say::Insert),
        Action::Update(source) if one => (source, Say::Update),
        Action::Upsert(source) if one => (source, Say::Upsert),
        Action::Insert(_) | Action::Update(_) | Action::Upsert(_) | Action::Extract(_) => {
            return Say::None;
        }
    };
    if source.attribute().is_some() {
        return Say::Computed;
    }
    source.constant(slots).map_or(Say::None, |bytes| say(Value::new(bytes)))
}

/// Applies the edits that can have a say to the list of attributes.
#[inline(never)]
fn play<'a>(
    resource: Resource<'a>,
    edits: &'a [Edit],
    slots: &'a [Option<&'a [u8]>],
    key: &[u8],
) -> Option<Found<'a>> {
    let request = resource.group;
    let mut list = List::new();
    let mut group = Cursor::new(request);
    while let Some(field) = group.key().ok()? {
        if field.number() == schema::RESOURCE {
            list.read(group.message(field).ok()?, schema::ATTRIBUTE, &[]).ok()?;
        } else {
            group.skip(field).ok()?;
        }
    }
    let keys = concerned(edits, key);
    let edits = edits.iter().filter(|edit| concerns(edit, &keys));
    list.apply(edits, &Inputs { request, slots, limit: usize::MAX }).ok()?;
    if let Some(value) = list.lent(key, request) {
        return Some(Found::Lent(value));
    }
    let mut made = Vec::new();
    list.value(key, request)?.append_to(&mut made);
    Some(Found::Made(made.into()))
}

/// The keys whose values can get to `key`. Found backwards, since an edit sees the results of those
/// before it only.
fn concerned<'a>(edits: &'a [Edit], key: &'a [u8]) -> BTreeSet<&'a [u8]> {
    let mut keys = BTreeSet::from([key]);
    for edit in edits.iter().rev() {
        let Keys::One(own) = &edit.keys else { continue };
        if !concerns(edit, &keys) {
            continue;
        }
        let from = match &edit.action {
            Action::Extract(_) => Some(&**own),
            action => action.source().and_then(Source::attribute),
        };
        keys.extend(from);
    }
    keys
}

/// Whether the edit can change what one of these keys holds.
fn concerns(edit: &Edit, keys: &BTreeSet<&[u8]>) -> bool {
    if let Action::Extract(extract) = &edit.action {
        return extract.targets().iter().any(|target| keys.contains(&**target));
    }
    match &edit.keys {
        Keys::One(own) => keys.contains(&**own),
        Keys::Matching(pattern) => keys.iter().any(|key| pattern.matches(key)),
    }
}
