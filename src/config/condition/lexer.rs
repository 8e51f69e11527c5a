//! Words, literals and signs of a condition, each with its place.

use super::Wrong;

/// A piece of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// A name, a keyword or a function.
    Word(String),
    /// A string, its escapes resolved.
    Text(String),
    Int(i64),
    Double(f64),
    /// `0x` and hexadecimal digits, two for each byte.
    Bytes(Vec<u8>),
    /// `== != <= >= < > ( ) [ ] , . + - * /`
    Sign(&'static str),
    End,
}

/// A piece and where it stands, in characters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) piece: Piece,
    pub(super) offset: usize,
    pub(super) width: usize,
}

/// Signs, longer ones first.
const SIGNS: [&str; 17] =
    ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", ".", "+", "-", "*", "/", "="];

/// Cuts a text into tokens; the last one is [`Piece::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Wrong> {
    let chars: Vec<char> = text.chars().collect();
    let mut rest: &[char] = &chars;
    let mut out = Vec::new();
    loop {
        let blanks = rest.iter().take_while(|c| c.is_whitespace()).count();
        rest = rest.get(blanks..).unwrap_or_default();
        let offset = chars.len().saturating_sub(rest.len());
        let Some(first) = rest.first() else {
            out.push(Token { piece: Piece::End, offset, width: 1 });
            return Ok(out);
        };
        let (piece, width) = match first {
            '"' => string(rest, offset)?,
            c if c.is_ascii_digit() => number(rest, offset)?,
            '.' if rest.get(1).is_some_and(char::is_ascii_digit) => number(rest, offset)?,
            '-' | '+' if rest.get(1).is_some_and(|c| c.is_ascii_digit() || *c == '.') => {
                number(rest, offset)?
            }
            c if c.is_alphabetic() || *c == '_' => word(rest),
            '\'' => {
                let wrong = Wrong::new(offset, 1, "single quotes do not quote here");
                return Err(wrong.expected("text in double quotes"));
            }
            _ => sign(rest, offset)?,
        };
        out.push(Token { piece, offset, width });
        rest = rest.get(width.max(1)..).unwrap_or_default();
    }
}

fn word(rest: &[char]) -> (Piece, usize) {
    let text: String = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
    let width = text.chars().count();
    (Piece::Word(text), width)
}

fn sign(rest: &[char], offset: usize) -> Result<(Piece, usize), Wrong> {
    let found = SIGNS.iter().find(|sign| {
        let mut here = rest.iter();
        sign.chars().all(|c| here.next() == Some(&c))
    });
    let shown: String = rest.iter().take(1).collect();
    match found {
        Some(&"=") => Err(Wrong::new(offset, 1, "`=` does not compare").expected("`==`")),
        Some(sign) => Ok((Piece::Sign(sign), sign.len())),
        None => Err(Wrong::new(offset, 1, format!("unexpected `{shown}`"))),
    }
}

/// `[-+]digits` or `[-+]digits.digits[exponent]`.
fn number(rest: &[char], offset: usize) -> Result<(Piece, usize), Wrong> {
    let mut text = String::new();
    for c in rest {
        let exponent_sign = "+-".contains(*c) && text.ends_with(['e', 'E']);
        let leading_sign = text.is_empty() && "+-".contains(*c);
        if !(c.is_ascii_alphanumeric() || *c == '.' || exponent_sign || leading_sign) {
            break;
        }
        text.push(*c);
    }
    let width = text.chars().count();
    let digits = text.trim_start_matches(['+', '-']);
    if let Some(digits) = text.strip_prefix("0x") {
        let wrong = || Wrong::new(offset, width, format!("`{text}` is no bytes literal"));
        let bytes = bytes(digits).ok_or_else(|| wrong().expected("two digits for each byte"))?;
        return Ok((Piece::Bytes(bytes), width));
    }
    if digits.chars().all(|c| c.is_ascii_digit()) {
        let value = text.parse().map_err(|_| {
            Wrong::new(offset, width, "out of range").expected("a whole number of 64 bits")
        })?;
        return Ok((Piece::Int(value), width));
    }
    let plain = digits.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    let value = text.parse::<f64>().ok().filter(|value| plain && value.is_finite());
    value
        .map(|value| (Piece::Double(value), width))
        .ok_or_else(|| Wrong::new(offset, width, format!("`{text}` is no number")))
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let complete = rest.is_empty() && !pairs.is_empty();
    complete.then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// A string in double quotes, with Go's escapes.
fn string(rest: &[char], offset: usize) -> Result<(Piece, usize), Wrong> {
    let mut text = String::new();
    let mut chars = rest.iter().enumerate().skip(1);
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return Ok((Piece::Text(text), index.saturating_add(1))),
            '\\' => {
                let escaped = chars.next().map(|(_, c)| *c);
                let at = offset.saturating_add(index);
                let resolved = match escaped {
                    Some(c @ ('"' | '\\')) => Some(c),
                    Some('a') => Some('\u{7}'),
                    Some('b') => Some('\u{8}'),
                    Some('f') => Some('\u{c}'),
                    Some('n') => Some('\n'),
                    Some('r') => Some('\r'),
                    Some('t') => Some('\t'),
                    Some('v') => Some('\u{b}'),
                    Some(c @ ('x' | 'u' | 'U')) => {
                        let length = match c {
                            'x' => 2,
                            'u' => 4,
                            _ => 8,
                        };
                        let digits: String = chars.by_ref().take(length).map(|(_, c)| *c).collect();
                        let value = u32::from_str_radix(&digits, 16).ok();
                        // `\xff` is a byte in Go, which text cannot hold.
                        let fits = |value: &u32| c != 'x' || *value < 0x80;
                        value.filter(fits).and_then(char::from_u32)
                    }
                    _ => None,
                };
                let Some(c) = resolved else {
                    let wrong = Wrong::new(at, 2, "unknown escape");
                    return Err(wrong.expected(r#"`\\` for a backslash, `\"` for a quote"#));
                };
                text.push(c);
            }
            c => text.push(*c),
        }
    }
    Err(Wrong::new(offset, rest.len(), "the text has no closing quote"))
}
