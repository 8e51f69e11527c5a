//! Numbers as Go's `strconv` reads and writes them.

/// A whole number in base 10: a sign and digits, within 64 bits, and nothing else.
#[must_use]
pub fn parse_int(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A floating-point literal of Go, decimal or hexadecimal, with underscores between digits, or the
/// words for infinity and for no number in any case. `None` for what Go refuses: other text, and
/// what is beyond the largest double.
#[must_use]
pub fn parse_double(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let signed = |value: f64| if negative { -value } else { value };
    match digits.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => return Some(signed(f64::INFINITY)),
        "nan" if digits.len() == text.len() => return Some(f64::NAN),
        lower => {
            let value = match lower.strip_prefix("0x") {
                Some(rest) => hexadecimal(&spaced(rest, true)?)?,
                None => decimal(&spaced(lower, false)?)?,
            };
            value.is_finite().then(|| signed(value))
        }
    }
}

/// The text without underscores, if each of them stands between digits; after the prefix of a
/// hexadecimal number, which counts as a digit, too.
fn spaced(text: &str, hexadecimal: bool) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut after_digit = hexadecimal;
    let mut pending = false;
    for c in text.chars() {
        if c == '_' {
            if !after_digit {
                return None;
            }
            (after_digit, pending) = (false, true);
            continue;
        }
        let digit = c.is_ascii_digit() || hexadecimal && c.is_ascii_hexdigit();
        if pending && !digit {
            return None;
        }
        (after_digit, pending) = (digit, false);
        out.push(c);
    }
    (!pending).then_some(out)
}

/// `digits[.digits][e[sign]digits]` with a digit before the exponent.
fn decimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let plain = |c: char| c.is_ascii_digit() || c == '.';
    let whole = mantissa.chars().all(plain) && mantissa.contains(|c: char| c.is_ascii_digit());
    let signed = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    };
    (whole && exponent.is_none_or(signed)).then(|| text.parse().ok())?
}

/// Bits of a double's mantissa, the hidden one included.
const MANTISSA_BITS: i64 = 53;
/// The exponent of the smallest normal double's first bit, and of the largest one's.
const EXPONENT_MIN: i64 = -1022;
const EXPONENT_MAX: i64 = 1023;
/// An exponent beyond anything that matters.
const EXPONENT_HUGE: i64 = 1 << 32;

/// `digits[.digits]p[sign]digits`, rounded to the nearest double, ties to even.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(EXPONENT_HUGE).min(EXPONENT_HUGE);
    let mut exponent = if exponent.starts_with('-') { -size } else { size };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (mut value, mut rest) = (0_u64, false);
    for (at, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(c.to_digit(16)?);
        let fractional = at >= whole.len();
        if value >> 60 == 0 {
            value = value << 4 | digit;
            exponent = exponent.saturating_sub(if fractional { 4 } else { 0 });
        } else {
            rest |= digit > 0;
            exponent = exponent.saturating_add(if fractional { 0 } else { 4 });
        }
    }
    rounded(value, rest, exponent)
}

/// `value * 2^exponent`, to which something smaller than the last bit is added if `rest`.
fn rounded(value: u64, rest: bool, exponent: i64) -> Option<f64> {
    if value == 0 {
        return Some(0.0);
    }
    let bits = i64::from(u64::BITS).saturating_sub(i64::from(value.leading_zeros()));
    let first = exponent.saturating_add(bits).saturating_sub(1);
    if first > EXPONENT_MAX {
        return None;
    }
    // Below the smallest normal double there are fewer bits.
    let missing = EXPONENT_MIN.saturating_sub(first).max(0);
    let kept = MANTISSA_BITS.saturating_sub(missing);
    let cut = u32::try_from(bits.saturating_sub(kept).max(0)).ok().filter(|cut| *cut <= 65);
    let Some(cut) = cut else {
        return Some(0.0);
    };
    let wide = u128::from(value) << 1 | u128::from(rest);
    let (high, low) = (wide >> cut >> 1, wide & ((2_u128 << cut) - 1));
    let half = 1_u128 << cut;
    let up = cut > 0 && (low > half || low == half && high & 1 == 1);
    let mantissa = high.saturating_add(u128::from(up));
    let scale = exponent.saturating_add(i64::from(cut));
    Some(scaled(mantissa as f64, scale)).filter(|value| value.is_finite())
}

/// `value * 2^exponent`, in steps that are exact.
fn scaled(mut value: f64, mut exponent: i64) -> f64 {
    while exponent != 0 {
        let step = exponent.clamp(-512, 512);
        value *= 2_f64.powi(i32::try_from(step).unwrap_or_default());
        exponent = exponent.saturating_sub(step);
    }
    value
}

/// A double as ECMAScript and JSON write it: the shortest digits that read back, with an exponent
/// below 1e-6 and from 1e21 on. Infinite and no numbers by their names.
#[must_use]
pub fn double_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => {
            format!("{mantissa}e+{exponent}")
        }
        _ => text,
    }
}

/// A double without exponent, as Go's format `f` writes it.
#[must_use]
pub fn plain_text(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    value.to_string()
}

/// The whole part of a double, if it fits 64 bits.
#[must_use]
pub fn truncated(value: f64) -> Option<i64> {
    /// 2^63: the first double above all of them.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let fits = (-BEYOND..BEYOND).contains(&value);
    #[expect(clippy::cast_possible_truncation, reason = "cutting the fraction off is the purpose")]
    fits.then_some(value as i64)
}
