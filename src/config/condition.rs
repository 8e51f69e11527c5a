//! Conditions of a routing table: the part of OTTL that a resource can answer, and the Collector's
//! own form for request headers.
//!
//! ```text
//! any        = all { "or" all }
//! all        = one { "and" one }
//! one        = [ "not" ] ( "(" any ")" | "true" | "false" | match | comparison )
//! match      = "IsMatch" "(" side "," string ")" [ ( "==" | "!=" ) boolean ]
//! comparison = side ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) side
//! side       = attribute | metadata | literal
//! attribute  = [ "resource" "." ] "attributes" "[" string "]"
//! metadata   = "otelcol" "." "client" "." "metadata" "[" string "]" [ "[" whole number "]" ]
//! literal    = string | bytes | whole number | number | "true" | "false" | "nil"
//! request    = `request["Name"] == "value"`, or with `!=`; see `request`
//! ```
//! What OTTL has beyond this is refused as not supported yet, with the place of the word. Nothing
//! is evaluated here.

mod lexer;
mod parser;
mod request;

use super::decode::Field;
use super::plan::Condition;
use super::problems::Code;
use super::report::Fault;
use parser::Parser;

/// Characters of one condition.
const CONDITION_CHARS_MAX: usize = 64 * 1024;

/// What is wrong with a condition, before it has a place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    /// In characters from the beginning of the text.
    offset: usize,
    width: usize,
    message: String,
    expected: Option<String>,
    /// OTTL that is not done here, rather than a mistake.
    unsupported: bool,
}

impl Wrong {
    fn new(offset: usize, width: usize, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { offset, width, message, expected: None, unsupported: false }
    }

    fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    /// `message` names what is not supported.
    const fn unsupported(mut self) -> Self {
        self.unsupported = true;
        self
    }
}

/// Parses a `condition` of the context `resource`.
pub(super) fn resource(field: &Field<'_>) -> Option<Condition> {
    parse(field, Parser::condition)
}

/// Parses a `statement`: `route()`, with or without `where`.
pub(super) fn statement(field: &Field<'_>) -> Option<Condition> {
    parse(field, Parser::statement)
}

/// Parses a `condition` of the context `request`.
pub(super) fn request(field: &Field<'_>) -> Option<Condition> {
    let text = field.text()?;
    match request::parse(&text) {
        Ok(request::Parsed::Compares(condition)) => Some(condition),
        Ok(request::Parsed::Never) => {
            let fault = Fault::new(Code::Surprising, "the condition never matches any request");
            let hint = "it has to be request[\"Name\"] == \"value\", or with !=, and nothing else";
            field.warning(fault.hint(hint));
            Some(Condition::Always(false))
        }
        Err(wrong) => {
            report(field, wrong);
            None
        }
    }
}

fn parse(
    field: &Field<'_>,
    rule: impl FnOnce(&mut Parser) -> Result<Condition, Wrong>,
) -> Option<Condition> {
    let text = field.text()?;
    if text.len() > CONDITION_CHARS_MAX {
        let message = format!("longer than {CONDITION_CHARS_MAX} bytes");
        field.error(Fault::new(Code::BadValue, message));
        return None;
    }
    let parsed = Parser::new(&text).and_then(|mut parser| rule(&mut parser));
    match parsed {
        Ok(condition) => Some(condition),
        Err(wrong) => {
            report(field, wrong);
            None
        }
    }
}

fn report(field: &Field<'_>, wrong: Wrong) {
    let mark = field.mark_in_text(wrong.offset, wrong.width);
    if wrong.unsupported {
        let reason =
            "conditions compare resource attributes and request headers; see docs/config.md";
        let reason = wrong.expected.as_deref().unwrap_or(reason);
        field.report.not_supported(mark, &field.path, &wrong.message, reason);
        return;
    }
    let mut fault = Fault::new(Code::BadValue, wrong.message);
    if let Some(expected) = wrong.expected {
        fault = fault.expected(expected);
    }
    field.report.error(mark, &field.path, fault);
}

#[cfg(test)]
mod tests;
