//! `${env:NAME}`, `${NAME}`, `:-default` and `$$`, as the Collector replaces them in values.
//!
//! A value that is one reference and nothing else takes the YAML type of what it is replaced by,
//! except where a setting wants text; a reference inside text stays text. Keys are not touched, and
//! what a variable holds is not searched again. References may nest: `${env:${env:WHICH}}`.
//!
//! Differs from the Collector, on purpose: `${NAME:-default}` works, a variable that is not set and
//! has no default is a problem, `$${A} ${env:B}` replaces the second one.

use super::problems::Code;

use super::Options;
use super::report::{Fault, Mark, Report};
use super::source::Lookup;
use super::yaml::{self, Node, Origin, Scalar, Value};

/// References inside references.
const NESTING_MAX: usize = 8;

/// Characters of one value after replacement.
const EXPANDED_CHARS_MAX: usize = 256 * 1024;

/// Replaces every reference in the values of a tree.
pub(super) fn expand(node: &mut Node, lookup: Lookup<'_>, options: &Options, report: &Report<'_>) {
    match &mut node.value {
        Value::List(items) => {
            for item in items {
                expand(item, lookup, options, report);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                expand(&mut entry.node, lookup, options, report);
            }
        }
        Value::Scalar(scalar) if scalar.text.contains('$') => {
            let Scalar { text, lead, .. } = scalar.clone();
            let place = Place { mark: node.mark, written: &text, lead, report, lookup, options };
            let broken = Node { mark: node.mark, value: Value::Broken, origin: None };
            *node = place.scalar().unwrap_or(broken);
        }
        Value::Scalar(_) | Value::Broken => {}
    }
}

/// A scalar, where it stands and what replaces its references.
struct Place<'a> {
    mark: Mark,
    written: &'a str,
    lead: Option<usize>,
    report: &'a Report<'a>,
    lookup: Lookup<'a>,
    options: &'a Options,
}

/// What a reference stands for.
enum Found {
    Text(String),
    /// Reported.
    Wrong,
}

