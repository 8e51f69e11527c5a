//! Names of components and pipelines: `type` or `type/name`.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

/// Characters of a name after the slash.
const NAME_CHARS_MAX: usize = 1024;
/// Characters of a type.
const TYPE_CHARS_MAX: usize = 63;

/// Blanks, control characters and symbols outside ASCII, as the Collector tells them.
static FORBIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"[\p{Z}\p{Cc}\p{Cf}\p{Co}\p{S}]";
    Regex::new(pattern).unwrap_or_else(|_| unreachable!("a constant pattern"))
});

/// The same within ASCII.
fn is_forbidden(c: char) -> bool {
    c.is_ascii_whitespace() || c.is_ascii_control() || "$+<=>^`|~".contains(c)
}

/// A component's or pipeline's id. Two ids are equal when their text is, blanks around `/` removed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id {
    text: String,
    kind_len: usize,
}

impl Id {
    /// Parses an id, or says what would have been right.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (kind.trim(), Some(name.trim())),
            None => (text.trim(), None),
        };
        let first = kind.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        let rest = kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !first || !rest || kind.len() > TYPE_CHARS_MAX {
            return Err("type or type/name, the type of letters, digits and underscores");
        }
        let Some(name) = name else {
            return Ok(Self { text: kind.to_owned(), kind_len: kind.len() });
        };
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            return Err("a name of 1 to 1024 characters after the slash");
        }
        if name.contains(is_forbidden) || !name.is_ascii() && FORBIDDEN.is_match(name) {
            return Err("a name without blanks, control characters and symbols after the slash");
        }
        Ok(Self { text: format!("{kind}/{name}"), kind_len: kind.len() })
    }

    /// The part before the slash.
    pub(super) fn kind(&self) -> &str {
        self.text.get(..self.kind_len).unwrap_or_default()
    }

    /// The whole id.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    /// The Collector's rules for ids.
    #[test]
    fn ids_follow_the_collectors_rules() {
        for (text, expected) in [
            ("otlp", Some(("otlp", "otlp"))),
            ("otlp/a", Some(("otlp", "otlp/a"))),
            ("otlp / a.b-c", Some(("otlp", "otlp/a.b-c"))),
            ("otlp_http/a/b", Some(("otlp_http", "otlp_http/a/b"))),
            ("otlp/", None),
            ("/a", None),
            ("1otlp", None),
            ("otlp-x", None),
            ("otlp/a b", None),
            ("otlp/a$b", None),
            ("otlp/a\u{20ac}", None),
            ("otlp/a\u{b0}", None),
            ("otlp/a\u{200b}b", None),
            ("otlp/a\u{a0}b", None),
            ("otlp/\u{e9}t\u{e9}", Some(("otlp", "otlp/\u{e9}t\u{e9}"))),
            ("\totlp /a\n", Some(("otlp", "otlp/a"))),
            ("", None),
        ] {
            let id = Id::parse(text).ok();
            assert_eq!(id.as_ref().map(|id| (id.kind(), id.as_str())), expected, "{text}");
        }
    }
}
