//! The table of what substitution makes of a value.

use super::expand;
use crate::config::Options;
use crate::config::fixture;
use crate::config::report::Report;
use crate::config::source::{Source, Sources};
use crate::config::yaml::{Typed, Value, parse};

/// The variables of the fixture, and those that lead to one another.
fn env(name: &str) -> Option<String> {
    let fixed = match name {
        "LEADS" => "${env:A}",
        "COUNTS" => "${N}",
        "OPEN" => "p${w",
        "QUOTED" => "\"0755\"",
        "COLOUR" => "#fff",
        "CIRCLE" => "a ${env:CIRCLE_2}",
        "CIRCLE_2" => "b ${env:CIRCLE}",
        "LOST" => "${env:NONE}",
        "STRANGE" => "x${s3cret:x}",
        "PART" => return Some(part("token.txt")),
        _ => return chained(name).or_else(|| fixture::env(name)),
    };
    Some(fixed.to_owned())
}

/// `NAME_<number>`, which names the next one.
fn chained(name: &str) -> Option<String> {
    let (kind, number) = name.rsplit_once('_')?;
    let number: usize = number.parse().ok()?;
    let next = format!("${{env:{kind}_{}}}", number + 1);
    match kind {
        "BOMB" => Some(if number < 30 { format!("{next}{next}") } else { String::new() }),
        "BIG" => Some(if number < 5 { next.repeat(4) } else { "x".repeat(8192) }),
        "STEP" => Some(next),
        "LISTS" => Some(if number < 6 {
            format!("[{}]", vec![format!("\"{next}\""); 10].join(", "))
        } else {
            "x".to_owned()
        }),
        "DEEP" => Some(format!("{}\"{next}\"{}", "[".repeat(20), "]".repeat(20))),
        _ => None,
    }
}

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
        ("${env:DOLLARS}", text("p$$w"), "p$$w"),
        ("x${env:DOLLARS}", text("xp$$w"), "xp$$w"),
        ("${env:LEADS}", text("a-value"), "a-value"),
        ("${env:COUNTS}", Some(Typed::Int(1234)), "1234"),
        ("${env:OPEN}", text("p${w"), "p${w"),
        ("${env:QUOTED}", text("\"0755\""), "\"0755\""),
        ("${env:COLOUR}", text("#fff"), "#fff"),
        ("\"${yaml:[1, 2]}\"", None, "[1, 2]"),
        ("\"${yaml:{a: {b: ${env:N}}}}\"", None, "{a: {b: 1234}}"),
        ("${yaml:12}", Some(Typed::Int(12)), "12"),
        ("id-${yaml:12}", text("id-12"), "id-12"),
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
        ("${env:CIRCLE}", "6 `${env:CIRCLE}` leads back to itself"),
        ("x${env:CIRCLE}", "7 `${env:CIRCLE}` leads back to itself"),
        ("${env:LOST}", "6 what `${env:LOST}` holds refers to a variable that is not set"),
        ("x ${env:LOST}", "8 what `${env:LOST}` holds refers to a variable that is not set"),
        ("${env:STRANGE}", "6 what `${env:STRANGE}` holds refers to an unknown scheme"),
        ("${file:}", "6 a path is missing"),
        ("${https://a}", "6 a value is not fetched over https"),
        ("a${NONE}", "7 the variable NONE is not set"),
        ("\"a${NONE}\"", "8 the variable NONE is not set"),
        ("${env:NONE}", "6 the variable NONE is not set"),
        ("${a-b}", "6 `a-b` is no variable name"),
        ("${vault:x}", "6 `vault:` is an unknown scheme"),
        ("x ${A", "7 `${` without a closing `}`"),
        ("${}", "6 `` is no variable name"),
    ];
    for (written, expected) in cases {
        assert_eq!(expanded(written), Err(expected.to_owned()), "{written}");
    }
    let deep = format!("{}A{}", "${env:".repeat(40), "}".repeat(40));
    assert!(expanded(&deep).expect_err("is refused").ends_with("references nest too deep"));
}

/// A file of `tests/configs/parts`, by a path that does not depend on the working directory.
fn part(name: &str) -> String {
    format!("${{file:{}/tests/configs/parts/{name}}}", env!("CARGO_MANIFEST_DIR"))
}

/// A file as a whole value keeps every byte of its text; inside text its last line break goes.
#[test]
fn a_file_is_a_value_or_a_part_of_one() {
    let text = |s: &str| Some(Typed::Text(s.to_owned()));
    let token = part("token.txt");
    let cases = [
        (token.clone(), text("t0k"), "t0k\n"),
        (format!("Bearer {token}"), text("Bearer t0k"), "Bearer t0k"),
        (format!("{token}-{token}"), text("t0k-t0k"), "t0k-t0k"),
        (part("number.txt"), Some(Typed::Int(2000)), "2000\n"),
        (part("quoted.txt"), text("\"a\""), "\"a\"\n"),
        (part("list.yaml"), None, "- a\n- ${env:A}\n"),
        ("${env:PART}".to_owned(), text("t0k"), "t0k\n"),
    ];
    for (written, typed, value) in cases {
        assert_eq!(expanded(&written), Ok((typed, value.to_owned())), "{written}");
    }
    let missing = expanded(&part("none.txt")).expect_err("is refused");
    assert!(missing.contains("none.txt` cannot be opened: "), "{missing}");
}

/// What is wrong inside a file that a value names is said at its place in that file.
#[test]
fn a_problem_in_a_named_file_has_its_place_there() {
    let circle = expanded("${file:tests/configs/parts/circle.yaml}").expect_err("is refused");
    assert!(circle.ends_with("circle.yaml}` leads back to itself"), "{circle}");
    assert!(circle.starts_with("12 "), "{circle}");
}

/// A few short variables cannot become gigabytes, nor keep the program busy.
#[test]
fn what_references_bring_in_is_bounded() {
    for (name, expected) in [
        ("BOMB_0", "more than 1000 references in one value"),
        ("BIG_0", "too long after replacement"),
        ("STEP_0", "more than 64 references one behind another"),
        ("LISTS_0", "too large after replacement"),
        ("DEEP_0", "nested too deeply after replacement"),
    ] {
        let said = expanded(&format!("${{env:{name}}}")).expect_err(name);
        assert!(said.ends_with(expected), "{name}: {said}");
    }
}
