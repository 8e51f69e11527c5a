//! Edits of attributes, and what a look-up in a resource would find after them.
//!
//! An edit is what a Collector attribute action compiles to. Edits act in order: one that names a
//! key on the first attribute with it, one with a pattern on every attribute whose key matches.
//! Where the Collector moves the last attribute into the hole that a delete leaves, the order is
//! kept here.
//!
//! Applying edits is [`crate::splice`]'s work; [`lookup`] answers for one key without changing
//! anything, so that a route behind an edit costs no copy of the request.
//!
//! Not here: what a pattern, a transform or an extraction does. They are objects of the caller.

mod lookup;

use std::fmt::Debug;
use std::sync::Arc;

pub use self::lookup::{Found, lookup};
use crate::value::Value;

/// One change to one key, or to all keys of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Which attributes.
    pub keys: Keys,
    /// What happens to them.
    pub action: Action,
}

/// Which attributes an edit acts on.
#[derive(Clone, Debug)]
pub enum Keys {
    /// The first with this key.
    One(Box<[u8]>),
    /// All whose key matches. Only [`Action::Delete`] and [`Action::Replace`] can have this;
    /// another action with it does nothing.
    Matching(Arc<dyn Pattern>),
}

/// What an edit does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Appends the attribute if the key is absent.
    Insert(Source),
    /// Replaces the value if the key is present.
    Update(Source),
    /// Replaces the value, or appends the attribute.
    Upsert(Source),
    /// Removes the attribute.
    Delete,
    /// Puts another value, made from the present one, in its place.
    Replace(Arc<dyn Transform>),
    /// Upserts attributes whose values are cut out of this one, which stays.
    Extract(Arc<dyn Extract>),
}

/// Where a new value comes from. An absent source means no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This encoded `AnyValue` body.
    Value(Box<[u8]>),
    /// The value that another attribute of the same list has at that moment.
    Attribute(Box<[u8]>),
    /// The encoded `AnyValue` body that the request brings in this slot.
    Slot(usize),
    /// The inner source, or, if it is absent, this encoded `AnyValue` body.
    Or(Box<Self>, Box<[u8]>),
}

/// A set of keys.
pub trait Pattern: Debug + Send + Sync {
    /// Whether `key` (bytes as they came, perhaps no UTF-8) belongs to it.
    fn matches(&self, key: &[u8]) -> bool;
}

/// A value made from another.
pub trait Transform: Debug + Send + Sync {
    /// Appends the body of the new `AnyValue` to `out`. `false`: the value stays as it is, and what
    /// was appended is thrown away.
    fn apply(&self, value: Value<'_>, out: &mut Vec<u8>) -> bool;
}

/// Attributes cut out of a text.
pub trait Extract: Debug + Send + Sync {
    /// Calls `put(key, text)` for every group, in order, if `text` matches; otherwise not at all.
    fn extract<'k>(&'k self, text: &[u8], put: &mut dyn FnMut(&'k [u8], &[u8]));

    /// All keys that [`Self::extract`] may put.
    fn targets(&self) -> &[Box<[u8]>];
}

/// Patterns are equal if they are the same object.
impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(a), Self::One(b)) => a == b,
            (Self::Matching(a), Self::Matching(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// Transforms and extractions are equal if they are the same object.
impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Insert(a), Self::Insert(b))
            | (Self::Update(a), Self::Update(b))
            | (Self::Upsert(a), Self::Upsert(b)) => a == b,
            (Self::Delete, Self::Delete) => true,
            (Self::Replace(a), Self::Replace(b)) => Arc::ptr_eq(a, b),
            (Self::Extract(a), Self::Extract(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Edit {
    /// The edit that does `action` to the first attribute with `key`.
    pub fn new(key: impl Into<Box<[u8]>>, action: Action) -> Self {
        Self { keys: Keys::One(key.into()), action }
    }

    /// The edit that does `action` to all attributes whose key matches.
    pub fn matching(pattern: Arc<dyn Pattern>, action: Action) -> Self {
        Self { keys: Keys::Matching(pattern), action }
    }
}

impl Edit {
    /// Whether the edit reads or writes attributes with this key.
    #[inline]
    pub(crate) fn names(&self, key: &[u8]) -> bool {
        let own = match &self.keys {
            Keys::One(own) => **own == *key,
            Keys::Matching(pattern) => pattern.matches(key),
        };
        own || match &self.action {
            Action::Extract(extract) => extract.targets().iter().any(|target| **target == *key),
            action => action.source().and_then(Source::attribute) == Some(key),
        }
    }
}

impl Action {
    /// Where the new value comes from, if the action needs one.
    #[must_use]
    pub const fn source(&self) -> Option<&Source> {
        match self {
            Self::Insert(source) | Self::Update(source) | Self::Upsert(source) => Some(source),
            Self::Delete | Self::Replace(_) | Self::Extract(_) => None,
        }
    }
}

impl Source {
    /// The attribute that it reads, if any.
    #[must_use]
    pub fn attribute(&self) -> Option<&[u8]> {
        let mut source = self;
        loop {
            match source {
                Self::Or(inner, _) => source = inner,
                Self::Attribute(key) => return Some(key),
                Self::Value(_) | Self::Slot(_) => return None,
            }
        }
    }
}

impl Source {
    /// The bytes that it brings without looking at an attribute.
    #[inline]
    pub(crate) fn constant<'a>(&'a self, slots: &[Option<&'a [u8]>]) -> Option<&'a [u8]> {
        let (mut source, mut default) = (self, None);
        loop {
            match source {
                Self::Or(inner, bytes) => (source, default) = (inner, Some(&**bytes)),
                Self::Value(bytes) => return Some(bytes),
                Self::Slot(at) => return slots.get(*at).copied().flatten().or(default),
                Self::Attribute(_) => return default,
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
