//! Typed readers over the tree: every problem is recorded, and reading goes on.
//!
//! A [`Field`] is a value with its path and place; a [`Section`] is a mapping whose keys have been
//! checked against the table of its kind. Readers return `None` after recording why. Types are as
//! strict as the Collector's: `"10"` is no number, `yes` no boolean, `10` no duration and no text.
//! `key: null` counts as not given.

mod values;

pub(super) use values::without_last_break;

use super::keys::Table;
use super::problems::Code;
use super::report::{Fault, Mark, Report};
use super::secret;
use super::suggest::did_you_mean;
use super::unsupported::{self, Verdict};
use super::yaml::{Entry, Node, Value};

/// A value, its path and where its key stands.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    pub(super) report: &'a Report<'a>,
    pub(super) path: String,
    pub(super) key: Mark,
    pub(super) node: &'a Node,
}

impl<'a> Field<'a> {
    pub(super) const fn new(
        report: &'a Report<'a>,
        path: String,
        key: Mark,
        node: &'a Node,
    ) -> Self {
        Self { report, path, key, node }
    }

    /// Where a message about the value points: the value, or its key when it is empty.
    pub(super) fn mark(&self) -> Mark {
        if self.node.is_null() && self.node.origin.is_none() { self.key } else { self.node.mark }
    }

    /// The place of a part of the value's text, counted in characters; of the whole value where the
    /// file spells it otherwise.
    pub(super) fn mark_in_text(&self, offset: usize, width: usize) -> Mark {
        let mark = self.node.mark;
        let lead = match (&self.node.value, &self.node.origin) {
            (Value::Scalar(scalar), None) => scalar.lead,
            _ => None,
        };
        lead.map_or(mark, |lead| {
            let column = mark.column.saturating_add(lead).saturating_add(offset);
            Mark { column, width: width.max(1), ..mark }
        })
    }

    /// Records a problem of the value, unless one has been recorded that leaves it without a value.
    pub(super) fn error(&self, fault: Fault) {
        if !self.is_broken() {
            self.report.error(self.mark(), &self.path, fault);
        }
    }

    pub(super) fn warning(&self, fault: Fault) {
        if !self.is_broken() {
            self.report.warning(self.mark(), &self.path, fault);
        }
    }

    pub(super) fn not_supported(&self, what: &str, reason: &str) {
        if !self.is_broken() {
            self.report.not_supported(self.mark(), &self.path, what, reason);
        }
    }

    const fn is_broken(&self) -> bool {
        matches!(self.node.value, Value::Broken)
    }

    /// The mapping as a section whose keys have been checked; null is an empty one.
    pub(super) fn section(&self, table: &'static Table) -> Option<Section<'a>> {
        let entries = self.map()?;
        let section =
            Section { report: self.report, path: self.path.clone(), key: self.key, entries, table };
        section.check_keys();
        Some(section)
    }

    /// Like [`Field::section`], and `None` for `enabled: false`.
    pub(super) fn optional_section(&self, table: &'static Table) -> Option<Section<'a>> {
        let section = self.section(table)?;
        section.boolean("enabled", true).then_some(section)
    }

    /// The values of a mapping with free keys, in order; null is empty.
    pub(super) fn children(&self) -> Option<Vec<(&'a str, Self)>> {
        let entries = self.map()?;
        Some(entries.iter().map(|entry| (entry.key.as_str(), self.child(entry))).collect())
    }

    /// The values of a list, in order.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        let Value::List(items) = &self.node.value else {
            if self.node.is_null() {
                return Some(Vec::new());
            }
            self.wrong_type("a list");
            return None;
        };
        let item = |(index, node): (usize, &'a Node)| {
            Self::new(self.report, format!("{}[{index}]", self.path), node.mark, node)
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// Whether it is a list.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// Whether it is a list without items.
    pub(super) fn is_empty_list(&self) -> bool {
        matches!(&self.node.value, Value::List(items) if items.is_empty())
    }

    fn map(&self) -> Option<&'a [Entry]> {
        match &self.node.value {
            Value::Map(entries) => Some(entries),
            _ if self.node.is_null() => Some(&[]),
            _ => {
                self.wrong_type("a mapping");
                None
            }
        }
    }

    fn child(&self, entry: &'a Entry) -> Self {
        let path = if self.path.is_empty() {
            entry.key.clone()
        } else {
            format!("{}.{}", self.path, entry.key)
        };
        Self::new(self.report, path, entry.mark, &entry.node)
    }
}

/// A mapping with known keys.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    pub(super) report: &'a Report<'a>,
    pub(super) path: String,
    /// Where the key that opened it stands.
    pub(super) key: Mark,
    entries: &'a [Entry],
    table: &'static Table,
}

