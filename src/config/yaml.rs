//! A YAML document as a tree whose every part knows its place.
//!
//! `build` makes the tree from the parser's events; `scalar` says what type a plain scalar has.
//! Anchors, aliases and merge keys (`<<`) are resolved while the tree is built, so that a tree
//! holds values only. Bounds: [`NODES_MAX`] nodes after expansion, [`DEPTH_MAX`] levels.

mod build;
mod mapping;
mod path;
pub(super) mod scalar;

use super::report::Mark;
use build::parse_with;
pub(super) use build::{parse, parse_embedded, parse_part};
pub(super) use path::{setting, unflatten};
pub(super) use scalar::{Typed, resolve};

/// Nodes of one document, copies made by aliases included; about 200 bytes each.
pub(super) const NODES_MAX: usize = 100_000;

/// Levels of nesting; a Collector's file needs about 12.
pub(super) const DEPTH_MAX: usize = 48;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) mark: Mark,
    pub(super) value: Value,
    /// Set when the value was made by replacing `${...}`.
    pub(super) origin: Option<Box<Origin>>,
}

/// What a substitution replaced.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The text as it stands in the file: shown instead of the value.
    pub(super) written: String,
    /// The text after replacement: what a string setting gets, whatever its YAML type.
    pub(super) text: String,
    /// The value is a part of what came in: a string setting gets it only if it is text.
    pub(super) inner: bool,
}

/// The forms of a YAML value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// A substitution failed here and has been reported: nothing more is said about this value.
    Broken,
}

/// Text, and whether its type depends on its content.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Not quoted: `10` is a number.
    pub(super) plain: bool,
    /// Characters between the mark and the text's first one, if the text stands in the file as it
    /// is; lets a message point into the text.
    pub(super) lead: Option<usize>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) mark: Mark,
    pub(super) node: Node,
}

impl Node {
    /// An absent value at a place.
    pub(super) const fn null(mark: Mark) -> Self {
        let scalar = Scalar { text: String::new(), plain: true, lead: None };
        Self { mark, value: Value::Scalar(scalar), origin: None }
    }

    /// The scalar's type and value; `None` for a list or a mapping.
    pub(super) fn typed(&self) -> Option<Typed> {
        match &self.value {
            Value::Scalar(scalar) if scalar.plain => Some(resolve(&scalar.text)),
            Value::Scalar(scalar) => Some(Typed::Text(scalar.text.clone())),
            Value::List(_) | Value::Map(_) | Value::Broken => None,
        }
    }

    /// Nothing given: `key:` or `key: null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.typed(), Some(Typed::Null))
    }

    /// The value as a message names it: its text in the file, shortened.
    pub(super) fn shown(&self) -> String {
        const SHOWN_MAX: usize = 60;
        let text = match (&self.origin, &self.value) {
            (Some(origin), _) => &origin.written,
            (None, Value::Scalar(scalar)) => &scalar.text,
            (None, Value::List(_)) => return "a list".to_owned(),
            (None, Value::Map(_)) => return "a mapping".to_owned(),
            (None, Value::Broken) => return String::new(),
        };
        match &self.value {
            Value::Scalar(_) if self.is_null() && self.origin.is_none() => "nothing".to_owned(),
            Value::Scalar(s) if !s.plain && self.origin.is_none() => {
                format!("the text \"{}\"", shorten(text, SHOWN_MAX))
            }
            _ => format!("`{}`", shorten(text, SHOWN_MAX)),
        }
    }
}

fn shorten(text: &str, max: usize) -> String {
    let mut shown: String =
        text.chars().take(max).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(max).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Lays one document over another, as several `--config` files are: mappings are merged key by key,
/// everything else is replaced. `emptied` is told of every filled mapping that is replaced by
/// nothing.
pub(super) fn merge(base: Node, over: Node, emptied: &mut dyn FnMut(Mark, &str)) -> Node {
    let Node { mark, value, origin } = over;
    match (base.value, value) {
        (Value::Map(mut entries), Value::Map(newer)) => {
            for entry in newer {
                merge_entry(&mut entries, entry, emptied);
            }
            Node { mark, value: Value::Map(entries), origin }
        }
        (_, value) => Node { mark, value, origin },
    }
}

fn merge_entry(entries: &mut Vec<Entry>, newer: Entry, emptied: &mut dyn FnMut(Mark, &str)) {
    let Some(slot) = entries.iter_mut().find(|entry| entry.key == newer.key) else {
        entries.push(newer);
        return;
    };
    let filled = matches!(&slot.node.value, Value::Map(map) if !map.is_empty());
    if filled && newer.node.is_null() {
        emptied(newer.mark, &newer.key);
    }
    let base = std::mem::replace(&mut slot.node, Node::null(newer.mark));
    slot.mark = newer.mark;
    slot.node = merge(base, newer.node, emptied);
}

#[cfg(test)]
mod tests;
