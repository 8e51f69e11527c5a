//! What a key holds after edits.

use std::collections::BTreeMap;

use super::{Action, Edit, Keys, Source};
use crate::resource::Resource;
use crate::value::Value;

/// What [`lookup`] found: a value where it lies, or one that an edit computed.
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

/// The value of `key` as it would be after `edits`, with `slots` as the request's values.
///
/// Only edits that can have a say are played, each once, on the keys they concern: the work grows
/// with the number of edits, however they copy from one another, and there is no recursion.
/// Memory is allocated only when the value may come from another attribute.
#[must_use]
pub fn lookup<'a>(
    resource: Resource<'a>,
    edits: &'a [Edit],
    slots: &'a [Option<&'a [u8]>],
    key: &[u8],
) -> Option<Found<'a>> {
    let mut play = Play { resource, slots, key, own: State::default(), others: BTreeMap::new() };
    // Backwards, since an edit sees the results of those before it only.
    for edit in edits.iter().rev() {
        if let Keys::One(own) = &edit.keys
            && let Some(name) = edit.action.source().and_then(Source::attribute)
            && play.concerns(own)
            && *name != *key
        {
            let _ = play.others.entry(name).or_default();
        }
    }
    for edit in edits {
        if let Keys::One(own) = &edit.keys
            && play.concerns(own)
        {
            play.apply(own, edit);
        }
    }
    play.value(key).map(Found::Lent)
}

/// Edits being played on the keys that [`lookup`] needs.
struct Play<'a, 'k> {
    resource: Resource<'a>,
    slots: &'a [Option<&'a [u8]>],
    key: &'k [u8],
    own: State<'a>,
    others: BTreeMap<&'a [u8], State<'a>>,
}

/// The attributes with one key: `front`, if any, and then those that came, from the nth on.
#[derive(Clone, Copy, Default)]
struct State<'a> {
    front: Option<Value<'a>>,
    skip: usize,
}

impl<'a> Play<'a, '_> {
    fn concerns(&self, key: &[u8]) -> bool {
        *key == *self.key || self.others.contains_key(key)
    }

    fn state(&self, key: &[u8]) -> State<'a> {
        if *key == *self.key {
            return self.own;
        }
        self.others.get(key).copied().unwrap_or_default()
    }

    /// The value of the first attribute with this key, at this moment.
    fn value(&self, key: &[u8]) -> Option<Value<'a>> {
        let State { front, skip } = self.state(key);
        front.or_else(|| self.resource.nth(key, skip))
    }

    fn apply(&mut self, own: &[u8], edit: &'a Edit) {
        let mut state = self.state(own);
        let current = self.value(own);
        let applies = match &edit.action {
            Action::Insert(_) => current.is_none(),
            Action::Update(_) | Action::Delete => current.is_some(),
            Action::Replace(_) | Action::Extract(_) => false,
            Action::Upsert(_) => true,
        };
        let new = edit.action.source().and_then(|source| self.source(source));
        if !applies || (new.is_none() && !matches!(edit.action, Action::Delete)) {
            return;
        }
        // What was first goes, or gives its place to the new one.
        if state.front.is_none() && current.is_some() {
            state.skip = state.skip.saturating_add(1);
        }
        state.front = new;
        if *own == *self.key {
            self.own = state;
        } else if let Some(known) = self.others.get_mut(own) {
            *known = state;
        }
    }

    fn source(&self, source: &'a Source) -> Option<Value<'a>> {
        match source {
            Source::Value(bytes) => Some(Value::new(bytes)),
            Source::Attribute(name) => self.value(name),
            Source::Or(inner, default) => self.source(inner).or(Some(Value::new(default))),
            Source::Slot(at) => self.slots.get(*at).copied().flatten().map(Value::new),
        }
    }
}
