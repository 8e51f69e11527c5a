//! How problems read, and how many there may be.

use crate::config::fixture::{messages, try_load};

/// A caret stands under the value, tabs and wide lines included, and secrets are stars.
#[test]
fn a_problem_shows_its_line_with_a_caret_and_without_secrets() {
    let text = "receivers: {otlp: {protocols: {http: {}}}}\n\
                exporters:\n  otlphttp:\n    endpoint: tempo:4318\n    \
                headers: {X-Key: s3cret, authorisation: hunter2, x-n: 5}\n\
                service: {pipelines: {traces: {receivers: [otlp], exporters: [otlphttp]}}}\n";
    let said = try_load(text).expect_err("is refused").to_string();
    let expected = "\
t.yaml:4:15: error[bad-value]: exporters.otlphttp.endpoint: the scheme is missing: \
expected a URL such as http://tempo:4318, found `tempo:4318`
  4 |     endpoint: tempo:4318
    |               ^^^^^^^^^^
  help: begin with http:// or https://

t.yaml:5:59: error[wrong-type]: exporters.otlphttp.headers.x-n: wrong type: \
expected text, found a whole number
  5 |     headers: {X-Key: ******, authorisation: *******, x-n: *}
    |                                                           ^
  help: quote the value

2 errors, 0 warnings";
    assert_eq!(said, expected);
}

/// A value from the environment is named by its reference.
#[test]
fn a_value_from_the_environment_is_not_shown() {
    let text = "receivers: {otlp: {protocols: {http: {endpoint: \"${env:A}\"}}}}\n\
                exporters: {nop: {}}\n\
                service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n";
    let said = try_load(text).expect_err("is refused").to_string();
    assert!(said.contains("found `${env:A}`") && !said.contains("a-value"), "{said}");
}

/// A variable that is not set is said once; what hangs on it is not guessed at.
#[test]
fn a_missing_variable_is_one_problem() {
    let text = "receivers: {otlp: {protocols: {http: {endpoint: \"${env:NONE}\"}}}}\n\
                exporters: {otlphttp: {endpoint: \"${env:NONE}/x\", timeout: \"${NONE}\"}}\n\
                service: {pipelines: {traces: {receivers: [otlp], exporters: [otlphttp]}}}\n";
    assert_eq!(messages(text, 1), ["unset-variable: the variable NONE is not set"]);
    let twice = ["unset-variable: the variable NONE is not set"; 2];
    assert_eq!(messages(text, 2), twice);
}

/// A file of nothing but mistakes fills neither the terminal nor the memory.
#[test]
fn the_number_of_problems_is_bounded() {
    let text: String = (0..5000).map(|n| format!("key{n}: 1\n")).collect();
    let problems = try_load(&text).expect_err("is refused");
    assert_eq!(problems.as_slice().len(), super::PROBLEMS_MAX);
    assert!(problems.errors() > 5000);
    assert!(problems.to_string().contains("further problems are not shown"));
}
