//! `spanyard print`: the configuration as it is after all files, `--set` and `${...}`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::inputs::{self, Files};
use super::{EXIT_CONFIGURATION, say};
use crate::config::{self, Form};

/// Prints the effective configuration.
#[derive(Args, Debug)]
pub(super) struct Print {
    #[command(flatten)]
    files: Files,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    format: Format,
}

/// How a configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// YAML
    Yaml,
    /// JSON
    Json,
}

/// Prints it, and the problems beside it; 78 when one of them is an error.
pub(super) fn print(options: &Print) -> ExitCode {
    let form = match options.format {
        Format::Yaml => Form::Yaml,
        Format::Json => Form::Json,
    };
    let (files, facts) = (&options.files, inputs::facts());
    let (text, problems) =
        config::print(&files.sources(), &files.options(), &inputs::variable, &facts, form);
    if let Some(text) = text {
        say::out(&text);
    }
    if problems.errors() == 0 {
        return ExitCode::SUCCESS;
    }
    say::error(&format!("{problems}\n"));
    ExitCode::from(EXIT_CONFIGURATION)
}
