//! `--format sarif`: SARIF 2.1.0, one run. Each code is a rule whose help is its page; a problem
//! that can be solved without asking carries a fix.

use serde_json::{Value, json};

use super::{Findings, sentence};
use crate::config::{Code, Fix, Place, Problem, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The findings as a SARIF log.
pub(super) fn write(findings: &Findings) -> String {
    let rules: Vec<Value> = Code::ALL.into_iter().map(rule).collect();
    let results: Vec<Value> = findings.problems.iter().map(result).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "spanyard",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": code.summary()},
        "help": {"text": code.page(), "markdown": code.page()},
    })
}

fn result(problem: &Problem) -> Value {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = sentence(problem);
    if let Some(hint) = &problem.hint {
        text.push_str("\nhelp: ");
        text.push_str(hint);
    }
    let mut out = json!({
        "ruleId": problem.code.as_str(),
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location(&problem.place)}],
    });
    let index = Code::ALL.iter().position(|code| *code == problem.code);
    if let Value::Object(members) = &mut out {
        let _ = members.insert("ruleIndex".to_owned(), json!(index));
        if let Some(fix) = &problem.fix {
            let _ = members.insert("fixes".to_owned(), json!([change(fix)]));
        }
    }
    out
}

fn change(fix: &Fix) -> Value {
    let replacement = json!({
        "deletedRegion": region(&fix.place),
        "insertedContent": {"text": fix.replacement},
    });
    json!({
        "description": {"text": format!("write {}", fix.replacement)},
        "artifactChanges": [{
            "artifactLocation": {"uri": uri(&fix.place.file)},
            "replacements": [replacement],
        }],
    })
}

/// A problem of the file as a whole has no region.
fn location(place: &Place) -> Value {
    let artifact = json!({"uri": uri(&place.file)});
    if place.line == 0 {
        return json!({"artifactLocation": artifact});
    }
    json!({"artifactLocation": artifact, "region": region(place)})
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.line,
        "endColumn": place.column.saturating_add(place.width),
    })
}

/// A path as a URI reference: relative as it is given, absolute with its scheme.
fn uri(path: &str) -> String {
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
