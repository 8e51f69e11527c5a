//! A small strict reader of the page, for tests: what it accepts, Prometheus accepts.

use std::collections::{BTreeMap, BTreeSet};

/// A family as a reader of the page sees it: samples by the text before their value.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) help: String,
    pub(crate) kind: String,
    pub(crate) samples: BTreeMap<String, f64>,
    pub(crate) labels: BTreeSet<String>,
}

/// Reads a page, strictly: HELP, TYPE, then the samples of that family, every one once.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').expect("a help text");
            current = name.to_owned();
            let family = Family { help: help.to_owned(), ..Family::default() };
            assert!(families.insert(current.clone(), family).is_none(), "{name} twice");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let kind = kind.strip_prefix(&current).and_then(|kind| kind.strip_prefix(' '));
            let family = families.get_mut(&current).expect("HELP first");
            family.kind = kind.expect("a type of the same family").to_owned();
            assert!(["counter", "gauge", "histogram"].contains(&family.kind.as_str()));
        } else {
            sample(families.get_mut(&current).expect("HELP first"), &current, line);
        }
    }
    families
}

fn sample(family: &mut Family, name: &str, line: &str) {
    let (series, value) = line.rsplit_once(' ').expect("a value");
    let rest = series.strip_prefix(name).unwrap_or_else(|| panic!("{series} under {name}"));
    let histogram = ["_bucket", "_sum", "_count"];
    let rest = match histogram.iter().find_map(|suffix| rest.strip_prefix(suffix)) {
        Some(rest) if family.kind == "histogram" => rest,
        _ => rest,
    };
    if let Some(labels) = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        for label in label_names(labels) {
            let _ = family.labels.insert(label);
        }
    } else {
        assert!(rest.is_empty(), "{series}: neither labels nor a value after the name");
    }
    let value = value.parse().unwrap_or_else(|_| panic!("{line}: the value is no number"));
    assert!(family.samples.insert(series.to_owned(), value).is_none(), "{series} twice");
}

/// Names of `a="x",b="y"`, with `\"`, `\\` and `\n` as the only escapes.
fn label_names(mut rest: &str) -> Vec<String> {
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").expect("name=\"");
        names.push(name.to_owned());
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().expect("a closing quote") {
                (_, '\\') => assert!("\\\"n".contains(chars.next().expect("an escape").1)),
                (at, '"') => break at,
                _ => {}
            }
        };
        rest = after.split_at(end + 1).1;
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    names
}
