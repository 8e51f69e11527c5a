//! Collects problems while a configuration is read; nothing stops at the first one.
//!
//! A [`Fault`] is what is wrong, a [`Mark`] is where; together they make a `Problem`. At most
//! [`PROBLEMS_MAX`] are kept. Shared by reference, so that readers can report without handing a
//! mutable borrow around.

use std::cell::{Cell, RefCell};

use super::problems::{Code, Fix, Place, Problem, Problems, Severity};
use super::secret;
use super::source::Sources;
use super::yaml::{Node, Value};

/// Problems kept for one load; further ones are counted. At about 500 bytes each, 128 KiB.
pub(super) const PROBLEMS_MAX: usize = 256;

/// A position in one of the sources; line and column count from 1, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) source: usize,
    /// 0: the source as a whole.
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) width: usize,
}

/// What is wrong, before it has a place.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    code: Code,
    message: String,
    expected: Option<String>,
    found: Option<String>,
    hint: Option<String>,
    /// Boxed: few faults have one, and results carry faults by value.
    fix: Option<Box<(Mark, String)>>,
}

impl Fault {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), expected: None, found: None, hint: None, fix: None }
    }

    pub(super) fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    pub(super) fn found(mut self, text: impl Into<String>) -> Self {
        self.found = Some(text.into());
        self
    }

    pub(super) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }

    /// What could be written at a place instead, without asking anyone.
    pub(super) fn fix(mut self, mark: Mark, replacement: impl Into<String>) -> Self {
        self.fix = (mark.line > 0).then(|| Box::new((mark, replacement.into())));
        self
    }

    /// Puts in front what the message is about.
    pub(super) fn about(mut self, what: &str) -> Self {
        self.message = format!("{what} {}", self.message);
        self
    }

    /// `did you mean ...`, when there is a near name.
    pub(super) fn maybe_hint(mut self, text: Option<String>) -> Self {
        if text.is_some() {
            self.hint = text;
        }
        self
    }
}

/// Collects problems during a load.
#[derive(Debug)]
pub(super) struct Report<'a> {
    sources: &'a Sources,
    problems: RefCell<Vec<(Mark, Problem)>>,
    secrets: RefCell<Vec<Mark>>,
    suppressed: Cell<usize>,
    /// Inside a component that no pipeline uses: what is not supported does no harm.
    unused: Cell<bool>,
}

impl<'a> Report<'a> {
    pub(super) const fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            problems: RefCell::new(Vec::new()),
            secrets: RefCell::new(Vec::new()),
            suppressed: Cell::new(0),
            unused: Cell::new(false),
        }
    }

    pub(super) const fn sources(&self) -> &'a Sources {
        self.sources
    }

    pub(super) fn error(&self, mark: Mark, path: &str, fault: Fault) {
        self.push(Severity::Error, mark, path, fault);
    }

    pub(super) fn warning(&self, mark: Mark, path: &str, fault: Fault) {
        self.push(Severity::Warning, mark, path, fault);
    }

    /// Something that exists in the Collector and not here: an error, or a warning where unused.
    pub(super) fn not_supported(&self, mark: Mark, path: &str, what: &str, reason: &str) {
        let message = format!("{what} is not supported yet");
        let mut fault = Fault::new(Code::NotSupported, message);
        if !reason.is_empty() {
            fault = fault.hint(reason);
        }
        if self.unused.get() {
            fault.message.push_str(" (nothing uses it)");
            self.warning(mark, path, fault);
        } else {
            self.error(mark, path, fault);
        }
    }

    /// Says whether what is decoded from now on is used by the service.
    pub(super) fn set_unused(&self, unused: bool) {
        self.unused.set(unused);
    }

    /// A place whose text no message may show.
    pub(super) fn keep_secret(&self, mark: Mark) {
        self.secrets.borrow_mut().push(mark);
    }

    /// The same for every value of a node: a secret stays one where its key is misspelled.
    pub(super) fn keep_all_secret(&self, node: &Node) {
        match &node.value {
            Value::Map(entries) => entries.iter().for_each(|one| self.keep_all_secret(&one.node)),
            Value::List(items) => items.iter().for_each(|item| self.keep_all_secret(item)),
            Value::Scalar(_) | Value::Broken => self.keep_secret(node.mark),
        }
    }

    /// Whether a reader has said that a place holds a secret.
    pub(super) fn is_secret(&self, mark: Mark) -> bool {
        self.secrets.borrow().contains(&mark)
    }

    pub(super) fn has_errors(&self) -> bool {
        self.suppressed.get() > 0
            || self.problems.borrow().iter().any(|(_, p)| p.severity == Severity::Error)
    }

    /// All problems, sorted by place, source lines filled in.
    pub(super) fn finish(self) -> Problems {
        let mut list = self.problems.into_inner();
        list.sort_by(|(a, x), (b, y)| (a, x.severity).cmp(&(b, y.severity)));
        list.dedup();
        let secrets = self.secrets.into_inner();
        let sources = self.sources;
        let problems = list.into_iter().map(|(mark, mut problem)| {
            let here = secrets.iter().filter(|s| (s.source, s.line) == (mark.source, mark.line));
            let hidden: Vec<(usize, usize)> =
                here.map(|s| (s.column.saturating_sub(1), s.width)).collect();
            let line = sources.line(mark.source, mark.line);
            if let Some(line) = line {
                let shown = secret::mask(&line, &hidden);
                // What replaces a secret may hold it.
                problem.fix = problem.fix.filter(|fix| same_at(&fix.place, &line, &shown));
                problem.line_text = Some(shown);
            }
            problem.found = problem.found.map(|found| secret::mask(&found, &[]));
            problem
        });
        Problems::new(problems.collect(), self.suppressed.get())
    }

    fn push(&self, severity: Severity, mark: Mark, path: &str, fault: Fault) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() >= PROBLEMS_MAX {
            self.suppressed.set(self.suppressed.get().saturating_add(1));
            return;
        }
        let place = self.place(mark);
        let Fault { code, message, expected, found, hint, fix } = fault;
        let fix = fix.map(|fix| Fix { place: self.place(fix.0), replacement: fix.1 });
        let path = path.to_owned();
        let line_text = None;
        problems.push((
            mark,
            Problem { code, severity, place, path, message, expected, found, hint, line_text, fix },
        ));
    }

    fn place(&self, mark: Mark) -> Place {
        Place {
            file: self.sources.name(mark.source),
            line: mark.line,
            column: mark.column,
            width: mark.width.max(1),
        }
    }
}

/// Whether two lines hold the same in a place.
fn same_at(place: &Place, a: &str, b: &str) -> bool {
    let from = place.column.saturating_sub(1);
    a.chars().skip(from).take(place.width).eq(b.chars().skip(from).take(place.width))
}

#[cfg(test)]
mod tests;
