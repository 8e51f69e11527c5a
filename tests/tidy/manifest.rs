//! Few dependencies, each with its reason.
//!
//! The lock file has a budget; every dependency line of a `Cargo.toml` ends in a `# reason`
//! (`[workspace.dependencies]` holds versions only: the reason stands where it is used); the wire
//! crate and loadgen depend on no more of ours than the architecture allows.

use crate::tree::{self, File};
use crate::{Finding, assert_none};

/// Packages of others in `Cargo.lock`.
const LOCKED_MAX: usize = 247;

/// (manifest, section, what may stand there).
const ONLY: [(&str, &str, &[&str]); 1] =
    [("src/wire/Cargo.toml", "dependencies", &["bytes", "memchr"])];

/// (manifest, a dependency that would turn the arrow round).
const NEVER: [(&str, &str); 2] =
    [("loadgen/Cargo.toml", "spanyard"), ("src/wire/Cargo.toml", "loadgen")];

/// One dependency as written.
struct Dependency<'a> {
    section: &'a str,
    name: &'a str,
    line: usize,
    has_reason: bool,
}

/// The dependencies of a manifest, apart from `[workspace.dependencies]`.
fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let mut found: Vec<Dependency<'_>> = Vec::new();
    let mut section = "";
    let mut inside = false;
    let mut depth = 0_usize;
    for (index, line) in text.lines().enumerate() {
        let (code, comment) = split_comment(line);
        if depth == 0 && code.trim_start().starts_with('[') {
            section = code.trim().trim_matches(['[', ']']);
            inside = section != "workspace.dependencies" && section.contains("dependencies");
        } else if inside && depth == 0 {
            if let Some((key, _)) = code.split_once('=') {
                let name = key.trim().split('.').next().unwrap_or_default().trim_matches('"');
                found.push(Dependency { section, name, line: index + 1, has_reason: false });
            }
            depth = 0;
        }
        if inside {
            let opened = code.matches(['[', '{']).count() + depth;
            depth = opened.saturating_sub(code.matches([']', '}']).count());
            if comment.is_some_and(|reason| !reason.trim().is_empty())
                && !code.trim().is_empty()
                && let Some(last) = found.last_mut()
            {
                last.has_reason = true;
            }
        }
    }
    found
}

/// Splits a line of TOML at the `#` that stands outside of quotes.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => {
                return (line.get(..at).unwrap_or_default(), line.get(at + 1..));
            }
            _ => {}
        }
    }
    (line, None)
}

/// Breaches in one manifest.
pub(crate) fn check(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for dependency in dependencies(&file.text) {
        let Dependency { section, name, line, has_reason } = dependency;
        if !has_reason {
            let what = format!("{name}: a dependency ends in `# reason`");
            findings.push(Finding::new(&file.path, line, what));
        }
        for (path, only_section, allowed) in ONLY {
            if path == file.path && only_section == section && !allowed.contains(&name) {
                let what = format!("{name}: only {} may stand here", allowed.join(", "));
                findings.push(Finding::new(&file.path, line, what));
            }
        }
        if NEVER.contains(&(file.path.as_str(), name)) {
            let what = format!("{name}: this crate stands below it");
            findings.push(Finding::new(&file.path, line, what));
        }
    }
    findings
}

/// Packages of others: those that have a source.
fn locked(lock: &str) -> usize {
    lock.lines().filter(|line| line.starts_with("source = ")).count()
}

#[test]
fn the_lock_file_stays_within_its_budget() {
    let lock = std::fs::read_to_string(tree::root().join("Cargo.lock")).unwrap();
    let packages = locked(&lock);
    assert!(packages > 0, "no package found: has the format of Cargo.lock changed?");
    assert!(packages <= LOCKED_MAX, "{packages} packages of others, at most {LOCKED_MAX}");
}

#[test]
fn every_dependency_has_a_reason_and_points_down() {
    let files = tree::files().unwrap();
    let manifests: Vec<&File> = files.iter().filter(|file| file.is_manifest()).collect();
    assert!(manifests.len() >= 4, "found only {} manifests", manifests.len());
    let counted: usize = manifests.iter().map(|file| dependencies(&file.text).len()).sum();
    assert!(counted > 20, "only {counted} dependencies were read");
    for (path, ..) in ONLY {
        assert!(manifests.iter().any(|file| file.path == path), "{path} is gone from the tree");
    }
    for (path, _) in NEVER {
        assert!(manifests.iter().any(|file| file.path == path), "{path} is gone from the tree");
    }
    let findings: Vec<Finding> = manifests.iter().flat_map(|file| check(file)).collect();
    assert_none("dependencies", &findings);
}

#[cfg(test)]
fn whats(path: &str, text: &str) -> Vec<String> {
    check(&File::made_up(path, text)).iter().map(ToString::to_string).collect()
}

#[test]
fn a_dependency_without_reason_is_caught_in_every_spelling() {
    let reasonless = [
        "[dependencies]\nx = \"1\"\n",
        "[dependencies]\nx.workspace = true #\n",
        "[dev-dependencies]\nx = { version = \"1\", features = [\"#\"] }\n",
        "[target.'cfg(unix)'.dependencies]\nx = { version = \"1\", features = [\n\"a\",\n] }\n",
        "[dependencies]\ny = \"1\" # why\n# x is needed because\nx = \"1\"\n",
    ];
    for text in reasonless {
        let found = whats("Cargo.toml", text);
        assert!(found.len() == 1 && found[0].contains(": x: a dependency"), "{found:?} in {text}");
    }
    let fine = "[workspace.dependencies]\nx = \"1\"\n[package]\nname = \"x\"\n[dependencies]\n\
                x = { version = \"1\", features = [\n\"a\",\n] } # why\ny = \"1\" # why\n";
    assert_eq!(whats("Cargo.toml", fine), Vec::<String>::new());
}

#[test]
fn a_dependency_that_points_up_is_caught() {
    let wire = whats("src/wire/Cargo.toml", "[dependencies]\ntokio = \"1\" # speed\n");
    assert_eq!(wire, ["src/wire/Cargo.toml:2: tokio: only bytes, memchr may stand here"]);
    let loadgen = whats("loadgen/Cargo.toml", "[dev-dependencies]\nspanyard.path = \"..\" # t\n");
    assert_eq!(loadgen, ["loadgen/Cargo.toml:2: spanyard: this crate stands below it"]);
}

#[test]
fn only_packages_of_others_are_counted_in_the_lock_file() {
    let lock = "[[package]]\nname = \"ours\"\n\n[[package]]\nname = \"theirs\"\n\
                source = \"registry+x\"\nchecksum = \"0\"\n";
    assert_eq!(locked(lock), 1);
}
