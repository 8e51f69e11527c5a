//! Keeps secrets out of messages.
//!
//! A source line is masked before it is shown: header values that were read from it, whatever
//! follows a word such as `authorization` or `password`, what follows `Basic ` or `Bearer `, and a
//! user with password in a URL.
//! Every masked character becomes one `*`, so that columns stay true; `${...}` stays readable.

/// Words after which a value is taken for a secret, in lower case.
const WORDS: [&str; 11] = [
    "authorization",
    "password",
    "passwd",
    "secret",
    "token",
    "api-key",
    "api_key",
    "apikey",
    "credential",
    "cookie",
    "_pem",
];

/// Authentication schemes; the word after them is a secret.
const SCHEMES: [&str; 3] = ["basic ", "bearer ", "apikey "];

/// Whether what a key or attribute of this name holds is taken for a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// Whether a suggestion names a key whose values are taken for secrets.
pub(super) fn is_of_secrets(suggestion: &str) -> bool {
    is_secret_name(suggestion)
        || ["headers`", "`inline`"].iter().any(|key| suggestion.contains(key))
}

/// The line with every secret replaced by stars; `known` are columns (from 0) and widths of values
/// that are secret by what they are for.
pub(super) fn mask(line: &str, known: &[(usize, usize)]) -> String {
    let chars: Vec<char> = line.chars().collect();
    let lower: Vec<char> = chars.iter().map(char::to_ascii_lowercase).collect();
    let mut hidden = vec![false; chars.len()];
    for (column, width) in known {
        hide(&mut hidden, *column, column.saturating_add(*width));
    }
    for word in WORDS {
        let word: Vec<char> = word.chars().collect();
        for start in find(&lower, &word) {
            hide_value(&mut hidden, &chars, start.saturating_add(word.len()));
        }
    }
    for scheme in SCHEMES {
        let scheme: Vec<char> = scheme.chars().collect();
        for start in find(&lower, &scheme) {
            let from = start.saturating_add(scheme.len());
            let end = position(&chars, from, |c| c.is_whitespace() || "\"',}]".contains(c));
            hide(&mut hidden, from, end);
        }
    }
    for start in find(&chars, &[':', '/', '/']) {
        let from = start.saturating_add(3);
        let end = position(&chars, from, |c| "/\"'@ ".contains(c));
        if chars.get(end) == Some(&'@') {
            hide(&mut hidden, from, end);
        }
    }
    show_references(&mut hidden, &chars);
    chars.iter().zip(&hidden).map(|(c, hide)| if *hide { '*' } else { *c }).collect()
}

/// Hides what follows `word"?\s*:` (or `=`, as in `--set`), up to a comma, a closing bracket or the
/// end of the line.
fn hide_value(hidden: &mut [bool], chars: &[char], word_end: usize) {
    let colon = position(chars, word_end, |c| !(c.is_alphanumeric() || "-_.\"' ".contains(c)));
    if !matches!(chars.get(colon), Some(':' | '=')) {
        return;
    }
    let value = position(chars, colon.saturating_add(1), |c| !c.is_whitespace());
    let end = match chars.get(value) {
        Some(quote @ ('"' | '\'')) => position(chars, value.saturating_add(1), |c| c == *quote),
        Some('{' | '[') | None => return,
        Some(_) => position(chars, value, |c| ",}]".contains(c)),
    };
    hide(hidden, value, end);
}

/// Uncovers `${...}`: the name of a variable is what the reader needs. The text of `${yaml:...}`
/// is no name.
fn show_references(hidden: &mut [bool], chars: &[char]) {
    let yaml: Vec<char> = "${yaml:".chars().collect();
    for start in find(chars, &['$', '{']) {
        if chars.get(start..).is_some_and(|rest| rest.starts_with(&yaml)) {
            continue;
        }
        let end = position(chars, start, |c| c == '}').saturating_add(1);
        let default = find(chars.get(start..end.min(chars.len())).unwrap_or_default(), &[':', '-']);
        let end = default.first().map_or(end, |offset| start.saturating_add(*offset));
        for flag in hidden.iter_mut().take(end).skip(start) {
            *flag = false;
        }
    }
}

fn hide(hidden: &mut [bool], start: usize, end: usize) {
    for flag in hidden.iter_mut().take(end).skip(start) {
        *flag = true;
    }
}

/// First position from `start` whose character is wanted; the length when there is none.
fn position(chars: &[char], start: usize, wanted: impl Fn(char) -> bool) -> usize {
    let found = chars.iter().enumerate().skip(start).find(|(_, c)| wanted(**c));
    found.map_or(chars.len(), |(index, _)| index)
}

fn find(chars: &[char], needle: &[char]) -> Vec<usize> {
    if needle.is_empty() {
        return Vec::new();
    }
    let windows = chars.windows(needle.len()).enumerate();
    windows.filter(|(_, window)| *window == needle).map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::mask;

    /// Secrets vanish, columns and references stay.
    #[test]
    fn a_masked_line_keeps_its_columns_and_shows_no_secret() {
        let cases = [
            ("Authorization: \"Basic abc==\" # x", "Authorization: ************\" # x"),
            ("{password: hunter2, user: a}", "{password: *******, user: a}"),
            (
                "{name: authorization, value: 'Bearer t0k'}",
                "{name: authorization, value: 'Bearer ***'}",
            ),
            ("auth: 'Bearer t0k'", "auth: 'Bearer ***'"),
            ("token: ${env:TOKEN}", "token: ${env:TOKEN}"),
            ("token: ${env:TOKEN:-s3cret}", "token: ${env:TOKEN********}"),
            ("endpoint: http://me:pw@tempo:1/x", "endpoint: http://*****@tempo:1/x"),
            ("token: ${yaml:s3cret}", "token: *************}"),
            ("exporters.a.password=hunter2", "exporters.a.password=*******"),
            ("headers: {x-id: shown}", "headers: {x-id: shown}"),
        ];
        for (line, masked) in cases {
            assert_eq!(mask(line, &[]), masked, "{line}");
            assert_eq!(masked.chars().count(), line.chars().count(), "{line}");
        }
        assert_eq!(mask("x-id: dev", &[(6, 3)]), "x-id: ***");
    }
}
