//! Replaces the references of one value.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use super::reference::{self, Parts, Target, closing};
use super::{
    Around, CHAIN_MAX, Chain, EXPANDED_BYTES_MAX, Load, NESTING_MAX, ROUNDS_MAX, come_from, count,
};
use crate::config::decode::without_last_break;
use crate::config::problems::Code;
use crate::config::report::{Fault, Mark};
use crate::config::source::{SOURCE_BYTES_MAX, is_name};
use crate::config::yaml::{self, Node, Origin, Scalar, Typed, Value};

/// A scalar and where it stands.
pub(super) struct Place<'a> {
    pub(super) load: &'a Load<'a>,
    pub(super) around: Around<'a>,
    pub(super) mark: Mark,
    /// The value as a file spells it.
    pub(super) written: &'a str,
    /// Characters between the mark and the first one of `written`.
    pub(super) lead: Option<usize>,
    pub(super) rounds: Cell<usize>,
}

/// A problem that has been recorded.
pub(super) struct Reported;

/// Where a text comes from.
#[derive(Clone, Copy)]
enum At<'a> {
    /// It stands in the value itself, from this byte.
    Written(usize),
    /// A variable or a file holds it; the reference to it is at this place.
    Held(&'a Chain<'a>, Mark),
}

/// What a reference stands for.
enum Found {
    /// Text in which nothing is left to replace.
    Final(String),
    /// What a variable or a file holds.
    Held { label: String, text: Arc<str>, file: Option<usize>, mark: Mark },
}

impl<'a> Place<'a> {
    /// The node that replaces a scalar with this text.
    pub(super) fn scalar(&self, text: &str) -> Result<Node, Reported> {
        // Text that came out of a variable together with others is treated as the variable's.
        let at = match (self.around.held, self.around.chain) {
            (Some(_), Some(chain)) => At::Held(chain, self.mark),
            _ => At::Written(0),
        };
        self.value(text, at)
    }

    fn value(&self, text: &str, at: At<'_>) -> Result<Node, Reported> {
        let Some(inner) = reference::whole(text) else {
            return Ok(self.text_node(self.text(text, at, 0)?));
        };
        match self.reference(inner, at.skip(2), 0)? {
            Found::Final(text) => self.typed(&text, None),
            Found::Held { label, text, file, mark } => {
                let chain = self.link(label, at.chain(), mark)?;
                self.held(&text, file, &chain, mark)
            }
        }
    }

    /// A value that one variable or file holds: text stays as it is, anything else has its type.
    fn held(
        &self,
        text: &str,
        file: Option<usize>,
        chain: &Chain<'_>,
        mark: Mark,
    ) -> Result<Node, Reported> {
        let parsed = match file {
            Some(source) => yaml::parse_part(text, source),
            None => yaml::parse_embedded(text, self.mark),
        };
        if let Some(parsed) = parsed {
            let mut node = match file {
                // Once more, so that keys that are there twice are reported.
                Some(source) => yaml::parse(text, source, self.load.report).unwrap_or(parsed),
                None => parsed,
            };
            let nodes = match file {
                Some(_) => count(&node),
                None => come_from(&mut node, self.written),
            };
            self.charge(nodes, 0, mark)?;
            let held = if file.is_some() { None } else { Some(self.written) };
            let around = Around { chain: Some(chain), held, depth: self.around.depth };
            self.load.node(&mut node, &around);
            return Ok(Node { mark: self.mark, value: node.value, origin: self.origin(text) });
        }
        if reference::whole(text).is_some() {
            return self.value(text, At::Held(chain, mark));
        }
        if !text.contains("${") {
            return self.typed(text, Some(text));
        }
        Ok(self.text_node(self.text(text, At::Held(chain, mark), 0)?))
    }

    /// A value that is one reference: typed by its content, `raw` or the content for text settings.
    fn typed(&self, text: &str, raw: Option<&str>) -> Result<Node, Reported> {
        let trimmed = text.trim();
        let origin = self.origin(raw.unwrap_or(text));
        if raw.is_none()
            && let Some(mut node) = yaml::parse_embedded(text, self.mark)
        {
            let nodes = come_from(&mut node, self.written);
            self.charge(nodes, 0, self.mark)?;
            return Ok(Node { mark: self.mark, value: node.value, origin });
        }
        let plain = !matches!(yaml::resolve(trimmed), Typed::Text(_));
        let scalar = Scalar { text: trimmed.to_owned(), plain, lead: None };
        Ok(Node { mark: self.mark, value: Value::Scalar(scalar), origin })
    }

