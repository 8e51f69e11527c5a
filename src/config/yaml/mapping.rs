//! Mappings: keys, duplicates, and the merge key `<<`.

use std::collections::HashMap;

use super::{Entry, Node, Value};
use crate::config::problems::Code;
use crate::config::report::{Fault, Mark, Report};

/// Why a source cannot be read further.
pub(super) struct Stop {
    pub(super) mark: Mark,
    pub(super) fault: Box<Fault>,
}

impl Stop {
    pub(super) fn new(mark: Mark, fault: Fault) -> Self {
        Self { mark, fault: Box::new(fault) }
    }
}

/// A mapping that is being read.
#[derive(Default)]
pub(super) struct Mapping {
    entries: Vec<Entry>,
    seen: HashMap<String, Mark>,
    merges: Vec<Node>,
    /// A key that waits for its value.
    pub(super) key: Option<(String, Mark)>,
}

impl Mapping {
    pub(super) fn insert(
        &mut self,
        key: String,
        mark: Mark,
        node: Node,
        report: Option<&Report<'_>>,
    ) {
        if key == "<<" {
            self.merges.push(node);
            return;
        }
        if let Some(first) = self.seen.get(&key) {
            if let Some(report) = report {
                let message = format!("`{key}` is already set in this mapping");
                let hint = format!("the first one is at line {}; merge the two", first.line);
                report.error(mark, "", Fault::new(Code::DuplicateKey, message).hint(hint));
            }
            return;
        }
        let _ = self.seen.insert(key.clone(), mark);
        self.entries.push(Entry { key, mark, node });
    }
}

/// Adds the entries of `<<` that the mapping does not set itself; earlier ones go first.
pub(super) fn finish_map(map: Mapping) -> Result<Vec<Entry>, Stop> {
    let Mapping { mut entries, mut seen, merges, .. } = map;
    for node in merges {
        let mark = node.mark;
        let parts = match node.value {
            Value::List(items) => items,
            value => vec![Node { mark, value, origin: None }],
        };
        for part in parts {
            let Value::Map(inner) = part.value else {
                let fault = Fault::new(Code::Syntax, "`<<` merges mappings");
                return Err(Stop::new(part.mark, fault.expected("an alias of a mapping")));
            };
            for entry in inner {
                if !seen.contains_key(&entry.key) {
                    let _ = seen.insert(entry.key.clone(), entry.mark);
                    entries.push(entry);
                }
            }
        }
    }
    Ok(entries)
}

/// The text of a key.
pub(super) fn key_of(node: Node) -> Result<(String, Mark), Stop> {
    match node.value {
        Value::Scalar(scalar) if scalar.text.is_empty() && scalar.plain => {
            Err(Stop::new(node.mark, Fault::new(Code::Syntax, "a key is missing before the colon")))
        }
        Value::Scalar(scalar) => Ok((scalar.text, node.mark)),
        Value::List(_) | Value::Map(_) | Value::Broken => {
            Err(Stop::new(node.mark, key_is_collection()))
        }
    }
}

/// What is wrong with `{[a]: b}`.
pub(super) fn key_is_collection() -> Fault {
    Fault::new(Code::Syntax, "a list or mapping cannot be a key")
        .hint("a template such as {{ ... }} must be rendered first, or quoted")
}
