//! Whatever the text, loading a configuration ends with a plan or with problems: it never panics,
//! and every problem can be printed and has a place inside the text.

use std::error::Error;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use spanyard::config::{self, HostFacts, Options, Source};

const HOST: HostFacts = HostFacts { memory_bytes: 1 << 30 };

/// Pieces that mean something to YAML, to substitution or to conditions.
const PIECES: &[&str] = &[
    "\n",
    "  ",
    "- ",
    ": ",
    ":",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "|\n",
    ">-\n",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "\u{feff}",
    "\u{85}",
    "é",
    "\0",
    "?",
    "? ",
    "null",
    "~",
    "0755",
    "1e999",
    "-",
    "${env:A}",
    "${file:tests/configs/parts/queue.yaml}",
    "${file:tests/configs/parts/circle.yaml}",
    "${yaml:[1]}",
    "::",
    "${A:-x}",
    "${",
    "$$",
    "}",
    "otlp",
    "otlp/a",
    "traces",
    "true",
    "attributes[\"k\"] == \"v\"",
    "not (",
    "IsMatch(",
    "route() where ",
    "10",
    "10s",
    "9223372036854775808",
];

/// One change to a text.
#[derive(Clone, Debug)]
enum Change {
    Remove { at: usize, length: usize },
    Insert { at: usize, piece: usize },
    Repeat { at: usize, length: usize, to: usize },
    Truncate { at: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let place = || 0..4096_usize;
    prop_oneof![
        (place(), 1..40_usize).prop_map(|(at, length)| Change::Remove { at, length }),
        (place(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert { at, piece }),
        (place(), 1..120_usize, place()).prop_map(|(at, length, to)| Change::Repeat {
            at,
            length,
            to
        }),
        place().prop_map(|at| Change::Truncate { at }),
    ]
}

fn apply(text: &mut Vec<char>, change: &Change) {
    let bound = text.len();
    let clamp = |at: usize| if bound == 0 { 0 } else { at % (bound + 1) };
    match *change {
        Change::Remove { at, length } => {
            let at = clamp(at);
            drop(text.drain(at..bound.min(at + length)));
        }
        Change::Insert { at, piece } => {
            let at = clamp(at);
            let piece = PIECES.get(piece).copied().unwrap_or_default();
            drop(text.splice(at..at, piece.chars()));
        }
        Change::Repeat { at, length, to } => {
            let at = clamp(at);
            let copy: Vec<char> = text.iter().skip(at).take(length).copied().collect();
            let to = clamp(to);
            drop(text.splice(to..to, copy));
        }
        Change::Truncate { at } => text.truncate(clamp(at)),
    }
}

/// Loads a text and prints everything that is said about it.
fn load(text: &str) {
    load_all(&[Source::Text { name: "t".to_owned(), text: text.to_owned() }], false);
}

fn load_all(sources: &[Source], allow_unset_env: bool) {
    let env = |name: &str| (name == "A").then(|| "{a: [1, ${A}]}".to_owned());
    let options = Options { allow_unset_env };
    let problems = match config::load_with(sources, &options, &env, &HOST) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => {
            assert!(problems.errors() > 0, "what is refused has a reason");
            assert!(!problems.to_string().is_empty());
            problems.into_vec()
        }
    };
    for problem in &problems {
        assert!(!problem.to_string().is_empty());
    }
}

fn files() -> Result<Vec<String>, Box<dyn Error>> {
    let mut files = vec![config::EMBEDDED.to_owned()];
    for directory in ["valid", "invalid"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(directory);
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                files.push(fs::read_to_string(path)?);
            }
        }
    }
    assert!(files.len() > 10, "there are files to change");
    Ok(files)
}

/// Every prefix of every file, cut between characters.
#[test]
fn no_truncated_file_panics() -> Result<(), Box<dyn Error>> {
    for file in files()? {
        for (offset, _) in file.char_indices().step_by(7) {
            load(file.get(..offset).unwrap_or_default());
        }
    }
    Ok(())
}

proptest! {
    /// Files with a few changes still reach far into the decoders.
    #[test]
    fn no_changed_file_panics(
        pick in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..8),
    ) {
        let files = files().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut text: Vec<char> = pick.get(&files).chars().collect();
        for change in &changes {
            apply(&mut text, change);
        }
        load(&text.iter().collect::<String>());
    }

    /// Text made of what YAML gives a meaning to.
    #[test]
    fn no_text_of_pieces_panics(pieces in prop::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.iter().filter_map(|piece| PIECES.get(*piece)).copied().collect();
        load(&text);
    }

    /// Arguments of any text over a file that is right.
    #[test]
    fn no_argument_panics(
        pieces in prop::collection::vec(0..PIECES.len(), 0..12),
        path in "[a-z_.]{1,12}",
        allow in any::<bool>(),
    ) {
        let text: String = pieces.iter().filter_map(|piece| PIECES.get(*piece)).copied().collect();
        let name = "embedded".to_owned();
        let mut sources = vec![Source::Text { name, text: config::EMBEDDED.to_owned() }];
        sources.extend(Source::from_argument(&format!("yaml:service::{text}")));
        sources.extend(Source::from_set(&format!("service.telemetry.{path}={text}")));
        sources.extend(Source::from_set(&text));
        drop(Source::from_argument(&text));
        load_all(&sources, allow);
    }
}
