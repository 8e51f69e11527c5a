//! Edits of resource attributes, and what a look-up would find after them.
//!
//! An edit is what a Collector attribute action compiles to. Edits act in order, each on the first
//! attribute with its key. Where the Collector moves the last attribute into the hole that a delete
//! leaves, the order is kept here.
//!
//! Applying edits is [`crate::splice`]'s work; [`lookup`] answers for one key without applying
//! anything, so that a route behind an edit costs no copy.

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
/// The edits are walked backwards. Recursion is on their number only, which the configuration
/// bounds; nothing in the request can deepen it. Edits that copy from one another in turn are
/// walked once for each way from one to the next: a long ring of them would be slow.
#[must_use]
pub fn lookup<'a>(
    resource: Resource<'a>,
    edits: &'a [Edit],
    slots: &'a [Option<&'a [u8]>],
    key: &[u8],
) -> Option<Value<'a>> {
    Before { resource, slots }.nth(edits, key, 0)
}

/// What came in, as [`lookup`] sees it.
struct Before<'a> {
    resource: Resource<'a>,
    slots: &'a [Option<&'a [u8]>],
}

impl<'a> Before<'a> {
    /// The value of the attribute with this key after `skip` others with it, after `edits`.
    fn nth(&self, edits: &'a [Edit], key: &[u8], skip: usize) -> Option<Value<'a>> {
        let mut edits = edits;
        let mut skip = skip;
        while let Some((edit, earlier)) = edits.split_last() {
            edits = earlier;
            if *edit.key != *key {
                continue;
            }
            match &edit.action {
                // The first is gone: what is nth now was one further before.
                Action::Delete => skip = skip.saturating_add(1),
                // All others touch the first only, or add one where there was none.
                _ if skip > 0 => {}
                Action::Insert(source) => {
                    return self.nth(edits, key, 0).or_else(|| self.value(edits, source));
                }
                Action::Update(source) => {
                    let current = self.nth(edits, key, 0)?;
                    return Some(self.value(edits, source).unwrap_or(current));
                }
                Action::Upsert(source) => {
                    if let Some(value) = self.value(edits, source) {
                        return Some(value);
                    }
                }
            }
        }
        self.resource.nth(key, skip)
    }

    fn value(&self, edits: &'a [Edit], source: &'a Source) -> Option<Value<'a>> {
        match source {
            Source::Value(bytes) => Some(Value::new(bytes)),
            Source::Attribute(name) => self.nth(edits, name, 0),
            Source::Slot(at) => self.slots.get(*at).copied().flatten().map(Value::new),
        }
    }
}

#[cfg(test)]
mod tests;
