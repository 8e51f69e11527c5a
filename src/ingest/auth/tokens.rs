//! The tokens of a `bearertokenauth`.
//!
//! A file holds one a line; blanks around them and empty lines do not count (the Collector takes an
//! empty line for an empty token, which a gRPC client can send).

use ring::hmac;

use super::{Mark, mark, same, text};
use crate::config::plan::Secret;

/// Digests of the header values that are let in.
#[derive(PartialEq, Eq)]
pub(super) struct Tokens {
    key: Key,
    marks: Vec<Mark>,
}

/// The key of the digests. Every reading of the same file has the same.
struct Key(hmac::Key);

impl PartialEq for Key {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Key {}

impl Tokens {
    /// # Errors
    /// A file that cannot be read or holds no token, or a token that is empty.
    pub(super) fn read(scheme: &str, from: &[Secret], key: &hmac::Key) -> Result<Self, String> {
        let mut marks = Vec::new();
        let mut take = |token: &str| {
            let expected =
                if scheme.is_empty() { token.to_owned() } else { [scheme, token].join(" ") };
            marks.push(mark(key, expected.as_bytes()));
        };
        for secret in from {
            match secret {
                Secret::Plain(token) if token.is_empty() => {
                    return Err("a bearer token is empty".to_owned());
                }
                Secret::Plain(token) => take(token),
                Secret::File(path) => {
                    let text = text(path)?;
                    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                    take(lines.next().ok_or_else(|| format!("{}: no token", path.display()))?);
                    lines.for_each(&mut take);
                }
            }
        }
        if marks.is_empty() {
            return Err("there is no bearer token".to_owned());
        }
        Ok(Self { key: Key(key.clone()), marks })
    }

    /// Whether a header of this value is let in. Every token is looked at.
    pub(super) fn hold(&self, value: &[u8]) -> bool {
        let shown = mark(&self.key.0, value);
        self.marks.iter().fold(false, |found, known| found | same(known, &shown))
    }
}
