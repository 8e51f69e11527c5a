//! Tests of the room: the Collector's semantics of conditions, and the walk through a routing
//! table.

use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode::{
    any_value_bool, any_value_bytes, any_value_double, any_value_int, any_value_string, encoded,
};
use spanyard_wire::resource::Resource;

use super::condition::Facts;
use super::walk;
use crate::config::plan::{Branch, Condition, Flow, Literal, Row, Stage, StageId, Switch};

fn resource() -> Vec<u8> {
    encoded(|group| {
        group.message(1, |resource| {
            resource.string_attribute(1, "name", "canary-1");
            resource.attribute(1, "count", &any_value_int(3));
            resource.attribute(1, "ratio", &any_value_double(3.0));
            resource.attribute(1, "flag", &any_value_bool(true));
            resource.attribute(1, "raw", &any_value_bytes(&[0xab, 0x01]));
            resource.attribute(1, "unset", &[]);
        });
    })
}

fn is(key: &str, value: Literal) -> Condition {
    Condition::AttributeIs { key: key.to_owned(), value, negated: false }
}

fn is_not(key: &str, value: Literal) -> Condition {
    Condition::AttributeIs { key: key.to_owned(), value, negated: true }
}

fn matches(key: &str, pattern: &str) -> Condition {
    let pattern = regex::bytes::Regex::new(pattern).expect("a pattern");
    Condition::AttributeMatches { key: key.to_owned(), pattern }
}

fn not(inner: Condition) -> Condition {
    Condition::Not(Box::new(inner))
}

fn text(text: &str) -> Literal {
    Literal::String(text.to_owned())
}

#[test]
fn conditions_hold_as_the_collector_decides_them() {
    let cases = [
        ("text equals", is("name", text("canary-1")), true),
        ("text differs", is("name", text("canary")), false),
        ("an int equals an int", is("count", Literal::Int(3)), true),
        ("an int equals a double by number", is("count", Literal::Double(3.0)), true),
        ("a double equals an int by number", is("ratio", Literal::Int(3)), true),
        ("a bool equals a bool", is("flag", Literal::Bool(true)), true),
        ("another type is not equal", is("count", text("3")), false),
        ("and therefore different", is_not("count", text("3")), true),
        ("missing is nil", is("absent", Literal::Nil), true),
        ("unset is nil", is("unset", Literal::Nil), true),
        ("present is not nil", is_not("name", Literal::Nil), true),
        ("missing equals no text", is("absent", text("")), false),
        ("missing differs from text", is_not("absent", text("")), true),
        ("a pattern is not anchored", matches("name", "nary"), true),
        ("unless it is", matches("name", "^nary"), false),
        ("a pattern sees numbers as text", matches("count", "^3$"), true),
        ("and doubles", matches("ratio", "^3$"), true),
        ("and bools", matches("flag", "^true$"), true),
        ("and bytes as hex", matches("raw", "^ab01$"), true),
        ("missing matches nothing", matches("absent", ""), false),
        ("so its negation holds", not(matches("absent", "")), true),
        ("all of none holds", Condition::All(Vec::new()), true),
        ("any of none does not", Condition::Any(Vec::new()), false),
        ("all", Condition::All(vec![Condition::Always(true), Condition::Always(false)]), false),
        ("any", Condition::Any(vec![Condition::Always(true), Condition::Always(false)]), true),
    ];
    let group = resource();
    for (name, condition, expected) in cases {
        let held = Facts::default().hold(&condition, Resource::of(&group), &[]);
        assert_eq!(held, expected, "{name}");
    }
}

#[test]
fn a_missing_header_matches_neither_equal_nor_different() {
    let condition = |value: &str, negated| Condition::HeaderIs {
        header: "x-tenant".to_owned(),
        value: value.to_owned(),
        negated,
    };
    let mut headers = http::HeaderMap::new();
    let hold = |headers: Option<&http::HeaderMap>, condition: &Condition| {
        Facts { headers, slots: &[] }.hold(condition, Resource::of(&[]), &[])
    };
    for negated in [false, true] {
        assert!(!hold(None, &condition("a", negated)));
        assert!(!hold(Some(&headers), &condition("a", negated)));
    }
    let _ = headers.append("x-tenant", http::HeaderValue::from_static("a"));
    let _ = headers.append("x-tenant", http::HeaderValue::from_static("b"));
    assert!(hold(Some(&headers), &condition("b", false)), "any one value suffices");
    assert!(hold(Some(&headers), &condition("a", true)), "for != too");
    assert!(!hold(Some(&headers), &condition("c", false)));
}

#[test]
fn conditions_see_what_the_processors_before_the_connector_did() {
    let edits = [
        Edit::new(*b"name", Action::Delete),
        Edit::new(*b"env", Action::Upsert(Source::Value(any_value_string("prod").into()))),
    ];
    let group = resource();
    let hold = |condition| Facts::default().hold(&condition, Resource::of(&group), &edits);
    assert!(hold(is("name", Literal::Nil)));
    assert!(hold(is("env", text("prod"))));
}

fn taken(rows: Vec<Row>, default: Vec<StageId>) -> Vec<usize> {
    let branch = |at| Branch { pipeline: format!("traces/{at}"), edits: vec![], legs: vec![] };
    let flow = Flow {
        entry: vec![StageId(0)],
        stages: vec![
            Stage::Switch(Switch { edits: Vec::new(), rows, default }),
            Stage::Leaf(0),
            Stage::Leaf(1),
            Stage::Leaf(2),
        ],
        branches: (0..3).map(branch).collect(),
        slots: Vec::new(),
        by_request: false,
        admit_below: None,
        limiters: Vec::new(),
    };
    let mut taken = Vec::new();
    walk(&flow, &Facts::default(), Resource::of(&[]), |branch| taken.push(branch));
    taken
}

fn row(holds: bool, to: &[usize], copy: bool) -> Row {
    let to = to.iter().copied().map(StageId).collect();
    Row { when: Condition::Always(holds), to, copy }
}

#[test]
fn the_first_row_that_holds_takes_the_group() {
    let rows = vec![row(false, &[1], false), row(true, &[2, 1], false), row(true, &[3], false)];
    assert_eq!(taken(rows, vec![StageId(3)]), [1, 0]);
}

#[test]
fn a_copying_row_lets_the_rest_and_the_default_see_the_group_too() {
    let rows = vec![row(true, &[1], true), row(true, &[2], true)];
    assert_eq!(taken(rows, vec![StageId(3)]), [0, 1, 2]);
    let rows = vec![row(true, &[1], true), row(true, &[2], false)];
    assert_eq!(taken(rows, vec![StageId(3)]), [0, 1]);
}

#[test]
fn what_no_row_takes_goes_to_the_default_or_nowhere() {
    assert_eq!(taken(vec![row(false, &[1], false)], vec![StageId(3)]), [2]);
    assert_eq!(taken(vec![row(false, &[1], false)], Vec::new()), Vec::<usize>::new());
}
