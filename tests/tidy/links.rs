//! Links of Markdown pages to files of the repository point to something.
//!
//! Only relative links are looked at; what a page says about the file is for a reader to check.

use crate::tree::{self, File};
use crate::{Finding, assert_none};
use std::path::Path;

/// Links of one page that `exists` does not know. Paths are given from the root.
pub(crate) fn check(page: &File, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let directory = page.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    for (index, line) in page.text.lines().enumerate() {
        for target in targets(line) {
            let path = resolve(directory, target);
            if !path.is_some_and(|path| exists(&path)) {
                let what = format!("the link to {target} leads nowhere");
                findings.push(Finding::new(&page.path, index + 1, what));
            }
        }
    }
    findings
}

/// The relative targets of `[text](target)` in a line, without `#fragment`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', ' ', '#']).next()?;
        let foreign = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
        (!foreign).then_some(target)
    })
}

/// `a/b` and `../c` make `a/c`; `None` for what lies outside of the repository.
fn resolve(directory: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                let _parent = parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[test]
fn links_between_pages_lead_somewhere() {
    let files = tree::files().unwrap();
    let pages: Vec<&File> = files.iter().filter(|file| file.path.ends_with(".md")).collect();
    let links: usize =
        pages.iter().flat_map(|page| page.text.lines()).map(|line| targets(line).count()).sum();
    assert!(links > 0, "no link found in {} pages", pages.len());
    let exists = |path: &str| Path::new(tree::root()).join(path).exists();
    let findings: Vec<Finding> = pages.iter().flat_map(|page| check(page, exists)).collect();
    assert_none("links", &findings);
}

#[test]
fn a_link_to_a_file_that_is_not_there_is_caught() {
    let text = "[a](b.md) and [c](../d.md#e)\n[x](https://x.y/z) [y](#here) [z](../../out.md)\n";
    let page = File::made_up("docs/page.md", text);
    let lines = |exists: &[&str]| -> Vec<String> {
        let found = check(&page, |path| exists.contains(&path));
        found.iter().map(ToString::to_string).collect()
    };
    let outside = "docs/page.md:2: the link to ../../out.md leads nowhere";
    assert_eq!(lines(&["docs/b.md", "d.md"]), [outside]);
    let missing = "docs/page.md:1: the link to b.md leads nowhere";
    assert_eq!(lines(&["d.md", "b.md"]), [missing, outside]);
}
