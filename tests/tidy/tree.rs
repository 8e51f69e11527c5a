//! The files of the repository, read once per rule, in a stable order.
//!
//! Does not ask git: whatever lies in the tree counts, except build output, caches and what
//! package managers put there. Files that are not UTF-8 are skipped.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Directories and files whose contents are not ours, by name, wherever they are.
const SKIPPED: [&str; 8] =
    [".git", "target", "node_modules", ".venv", "corpus", "artifacts", "__pycache__", "Cargo.lock"];

/// One text file.
pub(crate) struct File {
    /// Path from the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    #[cfg(test)]
    pub(crate) fn made_up(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_manifest(&self) -> bool {
        self.path == "Cargo.toml" || self.path.ends_with("/Cargo.toml")
    }
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file of the repository, sorted by path.
pub(crate) fn files() -> io::Result<Vec<File>> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![root().to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if SKIPPED.iter().any(|skipped| name == *skipped) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file()
                && let Ok(text) = String::from_utf8(fs::read(entry.path())?)
            {
                found.push(File { path: relative(&entry.path()), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn relative(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap_or(path);
    let names: Vec<_> = inside.iter().map(|name| name.to_string_lossy()).collect();
    names.join("/")
}

#[test]
fn the_walk_finds_sources_manifests_and_itself_but_no_build_output() {
    let files = files().unwrap();
    let has = |path: &str| files.iter().any(|file| file.path == path);
    assert!(has("Cargo.toml") && has("src/lib.rs") && has("src/wire/lib.rs"));
    assert!(has("tests/tidy/tree.rs"));
    assert!(!files.iter().any(|file| file.path.split('/').any(|name| name == "target")));
}