impl Place<'_> {
    /// The node that replaces a scalar; `None`: a problem was reported.
    fn scalar(&self) -> Option<Node> {
        let written = self.written;
        let whole = written.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        if let Some(inner) = whole
            && closing(inner).is_none()
        {
            let Found::Text(text) = self.reference(inner, 2, 0) else {
                return None;
            };
            return Some(self.typed(text));
        }
        let Found::Text(text) = self.text(written, 0, 0) else {
            return None;
        };
        let scalar = Scalar { text: text.clone(), plain: false, lead: None };
        let origin = Some(Box::new(Origin { written: written.to_owned(), text }));
        Some(Node { mark: self.mark, value: Value::Scalar(scalar), origin })
    }

    /// A value that is one reference: typed by its content, its text kept for text settings.
    fn typed(&self, text: String) -> Node {
        let structured = text.contains(['\n', '{', '[']) || text.contains(": ");
        let parsed = if structured { yaml::parse_embedded(&text, self.mark) } else { None };
        let value = parsed.map_or_else(
            || {
                let trimmed = text.trim().to_owned();
                Value::Scalar(Scalar { text: trimmed, plain: true, lead: None })
            },
            |node| node.value,
        );
        let written = self.written.to_owned();
        Node { mark: self.mark, value, origin: Some(Box::new(Origin { written, text })) }
    }

    /// Replaces every reference inside a text; `offset` is the byte at which it begins in the
    /// scalar.
    fn text(&self, text: &str, offset: usize, nesting: usize) -> Found {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut wrong = false;
        while let Some(dollar) = rest.find('$') {
            let (before, after) = rest.split_at(dollar);
            out.push_str(before);
            let after = after.strip_prefix('$').unwrap_or_default();
            let begin = offset.saturating_add(text.len().saturating_sub(after.len()));
            if let Some(escaped) = after.strip_prefix('$') {
                out.push('$');
                rest = escaped;
            } else if let Some(body) = after.strip_prefix('{') {
                let Some(end) = closing(body) else {
                    let fault = Fault::new(Code::Substitution, "`${` without a closing `}`");
                    let hint = "write $$ for a dollar sign that stands for itself";
                    self.problem(begin, 1, fault.hint(hint));
                    return Found::Wrong;
                };
                let (inner, tail) = body.split_at(end);
                match self.reference(inner, begin.saturating_add(1), nesting) {
                    Found::Text(value) => out.push_str(&value),
                    Found::Wrong => wrong = true,
                }
                rest = tail.strip_prefix('}').unwrap_or_default();
            } else {
                out.push('$');
                rest = after;
            }
            if out.len() > EXPANDED_CHARS_MAX {
                let fault = Fault::new(Code::Substitution, "too long after replacement");
                self.problem(begin, 1, fault);
                return Found::Wrong;
            }
        }
        out.push_str(rest);
        if wrong { Found::Wrong } else { Found::Text(out) }
    }

    /// The value of what stands between `${` and `}`.
    fn reference(&self, inner: &str, offset: usize, nesting: usize) -> Found {
        let width = inner.chars().count();
        if nesting >= NESTING_MAX {
            self.problem(offset, width, Fault::new(Code::Substitution, "references nest too deep"));
            return Found::Wrong;
        }
        let nesting = nesting.saturating_add(1);
        let (head, default) = match split_default(inner) {
            Some((head, default)) => (head, Some(default)),
            None => (inner, None),
        };
        let Found::Text(head) = self.text(head, offset, nesting) else {
            return Found::Wrong;
        };
        let name = match head.split_once(':') {
            None => head.as_str(),
            Some(("env", name)) => name,
            Some((scheme @ ("file" | "yaml" | "http" | "https"), _)) => {
                let what = format!("`${{{scheme}:...}}`");
                let reason = "use ${env:NAME}";
                self.report.not_supported(self.at(offset, width), "", &what, reason);
                return Found::Wrong;
            }
            Some((scheme, _)) => {
                let message = format!("unknown scheme `{scheme}`");
                let fault = Fault::new(Code::Substitution, message);
                self.problem(offset, width, fault.expected("${env:NAME} or ${NAME}"));
                return Found::Wrong;
            }
        };
        if !is_name(name) {
            let fault = Fault::new(Code::Substitution, format!("`{name}` is no variable name"));
            let expected = "a letter or underscore, then letters, digits and underscores";
            self.problem(offset, width, fault.expected(expected));
            return Found::Wrong;
        }
        if let Some(value) = (self.lookup)(name) {
            return Found::Text(value);
        }
        if let Some(default) = default {
            let skipped = inner.len().saturating_sub(default.len());
            return self.text(default, offset.saturating_add(skipped), nesting);
        }
        let fault = Fault::new(Code::Substitution, format!("the variable {name} is not set"));
        if self.options.allow_unset_env {
            self.report.warning(self.at(offset, width), "", fault);
            return Found::Text(String::new());
        }
        let hint = format!("set it, or give a default: ${{env:{name}:-default}}");
        self.problem(offset, width, fault.hint(hint));
        Found::Wrong
    }

    fn problem(&self, offset: usize, width: usize, fault: Fault) {
        self.report.error(self.at(offset, width), "", fault);
    }

    /// The place of a part of the scalar (`offset` in bytes), or of the whole scalar where the file
    /// spells it otherwise.
    fn at(&self, offset: usize, width: usize) -> Mark {
        let before = self.written.get(..offset).map(|text| text.chars().count());
        match (self.lead, before) {
            (Some(lead), Some(offset)) => {
                let column = self.mark.column.saturating_add(lead).saturating_add(offset);
                Mark { column, width, ..self.mark }
            }
            _ => self.mark,
        }
    }
}

/// Byte offset of the `}` that closes a reference whose `${` has been read.
fn closing(body: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut previous = ' ';
    for (offset, c) in body.char_indices() {
        match c {
            '{' if previous == '$' => open = open.saturating_add(1),
            '}' if open == 0 => return Some(offset),
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        previous = c;
    }
    None
}

/// Splits at the `:-` that belongs to this reference and not to one inside it.
fn split_default(inner: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(found) = inner.get(from..)?.find(":-") {
        let at = from.saturating_add(found);
        let head = inner.get(..at)?;
        if head.matches("${").count() == head.matches('}').count() {
            return Some((head, inner.get(at.saturating_add(2)..)?));
        }
        from = at.saturating_add(2);
    }
    None
}

fn is_name(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
