//! Nothing unfinished and nothing about the machine of whoever wrote it.
//!
//! A plain search over every text file for whole words. The words are put together from halves
//! here, so that this file does not find itself.

use crate::tree::{self, File};
use crate::{Finding, assert_none};

/// (word, whether case counts). Whole words only: `todo = "warn"` is the name of a lint.
const WORDS: [(&str, bool); 10] = [
    (concat!("TO", "DO"), true),
    (concat!("to", "do!"), true),
    (concat!("FIX", "ME"), false),
    (concat!("XX", "X"), true),
    (concat!("HA", "CK"), true),
    (concat!("un", "implemented!"), true),
    (concat!("for", " now"), false),
    (concat!("st", "ub"), false),
    (concat!("W", "IP"), true),
    (concat!("/wo", "rk/"), true),
];

/// Breaches in one file.
pub(crate) fn check(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let lower = line.to_lowercase();
        for (word, case_counts) in WORDS {
            let found = if case_counts {
                contains_word(line, word)
            } else {
                contains_word(&lower, &word.to_lowercase())
            };
            if found {
                let what = format!("`{word}` marks what does not belong in the tree");
                findings.push(Finding::new(&file.path, index + 1, what));
            }
        }
    }
    findings
}

fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + word.len()..).and_then(|text| text.chars().next());
        let ends_open = word.ends_with(|c: char| !c.is_alphanumeric());
        let starts_open = word.starts_with(|c: char| !c.is_alphanumeric());
        (starts_open || !before.is_some_and(in_word)) && (ends_open || !after.is_some_and(in_word))
    })
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn no_file_marks_unfinished_work_or_names_the_machine_it_was_written_on() {
    let files = tree::files().unwrap();
    assert!(files.len() > 10, "the walk found only {} files", files.len());
    let findings: Vec<Finding> = files.iter().flat_map(check).collect();
    assert_none("finished work", &findings);
}

#[test]
fn each_word_is_caught_as_a_word_and_only_as_a_word() {
    for (word, _) in WORDS {
        let file = File::made_up("docs/bad.md", &format!("fine\nhere: {word} it\n"));
        let found = check(&file);
        assert!(found.iter().any(|finding| finding.line == 2), "{word} was not caught");
    }
    let innocent = "mktemp -d /tmp/a.XXXXXX\ntodo = \"warn\"\nwait before nowhere\nstubborn\n";
    assert_eq!(check(&File::made_up("a.sh", innocent)), []);
}
