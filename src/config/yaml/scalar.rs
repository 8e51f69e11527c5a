//! The type of a plain scalar, by the rules of the YAML library that the Collector uses.
//!
//! YAML 1.2 words with YAML 1.1 numbers: `yes` is text, `0755` is octal, `1_000` is a number, an
//! unquoted date is a date. Nothing is rounded: a whole number that does not fit is
//! [`Typed::Huge`].

/// A scalar's value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) enum Typed {
    Null,
    Bool(bool),
    Int(i64),
    /// A whole number outside 64 bits with sign.
    Huge,
    Float(f64),
    /// A date or a point in time, not quoted.
    Date,
    Text(String),
}

impl Typed {
    /// The type's name with its article.
    pub(in crate::config) const fn noun(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Huge => "a whole number",
            Self::Float(_) => "a number",
            Self::Date => "a date",
            Self::Text(_) => "text",
        }
    }
}

/// Types the text of a plain scalar.
pub(in crate::config) fn resolve(text: &str) -> Typed {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Typed::Null,
        "true" | "True" | "TRUE" => return Typed::Bool(true),
        "false" | "False" | "FALSE" => return Typed::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Typed::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Typed::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Typed::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    if !numeric {
        return Typed::Text(text.to_owned());
    }
    if is_date(text) {
        return Typed::Date;
    }
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    whole(&digits).or_else(|| float(&digits)).unwrap_or_else(|| Typed::Text(text.to_owned()))
}

/// A whole number in decimal, `0x`, `0o`, `0b`, or octal by a leading zero.
fn whole(text: &str) -> Option<Typed> {
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = if let Some(rest) = lower.strip_prefix("0x") {
        (rest, 16)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (rest, 8)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (rest, 2)
    } else if let (Some(rest), true) = (lower.strip_prefix('0'), lower.len() > 1) {
        (rest, 8)
    } else {
        (lower.as_str(), 10)
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = u128::from_str_radix(digits, radix).ok().and_then(|value| {
        let value = i128::try_from(value).ok()?;
        i64::try_from(if negative { value.checked_neg()? } else { value }).ok()
    });
    Some(value.map_or(Typed::Huge, Typed::Int))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(text: &str) -> Option<Typed> {
    let plausible = text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c))
        && !text.starts_with("+-")
        && !text.starts_with(['e', 'E']);
    if !plausible {
        return None;
    }
    text.parse::<f64>().ok().map(Typed::Float)
}

/// `YYYY-M-D`, alone or followed by a time.
fn is_date(text: &str) -> bool {
    let date_end = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let date = text.get(..date_end).unwrap_or_default();
    let parts: Vec<&str> = date.split('-').collect();
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    match parts.as_slice() {
        [year, month, day] => {
            year.len() == 4
                && (1..=2).contains(&month.len())
                && (1..=2).contains(&day.len())
                && [year, month, day].iter().all(|part| digits(part))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Typed, resolve};

    /// The table of what the Collector's library makes of plain scalars.
    #[test]
    fn plain_scalars_have_the_types_that_the_collector_gives_them() {
        let text = |s: &str| Typed::Text(s.to_owned());
        let cases = [
            ("", Typed::Null),
            ("~", Typed::Null),
            ("true", Typed::Bool(true)),
            ("yes", text("yes")),
            ("on", text("on")),
            ("10", Typed::Int(10)),
            ("-7", Typed::Int(-7)),
            ("+5", Typed::Int(5)),
            ("0755", Typed::Int(493)),
            ("0o17", Typed::Int(15)),
            ("0x1F", Typed::Int(31)),
            ("1_000", Typed::Int(1000)),
            ("089", Typed::Float(89.0)),
            ("1e3", Typed::Float(1000.0)),
            ("1.10", Typed::Float(1.1)),
            (".5", Typed::Float(0.5)),
            ("9223372036854775807", Typed::Int(i64::MAX)),
            ("9223372036854775808", Typed::Huge),
            ("-9223372036854775808", Typed::Int(i64::MIN)),
            ("2024-01-31", Typed::Date),
            ("2024-01-31T10:00:00Z", Typed::Date),
            ("10s", text("10s")),
            ("1.2.3", text("1.2.3")),
            ("-", text("-")),
            ("+", text("+")),
            (".", text(".")),
            ("0.0.0.0:4317", text("0.0.0.0:4317")),
        ];
        for (input, expected) in cases {
            assert_eq!(resolve(input), expected, "{input}");
        }
    }
}
