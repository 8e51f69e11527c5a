//! `spanyard migrate`: what changes coming from the Collector, key by key, and a corrected file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::inputs;
use super::{EXIT_CONFIGURATION, EXIT_IO, say};
use crate::config::{self, Migration, Options, SOURCE_BYTES_MAX, Severity};

/// Says what changes coming from the Collector.
#[derive(Args, Debug)]
pub(super) struct Migrate {
    /// Configuration file
    file: PathBuf,
    /// Correct what leaves no doubt: in the file itself, or in that of --output
    #[arg(long)]
    fix: bool,
    /// Where the corrected file is written
    #[arg(long, value_name = "FILE", requires = "fix")]
    output: Option<PathBuf>,
    /// Take a variable that is not set for an empty one, with a warning, as the Collector does
    #[arg(long)]
    allow_unset_env: bool,
}

/// Prints the differences; 78 when the file, corrected or not, has errors.
pub(super) fn migrate(options: &Migrate) -> ExitCode {
    let file = &options.file;
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => return failed(file, &error),
    };
    let name = file.display().to_string();
    let settings = Options { allow_unset_env: options.allow_unset_env };
    let look =
        |text: &str| config::migrate(&name, text, &settings, &inputs::variable, &inputs::facts());
    let migration = look(&text);
    say::out(&report(&migration));
    let fixes = migration.fixes;
    let errors = if options.fix {
        let to = options.output.as_ref().unwrap_or(file);
        if let Err(error) = replace(to, &migration.fixed) {
            return failed(to, &error);
        }
        say::out(&format!("{fixes} corrections made in {}\n", to.display()));
        errors(&look(&migration.fixed))
    } else {
        if fixes > 0 {
            say::out(&format!("{fixes} corrections can be made: spanyard migrate --fix {name}\n"));
        }
        errors(&migration)
    };
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_CONFIGURATION) }
}

fn errors(migration: &Migration) -> usize {
    migration.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
}

fn report(migration: &Migration) -> String {
    let mut out = String::new();
    for note in &migration.notes {
        let (place, path) = (&note.place, &note.path);
        out.push_str(&format!("{}:{}:{}: {path}\n", place.file, place.line, place.column));
        out.push_str(&format!("  {}\n\n", note.text));
    }
    for problem in &migration.problems {
        out.push_str(&format!("{problem}"));
        if let Some(fix) = &problem.fix {
            out.push_str(&format!("  fix: {}\n", fix.replacement));
        }
        out.push('\n');
    }
    if migration.notes.is_empty() && migration.problems.is_empty() {
        out.push_str("nothing changes\n");
    }
    out
}

fn read(file: &Path) -> io::Result<String> {
    let length = fs::metadata(file)?.len();
    if usize::try_from(length).unwrap_or(usize::MAX) > SOURCE_BYTES_MAX {
        let why = format!("longer than {SOURCE_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    fs::read_to_string(file)
}

/// Writes a file as a whole or not at all.
fn replace(to: &Path, text: &str) -> io::Result<()> {
    let mut beside = to.as_os_str().to_owned();
    beside.push(".migrated");
    let beside = PathBuf::from(beside);
    fs::write(&beside, text)?;
    if let Ok(known) = fs::metadata(to) {
        fs::set_permissions(&beside, known.permissions())?;
    }
    fs::rename(&beside, to)
}

fn failed(file: &Path, error: &io::Error) -> ExitCode {
    say::error(&format!("{}: {error}\n", file.display()));
    ExitCode::from(EXIT_IO)
}
