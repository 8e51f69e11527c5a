//! Readers of single values, and their short forms with a default on a section.

use std::time::Duration;

use super::{Field, Section};
use crate::config::duration;
use crate::config::problems::Code;
use crate::config::report::{Fault, Mark};
use crate::config::suggest::did_you_mean;
use crate::config::yaml::{Typed, Value};

/// Largest whole number that a setting may have where nothing smaller is named.
pub(in crate::config) const WHOLE_MAX: u64 = i64::MAX.unsigned_abs();

impl Field<'_> {
    /// Records that the value has another type than wanted.
    pub(in crate::config) fn wrong_type(&self, expected: &str) {
        self.error(self.type_fault(expected));
    }

    /// Adds another way to write the value, where the file itself says it.
    fn fixed(&self, fault: Fault, replacement: Option<String>) -> Fault {
        match replacement {
            Some(text) if self.node.origin.is_none() => fault.fix(self.node.mark, text),
            _ => fault,
        }
    }

    fn type_fault(&self, expected: &str) -> Fault {
        let fault = Fault::new(Code::WrongType, "wrong type").expected(expected);
        match self.node.typed() {
            Some(Typed::Null) if self.node.origin.is_some() => {
                fault.found(format!("{}, which is empty", self.node.shown()))
            }
            Some(Typed::Text(_)) | None => fault.found(self.node.shown()),
            Some(typed) => fault.found(format!("{} {}", typed.noun(), self.node.shown())),
        }
    }

    /// The scalar's text as it stands, whatever its type.
    pub(in crate::config) fn plain_text(&self) -> String {
        match (&self.node.origin, &self.node.value) {
            (Some(origin), _) => origin.text.clone(),
            (None, Value::Scalar(scalar)) => scalar.text.clone(),
            (None, _) => String::new(),
        }
    }

    /// Text. What came from a variable as a whole is text whatever it looks like.
    pub(in crate::config) fn text(&self) -> Option<String> {
        if let Some(origin) = self.node.origin.as_ref().filter(|origin| !origin.inner) {
            return Some(origin.text.clone());
        }
        match self.node.typed() {
            Some(Typed::Text(text)) => Some(text),
            Some(Typed::Null) | None => {
                self.wrong_type("text");
                None
            }
            Some(_) => {
                let quoted =
                    self.node.origin.is_none().then(|| format!("\"{}\"", self.plain_text()));
                let hint = quoted.as_ref().map(|quoted| format!("quote it: {quoted}"));
                let fault = self.type_fault("text").maybe_hint(hint);
                self.error(self.fixed(fault, quoted));
                None
            }
        }
    }

    /// Text that no message shows, such as a header's value. One line break at the end of what a
    /// file or a variable holds is dropped; when nothing is left, that is a warning.
    pub(in crate::config) fn secret_text(&self) -> Option<String> {
        self.report.keep_secret(self.node.mark);
        if let Some(origin) = self.node.origin.as_ref().filter(|origin| !origin.inner) {
            let text = without_last_break(&origin.text);
            if text.is_empty() {
                let message = format!("{} is empty, and so is this value", self.node.shown());
                self.warning(Fault::new(Code::EmptyValue, message));
            }
            return Some(text.to_owned());
        }
        if matches!(self.node.typed(), Some(Typed::Text(_))) {
            return Some(self.plain_text());
        }
        if self.node.is_null() {
            self.warning(Fault::new(Code::EmptyValue, "no value is given: it is sent empty"));
            return Some(String::new());
        }
        let found = self.node.typed().map_or("a list or mapping", |typed| typed.noun());
        let fault = Fault::new(Code::WrongType, "wrong type").expected("text").found(found);
        self.error(fault.hint("quote the value"));
        None
    }

    /// `true` or `false`.
    pub(in crate::config) fn boolean(&self) -> Option<bool> {
        match self.node.typed() {
            Some(Typed::Bool(value)) => Some(value),
            typed => {
                let hint = match typed {
                    Some(Typed::Text(word)) => match word.to_lowercase().as_str() {
                        "yes" | "on" | "y" | "true" => Some("true"),
                        "no" | "off" | "n" | "false" => Some("false"),
                        _ => None,
                    },
                    _ => None,
                };
                let fault = self.type_fault("true or false");
                let fault =
                    fault.maybe_hint(hint.map(|word| format!("write {word}, without quotes")));
                self.error(self.fixed(fault, hint.map(str::to_owned)));
                None
            }
        }
    }

    /// A whole number from `min` to `max`.
    pub(in crate::config) fn whole(&self, min: u64, max: u64) -> Option<u64> {
        let expected = if max == WHOLE_MAX {
            format!("a whole number of at least {min}")
        } else {
            format!("a whole number from {min} to {max}")
        };
        let typed = match self.node.typed() {
            Some(Typed::Float(value)) => integral(value).or(Some(Typed::Float(value))),
            typed => typed,
        };
        match typed {
            Some(Typed::Int(value)) => {
                let fits = u64::try_from(value).ok().filter(|v| (min..=max).contains(v));
                if fits.is_none() {
                    self.out_of_range(expected);
                }
                fits
            }
            Some(Typed::Huge) => {
                self.out_of_range(expected);
                None
            }
            Some(Typed::Text(text)) if text.parse::<i64>().is_ok() => {
                let fault = self.type_fault(&expected).hint("remove the quotes");
                self.error(self.fixed(fault, Some(text)));
                None
            }
            _ => {
                self.wrong_type(&expected);
                None
            }
        }
    }

    /// A whole number, negative or not.
    pub(in crate::config) fn signed(&self) -> Option<i64> {
        match self.node.typed() {
            Some(Typed::Int(value)) => Some(value),
            _ => {
                self.wrong_type("a whole number");
                None
            }
        }
    }

    /// A number from `min` to `max`.
    pub(in crate::config) fn number(&self, min: f64, max: f64) -> Option<f64> {
        let expected = if max.is_finite() {
            format!("a number from {min} to {max}")
        } else {
            format!("a number of at least {min}")
        };
        let value = match self.node.typed() {
            Some(Typed::Float(value)) => value,
            Some(Typed::Int(value)) => value as f64,
            _ => {
                self.wrong_type(&expected);
                return None;
            }
        };
        if value.is_finite() && (min..=max).contains(&value) {
            return Some(value);
        }
        self.out_of_range(expected);
        None
    }

    /// A duration with a unit; `0` may do without.
    pub(in crate::config) fn duration(&self) -> Option<Duration> {
        let expected = "a duration with a unit, such as 200ms, 10s or 5m";
        let text = match self.node.typed() {
            Some(Typed::Int(0)) => return Some(Duration::ZERO),
            Some(Typed::Text(text)) => text,
            Some(Typed::Int(_) | Typed::Float(_)) => self.plain_text(),
            _ => {
                self.wrong_type(expected);
                return None;
            }
        };
        let parsed = duration::parse(&text);
        if parsed.is_none() {
            let (code, message) = if text.starts_with('-') {
                (Code::BadValue, "a duration cannot be negative")
            } else if text.parse::<f64>().is_ok() {
                (Code::DurationUnit, "a duration needs a unit")
            } else {
                (Code::BadValue, "not a duration")
            };
            // What a variable holds is not repeated, not even corrected.
            let own = self.node.origin.is_none();
            let meant = own.then(|| duration::suggestion(&text)).flatten();
            let hint = meant.as_ref().map(|fixed| format!("did you mean `{fixed}`?"));
            let fault = Fault::new(code, message).expected(expected);
            let fault = fault.found(self.node.shown()).maybe_hint(hint);
            self.error(self.fixed(fault, meant));
        }
        parsed
    }

    /// A list of texts; one text is split at its commas.
    pub(in crate::config) fn texts(&self) -> Option<Vec<(String, Self)>> {
        if matches!(self.node.typed(), Some(Typed::Text(_))) {
            let text = self.text()?;
            let parts = text.split(',').map(|part| (part.to_owned(), self.clone()));
            return Some(parts.collect());
        }
        let mut out = Vec::new();
        for item in self.items()? {
            if let Some(text) = item.text() {
                out.push((text, item));
            }
        }
        Some(out)
    }

    /// One of a few words.
    pub(in crate::config) fn one_of<'w>(&self, words: &[&'w str]) -> Option<&'w str> {
        let text = self.text()?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            self.unknown_word(&text, words);
        }
        found
    }

    /// Records that a word is none of those allowed.
    pub(in crate::config) fn unknown_word(&self, word: &str, words: &[&str]) {
        let listed: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
        let fault = Fault::new(Code::BadValue, "unknown value")
            .expected(format!("one of {}", listed.join(", ")))
            .found(self.node.shown());
        self.error(fault.maybe_hint(did_you_mean(word, listed.into_iter())));
    }

    /// Records that a value of the right type cannot be used.
    pub(in crate::config) fn bad_value(&self, message: &str, expected: &str) {
        let fault = Fault::new(Code::BadValue, message).expected(expected);
        self.error(fault.found(self.node.shown()));
    }

    fn out_of_range(&self, expected: String) {
        let fault = Fault::new(Code::BadValue, "out of range").expected(expected);
        self.error(fault.found(self.node.shown()));
    }
}

