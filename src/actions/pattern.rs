//! Keys by regular expression.

use regex::bytes::Regex;
use spanyard_wire::edit::Pattern;

/// An unanchored pattern for keys.
#[derive(Clone, Debug)]
pub struct KeyPattern(pub Regex);

impl Pattern for KeyPattern {
    fn matches(&self, key: &[u8]) -> bool {
        self.0.is_match(key)
    }
}
