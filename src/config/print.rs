//! The effective configuration: all sources merged, `${...}` replaced, secrets masked.
//!
//! Keys keep their order. What a reader takes for a secret, what stands under `headers`, under a
//! key such as `password`, or beside the name of a secret attribute becomes `****`; so does the
//! word after `Bearer` and a user with password in a URL. Values are as they are after
//! replacement: a `$` stands for itself in what is printed.

use super::report::Report;
use super::secret;
use super::yaml::scalar::{Typed, resolve};
use super::yaml::{Entry, Node, Value};

/// What stands in place of a secret, whatever its length.
const MASKED: &str = "****";

/// Depth of component ids: `receivers`, then `otlp/token`, which is no secret.
const IDS_DEPTH: usize = 2;

/// How the configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Block style, as people write it.
    Yaml,
    /// One object.
    Json,
}

/// Writes a tree whose secrets `report` has been told of.
pub(super) fn write(root: &Node, form: Form, report: &Report<'_>) -> String {
    let mut printer = Printer { form, report, out: String::new() };
    let place = Place { depth: 0, indent: 0, secret: false };
    match (form, &root.value) {
        (Form::Yaml, Value::Map(entries)) if !entries.is_empty() => {
            printer.entries(entries, place, "");
        }
        _ => printer.value(root, place),
    }
    let mut out = printer.out;
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Where the writer is.
#[derive(Clone, Copy)]
struct Place {
    /// Mappings around.
    depth: usize,
    indent: usize,
    secret: bool,
}

struct Printer<'a> {
    form: Form,
    report: &'a Report<'a>,
    out: String,
}

impl Printer<'_> {
    /// A value behind its key or its dash.
    fn value(&mut self, node: &Node, place: Place) {
        match &node.value {
            Value::Map(entries) if entries.is_empty() => self.out.push_str("{}"),
            Value::List(items) if items.is_empty() => self.out.push_str("[]"),
            Value::Map(entries) => self.map(entries, place),
            Value::List(items) => self.list(items, place),
            Value::Scalar(_) | Value::Broken => {
                let masked = place.secret || self.report.is_secret(node.mark);
                let text = self.scalar(node, masked);
                self.out.push_str(&text);
            }
        }
    }

    fn map(&mut self, entries: &[Entry], place: Place) {
        match self.form {
            Form::Yaml => {
                let indent = place.indent.saturating_add(2);
                self.out.push('\n');
                self.entries(entries, Place { indent, ..place }, &" ".repeat(indent));
            }
            Form::Json => {
                self.out.push('{');
                let inner = place.indent.saturating_add(2);
                for (index, entry) in entries.iter().enumerate() {
                    self.separate(index, inner);
                    self.out.push_str(&quoted(&entry.key));
                    self.out.push_str(": ");
                    let place = Place { indent: inner, ..below(place, entry, entries) };
                    self.value(&entry.node, place);
                }
                self.close('}', place.indent);
            }
        }
    }

    /// The entries of a YAML mapping; the first one has its indentation already if `first` is
    /// empty.
    fn entries(&mut self, entries: &[Entry], place: Place, first: &str) {
        for (index, entry) in entries.iter().enumerate() {
            if index == 0 {
                self.out.push_str(first);
            } else {
                self.out.push_str(&" ".repeat(place.indent));
            }
            self.out.push_str(&plain_or_quoted(&entry.key));
            self.out.push(':');
            let is_block = match &entry.node.value {
                Value::Map(map) => !map.is_empty(),
                Value::List(list) => !list.is_empty(),
                Value::Scalar(_) | Value::Broken => false,
            };
            if !is_block {
                self.out.push(' ');
            }
            self.value(&entry.node, below(place, entry, entries));
            if !self.out.ends_with('\n') {
                self.out.push('\n');
            }
        }
    }

    fn list(&mut self, items: &[Node], place: Place) {
        let inner = place.indent.saturating_add(2);
        if self.form == Form::Json {
            self.out.push('[');
            for (index, item) in items.iter().enumerate() {
                self.separate(index, inner);
                self.value(item, Place { indent: inner, ..place });
            }
            self.close(']', place.indent);
            return;
        }
        self.out.push('\n');
        for item in items {
            self.out.push_str(&" ".repeat(inner));
            self.out.push_str("- ");
            let place = Place { indent: inner.saturating_add(2), ..place };
            match &item.value {
                Value::Map(entries) if !entries.is_empty() => self.entries(entries, place, ""),
                _ => self.value(item, place),
            }
            if !self.out.ends_with('\n') {
                self.out.push('\n');
            }
        }
    }

    fn separate(&mut self, index: usize, indent: usize) {
        self.out.push_str(if index == 0 { "\n" } else { ",\n" });
        self.out.push_str(&" ".repeat(indent));
    }

    fn close(&mut self, bracket: char, indent: usize) {
        self.out.push('\n');
        self.out.push_str(&" ".repeat(indent));
        self.out.push(bracket);
    }

    fn scalar(&self, node: &Node, masked: bool) -> String {
        let Some(typed) = node.typed() else {
            return "null".to_owned();
        };
        let text = match &node.value {
            Value::Scalar(scalar) => scalar.text.as_str(),
            _ => "",
        };
        match (typed, self.form) {
            (Typed::Null, _) => "null".to_owned(),
            _ if masked => quoted(MASKED),
            (Typed::Text(text), Form::Yaml) => plain_or_quoted(&without_secrets(&text)),
            (Typed::Text(text), Form::Json) => quoted(&without_secrets(&text)),
            (Typed::Bool(value), _) => value.to_string(),
            (_, Form::Yaml) => text.to_owned(),
            (Typed::Int(value), Form::Json) => value.to_string(),
            (Typed::Float(value), Form::Json) if value.is_finite() => value.to_string(),
            (Typed::Float(_) | Typed::Huge | Typed::Date, Form::Json) => quoted(text),
        }
    }
}

