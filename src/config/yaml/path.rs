//! Keys that are ways: `a::b: v` at the top of a document, and `a.b=v` of `--set`.
//!
//! Both become nested mappings. Every step keeps its place in what was written.

use super::{Entry, Node, Value, merge, parse_with};
use crate::config::problems::Code;
use crate::config::report::{Fault, Mark, Report};

/// What separates the steps of a key, as in the Collector.
const SEPARATOR: &str = "::";

/// Replaces keys such as `a::b` at the top of a document by the mappings they stand for.
pub(in crate::config) fn unflatten(root: Node) -> Node {
    let Node { mark, value, origin } = root;
    let entries = match value {
        Value::Map(entries) if entries.iter().any(|entry| entry.key.contains(SEPARATOR)) => entries,
        value => return Node { mark, value, origin },
    };
    let mut whole = Node { mark, value: Value::Map(Vec::new()), origin };
    for entry in entries {
        let steps = steps(&entry.key, SEPARATOR, entry.mark);
        whole = merge(whole, nested(steps, entry.node), &mut |_, _| {});
    }
    whole
}

/// Reads the argument of `--set`: the value is YAML, the steps before `=` are keys.
pub(in crate::config) fn setting(text: &str, source: usize, report: &Report<'_>) -> Option<Node> {
    let whole = Mark { source, line: 1, column: 1, width: text.chars().count() };
    let (path, value) = text.split_once('=')?;
    // The value stands behind `: ` as in a document, so that it is read by the same rules.
    let lead = path.chars().count().saturating_sub(2);
    let document = format!("v: {}", value.trim());
    let blank = value.chars().take_while(|c| c.is_whitespace()).count();
    let root = parse_with(&document, source, lead.saturating_add(blank), report)?;
    let Value::Map(entries) = root.value else { return None };
    let mut entries = entries.into_iter();
    let (Some(entry), None) = (entries.next(), entries.next()) else {
        let fault = Fault::new(Code::Syntax, "more than one value").expected("path.to.key=value");
        report.error(whole, "", fault);
        return None;
    };
    Some(nested(steps(path, ".", Mark { column: 1, ..whole }), entry.node))
}

/// The steps of a key and the place of each.
fn steps(key: &str, separator: &str, mark: Mark) -> Vec<(String, Mark)> {
    let mut column = mark.column;
    let step = |part: &str| {
        let width = part.chars().count();
        let blank = part.chars().take_while(|c| c.is_whitespace()).count();
        let name = part.trim().to_owned();
        let at = Mark {
            column: column.saturating_add(blank),
            width: name.chars().count().max(1),
            ..mark
        };
        column = column.saturating_add(width).saturating_add(separator.chars().count());
        (name, at)
    };
    key.split(separator).map(step).collect()
}

fn nested(steps: Vec<(String, Mark)>, node: Node) -> Node {
    steps.into_iter().rev().fold(node, |node, (key, mark)| {
        let value = Value::Map(vec![Entry { key, mark, node }]);
        Node { mark, value, origin: None }
    })
}
