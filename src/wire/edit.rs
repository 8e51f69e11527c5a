//! Edits of resource attributes, and what a look-up would find after them.
//!
//! An edit is what a Collector attribute action compiles to. Edits act in order, each on the first
//! attribute with its key. Where the Collector moves the last attribute into the hole that a delete
//! leaves, the order is kept here.
//!
//! Applying edits is [`crate::splice`]'s work; [`lookup`] answers for one key without applying
//! anything, so that a route behind an edit costs no copy.

use std::collections::BTreeMap;

use crate::resource::Resource;
use crate::value::Value;

/// One change to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The attribute's key.
    pub key: Box<[u8]>,
    /// What happens to it.
    pub action: Action,
}

/// What an edit does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Appends the attribute if the key is absent.
    Insert(Source),
    /// Replaces the value if the key is present.
    Update(Source),
    /// Replaces the value, or appends the attribute.
    Upsert(Source),
    /// Removes the first attribute with the key.
    Delete,
}

/// Where a new value comes from. An absent source means no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This encoded `AnyValue` body.
    Value(Box<[u8]>),
    /// The value that another resource attribute has at that moment.
    Attribute(Box<[u8]>),
    /// The encoded `AnyValue` body that the request brings in this slot.
    Slot(usize),
}

impl Action {
    /// Where the new value comes from, if the action needs one.
    #[must_use]
    pub const fn source(&self) -> Option<&Source> {
        match self {
            Self::Insert(source) | Self::Update(source) | Self::Upsert(source) => Some(source),
            Self::Delete => None,
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
) -> Option<Value<'a>> {
    let mut play = Play { resource, slots, key, own: State::default(), others: BTreeMap::new() };
    // Backwards, since an edit sees the results of those before it only.
    for edit in edits.iter().rev() {
        if let Some(Source::Attribute(name)) = edit.action.source()
            && play.concerns(&edit.key)
            && **name != *key
        {
            let _ = play.others.entry(name).or_default();
        }
    }
    for edit in edits {
        if play.concerns(&edit.key) {
            play.apply(edit);
        }
    }
    play.value(key)
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

    fn apply(&mut self, edit: &'a Edit) {
        let mut state = self.state(&edit.key);
        let current = self.value(&edit.key);
        let applies = match &edit.action {
            Action::Insert(_) => current.is_none(),
            Action::Update(_) | Action::Delete => current.is_some(),
            Action::Upsert(_) => true,
        };
        let new = edit.action.source().and_then(|source| self.source(source));
        if !applies || (new.is_none() && edit.action != Action::Delete) {
            return;
        }
        // What was first goes, or gives its place to the new one.
        if state.front.is_none() && current.is_some() {
            state.skip = state.skip.saturating_add(1);
        }
        state.front = new;
        if *edit.key == *self.key {
            self.own = state;
        } else if let Some(known) = self.others.get_mut(&*edit.key) {
            *known = state;
        }
    }

    fn source(&self, source: &'a Source) -> Option<Value<'a>> {
        match source {
            Source::Value(bytes) => Some(Value::new(bytes)),
            Source::Attribute(name) => self.value(name),
            Source::Slot(at) => self.slots.get(*at).copied().flatten().map(Value::new),
        }
    }
}

#[cfg(test)]
mod tests;
