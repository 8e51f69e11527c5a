//! The house rules that neither the compiler nor the linter holds.
//!
//! Sizes and headers of files (`shape`), the direction of imports (`imports`), dependencies and
//! their number (`manifest`), links between pages (`links`), words that mark unfinished work
//! (`words`). The tree is walked without git (`tree`), so that it holds in a clone, an archive
//! and a package alike.
//! Every rule is a function of (files, table) that gives findings; a second test of each rule
//! feeds it a made-up offender, so that a rule that sees nothing is noticed.
//! There is no list of exceptions, on purpose: a file that breaks a rule is changed.

mod imports;
mod links;
mod manifest;
mod shape;
mod tree;
mod words;

use std::fmt;

/// One breach of a rule: where it is, and what was expected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Path from the root of the repository, with `/`.
    pub(crate) path: String,
    /// 1-based.
    pub(crate) line: usize,
    /// What was found and what was expected.
    pub(crate) what: String,
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Fails the test with every finding on a line of its own.
#[track_caller]
pub(crate) fn assert_none(rule: &str, findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{rule}: {} found\n{}", lines.len(), lines.join("\n"));
}
