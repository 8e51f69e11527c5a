//! What each problem code means: the pages of `docs/codes`, as part of the program.
//!
//! A page is the only text about a code; `spanyard explain CODE` prints it and SARIF carries it.
//! Its second paragraph is the summary. Tests hold that the example of a page is what the reader
//! makes of it.

use super::problems::Code;

impl Code {
    /// The code of a stable word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }

    /// Everything there is to say about it, as Markdown.
    #[must_use]
    pub const fn page(self) -> &'static str {
        match self {
            Self::Unreadable => include_str!("../../docs/codes/unreadable.md"),
            Self::Syntax => include_str!("../../docs/codes/syntax.md"),
            Self::DuplicateKey => include_str!("../../docs/codes/duplicate-key.md"),
            Self::UnknownKey => include_str!("../../docs/codes/unknown-key.md"),
            Self::UnknownType => include_str!("../../docs/codes/unknown-type.md"),
            Self::UnknownReference => include_str!("../../docs/codes/unknown-reference.md"),
            Self::WrongType => include_str!("../../docs/codes/wrong-type.md"),
            Self::BadValue => include_str!("../../docs/codes/bad-value.md"),
            Self::Missing => include_str!("../../docs/codes/missing.md"),
            Self::Conflict => include_str!("../../docs/codes/conflict.md"),
            Self::NotSupported => include_str!("../../docs/codes/not-supported.md"),
            Self::Ignored => include_str!("../../docs/codes/ignored.md"),
            Self::Surprising => include_str!("../../docs/codes/surprising.md"),
            Self::Substitution => include_str!("../../docs/codes/substitution.md"),
            Self::UnsetVariable => include_str!("../../docs/codes/unset-variable.md"),
            Self::EmptyValue => include_str!("../../docs/codes/empty-value.md"),
            Self::DurationUnit => include_str!("../../docs/codes/duration-unit.md"),
            Self::RemovedSection => include_str!("../../docs/codes/removed-section.md"),
            Self::DefaultEndpoint => include_str!("../../docs/codes/default-endpoint.md"),
            Self::NoHealthCheck => include_str!("../../docs/codes/no-health-check.md"),
            Self::Deprecated => include_str!("../../docs/codes/deprecated.md"),
            Self::DoubledPath => include_str!("../../docs/codes/doubled-path.md"),
            Self::MissingPath => include_str!("../../docs/codes/missing-path.md"),
            Self::ProtocolPort => include_str!("../../docs/codes/protocol-port.md"),
            Self::NoBackend => include_str!("../../docs/codes/no-backend.md"),
            Self::DeliveredTwice => include_str!("../../docs/codes/delivered-twice.md"),
        }
    }

    /// The page in one line.
    #[must_use]
    pub fn summary(self) -> &'static str {
        self.page().lines().nth(2).unwrap_or_default()
    }
}
