//! The command line: as the Collector is started, plus commands that look at a configuration.
//!
//! Each command is a file of this room. Exit codes: 0 fine, 1 error, 2 usage, 3 stopped with spans
//! lost, 69 no backend, 74 I/O, 78 configuration.

mod check;
mod completion;
mod explain;
mod inputs;
mod man;
mod migrate;
mod print;
mod run;
mod say;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config;

/// A question that has no answer.
const EXIT_ERROR: u8 = 1;
/// Spans were lost.
const EXIT_LOST: u8 = 3;
/// A backend would not take data.
const EXIT_NO_BACKEND: u8 = 69;
/// A file or a socket could not be used.
const EXIT_IO: u8 = 74;
/// The configuration has errors.
const EXIT_CONFIGURATION: u8 = 78;

/// Routes OpenTelemetry traces, metrics and logs to their backends without decoding them.
#[derive(Debug, Parser)]
#[command(name = "spanyard", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::Run,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway (also without naming the command, as the Collector is started)
    Run(run::Run),
    /// Print every problem of a configuration, with its place
    #[command(visible_alias = "validate")]
    Check(check::Check),
    /// Print the effective configuration, secrets masked
    #[command(visible_alias = "print-config", alias = "print-initial-config")]
    Print(print::Print),
    /// Print a JSON Schema of the configuration, for editors
    Schema,
    /// Say what changes coming from the Collector, and correct what leaves no doubt
    Migrate(migrate::Migrate),
    /// List the component types that are built
    Components,
    /// Say what becomes of a request, or what a code means
    Explain(explain::Explain),
    /// Print a completion script
    Completion {
        /// For this shell
        shell: completion::Shell,
    },
    /// Print the manual page
    Man,
}

/// Does what the arguments say.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => run::run(cli.run),
        Some(Command::Run(options)) => run::run(options),
        Some(Command::Check(options)) => check::check(&options),
        Some(Command::Print(options)) => print::print(&options),
        Some(Command::Schema) => said(&format!("{:#}\n", config::schema())),
        Some(Command::Migrate(options)) => migrate::migrate(&options),
        Some(Command::Completion { shell }) => said(&completion::script(shell, &described())),
        Some(Command::Man) => said(&man::page(&described())),
        Some(Command::Components) => said(&config::components()),
        Some(Command::Explain(options)) => explain::explain(&options),
    }
}

/// Prints what needs no configuration.
fn said(text: &str) -> ExitCode {
    say::out(text);
    ExitCode::SUCCESS
}

/// The command line as it describes itself.
fn described() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

#[cfg(test)]
mod tests;
