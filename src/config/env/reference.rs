//! The syntax of a reference: where it ends, its scheme, its default.

/// A reference, `${` and `}` taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// Scheme and name, references in them not yet replaced.
    pub(super) head: &'a str,
    /// What stands behind `:-`, and the byte at which it begins.
    pub(super) default: Option<(&'a str, usize)>,
}

/// What is left of a reference when its head has been replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    Variable(&'a str),
    File(&'a str),
    Yaml(&'a str),
    /// `http` and `https`.
    Remote(&'a str),
    UnknownScheme(&'a str),
}

/// Byte offset of the `}` that closes a reference whose `${` has been read. Braces inside `yaml:`
/// belong to its text.
pub(super) fn closing(body: &str) -> Option<usize> {
    let yaml = body.starts_with("yaml:");
    let mut open = 0_usize;
    let mut previous = ' ';
    for (offset, c) in body.char_indices() {
        match c {
            '{' if yaml || previous == '$' => open = open.saturating_add(1),
            '}' if open == 0 => return Some(offset),
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        previous = c;
    }
    None
}

/// The inside of a text that is one reference and nothing else.
pub(super) fn whole(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    closing(inner).is_none().then_some(inner)
}

/// Takes the default off. Only variables have one.
pub(super) fn parts(inner: &str) -> Parts<'_> {
    let without = Parts { head: inner, default: None };
    if inner.starts_with("file:") || inner.starts_with("yaml:") {
        return without;
    }
    split_default(inner).map_or(without, |(head, default)| Parts {
        head,
        default: Some((default, inner.len().saturating_sub(default.len()))),
    })
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

/// Splits scheme and name; a name alone is a variable's.
pub(super) fn target(head: &str) -> Target<'_> {
    match head.split_once(':') {
        None => Target::Variable(head),
        Some(("env", name)) => Target::Variable(name),
        Some(("file", path)) => Target::File(path),
        Some(("yaml", text)) => Target::Yaml(text),
        Some((scheme @ ("http" | "https"), _)) => Target::Remote(scheme),
        Some((scheme, _)) => Target::UnknownScheme(scheme),
    }
}

#[cfg(test)]
mod tests {
    use super::{closing, parts, whole};

    /// The brace that closes is not the first one when references nest.
    #[test]
    fn a_reference_ends_at_its_own_brace() {
        let cases = [
            ("A}", Some(1)),
            ("A:-${B}}", Some(7)),
            ("yaml:{a: {b: 1}}} tail", Some(16)),
            ("A:-{}", Some(4)),
            ("A", None),
        ];
        for (body, expected) in cases {
            assert_eq!(closing(body), expected, "{body}");
        }
        assert_eq!(whole("${A}"), Some("A"));
        assert_eq!(whole("${A}${B}"), None);
        assert_eq!(whole("${A:-${B}}"), Some("A:-${B}"));
        assert_eq!(whole("x${A}"), None);
    }

    /// A default belongs to the outer reference, and to variables only.
    #[test]
    fn a_default_is_taken_off_its_own_reference() {
        let cases = [
            ("A:-b", ("A", Some(("b", 3)))),
            ("env:${A:-b}:-c", ("env:${A:-b}", Some(("c", 13)))),
            ("file:/a:-b", ("file:/a:-b", None)),
            ("A", ("A", None)),
        ];
        for (inner, (head, default)) in cases {
            let found = parts(inner);
            assert_eq!((found.head, found.default), (head, default), "{inner}");
        }
    }
}
