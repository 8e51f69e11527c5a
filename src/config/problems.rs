//! What is wrong with a configuration, where, and how to say it.
//!
//! A [`Problem`] knows its place (file, line, column), what was expected, what was found and a
//! hint, and prints itself with the source line and a caret:
//!
//! ```text
//! gw.yaml:4:11: error[unknown-key]: processors.batch.timeouts: unknown key
//!   4 |   batch: {timeouts: 1s}
//!     |           ^^^^^^^^
//!   help: did you mean `timeout`?
//! ```
//!
//! Invariants: problems are sorted by place; a header's value, or what looks like a secret, never
//! appears in a source line (see `secret`), and a value that came from the environment is named by
//! its reference. Collecting is `report`'s work.

use std::fmt;
use std::sync::Arc;

/// Characters of a source line that are shown around the caret.
const LINE_SHOWN_MAX: usize = 160;

/// Whether a problem stops the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used; something in it has no effect or an unexpected one.
    Warning,
}

/// The kind of a problem: a stable word that programs may compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A file could not be read.
    Unreadable,
    /// No valid YAML, or YAML that no configuration uses.
    Syntax,
    /// The same key twice in one mapping.
    DuplicateKey,
    /// A key that nothing reads.
    UnknownKey,
    /// A component type that does not exist.
    UnknownType,
    /// A name in `service` that nothing defines.
    UnknownReference,
    /// A value of another type.
    WrongType,
    /// A value of the right type that cannot be used.
    BadValue,
    /// Something required is absent.
    Missing,
    /// Two settings that exclude each other.
    Conflict,
    /// Part of the Collector's configuration that this program does not do yet.
    NotSupported,
    /// Accepted and without effect here.
    Ignored,
    /// Allowed, and probably not what was meant.
    Surprising,
    /// `${...}` that cannot be replaced.
    Substitution,
    /// A variable that is not set and has no default.
    UnsetVariable,
    /// A secret, such as a header's value, that comes out empty.
    EmptyValue,
    /// A duration without a unit.
    DurationUnit,
    /// A section that a later file removes.
    RemovedSection,
    /// A receiver that listens on localhost because no endpoint is given.
    DefaultEndpoint,
    /// Nothing answers health probes.
    NoHealthCheck,
    /// A name or key that newer Collectors refuse.
    Deprecated,
    /// `/v1/traces` appended to an endpoint that ends in it.
    DoubledPath,
    /// `traces_endpoint` or its like without a path.
    MissingPath,
    /// The port of the other protocol.
    ProtocolPort,
    /// A pipeline that ends in `debug` or `nop` only.
    NoBackend,
    /// An exporter that gets the same data over two ways.
    DeliveredTwice,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 26] = [
        Self::Unreadable,
        Self::Syntax,
        Self::DuplicateKey,
        Self::UnknownKey,
        Self::UnknownType,
        Self::UnknownReference,
        Self::WrongType,
        Self::BadValue,
        Self::Missing,
        Self::Conflict,
        Self::NotSupported,
        Self::Ignored,
        Self::Surprising,
        Self::Substitution,
        Self::UnsetVariable,
        Self::EmptyValue,
        Self::DurationUnit,
        Self::RemovedSection,
        Self::DefaultEndpoint,
        Self::NoHealthCheck,
        Self::Deprecated,
        Self::DoubledPath,
        Self::MissingPath,
        Self::ProtocolPort,
        Self::NoBackend,
        Self::DeliveredTwice,
    ];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Syntax => "syntax",
            Self::DuplicateKey => "duplicate-key",
            Self::UnknownKey => "unknown-key",
            Self::UnknownType => "unknown-type",
            Self::UnknownReference => "unknown-reference",
            Self::WrongType => "wrong-type",
            Self::BadValue => "bad-value",
            Self::Missing => "missing",
            Self::Conflict => "conflict",
            Self::NotSupported => "not-supported",
            Self::Ignored => "ignored",
            Self::Surprising => "surprising",
            Self::Substitution => "substitution",
            Self::UnsetVariable => "unset-variable",
            Self::EmptyValue => "empty-value",
            Self::DurationUnit => "duration-unit",
            Self::RemovedSection => "removed-section",
            Self::DefaultEndpoint => "default-endpoint",
            Self::NoHealthCheck => "no-health-check",
            Self::Deprecated => "deprecated",
            Self::DoubledPath => "doubled-path",
            Self::MissingPath => "missing-path",
            Self::ProtocolPort => "protocol-port",
            Self::NoBackend => "no-backend",
            Self::DeliveredTwice => "delivered-twice",
        }
    }
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the source.
    pub file: Arc<str>,
    /// Line from 1; 0: the file as a whole.
    pub line: usize,
    /// Column from 1, in characters.
    pub column: usize,
    /// Characters that the caret underlines.
    pub width: usize,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// Path of the key (`processors.batch.timeout`); empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What would have been right.
    pub expected: Option<String>,
    /// What stands there.
    pub found: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// The source line, secrets masked.
    pub line_text: Option<String>,
    /// A change of the file that solves it.
    pub fix: Option<Fix>,
}

