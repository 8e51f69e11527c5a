//! `spanyard explain`: what a code means.

use std::process::ExitCode;

use clap::Args;

use super::{EXIT_USAGE, say};
use crate::config::Code;

/// Says what a code means.
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// A code, such as unknown-key
    code: String,
}

/// Prints the page of a code.
pub(super) fn explain(options: &Explain) -> ExitCode {
    if let Some(code) = Code::from_word(&options.code) {
        say::out(code.page());
        return ExitCode::SUCCESS;
    }
    let words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    say::error(&format!("no code `{}`; there are {}\n", options.code, words.join(", ")));
    ExitCode::from(EXIT_USAGE)
}
