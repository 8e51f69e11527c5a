//! Anchors, merge keys, duplicates, bounds.

use super::{Node, Value, parse};
use crate::config::report::Report;
use crate::config::source::{Source, Sources};

/// The tree in one line, or the first problem.
fn flat(text: &str) -> Result<String, String> {
    let source = Source::Text { name: "t".to_owned(), text: text.to_owned() };
    let sources = Sources::read(&[source], &|_| None);
    let report = Report::new(&sources);
    let tree = parse(text, 0, &report).map(|node| show(&node));
    let problems = report.finish();
    match (tree, problems.as_slice().first()) {
        (Some(tree), None) => Ok(tree),
        (_, Some(problem)) => {
            let place = &problem.place;
            Err(format!("{}:{} {}", place.line, place.column, problem.message))
        }
        (None, None) => panic!("no tree and no problem"),
    }
}

fn show(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) => scalar.text.clone(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(show).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Map(entries) => {
            let entry = |e: &super::Entry| format!("{}:{}", e.key, show(&e.node));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(" "))
        }
        Value::Broken => "broken".to_owned(),
    }
}

/// Aliases are copies; `<<` adds what the mapping does not set, wherever it stands.
#[test]
fn anchors_and_merge_keys_are_resolved() {
    let cases = [
        ("a: &x [1, 2]\nb: *x", "{a:[1 2] b:[1 2]}"),
        ("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3", "{a:{k:1 l:2} b:{k:3 l:2}}"),
        (
            "a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y], z: 0}",
            "{a:{k:1} b:{k:2 m:3} c:{z:0 k:1 m:3}}",
        ),
        ("a: &x v\n*x : w", "{a:v v:w}"),
        ("", ""),
        ("a:", "{a:}"),
    ];
    for (text, expected) in cases {
        assert_eq!(flat(text), Ok(expected.to_owned()), "{text}");
    }
}

/// What cannot be a configuration is said with its place.
#[test]
fn what_is_no_configuration_is_refused_with_its_place() {
    let cases = [
        ("a: 1\na: 2", "2:1 `a` is already set in this mapping"),
        ("a: {{ .Values.x }}", "1:5 a list or mapping cannot be a key"),
        ("a: 1\n---\nb: 2", "2:1 a second YAML document starts here"),
        ("a: &x [*x]", "1:8 this alias stands inside the anchor it names"),
        ("a: !file x", "1:4 unknown YAML tag `!file`"),
        ("<<: 5", "1:5 `<<` merges mappings"),
        (": 5", "1:1 a key is missing before the colon"),
    ];
    for (text, expected) in cases {
        assert_eq!(flat(text), Err(expected.to_owned()), "{text}");
    }
    assert!(flat("a: [1, 2").is_err());
    assert!(flat("a:\n\t- b").is_err());
}

/// A few short lines cannot become gigabytes, nor a deep tree a stack overflow.
#[test]
fn expansion_and_depth_are_bounded() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        let items = vec![alias; 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let said = flat(&bomb).expect_err("is refused");
    assert!(said.contains("too large once aliases are expanded"), "{said}");

    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let said = flat(&deep).expect_err("is refused");
    assert!(said.contains("nested too deeply"), "{said}");

    let block: String = (0..5000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(flat(&block).is_err());

    let mut chain = String::from("a0: &a0 [x]\n");
    for level in 1..80 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    let said = flat(&chain).expect_err("is refused");
    assert!(said.contains("nested too deeply"), "{said}");
}