/// A change of the file: what stands at a place gives way to another text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced: `width` characters of one line.
    pub place: Place,
    /// What stands there afterwards.
    pub replacement: String,
}

/// Every problem of one load, sorted by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    suppressed: usize,
}

impl Problems {
    /// `suppressed`: problems that were counted and not kept.
    pub(super) const fn new(list: Vec<Problem>, suppressed: usize) -> Self {
        Self { list, suppressed }
    }

    /// How many were counted and not kept.
    #[must_use]
    pub const fn suppressed(&self) -> usize {
        self.suppressed
    }

    /// The problems, sorted by place.
    #[must_use]
    pub fn as_slice(&self) -> &[Problem] {
        &self.list
    }

    /// The problems, owned.
    #[must_use]
    pub fn into_vec(self) -> Vec<Problem> {
        self.list
    }

    /// How many are errors, those that were not kept included.
    #[must_use]
    pub fn errors(&self) -> usize {
        let kept = self.list.iter().filter(|p| p.severity == Severity::Error).count();
        kept.saturating_add(self.suppressed)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.list {
            writeln!(f, "{problem}")?;
        }
        if self.suppressed > 0 {
            writeln!(f, "{} further problems are not shown", self.suppressed)?;
        }
        let errors = self.errors();
        let warnings = self.list.iter().filter(|p| p.severity == Severity::Warning).count();
        write!(f, "{errors} {}, {warnings} {}", word("error", errors), word("warning", warnings))
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column, .. } = &self.place;
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let code = self.code.as_str();
        if *line == 0 {
            write!(f, "{file}: {severity}[{code}]: ")?;
        } else {
            write!(f, "{file}:{line}:{column}: {severity}[{code}]: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if let Some(expected) = &self.expected {
            write!(f, ": expected {expected}")?;
        }
        if let Some(found) = &self.found {
            write!(f, ", found {found}")?;
        }
        writeln!(f)?;
        if let Some(text) = &self.line_text {
            write_excerpt(f, &self.place, text)?;
        }
        if let Some(hint) = &self.hint {
            writeln!(f, "  help: {hint}")?;
        }
        Ok(())
    }
}

/// The source line with a caret under the place.
fn write_excerpt(f: &mut fmt::Formatter<'_>, place: &Place, text: &str) -> fmt::Result {
    let number = place.line.to_string();
    let blank = " ".repeat(number.len());
    let before = place.column.saturating_sub(1);
    let skipped = before.saturating_sub(LINE_SHOWN_MAX / 2);
    let shown: String = text.chars().skip(skipped).take(LINE_SHOWN_MAX).map(visible).collect();
    let rest = shown.chars().count().saturating_sub(before.saturating_sub(skipped)).max(1);
    let indent = " ".repeat(before.saturating_sub(skipped));
    let caret = "^".repeat(place.width.clamp(1, rest));
    writeln!(f, "  {number} | {shown}")?;
    writeln!(f, "  {blank} | {indent}{caret}")
}

/// Control characters would move the caret away from its column, or speak to the terminal.
fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

fn word(noun: &str, count: usize) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}
