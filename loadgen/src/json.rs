//! JSON, written by hand: flat objects of numbers and texts, enough for reports.

use std::fmt::{Display, Write};

/// An object under construction, one member a line.
#[derive(Debug, Default)]
pub(crate) struct Object {
    members: Vec<String>,
}

impl Object {
    /// Adds a number, or anything else that is written without quotes.
    pub(crate) fn number(mut self, key: &str, value: impl Display) -> Self {
        self.members.push(format!("{}: {value}", quote(key)));
        self
    }

    /// Adds a text.
    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        let quoted = quote(value);
        self.number(key, quoted)
    }

    /// Adds an object, indented.
    pub(crate) fn object(self, key: &str, value: &Self) -> Self {
        let inner = value.to_text().replace('\n', "\n  ");
        self.number(key, inner)
    }

    pub(crate) fn to_text(&self) -> String {
        if self.members.is_empty() {
            return "{}".to_owned();
        }
        format!("{{\n  {}\n}}", self.members.join(",\n  "))
    }
}

/// The number of the first member of this name; `text` is one of our own reports.
pub(crate) fn find_number(text: &str, key: &str) -> Option<u64> {
    let (_, after) = text.split_once(&format!("{}: ", quote(key)))?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                // Writing to a String cannot fail.
                let _ok = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_written_escaped_and_its_numbers_are_found() {
        let inner = Object::default().number("a=\"1\"\n", 3);
        let text = Object::default().number("lost", 42).object("attributes", &inner).to_text();
        assert_eq!(
            text,
            "{\n  \"lost\": 42,\n  \"attributes\": {\n    \"a=\\\"1\\\"\\u000a\": 3\n  }\n}"
        );
        assert_eq!((find_number(&text, "lost"), find_number(&text, "los")), (Some(42), None));
    }
}
