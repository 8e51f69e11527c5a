//! `spanyard check`: every problem of a configuration, for people and for programs.

mod github;
mod json;
mod probe;
mod sarif;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::inputs::Files;
use super::{EXIT_CONFIGURATION, EXIT_IO, EXIT_NO_BACKEND, say};
use crate::config::plan::Plan;
use crate::config::{Problem, Problems, Severity};

/// Looks for problems.
#[derive(Args, Debug)]
pub(super) struct Check {
    #[command(flatten)]
    files: Files,
    /// How problems are written
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Ask every backend whether it would take data; the answers go to standard error
    #[arg(long)]
    probe: bool,
}

/// How problems are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// With the source line and a caret
    Human,
    /// One JSON object
    Json,
    /// Workflow commands of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// What was found.
struct Findings {
    problems: Vec<Problem>,
    errors: usize,
    warnings: usize,
}

impl Findings {
    fn of(problems: Problems) -> Self {
        let errors = problems.errors();
        let problems = problems.into_vec();
        let is_warning = |problem: &&Problem| problem.severity == Severity::Warning;
        let warnings = problems.iter().filter(is_warning).count();
        Self { problems, errors, warnings }
    }

    /// Errors that were counted and not kept.
    fn not_shown(&self) -> usize {
        self.errors.saturating_add(self.warnings).saturating_sub(self.problems.len())
    }
}

/// Prints what is wrong; 78 when something is.
pub(super) fn check(options: &Check) -> ExitCode {
    let (findings, plan) = match options.files.load() {
        Ok(loaded) => {
            let (warnings, errors) = (loaded.warnings.len(), 0);
            (Findings { problems: loaded.warnings, errors, warnings }, Some(loaded.plan))
        }
        Err(problems) => (Findings::of(problems), None),
    };
    let text = match options.format {
        Format::Human => human(&findings),
        Format::Json => json::write(&findings),
        Format::Github => github::write(&findings),
        Format::Sarif => sarif::write(&findings),
    };
    // People read problems beside the output of what they run; programs read the output.
    if options.format == Format::Human && findings.errors > 0 {
        say::error(&text);
    } else {
        say::out(&text);
    }
    match plan {
        None => ExitCode::from(EXIT_CONFIGURATION),
        Some(plan) if options.probe => asked(&plan),
        Some(_) => ExitCode::SUCCESS,
    }
}

/// Asks the backends; 69 when one of them would not take data.
fn asked(plan: &Plan) -> ExitCode {
    match probe::run(plan) {
        Ok((table, fine)) => {
            say::error(&table);
            if fine { ExitCode::SUCCESS } else { ExitCode::from(EXIT_NO_BACKEND) }
        }
        Err(error) => {
            say::error(&format!("backends cannot be asked: {error}\n"));
            ExitCode::from(EXIT_IO)
        }
    }
}

fn human(findings: &Findings) -> String {
    let mut out = String::new();
    for problem in &findings.problems {
        out.push_str(&format!("{problem}\n"));
    }
    let (errors, warnings) = (findings.errors, findings.warnings);
    if findings.not_shown() > 0 {
        out.push_str(&format!("{} further problems are not shown\n", findings.not_shown()));
    }
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    if errors == 0 {
        out.push_str(&format!("ok: {warnings} warning{}\n", plural(warnings)));
    } else {
        let (e, w) = (plural(errors), plural(warnings));
        out.push_str(&format!("{errors} error{e}, {warnings} warning{w}\n"));
    }
    out
}

/// The message with what was expected and found, in one line.
fn sentence(problem: &Problem) -> String {
    let mut out = String::new();
    if !problem.path.is_empty() {
        out.push_str(&format!("{}: ", problem.path));
    }
    out.push_str(&problem.message);
    if let Some(expected) = &problem.expected {
        out.push_str(&format!(": expected {expected}"));
    }
    if let Some(found) = &problem.found {
        out.push_str(&format!(", found {found}"));
    }
    out
}