    fn text_node(&self, text: String) -> Node {
        let origin = self.origin(&text);
        Node {
            mark: self.mark,
            value: Value::Scalar(Scalar { text, plain: false, lead: None }),
            origin,
        }
    }

    fn origin(&self, text: &str) -> Option<Box<Origin>> {
        let (written, text) = (self.written.to_owned(), text.to_owned());
        Some(Box::new(Origin { written, text, inner: false }))
    }

    /// Replaces every reference inside a text.
    fn text(&self, text: &str, at: At<'_>, nesting: usize) -> Result<String, Reported> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut wrong = false;
        while let Some(dollar) = rest.find('$') {
            let (before, after) = rest.split_at(dollar);
            out.push_str(before);
            let after = after.strip_prefix('$').unwrap_or_default();
            let begin = text.len().saturating_sub(after.len());
            if let Some(escaped) = after.strip_prefix('$') {
                out.push_str(if at.is_written() { "$" } else { "$$" });
                rest = escaped;
                continue;
            }
            let Some(body) = after.strip_prefix('{') else {
                out.push('$');
                rest = after;
                continue;
            };
            let Some(end) = closing(body) else {
                if !at.is_written() {
                    out.push('$');
                    rest = after;
                    continue;
                }
                let fault = Fault::new(Code::Substitution, "`${` without a closing `}`");
                let hint = "write $$ for a dollar sign that stands for itself";
                self.problem(at.skip(begin), 1, fault.hint(hint));
                return Err(Reported);
            };
            let (inner, tail) = body.split_at(end);
            match self.inside(inner, at.skip(begin.saturating_add(1)), nesting) {
                Ok(value) => out.push_str(&value),
                Err(Reported) => wrong = true,
            }
            rest = tail.strip_prefix('}').unwrap_or_default();
            if out.len() > EXPANDED_BYTES_MAX {
                let fault = Fault::new(Code::Substitution, "too long after replacement");
                self.problem(at.skip(begin), 1, fault);
                return Err(Reported);
            }
        }
        out.push_str(rest);
        if wrong { Err(Reported) } else { Ok(out) }
    }

    /// The text of a reference that stands inside other text.
    fn inside(&self, inner: &str, at: At<'_>, nesting: usize) -> Result<String, Reported> {
        match self.reference(inner, at, nesting)? {
            Found::Final(text) => Ok(text),
            Found::Held { label, text, file, mark } => {
                let chain = self.link(label, at.chain(), mark)?;
                let line = if file.is_some() { without_last_break(&text) } else { &text };
                if line.contains("${") {
                    return self.text(line, At::Held(&chain, mark), nesting);
                }
                Ok(line.to_owned())
            }
        }
    }

    /// What stands between `${` and `}` as a value.
    fn reference(&self, inner: &str, at: At<'_>, nesting: usize) -> Result<Found, Reported> {
        let width = inner.chars().count();
        let refuse = |fault: Fault| {
            self.problem(at, width, fault);
            Err(Reported)
        };
        self.rounds.set(self.rounds.get().saturating_add(1));
        if nesting >= NESTING_MAX {
            return refuse(Fault::new(Code::Substitution, "references nest too deep"));
        }
        if self.rounds.get() > ROUNDS_MAX {
            let message = format!("more than {ROUNDS_MAX} references in one value");
            return refuse(Fault::new(Code::Substitution, message));
        }
        let nesting = nesting.saturating_add(1);
        let Parts { head, default } = reference::parts(inner);
        let head = self.text(head, at, nesting)?;
        match reference::target(&head) {
            Target::Variable(name) if !is_name(name) => {
                let message = at.name(name, "no variable name");
                let expected = "a letter or underscore, then letters, digits and underscores";
                refuse(Fault::new(Code::Substitution, message).expected(expected))
            }
            Target::Variable(name) => {
                if let Some(value) = (self.load.lookup)(name) {
                    return self.brought(format!("env:{name}"), value.into(), None, at, width);
                }
                if let Some((default, begin)) = default {
                    return self.text(default, at.skip(begin), nesting).map(Found::Final);
                }
                self.unset(name, at, width).map(Found::Final)
            }
            Target::File("") => refuse(Fault::new(Code::Substitution, "a path is missing")),
            Target::File(path) => {
                let (source, text) = self.load.report.sources().add_file(Path::new(path));
                match text {
                    Ok(text) => self.brought(format!("file:{path}"), text, Some(source), at, width),
                    Err(fault) if at.is_written() => refuse(fault.about(&format!("`{path}`"))),
                    Err(fault) => refuse(fault.about("a file")),
                }
            }
            Target::Yaml(text) => Ok(Found::Final(text.to_owned())),
            Target::Remote(scheme) => {
                let message = format!("a value is not fetched over {scheme}");
                let hint = "fetch it before the start and write ${file:PATH}";
                refuse(Fault::new(Code::Substitution, message).hint(hint))
            }
            Target::UnknownScheme(scheme) => {
                let message = at.name(&format!("{scheme}:"), "an unknown scheme");
                let fault = Fault::new(Code::Substitution, message);
                refuse(fault.expected("one of env:, file: and yaml:, or a variable's name alone"))
            }
        }
    }