impl<'a> Section<'a> {
    /// A value that is given and not null.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        self.present(key).filter(|field| !field.node.is_null())
    }

    /// A value whose key is there, null or not.
    pub(super) fn present(&self, key: &str) -> Option<Field<'a>> {
        debug_assert!(self.table.has(key), "{key} is missing from the table {}", self.table.scope);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(self.field(entry))
    }

    /// A value that must be given; reports its absence.
    pub(super) fn required(&self, key: &str) -> Option<Field<'a>> {
        let field = self.get(key);
        if field.is_none() {
            let message = format!("`{key}` is required");
            let fault = Fault::new(Code::Missing, message);
            self.error(fault.expected(self.table.kind_of(key).unwrap_or("a value")));
        }
        field
    }

    /// Whether a key holds a mapping without entries.
    pub(super) fn is_empty_map(&self, key: &str) -> bool {
        let field = self.get(key);
        field.is_some_and(|field| matches!(&field.node.value, Value::Map(map) if map.is_empty()))
    }

    /// Whether a key is set that was refused because it is not supported.
    pub(super) fn has_unsupported(&self) -> bool {
        let verdict = |entry: &Entry| unsupported::verdict(self.table.scope, &entry.key);
        self.entries.iter().any(|entry| matches!(verdict(entry), Some(Verdict::NotYet(_))))
    }

    /// A problem of the section as a whole, placed at its key.
    pub(super) fn error(&self, fault: Fault) {
        self.report.error(self.key, &self.path, fault);
    }

    fn field(&self, entry: &'a Entry) -> Field<'a> {
        let path = if self.path.is_empty() {
            entry.key.clone()
        } else {
            format!("{}.{}", self.path, entry.key)
        };
        Field::new(self.report, path, entry.mark, &entry.node)
    }

    /// Reports keys that the table does not have: not supported, ignored, renamed or unknown.
    fn check_keys(&self) {
        for entry in self.entries.iter().filter(|entry| !self.table.has(&entry.key)) {
            self.check_key(&self.field(entry), &entry.key);
        }
    }

    fn check_key(&self, field: &Field<'a>, key: &str) {
        let what = format!("`{key}`");
        match unsupported::verdict(self.table.scope, key) {
            Some(_) if field.node.is_null() && field.node.origin.is_none() => {}
            Some(Verdict::NotYet(reason)) => {
                self.report.not_supported(field.key, &field.path, &what, reason);
            }
            Some(Verdict::NotYetUnless(harmless, reason)) => {
                let text = field.node.typed().map(|_| field.plain_text()).unwrap_or_default();
                if !harmless.contains(&text.as_str()) {
                    self.report.not_supported(field.key, &field.path, &what, reason);
                }
            }
            Some(Verdict::Ignored(reason)) => {
                let fault = Fault::new(Code::Ignored, format!("{what} is ignored")).hint(*reason);
                self.report.warning(field.key, &field.path, fault);
            }
            Some(Verdict::Renamed(name)) => {
                let fault = Fault::new(Code::UnknownKey, format!("{what} has another name now"));
                let mut fault = fault.hint(format!("use `{name}`"));
                if !name.contains('.') {
                    fault = fault.fix(field.key, *name);
                }
                self.report.error(field.key, &field.path, fault);
            }
            None => {
                let known = self.table.names().chain(unsupported::keys_of(self.table.scope));
                let fault = Fault::new(Code::UnknownKey, format!("unknown key {what}"));
                let meant = did_you_mean(key, known);
                if meant.as_deref().is_some_and(secret::is_of_secrets) {
                    self.report.keep_all_secret(field.node);
                }
                let hint = meant.unwrap_or_else(|| self.table.listing());
                self.report.error(field.key, &field.path, fault.hint(hint));
            }
        }
    }
}
