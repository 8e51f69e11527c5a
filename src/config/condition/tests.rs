//! Conditions that are understood, and what is said about those that are not.

use crate::config::fixture::try_load;
use crate::config::plan::{Comparison, Condition, Literal, Operand, Stage};

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
            format!("({} {key} {})", sign(*negated), literal(value))
        }
        Condition::Compare { left, by, right } => {
            let by = match by {
                Comparison::Equal => "==",
                Comparison::Different => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            };
            format!("({by} {} {})", operand(left), operand(right))
        }
        Condition::Matches { of, pattern } => format!("(match {} {pattern})", operand(of)),
    }
}

fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Attribute(key) => key.clone(),
        Operand::Metadata { header, index: None } => format!("metadata:{header}"),
        Operand::Metadata { header, index: Some(index) } => format!("metadata:{header}:{index}"),
        Operand::Literal(value) => literal(value),
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Nil => "nil".to_owned(),
        Literal::String(text) => format!("{text:?}"),
        Literal::Int(value) => value.to_string(),
        Literal::Double(value) => format!("{value:?}"),
        Literal::Bool(value) => value.to_string(),
        Literal::Bytes(bytes) => format!("{bytes:?}"),
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
        ("attributes[\"a\"] > 5", "(> a 5)"),
        ("attributes[\"a\"] <= \"v\"", "(<= a \"v\")"),
        ("5 >= attributes[\"a\"]", "(>= 5 a)"),
        ("attributes[\"a\"] == attributes[\"b\"]", "(== a b)"),
        ("attributes[\"a\"] == 0xaB01", "(== a [171, 1])"),
        ("1 < 2", "(< 1 2)"),
        ("otelcol.client.metadata[\"X-Org\"][0] == \"v\"", "(== metadata:x-org:0 \"v\")"),
        ("otelcol.client.metadata[\"X-Org\"] != nil", "(!= metadata:x-org nil)"),
        ("IsMatch(otelcol.client.metadata[\"X\"][1], \"v\")", "(match metadata:x:1 v)"),
        (r#"IsMatch(attributes["a"], "\\d[[]")"#, r"(match a [0-9][\[])"),
        (r#"attributes["a"] == "\a\x41\v""#, r#"(== a "\u{7}A\u{b}")"#),
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
        (
            "IsMatch(attributes[\"a\"], \"(\")",
            "25 bad-value: the pattern is not valid: unclosed group",
        ),
        ("attributes[\"a\"] > 5 + 1", "20 not-supported: the operator `+` is not supported yet"),
        ("request[\"a\"] == \"v\"", "0 bad-value: `request` belongs to another context"),
        ("attributes[\"a\"] == 0xabc", "19 bad-value: `0xabc` is no bytes literal"),
        (r#"attributes["a"] == "\xff""#, "20 bad-value: unknown escape"),
        (
            "span.attributes[\"a\"] == 5",
            "0 not-supported: the path `span.attributes` is not supported yet",
        ),
        (
            "HasPrefix(attributes[\"a\"], \"x\")",
            "0 not-supported: the function `HasPrefix` is not supported yet",
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
}

/// The Collector's reading of these is crude, and followed.
#[test]
fn a_request_condition_that_can_never_match_is_taken_with_a_warning() {
    for text in
        ["not request[\"a\"] == \"v\"", "request[\"a\"] == \"v\" x", "request[\"a b\"] != \"v\""]
    {
        assert_eq!(parsed("request", "condition", text).as_deref(), Ok("false"), "{text}");
        let loaded = try_load(&file(&row("request", "condition", text))).expect("accepted");
        let said: Vec<&str> = loaded.warnings.iter().map(|w| w.message.as_str()).collect();
        assert!(said.contains(&"the condition never matches any request"), "{said:?}");
    }
    let cases = [
        ("request[\"a\"]", "0 bad-value: no comparison"),
        ("request[\"a\"] == 5", "15 bad-value: no text in double quotes"),
        ("attributes[\"a\"] == \"v\"", "0 bad-value: no condition on a request header"),
        ("request[\"a\"] == \"v\" or request[\"b\"] != \"w\"", "36 bad-value: a second comparison"),
        ("request[\"a\"] == \"x==y\"", "17 bad-value: a second comparison"),
    ];
    for (text, expected) in cases {
        assert_eq!(parsed("request", "condition", text), Err(expected.to_owned()), "{text}");
    }
    let raw = parsed("request", "condition", r#"request["a"]=="v\w "quoted"""#);
    assert_eq!(raw.as_deref(), Ok(r#"(== header:a v\w "quoted")"#), "there are no escapes");
}

/// Rows that do nothing, and groups that go nowhere, are said.
#[test]
fn a_table_says_what_it_drops_and_which_rows_are_never_reached() {
    let warnings = |rows: &str| -> Vec<String> {
        let loaded = try_load(&file(rows)).expect(rows);
        let here = loaded.warnings.iter().filter(|warning| warning.place.line <= 2);
        here.map(|warning| warning.message.clone()).collect()
    };
    let dropped = "what no row takes is dropped, and counted as `no_route`";
    let one = row("resource", "condition", "attributes[\"a\"] == \"v\"");
    assert_eq!(warnings(&one), [dropped]);
    let all = row("resource", "statement", "route()");
    assert_eq!(warnings(&all), Vec::<String>::new());
    let again = row("resource", "statement", "route() where attributes[\"a\"] == \"v\"");
    let repeated = "the row repeats an earlier condition and never takes anything";
    assert_eq!(warnings(&format!("{one}, {again}")), [dropped, repeated]);
}

/// A row says one thing, in a context that can be decided.
#[test]
fn a_row_needs_one_condition_in_a_context_that_can_be_decided() {
    let cases = [
        ("{pipelines: [traces/a]}", "missing: the row has no condition"),
        ("{condition: '', pipelines: [traces/a]}", "missing: the row has no condition"),
        (
            "{condition: 'request[\"a\"] == \"v\"', pipelines: [traces/a]}",
            "bad-value: `request` belongs to another context",
        ),
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