/// A number without a fraction as a whole one: `1e3`, `10.0`.
fn integral(value: f64) -> Option<Typed> {
    // Every whole number up to 2^53 is exact; the text of a larger one says more than it holds.
    let exact = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
    exact.then(|| format!("{value:.0}").parse().ok().map(Typed::Int)).flatten()
}

/// The text without one line break at its end.
pub(in crate::config) fn without_last_break(text: &str) -> &str {
    let cut = text.strip_suffix('\n').unwrap_or(text);
    cut.strip_suffix('\r').filter(|_| cut.len() < text.len()).unwrap_or(cut)
}

impl Section<'_> {
    pub(in crate::config) fn boolean(&self, key: &str, default: bool) -> bool {
        self.get(key).and_then(|field| field.boolean()).unwrap_or(default)
    }

    pub(in crate::config) fn duration(&self, key: &str, default: Duration) -> Duration {
        self.get(key).and_then(|field| field.duration()).unwrap_or(default)
    }

    pub(in crate::config) fn whole(&self, key: &str, default: u64, min: u64, max: u64) -> u64 {
        self.get(key).and_then(|field| field.whole(min, max)).unwrap_or(default)
    }

    pub(in crate::config) fn number(&self, key: &str, default: f64, min: f64, max: f64) -> f64 {
        self.get(key).and_then(|field| field.number(min, max)).unwrap_or(default)
    }

    pub(in crate::config) fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(|field| field.text())
    }

    /// Where a key's value stands, or the section when it is not given.
    pub(in crate::config) fn mark_of(&self, key: &str) -> Mark {
        self.get(key).map_or(self.key, |field| field.mark())
    }
}
