//! Conditions that are understood, and what is said about those that are not.

use crate::config::fixture::try_load;
use crate::config::plan::{Condition, Literal, Stage};

/// A file whose routing table has one row, given as YAML in flow form; it stands in line 2.
fn file(row: &str) -> String {
    format!(
        "connectors: {{routing: {{table: [\n{row}\n]}}}}\n\
         receivers: {{otlp: {{protocols: {{http: {{include_metadata: true}}}}}}}}\n\
         exporters: {{nop: {{}}}}\n\
         service: {{pipelines: {{traces/in: {{receivers: [otlp], exporters: [routing]}}, \
         traces/a: {{receivers: [routing], exporters: [nop]}}}}}}\n"
    )
}

fn row(context: &str, kind: &str, text: &str) -> String {
    let quoted = text.replace('\'', "''");
    format!("{{context: {context}, {kind}: '{quoted}', pipelines: [traces/a]}}")
}

/// The condition in one line, or its first problem's offset in the text, code and message.
fn parsed(context: &str, kind: &str, text: &str) -> Result<String, String> {
    let row = row(context, kind, text);
    let begin = row.find('\'').expect("quoted") + 2;
    match try_load(&file(&row)) {
        Ok(loaded) => {
            let flow = loaded.plan.receivers[0].flows[0].as_ref().expect("a flow");
            let Stage::Switch(switch) = &flow.stages[0] else { panic!("a switch") };
            Ok(show(&switch.rows[0].when))
        }
        Err(problems) => {
            let problem = &problems.as_slice()[0];
            assert_eq!(problem.place.line, 2);
            let offset = problem.place.column - begin;
            Err(format!("{offset} {}: {}", problem.code.as_str(), problem.message))
        }
    }
}

fn show(condition: &Condition) -> String {
    let list = |parts: &[Condition]| parts.iter().map(show).collect::<Vec<_>>().join(" ");
    let sign = |negated: bool| if negated { "!=" } else { "==" };
    match condition {
        Condition::All(parts) => format!("(and {})", list(parts)),
        Condition::Any(parts) => format!("(or {})", list(parts)),
        Condition::Not(inner) => format!("(not {})", show(inner)),
        Condition::Always(value) => value.to_string(),
        Condition::HeaderIs { header, value, negated } => {
            format!("({} header:{header} {value})", sign(*negated))
        }
        Condition::AttributeIs { key, value, negated } => {
            let value = match value {
                Literal::Nil => "nil".to_owned(),
                Literal::String(text) => format!("{text:?}"),
                Literal::Int(value) => value.to_string(),
                Literal::Double(value) => format!("{value:?}"),
                Literal::Bool(value) => value.to_string(),
            };
            format!("({} {key} {value})", sign(*negated))
        }
        Condition::AttributeMatches { key, pattern } => format!("(match {key} {pattern})"),
    }
}

