//! `--format github`: workflow commands, which GitHub shows at the lines of a pull request.
//!
//! `%`, line breaks and, in properties, `:` and `,` are escaped, so that nothing in a file can end
//! a command or begin another.

use super::{Findings, sentence};
use crate::config::{Place, Problem, Severity};

/// One command for each problem.
pub(super) fn write(findings: &Findings) -> String {
    findings.problems.iter().map(command).collect()
}

fn command(problem: &Problem) -> String {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let Place { file, line, column, width } = &problem.place;
    let mut out = format!("::{severity} file={}", property(file));
    if *line > 0 {
        let end = column.saturating_add(width.saturating_sub(1));
        out.push_str(&format!(",line={line},endLine={line},col={column},endColumn={end}"));
    }
    out.push_str(&format!(",title={}::", property(problem.code.as_str())));
    out.push_str(&data(&sentence(problem)));
    if let Some(hint) = &problem.hint {
        out.push_str(&data(&format!("\nhelp: {hint}")));
    }
    out.push('\n');
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
