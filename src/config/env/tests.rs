//! The table of what substitution makes of a value.

use super::expand;
use crate::config::Options;
use crate::config::fixture::env;
use crate::config::report::Report;
use crate::config::source::{Source, Sources};
use crate::config::yaml::{Typed, Value, parse};

/// The value of `k: <written>` as a type and as text, or the problem's column and message.
fn expanded(written: &str) -> Result<(Option<Typed>, String), String> {
    let text = format!("k: {written}");
    let source = Source::Text { name: "t".to_owned(), text: text.clone() };
    let sources = Sources::read(&[source], &|_| None);
    let report = Report::new(&sources);
    let mut root = parse(&text, 0, &report).expect("is YAML");
    expand(&mut root, &env, &Options::default(), &report);
    let problems = report.finish();
    if let Some(problem) = problems.as_slice().first() {
        return Err(format!("{} {}", problem.place.column, problem.message));
    }
    let Value::Map(entries) = &root.value else { panic!("a mapping") };
    let node = &entries[0].node;
    let scalar = match &node.value {
        Value::Scalar(scalar) => scalar.text.clone(),
        _ => String::new(),
    };
    let text = node.origin.as_ref().map_or(scalar, |origin| origin.text.clone());
    Ok((node.typed(), text))
}

/// References become what they stand for, typed when they are the whole value.
#[test]
fn references_are_replaced_as_in_the_collector() {
    let text = |s: &str| Some(Typed::Text(s.to_owned()));
    let cases = [
        ("${env:N}", Some(Typed::Int(1234)), "1234"),
        ("\"${env:N}\"", Some(Typed::Int(1234)), "1234"),
        ("${N}", Some(Typed::Int(1234)), "1234"),
        ("id-${env:N}", text("id-1234"), "id-1234"),
        ("${env:N}${env:N}", text("12341234"), "12341234"),
        ("$N", text("$N"), "$N"),
        ("100$", text("100$"), "100$"),
        ("$$", text("$"), "$"),
        ("$${A}", text("${A}"), "${A}"),
        ("$$${env:N}", text("$1234"), "$1234"),
        ("$${A} ${env:A}", text("${A} a-value"), "${A} a-value"),
        ("${env:NONE:-d}", text("d"), "d"),
        ("${NONE:-4318}", Some(Typed::Int(4318)), "4318"),
        ("0.0.0.0:${NONE:-4318}", text("0.0.0.0:4318"), "0.0.0.0:4318"),
        ("${env:NONE:-}", Some(Typed::Null), ""),
        ("${env:EMPTY:-d}", Some(Typed::Null), ""),
        ("${env:${env:WHICH}}", text("a-value"), "a-value"),
        ("${env:NONE:-${env:N}}", Some(Typed::Int(1234)), "1234"),
        ("${NONE:-${ALSO:-x}}", text("x"), "x"),
        ("${NONE:-http://a:1}", text("http://a:1"), "http://a:1"),
        ("${env:OCTAL}", Some(Typed::Int(493)), "0755"),
        ("${env:YES}", text("yes"), "yes"),
        ("${env:DOLLARS}", text("p$$w${A}"), "p$$w${A}"),
        ("${env:MAP}", None, "{grpc: {endpoint: \"127.0.0.1:5317\"}}"),
        ("${env:LINE}", text("two\nlines"), "two\nlines"),
    ];
    for (written, typed, value) in cases {
        assert_eq!(expanded(written), Ok((typed, value.to_owned())), "{written}");
    }
}

/// What cannot be replaced is said at its place inside the value.
#[test]
fn what_cannot_be_replaced_is_a_problem_at_its_place() {
    let cases = [
        ("a${NONE}", "7 the variable NONE is not set"),
        ("\"a${NONE}\"", "8 the variable NONE is not set"),
        ("${env:NONE}", "6 the variable NONE is not set"),
        ("${a-b}", "6 `a-b` is no variable name"),
        ("${vault:x}", "6 unknown scheme `vault`"),
        ("${file:/x}", "6 `${file:...}` is not supported yet"),
        ("x ${A", "7 `${` without a closing `}`"),
        ("${}", "6 `` is no variable name"),
    ];
    for (written, expected) in cases {
        assert_eq!(expanded(written), Err(expected.to_owned()), "{written}");
    }
    let deep = format!("{}A{}", "${env:".repeat(40), "}".repeat(40));
    assert!(expanded(&deep).expect_err("is refused").ends_with("references nest too deep"));
}
