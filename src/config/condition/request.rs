//! Conditions of the context `request`. This is no language: the Collector cuts the text at the
//! only `==` or `!=` and takes the quotes off both sides, and so it is done here. There are no
//! escapes. What the Collector accepts and can never hold is told apart, for a warning.

use super::Wrong;
use crate::config::plan::Condition;

/// What a condition amounts to.
#[derive(Debug)]
pub(super) enum Parsed {
    Compares(Condition),
    /// Text around the comparison has become part of the name or the value.
    Never,
}

const FORM: &str = "request[\"Name\"] == \"value\", or with !=";

/// Takes a condition apart.
pub(super) fn parse(text: &str) -> Result<Parsed, Wrong> {
    let whole = text.chars().count();
    let wrong = |at: usize, message: &str| Wrong::new(at, whole.saturating_sub(at), message);
    let mut signs = ["==", "!="].into_iter().flat_map(|sign| text.match_indices(sign));
    let Some((at, sign)) = signs.next() else {
        return Err(wrong(0, "no comparison").expected(FORM));
    };
    if let Some((second, sign)) = signs.next() {
        let before = text.split_at_checked(at.max(second)).map_or(0, |(b, _)| b.chars().count());
        return Err(Wrong::new(before, sign.len(), "a second comparison").expected(FORM));
    }
    let (left, right) = text.split_once(sign).unwrap_or((text, ""));
    let (left, right_at) = (left.trim(), left.chars().count().saturating_add(sign.len()));
    let right = right.trim();
    let name_begins = left.find("request[\"");
    let named = name_begins.and_then(|at| left.get(at..)?.strip_prefix("request[\""));
    if !named.is_some_and(|rest| rest.contains("\"]")) {
        return Err(wrong(0, "no condition on a request header").expected(FORM));
    }
    if right.matches('"').count() < 2 {
        return Err(wrong(right_at, "no text in double quotes").expected(FORM));
    }
    let name = left.strip_prefix("request[\"").and_then(|rest| rest.strip_suffix("\"]"));
    let value = right.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Ok(match (name, value) {
        (Some(name), Some(value)) if is_name(name) => Parsed::Compares(Condition::HeaderIs {
            header: name.to_lowercase(),
            value: value.to_owned(),
            negated: sign == "!=",
        }),
        _ => Parsed::Never,
    })
}

fn is_name(name: &str) -> bool {
    http::HeaderName::from_bytes(name.as_bytes()).is_ok()
}
