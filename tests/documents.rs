//! Every configuration that the documentation and `deploy/` show is one that the gateway takes.
#![expect(clippy::expect_used, clippy::panic, reason = "a surprise ends the test")]

use std::fs;
use std::path::{Path, PathBuf};

use spanyard::config::{self, HostFacts, Source};

const HOST: HostFacts = HostFacts { memory_bytes: 1 << 30 };

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
}

/// The YAML blocks of a page that are whole configurations.
fn blocks(page: &str) -> impl Iterator<Item = String> {
    let yaml = page.split("```yaml\n").skip(1);
    yaml.filter_map(|rest| rest.split("\n```").next())
        .filter(|block| is_configuration(block))
        .map(str::to_owned)
}

fn is_configuration(text: &str) -> bool {
    text.lines().any(|line| line == "service:") && text.lines().any(|line| line == "receivers:")
}

fn check(name: String, text: String, variables: &dyn Fn(&str) -> Option<String>) {
    let shown = name.clone();
    if let Err(problems) = config::load(&[Source::Text { name, text }], variables, &HOST) {
        panic!("{shown} is not taken:\n{problems}");
    }
}

#[test]
fn configurations_in_the_documentation_are_taken() {
    let mut pages = vec![root().join("README.md")];
    files(&root().join("docs"), "md", &mut pages);
    let mut checked = 0;
    for page in pages {
        for block in blocks(&fs::read_to_string(&page).expect("a page")) {
            check(page.display().to_string(), block, &|_| None);
            checked += 1;
        }
    }
    assert!(checked >= 2, "only {checked} configurations were found");
}

#[test]
fn configurations_in_deploy_are_taken() {
    let mut found = Vec::new();
    files(&root().join("deploy"), "yaml", &mut found);
    let mut checked = 0;
    for path in found {
        let text = fs::read_to_string(&path).expect("a file");
        if is_configuration(&text) {
            check(path.display().to_string(), text, &|name| Some(format!("http://{name}:4318")));
            checked += 1;
        }
    }
    assert!(checked > 0, "no configuration was found");
}
