//! Tables of the keys that each part of the configuration takes.
//!
//! A table stands beside the code that reads its keys. It refuses unknown keys, suggests near ones
//! and is printed as `docs/config.md`; reading a key that its table lacks fails every debug build.

use super::{connectors, exporters, extensions, processors, receivers, service, unsupported};

/// The keys of one mapping.
#[derive(Debug)]
pub(super) struct Table {
    /// Path of the mapping, `*` for any component of a section.
    pub(super) scope: &'static str,
    pub(super) keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Type of the value, in words.
    pub(super) kind: &'static str,
    pub(super) default: &'static str,
    pub(super) note: &'static str,
}

/// A key that a mapping takes.
pub(super) const fn key(
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    note: &'static str,
) -> Key {
    Key { name, kind, default, note }
}

impl Table {
    pub(super) fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }

    /// Type of a key's value, in words.
    pub(super) fn kind_of(&self, name: &str) -> Option<&'static str> {
        self.keys.iter().find(|key| key.name == name).map(|key| key.kind)
    }

    /// The names of all keys, for a hint.
    pub(super) fn listing(&self) -> String {
        if self.keys.is_empty() {
            return "nothing can be set here".to_owned();
        }
        let names: Vec<&str> = self.names().collect();
        format!("known here: {}", names.join(", "))
    }
}

/// Every table, in the order of the reference page.
pub(super) fn tables() -> Vec<&'static Table> {
    let mut all = vec![&super::document::TOP];
    all.extend(receivers::TABLES);
    all.extend(processors::TABLES.iter().copied().flatten());
    all.extend(connectors::TABLES);
    all.extend(exporters::TABLES);
    all.extend(extensions::TABLES);
    all.extend(service::TABLES);
    all
}

/// The reference of all keys as Markdown: what is taken, what is not supported yet, what is
/// ignored.
#[must_use]
pub fn reference() -> String {
    let mut out = String::new();
    row(&mut out, &["key", "value", "default", "meaning"]);
    row(&mut out, &["---", "---", "---", "---"]);
    for table in tables() {
        for key in table.keys {
            let name = if table.scope.is_empty() {
                format!("`{}`", key.name)
            } else {
                format!("`{}.{}`", table.scope, key.name)
            };
            row(&mut out, &[&name, key.kind, key.default, key.note]);
        }
    }
    out.push('\n');
    out.push_str(&unsupported::reference());
    out
}

/// One row of a Markdown table.
pub(super) fn row(out: &mut String, cells: &[&str]) {
    for cell in cells {
        out.push_str("| ");
        out.push_str(&cell.replace('|', "\\|"));
        out.push(' ');
    }
    out.push_str("|\n");
}
