//! What changes for a file that comes from the Collector, and the file with what can be corrected
//! without asking.
//!
//! Notes say what a key does differently here; each stands at its key. Corrections come from
//! problems that know one, and from old names that newer Collectors refuse; they are made in the
//! text, so that comments and layout stay.

mod notes;
mod renames;
#[cfg(test)]
mod tests;

use super::problems::{Fix, Place, Problem};
use super::report::{Mark, Report};
use super::source::Sources;
use super::{HostFacts, Options, Source, plan, tree};
use renames::renames;

/// A correction may uncover the next one; this many rounds are made.
const ROUNDS_MAX: usize = 8;

/// What a file's owner should know.
#[derive(Debug)]
pub struct Migration {
    /// What keys of the file do differently here, sorted by place.
    pub notes: Vec<Note>,
    /// Every problem of the file as it is.
    pub problems: Vec<Problem>,
    /// The corrected text.
    pub fixed: String,
    /// Corrections that were made in it.
    pub fixes: usize,
}

/// A difference from the Collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The key.
    pub place: Place,
    /// Its path.
    pub path: String,
    /// What is different.
    pub text: &'static str,
}

/// Looks at one file.
#[must_use]
pub fn migrate(
    name: &str,
    text: &str,
    options: &Options,
    env: &dyn Fn(&str) -> Option<String>,
    host: &HostFacts,
) -> Migration {
    let look = |text: &str| look(name, text, options, env, host);
    let (notes, problems, mut pending) = look(text);
    let (mut fixed, mut fixes) = (text.to_owned(), 0_usize);
    for _ in 0..ROUNDS_MAX {
        let (corrected, made) = apply(&fixed, &pending);
        if made == 0 {
            break;
        }
        fixes = fixes.saturating_add(made);
        fixed = corrected;
        (_, _, pending) = look(&fixed);
    }
    Migration { notes, problems, fixed, fixes }
}

fn look(
    name: &str,
    text: &str,
    options: &Options,
    env: &dyn Fn(&str) -> Option<String>,
    host: &HostFacts,
) -> (Vec<Note>, Vec<Problem>, Vec<Fix>) {
    let source = Source::Text { name: name.to_owned(), text: text.to_owned() };
    let sources = Sources::read(&[source], env);
    let report = Report::new(&sources);
    let root = tree(&sources, options, env, &report);
    let _plan = root.as_ref().and_then(|root| plan(root, host, &report));
    let place = |mark: Mark| Place {
        file: sources.name(mark.source),
        line: mark.line,
        column: mark.column,
        width: mark.width,
    };
    let mut notes = Vec::new();
    let mut fixes = Vec::new();
    if let Some(root) = &root {
        let found = notes::of(root);
        notes.extend(found.into_iter().map(|(mark, path, text)| Note {
            place: place(mark),
            path,
            text,
        }));
        let renamed = renames(root);
        fixes.extend(
            renamed.into_iter().map(|(mark, text)| Fix { place: place(mark), replacement: text }),
        );
    }
    notes.sort_by_key(|note| (note.place.line, note.place.column));
    let problems = report.finish().into_vec();
    let own = problems.iter().filter_map(|problem| problem.fix.clone());
    fixes.extend(own.filter(|fix| *fix.place.file == *name));
    (notes, problems, fixes)
}

/// Makes the corrections in a text, last one first; of two that overlap one is made. Returns how
/// many were.
fn apply(text: &str, fixes: &[Fix]) -> (String, usize) {
    let mut fixes: Vec<&Fix> = fixes.iter().filter(|fix| fix.place.line > 0).collect();
    fixes.sort_by_key(|fix| (fix.place.line, fix.place.column));
    fixes.dedup();
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let mut made = 0_usize;
    let mut last = (usize::MAX, usize::MAX);
    for Fix { place, replacement } in fixes.into_iter().rev() {
        let from = place.column.saturating_sub(1);
        let end = from.saturating_add(place.width);
        if (place.line, end) > last {
            continue;
        }
        let Some(line) = place.line.checked_sub(1).and_then(|index| lines.get_mut(index)) else {
            continue;
        };
        let before: String = line.chars().take(from).collect();
        let after: String = line.chars().skip(end).collect();
        let changed = format!("{before}{replacement}{after}");
        if changed != *line {
            *line = changed;
            made = made.saturating_add(1);
        }
        last = (place.line, from);
    }
    (lines.concat(), made)
}
