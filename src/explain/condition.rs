//! Conditions in words, and what they found.

use spanyard_wire::edit::{Edit, lookup};
use spanyard_wire::resource::Resource;

use super::request::shown;
use crate::config::plan::{Comparison, Condition, Literal, Operand};
use crate::route::condition::Facts;

/// A condition as it could be written.
pub(super) fn text(condition: &Condition) -> String {
    match condition {
        Condition::All(parts) => joined(parts, " and "),
        Condition::Any(parts) => joined(parts, " or "),
        Condition::Not(inner) => format!("not ({})", text(inner)),
        Condition::Always(value) => value.to_string(),
        Condition::HeaderIs { header, value, negated } => {
            format!("request[{header:?}] {} {value:?}", operator(*negated))
        }
        Condition::AttributeIs { key, value, negated } => {
            format!("attributes[{key:?}] {} {}", operator(*negated), literal(value))
        }
        Condition::Compare { left, by, right } => {
            format!("{} {} {}", operand(left), comparison(*by), operand(right))
        }
        Condition::Matches { of, pattern } => {
            format!("IsMatch({}, {:?})", operand(of), pattern.as_str())
        }
    }
}

fn joined(parts: &[Condition], word: &str) -> String {
    let part = |part: &Condition| match part {
        Condition::All(_) | Condition::Any(_) => format!("({})", text(part)),
        _ => text(part),
    };
    parts.iter().map(part).collect::<Vec<_>>().join(word)
}

const fn operator(negated: bool) -> &'static str {
    if negated { "!=" } else { "==" }
}

const fn comparison(by: Comparison) -> &'static str {
    match by {
        Comparison::Equal => "==",
        Comparison::Different => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Attribute(key) => format!("attributes[{key:?}]"),
        Operand::Metadata { header, index } => {
            let index = index.map(|index| format!("[{index}]")).unwrap_or_default();
            format!("otelcol.client.metadata[{header:?}]{index}")
        }
        Operand::Literal(value) => literal(value),
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Nil => "nil".to_owned(),
        Literal::String(text) => format!("{text:?}"),
        Literal::Int(value) => value.to_string(),
        Literal::Double(value) => format!("{value:?}"),
        Literal::Bool(value) => value.to_string(),
        Literal::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("0x{digits}")
        }
    }
}

/// What the attributes and headers that a condition names hold, each once; empty when it names
/// none.
pub(super) fn found(
    condition: &Condition,
    facts: &Facts<'_>,
    resource: Resource<'_>,
    edits: &[Edit],
) -> String {
    let mut list = Vec::new();
    collect(condition, facts, resource, edits, &mut list);
    if list.is_empty() { String::new() } else { format!(" ({})", list.join(", ")) }
}

fn collect(
    condition: &Condition,
    facts: &Facts<'_>,
    resource: Resource<'_>,
    edits: &[Edit],
    list: &mut Vec<String>,
) {
    let attribute = |key: &str| {
        let value = lookup(resource, edits, facts.slots, key.as_bytes());
        let value = value.map_or_else(|| "missing".to_owned(), |found| shown(found.value()));
        format!("{key} is {value}")
    };
    let side = |operand: &Operand| match operand {
        Operand::Attribute(key) => Some(attribute(key)),
        Operand::Metadata { header, .. } => Some(header_in_words(header, facts.metadata)),
        Operand::Literal(_) => None,
    };
    let lines = match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                collect(part, facts, resource, edits, list);
            }
            return;
        }
        Condition::Not(inner) => return collect(inner, facts, resource, edits, list),
        Condition::Always(_) => return,
        Condition::HeaderIs { header, .. } => [Some(header_in_words(header, facts.headers)), None],
        Condition::AttributeIs { key, .. } => [Some(attribute(key)), None],
        Condition::Compare { left, right, .. } => [side(left), side(right)],
        Condition::Matches { of, .. } => [side(of), None],
    };
    for line in lines.into_iter().flatten() {
        if !list.contains(&line) {
            list.push(line);
        }
    }
}

fn header_in_words(name: &str, headers: Option<&http::HeaderMap>) -> String {
    let Some(headers) = headers else {
        return format!("the header {name} is not seen");
    };
    let values: Vec<String> = headers.get_all(name).iter().map(|v| format!("{v:?}")).collect();
    if values.is_empty() {
        return format!("the header {name} is missing");
    }
    format!("the header {name} is {}", values.join(" and "))
}
