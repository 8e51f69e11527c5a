//! Regular expressions with Go's meaning, compiled by the `regex` crate.
//!
//! The two dialects descend from RE2 and differ in details, which are written over here: in Go
//! `\d`, `\w`, `\s` and `\b` know ASCII only, `[` and doubled signs mean nothing special inside a
//! class, a brace that begins no repetition is a brace, `\Q...\E` quotes, `\141` is a character by
//! its octal number, `\p{^L}` negates, and an escaped sign is never more than that sign. What is
//! compiled is bounded by [`COMPILED_BYTES_MAX`].

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// Compiled size of one pattern, or of one list of patterns.
const COMPILED_BYTES_MAX: usize = 1024 * 1024;

/// Compiles a pattern of the Collector.
///
/// # Errors
/// Why it is no pattern, in words.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let compiled = RegexBuilder::new(&translated(pattern)).size_limit(COMPILED_BYTES_MAX).build();
    compiled.map_err(|error| reason(&error))
}

/// Compiles several patterns of which one must match.
///
/// # Errors
/// Why one of them is no pattern, in words.
pub fn compile_set<'p>(patterns: impl Iterator<Item = &'p str>) -> Result<RegexSet, String> {
    let translated = patterns.map(translated);
    let compiled = RegexSetBuilder::new(translated).size_limit(COMPILED_BYTES_MAX).build();
    compiled.map_err(|error| reason(&error))
}

fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The classes that know ASCII only, as the inside of a class.
const CLASSES: [(char, &str); 3] = [('d', "0-9"), ('w', "0-9A-Za-z_"), ('s', r"\t\n\f\r ")];

/// The pattern as the `regex` crate writes it.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len().saturating_add(8));
    let mut rest = pattern;
    let mut class = false;
    while let Some(c) = rest.chars().next() {
        let tail = rest.strip_prefix(c).unwrap_or_default();
        rest = match c {
            '\\' => escape(tail, class, &mut out),
            '[' if class => bracket(rest, &mut out),
            '[' => {
                class = true;
                open(tail, &mut out)
            }
            ']' => {
                class = false;
                out.push(c);
                tail
            }
            '&' | '~' | '-' if class && tail.starts_with(c) => {
                out.push('\\');
                out.push(c);
                tail
            }
            '{' if !class && !begins_repetition(tail) => {
                out.push_str(r"\{");
                tail
            }
            _ => {
                out.push(c);
                tail
            }
        };
    }
    out
}

/// What follows a backslash.
fn escape<'p>(tail: &'p str, class: bool, out: &mut String) -> &'p str {
    let Some(c) = tail.chars().next() else {
        out.push('\\');
        return tail;
    };
    let after = tail.strip_prefix(c).unwrap_or_default();
    if let Some((_, inside)) = CLASSES.iter().find(|(name, _)| *name == c.to_ascii_lowercase()) {
        match (c.is_ascii_uppercase(), class) {
            (true, _) => out.push_str(&format!("[^{inside}]")),
            (false, true) => out.push_str(inside),
            (false, false) => out.push_str(&format!("[{inside}]")),
        }
        return after;
    }
    match c {
        'b' | 'B' if !class => out.push_str(&format!(r"(?-u:\{c})")),
        'Q' if !class => {
            let (quoted, after) = after.split_once(r"\E").unwrap_or((after, ""));
            out.push_str(&regex::escape(quoted));
            return after;
        }
        'p' | 'P' | 'x' if after.starts_with('{') => return braced(c, after, out),
        '0'..='7' => return octal(tail, out),
        c if c.is_ascii_punctuation() => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        c => {
            out.push('\\');
            out.push(c);
        }
    }
    after
}

/// A class of Unicode or a character by its number, in braces.
fn braced<'p>(letter: char, braces: &'p str, out: &mut String) -> &'p str {
    let Some((inside, after)) = braces.strip_prefix('{').and_then(|rest| rest.split_once('}'))
    else {
        out.push('\\');
        out.push(letter);
        return braces;
    };
    let (letter, name) = match (letter, inside.strip_prefix('^')) {
        ('p', Some(name)) => ('P', name),
        ('P', Some(name)) => ('p', name),
        _ => (letter, inside),
    };
    out.push_str(&format!("\\{letter}{{{name}}}"));
    after
}

/// A character by up to three octal digits; a single digit that is not 0 would be a reference to a
/// group, which neither dialect has.
fn octal<'p>(digits: &'p str, out: &mut String) -> &'p str {
    let count = digits.chars().take(3).take_while(|c| ('0'..='7').contains(c)).count();
    let (number, after) = digits.split_at_checked(count).unwrap_or((digits, ""));
    if count == 1 && number != "0" {
        out.push('\\');
        out.push_str(number);
    } else {
        let code = u32::from_str_radix(number, 8).unwrap_or_default();
        out.push_str(&format!("\\x{{{code:x}}}"));
    }
    after
}

/// The beginning of a class: a bracket that closes stands for itself in the first place.
fn open<'p>(tail: &'p str, out: &mut String) -> &'p str {
    out.push('[');
    let mut tail = tail;
    if let Some(after) = tail.strip_prefix('^') {
        out.push('^');
        tail = after;
    }
    if let Some(after) = tail.strip_prefix(']') {
        out.push_str(r"\]");
        tail = after;
    }
    tail
}

/// A bracket inside a class: the name of a class, or itself.
fn bracket<'p>(rest: &'p str, out: &mut String) -> &'p str {
    let named = rest.starts_with("[:").then(|| rest.find(":]")).flatten();
    if let Some((name, after)) = named.and_then(|end| rest.split_at_checked(end.saturating_add(2)))
    {
        out.push_str(name);
        return after;
    }
    out.push_str(r"\[");
    rest.strip_prefix('[').unwrap_or_default()
}

/// Whether `n}`, `n,}` or `n,m}` follows a brace.
fn begins_repetition(tail: &str) -> bool {
    let Some((inside, _)) = tail.split_once('}') else {
        return false;
    };
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    !low.is_empty() && digits(low) && digits(high)
}
