//! `${...}` and `$$` in values, as the Collector replaces them.
//!
//! ```text
//! ${env:NAME} ${NAME} ${env:NAME:-text}    a variable, or the text when it is not set
//! ${file:PATH}                             what a file holds
//! ${yaml:TEXT}                             the text itself, read as YAML
//! $$                                       one dollar sign
//! ```
//! A value that is one reference and nothing else takes the YAML type of what it is replaced by,
//! except where a setting wants text: that gets every byte as it is. Inside text a reference stays
//! text, and the last line break of a file is dropped. Keys are not touched. What a variable or a
//! file holds is searched for references again, but its `$$` stays. References may nest:
//! `${env:${env:WHICH}}`.
//!
//! Bounds: [`ROUNDS_MAX`] replacements in one value, [`CHAIN_MAX`] references one behind another,
//! and the bytes, values and levels of a whole load. What a variable holds appears in no message.
//!
//! Differs from the Collector, on purpose: `${NAME:-default}` works, a variable that is not set and
//! has no default is a problem, `$${A} ${env:B}` replaces the second one, `p$$w` in a variable
//! stays.

mod reference;
mod scalar;

use std::cell::Cell;

use super::Options;
use super::problems::Code;
use super::report::{Fault, Mark, Report};
use super::source::{Lookup, SOURCE_BYTES_MAX, TOTAL_BYTES_MAX};
use super::yaml::{DEPTH_MAX, NODES_MAX, Node, Origin, Value};
use scalar::Place;

/// Replacements in one value, as in the Collector.
const ROUNDS_MAX: usize = 1000;
/// References that lead on to others: a variable that names a file that names a variable.
const CHAIN_MAX: usize = 64;
/// References inside references.
const NESTING_MAX: usize = 8;
/// Bytes of one value after replacement.
const EXPANDED_BYTES_MAX: usize = SOURCE_BYTES_MAX;

/// Replaces every reference in the values of a tree.
pub(super) fn expand(root: &mut Node, lookup: Lookup<'_>, options: &Options, report: &Report<'_>) {
    let load = Load { report, lookup, options, nodes: Cell::new(0), bytes: Cell::new(0) };
    load.node(root, &Around::default());
}

/// What all values of one load share.
struct Load<'a> {
    report: &'a Report<'a>,
    lookup: Lookup<'a>,
    options: &'a Options,
    /// Values that references have brought in.
    nodes: Cell<usize>,
    /// Bytes that references have brought in.
    bytes: Cell<usize>,
}

/// What a value stands in.
#[derive(Clone, Copy, Default)]
struct Around<'a> {
    chain: Option<&'a Chain<'a>>,
    /// Inside what a variable holds: the reference as a file spells it, shown in its place.
    held: Option<&'a str>,
    depth: usize,
}

/// The references that have led to a text, the last one first.
struct Chain<'a> {
    /// `env:NAME` or `file:PATH`.
    label: String,
    outer: Option<&'a Self>,
}

impl Chain<'_> {
    fn steps(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self), |chain| chain.outer).map(|chain| chain.label.as_str())
    }
}

impl<'a> Load<'a> {
    fn node(&self, node: &mut Node, around: &Around<'_>) {
        let inner = Around { depth: around.depth.saturating_add(1), ..*around };
        match &mut node.value {
            _ if around.depth > DEPTH_MAX => {
                let fault = Fault::new(Code::Substitution, "nested too deeply after replacement");
                let fault = fault.expected(format!("at most {DEPTH_MAX} levels"));
                self.report.error(node.mark, "", fault);
                *node = broken(node.mark);
            }
            Value::List(items) => {
                for item in items {
                    self.node(item, &inner);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.node(&mut entry.node, &inner);
                }
            }
            Value::Scalar(scalar) if scalar.text.contains('$') => {
                let (text, lead, mark) = (scalar.text.clone(), scalar.lead, node.mark);
                let place = Place {
                    load: self,
                    around: *around,
                    mark,
                    written: around.held.unwrap_or(&text),
                    lead: if around.held.is_some() { None } else { lead },
                    rounds: Cell::new(0),
                };
                *node = place.scalar(&text).unwrap_or_else(|_| broken(mark));
            }
            Value::Scalar(_) | Value::Broken => {}
        }
    }

    /// Counts what a reference brings in; `Err`: too much for one load.
    fn charge(&self, nodes: usize, bytes: usize) -> Result<(), Fault> {
        self.nodes.set(self.nodes.get().saturating_add(nodes));
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        if self.nodes.get() > NODES_MAX {
            let fault = Fault::new(Code::Substitution, "too large after replacement");
            return Err(fault.expected(format!("at most {NODES_MAX} values")));
        }
        if self.bytes.get() > TOTAL_BYTES_MAX {
            let fault = Fault::new(Code::Substitution, "too large after replacement");
            return Err(fault.expected(format!("at most {TOTAL_BYTES_MAX} bytes in all")));
        }
        Ok(())
    }
}

const fn broken(mark: Mark) -> Node {
    Node { mark, value: Value::Broken, origin: None }
}

/// Marks every value of a tree as having come out of a reference, and counts them.
fn come_from(node: &mut Node, written: &str) -> usize {
    let inside = match &mut node.value {
        Value::List(items) => items.iter_mut().map(|item| come_from(item, written)).sum(),
        Value::Map(entries) => {
            entries.iter_mut().map(|entry| come_from(&mut entry.node, written)).sum()
        }
        Value::Scalar(scalar) => {
            let (written, text) = (written.to_owned(), scalar.text.clone());
            node.origin = Some(Box::new(Origin { written, text, inner: true }));
            0
        }
        Value::Broken => 0,
    };
    1_usize.saturating_add(inside)
}

/// The values of a tree.
fn count(node: &Node) -> usize {
    let inside: usize = match &node.value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(entries) => entries.iter().map(|entry| count(&entry.node)).sum(),
        Value::Scalar(_) | Value::Broken => 0,
    };
    1_usize.saturating_add(inside)
}

#[cfg(test)]
mod tests;
