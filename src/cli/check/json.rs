//! `--format json`: one object, documented in `docs/operating.md`. `format` is raised when a member
//! changes its meaning or goes; new ones may come at any time.

use serde_json::{Value, json};

use super::Findings;
use crate::config::{Fix, Place, Problem, Severity};

/// The form of the object.
const FORMAT: u32 = 1;

/// The findings as one JSON object.
pub(super) fn write(findings: &Findings) -> String {
    let problems: Vec<Value> = findings.problems.iter().map(problem).collect();
    let object = json!({
        "format": FORMAT,
        "tool": {"name": "spanyard", "version": env!("CARGO_PKG_VERSION")},
        "ok": findings.errors == 0,
        "errors": findings.errors,
        "warnings": findings.warnings,
        "not_shown": findings.not_shown(),
        "problems": problems,
    });
    format!("{object:#}\n")
}

fn problem(problem: &Problem) -> Value {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "code": problem.code.as_str(),
        "severity": severity,
        "place": place(&problem.place),
        "path": problem.path,
        "message": problem.message,
        "expected": problem.expected,
        "found": problem.found,
        "hint": problem.hint,
        "line_text": problem.line_text,
        "fix": problem.fix.as_ref().map(fix),
    })
}

fn place(place: &Place) -> Value {
    let Place { file, line, column, width } = place;
    json!({"file": **file, "line": line, "column": column, "width": width})
}

fn fix(fix: &Fix) -> Value {
    json!({"place": place(&fix.place), "replacement": fix.replacement})
}