/// The resource conditions that OTTL and this program share.
#[test]
fn resource_conditions_mean_what_they_say() {
    let cases = [
        ("attributes[\"a\"] == \"v\"", "(== a \"v\")"),
        ("resource.attributes[\"a.b\"]!=\"v\"", "(!= a.b \"v\")"),
        ("attributes[\"a\"] != nil", "(!= a nil)"),
        ("attributes[\"a\"] == 5", "(== a 5)"),
        ("attributes[\"a\"] == -5", "(== a -5)"),
        ("attributes[\"a\"] == 1.5", "(== a 1.5)"),
        ("attributes[\"a\"] == true", "(== a true)"),
        ("\"v\" == attributes[\"a\"]", "(== a \"v\")"),
        (
            "attributes[\"a\"] == \"x\" and attributes[\"b\"] == \"y\" or true",
            "(or (and (== a \"x\") (== b \"y\")) true)",
        ),
        (
            "attributes[\"a\"] == \"x\" and (attributes[\"b\"] == \"y\" or true)",
            "(and (== a \"x\") (or (== b \"y\") true))",
        ),
        ("not attributes[\"a\"] == \"x\"", "(not (== a \"x\"))"),
        ("not (true or false)", "(not (or true false))"),
        ("IsMatch(attributes[\"a\"], \"^x.*\")", "(match a ^x.*)"),
        ("not IsMatch(resource.attributes[\"a\"], \"x\")", "(not (match a x))"),
        ("IsMatch(attributes[\"a\"], \"x\") == true", "(match a x)"),
        ("IsMatch(attributes[\"a\"], \"x\") != true", "(not (match a x))"),
        (r#"attributes["a\"b"] == "c\\d""#, r#"(== a"b "c\\d")"#),
    ];
    for (text, expected) in cases {
        assert_eq!(parsed("resource", "condition", text).as_deref(), Ok(expected), "{text}");
    }
}

/// Statements and request conditions have forms of their own.
#[test]
fn statements_and_request_conditions_have_their_own_forms() {
    let cases = [
        ("resource", "statement", "route()", "true"),
        ("resource", "statement", "route() where attributes[\"a\"] == \"v\"", "(== a \"v\")"),
        ("request", "condition", "request[\"X-Org\"] == \"v\"", "(== header:x-org v)"),
        ("request", "condition", "request[\"X-Org\"]!=\"v\"", "(!= header:x-org v)"),
    ];
    for (context, kind, text, expected) in cases {
        assert_eq!(parsed(context, kind, text).as_deref(), Ok(expected), "{text}");
    }
}

/// A mistake is pointed at where it stands inside the condition.
#[test]
fn a_wrong_condition_is_pointed_at_inside_its_text() {
    let cases = [
        ("attributes[\"a\"] = \"v\"", "16 bad-value: `=` does not compare"),
        ("attributes[\"a\"]", "15 bad-value: no comparison"),
        ("attributes[\"a\"] == \"v\" AND true", "23 bad-value: unexpected text"),
        ("attributes[\"a\"] == \"v", "19 bad-value: the text has no closing quote"),
        ("attributes[\"a\"] == null", "19 bad-value: `null` is no word of this language"),
        ("(true", "5 bad-value: unexpected text"),
        ("", "0 bad-value: something is missing here"),
        (
            "IsMatch(attributes[\"a\"], \"(\")",
            "25 bad-value: the pattern is not valid: unclosed group",
        ),
        ("attributes[\"a\"] > 5", "16 not-supported: the operator `>` is not supported yet"),
        (
            "span.attributes[\"a\"] == 5",
            "0 not-supported: the path `span.attributes` is not supported yet",
        ),
        (
            "HasPrefix(attributes[\"a\"], \"x\")",
            "0 not-supported: the function `HasPrefix` is not supported yet",
        ),
        (
            "attributes[\"a\"] == attributes[\"b\"]",
            "0 not-supported: comparing two attributes is not supported yet",
        ),
        (
            "attributes[\"a\"][\"b\"] == 1",
            "15 not-supported: a key inside an attribute's value is not supported yet",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(parsed("resource", "condition", text), Err(expected.to_owned()), "{text}");
    }
    let deep = format!("{}true{}", "(".repeat(100), ")".repeat(100));
    let said = parsed("resource", "condition", &deep);
    assert_eq!(said, Err("32 bad-value: parentheses are nested too deeply".to_owned()));
    for text in ["not request[\"a\"] == \"v\"", "request[\"a\"] == \"v\" x", "request[\"a\"] == 5"]
    {
        assert!(parsed("request", "condition", text).is_err(), "{text}");
    }
}

/// A row says one thing, in a context that can be decided.
#[test]
fn a_row_needs_one_condition_in_a_context_that_can_be_decided() {
    let cases = [
        ("{pipelines: [traces/a]}", "missing: the row has no condition"),
        (
            "{statement: route(), condition: 'true', pipelines: [traces/a]}",
            "conflict: the row has both a condition and a statement",
        ),
        (
            "{context: request, statement: route(), pipelines: [traces/a]}",
            "conflict: the context `request` takes no statement",
        ),
        (
            "{context: span, condition: 'true', pipelines: [traces/a]}",
            "not-supported: the context `span` is not supported yet",
        ),
        ("{context: spam, condition: 'true', pipelines: [traces/a]}", "bad-value: unknown value"),
        ("{condition: 'true'}", "missing: the row names no pipelines"),
        (
            "{condition: 'true', pipelines: [traces/b]}",
            "unknown-reference: no pipeline `traces/b` is defined",
        ),
        (
            "{condition: 'true', pipelines: [traces/in]}",
            "unknown-reference: the pipeline `traces/in` does not take from `routing`",
        ),
        (
            "{statement: 'delete_key(attributes, \"a\") where true', pipelines: [traces/a]}",
            "not-supported: the statement `delete_key(...)` is not supported yet",
        ),
    ];
    for (row, expected) in cases {
        let problems = try_load(&file(row)).expect_err(row);
        let first = problems.as_slice().iter().find(|p| p.place.line == 2).expect("in line 2");
        assert_eq!(format!("{}: {}", first.code.as_str(), first.message), expected, "{row}");
    }
}