/// The place of an entry's value.
fn below(place: Place, entry: &Entry, siblings: &[Entry]) -> Place {
    let depth = place.depth.saturating_add(1);
    let named =
        place.depth >= IDS_DEPTH && (secret::is_secret_name(&entry.key) || is_headers(&entry.key));
    // {key: authorization, value: ...} and {name: ..., value: ...}
    let valued = ["value", "default_value"].contains(&entry.key.as_str())
        && siblings.iter().any(|other| match &other.node.value {
            Value::Scalar(scalar) => {
                ["key", "name"].contains(&other.key.as_str())
                    && secret::is_secret_name(&scalar.text)
            }
            _ => false,
        });
    // The name of a header is no secret, only its value.
    let open = ["name", "key", "action"].contains(&entry.key.as_str()) && is_pair(siblings);
    Place { depth, secret: (place.secret || named || valued) && !open, ..place }
}

fn is_headers(key: &str) -> bool {
    ["headers", "response_headers"].contains(&key)
}

fn is_pair(entries: &[Entry]) -> bool {
    let has = |names: &[&str]| entries.iter().any(|entry| names.contains(&entry.key.as_str()));
    has(&["name", "key"]) && has(&["value", "default_value", "value_file", "from_context"])
}

/// Text in which the word after `Bearer` and the like is masked, whatever its length.
fn without_secrets(text: &str) -> String {
    let masked = secret::mask(text, &[]);
    if masked == text {
        return masked;
    }
    let mut out = String::new();
    let mut rest = masked.chars().zip(text.chars()).peekable();
    while let Some((shown, real)) = rest.next() {
        if shown == real {
            out.push(shown);
            continue;
        }
        out.push_str(MASKED);
        while rest.next_if(|(shown, real)| shown != real).is_some() {}
    }
    out
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text that YAML reads as this text: plain where that is certain.
fn plain_or_quoted(text: &str) -> String {
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "/_^(.".contains(c));
    let simple = text.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.:@%+=^()$* ".contains(c));
    let certain = begins
        && simple
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && matches!(resolve(text), Typed::Text(_));
    if certain { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests;
