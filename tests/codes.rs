//! Each code has a page whose example produces it, with the message that the page shows.
//! `UPDATE_SNAPSHOTS=1 cargo test --test codes` writes the messages anew.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use spanyard::config::{self, Code, HostFacts, Loaded, Problem, Problems, Source};

const HOST: HostFacts = HostFacts { memory_bytes: 1 << 30 };

fn file_of(code: Code) -> PathBuf {
    let name = format!("docs/codes/{}.md", code.as_str());
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The text between a fence and the next.
fn block<'a>(page: &'a str, fence: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("```{fence}\n"))?;
    let end = if rest.starts_with("```") { 0 } else { rest.find("\n```")? + 1 };
    rest.get(..end)
}

/// What is said about the example, of which every block is a file; a page without one is about a
/// file that does not exist.
fn problems_of(page: &str) -> Vec<Problem> {
    let blocks = page.split("```yaml wrong\n").skip(1);
    let texts = blocks.filter_map(|rest| rest.split("\n```").next());
    let source = |(name, text): (&str, &str)| Source::Text {
        name: name.to_owned(),
        text: format!("{text}\n"),
    };
    let mut sources: Vec<Source> =
        ["gateway.yaml", "later.yaml"].into_iter().zip(texts).map(source).collect();
    if sources.is_empty() {
        sources.push(Source::File(PathBuf::from("missing.yaml")));
    }
    match config::load(&sources, &|_| None, &HOST) {
        Ok(Loaded { warnings, .. }) => warnings,
        Err(problems) => Problems::into_vec(problems),
    }
}

#[test]
fn every_code_has_a_page_whose_example_produces_it() -> Result<(), Box<dyn Error>> {
    for code in Code::ALL {
        let word = code.as_str();
        let page = fs::read_to_string(file_of(code))?;
        let found = problems_of(&page);
        let first = found.iter().find(|problem| problem.code == code);
        let first = first.ok_or_else(|| format!("{word}: the example gives {found:?}"))?;
        let message = first.to_string();
        let shown = block(&page, "text").ok_or(word)?;
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            let (before, after) = page.split_once("```text\n").ok_or(word)?;
            let after = after.get(shown.len()..).ok_or(word)?;
            fs::write(file_of(code), format!("{before}```text\n{message}{after}"))?;
        } else {
            assert_eq!(shown, message, "{word}: UPDATE_SNAPSHOTS=1 writes the page anew");
        }
        for heading in ["## What it means", "## Why it matters", "## How to fix it"] {
            assert!(page.contains(heading), "{word}: {heading}");
        }
        assert!(page.starts_with(&format!("# {word}\n\n")), "{word}: the title is the code");
        assert!(code.summary().ends_with('.'), "{word}: the second paragraph is a sentence");
    }
    Ok(())
}

#[test]
fn a_code_is_found_by_its_word_and_nothing_else_is() {
    for code in Code::ALL {
        assert_eq!(Code::from_word(code.as_str()), Some(code));
        let same = Code::ALL.iter().filter(|other| other.as_str() == code.as_str());
        assert_eq!(same.count(), 1, "{}", code.as_str());
    }
    assert_eq!(Code::from_word("E0308"), None);
}

#[test]
fn no_page_is_left_of_a_code_that_is_gone() -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes"))? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        assert!(Code::from_word(stem).is_some(), "{}", path.display());
    }
    Ok(())
}