    fn brought(
        &self,
        label: String,
        text: Arc<str>,
        file: Option<usize>,
        at: At<'_>,
        width: usize,
    ) -> Result<Found, Reported> {
        let mark = self.place(at, width);
        if text.len() > SOURCE_BYTES_MAX {
            let message = format!("the value of `{label}` is longer than {SOURCE_BYTES_MAX} bytes");
            self.problem(at, width, Fault::new(Code::Substitution, message));
            return Err(Reported);
        }
        self.charge(0, text.len(), mark)?;
        Ok(Found::Held { label, text, file, mark })
    }

    /// A variable that is not set and has no default.
    fn unset(&self, name: &str, at: At<'_>, width: usize) -> Result<String, Reported> {
        let message = if at.is_written() {
            format!("the variable {name} is not set")
        } else {
            at.name(name, "a variable that is not set")
        };
        let fault = Fault::new(Code::UnsetVariable, message);
        if self.load.options.allow_unset_env {
            let fault = fault.hint("the value is empty, as in the Collector");
            self.load.report.warning(self.place(at, width), "", fault);
            return Ok(String::new());
        }
        let hint = format!("set it, or give a default: ${{env:{name}:-default}}");
        self.problem(at, width, if at.is_written() { fault.hint(hint) } else { fault });
        Err(Reported)
    }

    /// Adds a reference to those that led here; a circle is a problem.
    fn link<'c>(
        &self,
        label: String,
        outer: Option<&'c Chain<'c>>,
        mark: Mark,
    ) -> Result<Chain<'c>, Reported>
    where
        'a: 'c,
    {
        let outer = outer.or(self.around.chain);
        let known = |chain: &Chain<'_>| chain.steps().any(|step| step == label);
        let steps = outer.map_or(0, |chain| chain.steps().count());
        let fault = if outer.is_some_and(known) {
            let first = outer.and_then(|chain| chain.steps().last()).unwrap_or_default();
            Fault::new(Code::Substitution, format!("`${{{first}}}` leads back to itself"))
        } else if steps >= CHAIN_MAX {
            let message = format!("more than {CHAIN_MAX} references one behind another");
            Fault::new(Code::Substitution, message)
        } else {
            return Ok(Chain { label, outer });
        };
        self.load.report.error(mark, "", fault);
        Err(Reported)
    }

    fn charge(&self, nodes: usize, bytes: usize, mark: Mark) -> Result<(), Reported> {
        self.load.charge(nodes, bytes).map_err(|fault| {
            self.load.report.error(mark, "", fault);
            Reported
        })
    }

    fn problem(&self, at: At<'_>, width: usize, fault: Fault) {
        self.load.report.error(self.place(at, width), "", fault);
    }

    /// The place of a part of the value, or of the whole where the file spells it otherwise.
    fn place(&self, at: At<'_>, width: usize) -> Mark {
        let offset = match at {
            At::Held(_, mark) => return mark,
            At::Written(offset) => offset,
        };
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

impl<'a> At<'a> {
    const fn is_written(self) -> bool {
        matches!(self, Self::Written(_))
    }

    const fn chain(self) -> Option<&'a Chain<'a>> {
        match self {
            Self::Written(_) => None,
            Self::Held(chain, _) => Some(chain),
        }
    }

    /// The same, some bytes further on.
    const fn skip(self, bytes: usize) -> Self {
        match self {
            Self::Written(offset) => Self::Written(offset.saturating_add(bytes)),
            Self::Held(..) => self,
        }
    }

    /// What is wrong with a part of the text; what a variable or a file holds is not shown.
    fn name(self, part: &str, what: &str) -> String {
        match self {
            Self::Written(_) => format!("`{part}` is {what}"),
            Self::Held(chain, _) => format!("what `${{{}}}` holds refers to {what}", chain.label),
        }
    }
}
