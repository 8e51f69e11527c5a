//! Tests of the room: the Collector's semantics of conditions, and the walk through a routing
//! table.

use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode::{
    any_value_array, any_value_bool, any_value_bytes, any_value_double, any_value_int,
    any_value_string, encoded,
};
use spanyard_wire::resource::Resource;

use super::condition::Facts;
use super::walk;
use crate::config::plan::{
    Branch, Comparison, Condition, Flow, Literal, Operand, Row, Stage, StageId, Switch,
};

fn resource() -> Vec<u8> {
    encoded(|group| {
        group.message(1, |resource| {
            resource.string_attribute(1, "name", "canary-1");
            resource.attribute(1, "count", &any_value_int(3));
            resource.attribute(1, "ratio", &any_value_double(3.0));
            resource.attribute(1, "flag", &any_value_bool(true));
            resource.attribute(1, "raw", &any_value_bytes(&[0xab, 0x01]));
            resource.attribute(1, "unset", &[]);
            resource.attribute(1, "hollow", &any_value_bytes(&[]));
            resource.attribute(1, "infinite", &any_value_double(f64::INFINITY));
            let list = any_value_array(&[any_value_int(1), any_value_string("a<b")]);
            resource.attribute(1, "list", &list);
            resource.attribute(1, "same list", &list);
        });
    })
}

fn is(key: &str, value: Literal) -> Condition {
    Condition::AttributeIs { key: key.to_owned(), value, negated: false }
}

fn is_not(key: &str, value: Literal) -> Condition {
    Condition::AttributeIs { key: key.to_owned(), value, negated: true }
}

fn order(left: Operand, by: Comparison, right: Operand) -> Condition {
    Condition::Compare { left, by, right }
}

fn attribute(key: &str) -> Operand {
    Operand::Attribute(key.to_owned())
}

fn metadata(index: Option<usize>) -> Operand {
    Operand::Metadata { header: "x-tenant".to_owned(), index }
}

fn matches(key: &str, pattern: &str) -> Condition {
    let pattern = regex::bytes::Regex::new(pattern).expect("a pattern");
    Condition::Matches { of: Operand::Attribute(key.to_owned()), pattern }
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
        ("bytes of length 0 are nil", is("hollow", Literal::Nil), true),
        ("and no text", is("hollow", text("")), false),
        ("but a pattern sees empty text", matches("hollow", "^$"), true),
        ("present is not nil", is_not("name", Literal::Nil), true),
        ("missing equals no text", is("absent", text("")), false),
        ("missing differs from text", is_not("absent", text("")), true),
        ("a pattern is not anchored", matches("name", "nary"), true),
        ("unless it is", matches("name", "^nary"), false),
        ("a pattern sees numbers as text", matches("count", "^3$"), true),
        ("and doubles", matches("ratio", "^3$"), true),
        ("and bools", matches("flag", "^true$"), true),
        ("and bytes as hex", matches("raw", "^ab01$"), true),
        ("and lists as JSON", matches("list", r#"^\[1,"a\\u003cb"\]$"#), true),
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

/// Type mismatches hold for `!=` only; two nils are equal in every order that admits equality.
#[test]
fn values_are_ordered_within_their_type_and_numbers_among_each_other() {
    use Comparison::{Different, Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let count = || attribute("count");
    let literal = Operand::Literal;
    let cases = [
        (count(), Less, literal(Literal::Int(4)), true),
        (count(), Less, literal(Literal::Double(3.5)), true),
        (count(), LessOrEqual, literal(Literal::Int(3)), true),
        (count(), Greater, literal(Literal::Int(3)), false),
        (literal(Literal::Int(4)), Greater, count(), true),
        (attribute("ratio"), GreaterOrEqual, literal(Literal::Int(3)), true),
        (attribute("name"), Less, literal(text("canary-2")), true),
        (attribute("name"), Less, literal(Literal::Int(4)), false),
        (attribute("name"), Different, literal(Literal::Int(4)), true),
        (attribute("flag"), Greater, literal(Literal::Bool(false)), true),
        (attribute("raw"), Equal, literal(Literal::Bytes(vec![0xab, 1])), true),
        (attribute("absent"), LessOrEqual, literal(Literal::Nil), true),
        (attribute("absent"), Less, literal(Literal::Nil), false),
        (attribute("absent"), GreaterOrEqual, attribute("unset"), true),
        (count(), Equal, attribute("ratio"), true),
        (attribute("list"), Equal, attribute("same list"), true),
        (attribute("list"), LessOrEqual, attribute("same list"), false),
        (attribute("list"), Different, count(), true),
        (literal(Literal::Int(1)), Less, literal(Literal::Int(2)), true),
    ];
    let group = resource();
    for (left, by, right, expected) in cases {
        let name = format!("{left:?} {by:?} {right:?}");
        let held = Facts::default().hold(&order(left, by, right), Resource::of(&group), &[]);
        assert_eq!(held, expected, "{name}");
    }
}

/// An index out of range and an infinite number as text are errors in the Collector.
#[test]
fn what_cannot_be_decided_does_not_hold_and_neither_does_its_negation() {
    let mut headers = http::HeaderMap::new();
    let _ = headers.append("x-tenant", http::HeaderValue::from_static("a"));
    let facts = Facts { metadata: Some(&headers), ..Facts::default() };
    let group = resource();
    let hold = |condition: Condition| facts.hold(&condition, Resource::of(&group), &[]);
    let second = |by| order(metadata(Some(1)), by, Operand::Literal(text("a")));
    assert!(!hold(second(Comparison::Equal)));
    assert!(!hold(not(second(Comparison::Equal))));
    assert!(!hold(matches("infinite", "")));
    assert!(!hold(not(matches("infinite", ""))));
    assert!(hold(Condition::Any(vec![Condition::Always(true), second(Comparison::Equal)])));
}

#[test]
fn request_metadata_is_nil_where_it_is_missing_or_not_kept() {
    let mut headers = http::HeaderMap::new();
    let nil = || Operand::Literal(Literal::Nil);
    let first = |by, right| order(metadata(Some(0)), by, right);
    let hold = |metadata: Option<&http::HeaderMap>, condition: &Condition| {
        Facts { metadata, ..Facts::default() }.hold(condition, Resource::of(&[]), &[])
    };
    assert!(hold(None, &first(Comparison::Equal, nil())));
    assert!(hold(Some(&headers), &first(Comparison::Equal, nil())));
    assert!(hold(None, &first(Comparison::Different, Operand::Literal(text("a")))));
    let _ = headers.append("x-tenant", http::HeaderValue::from_static("a"));
    let _ = headers.append("x-tenant", http::HeaderValue::from_static("b"));
    let equals =
        |index, value| order(metadata(index), Comparison::Equal, Operand::Literal(text(value)));
    assert!(hold(Some(&headers), &equals(Some(0), "a")));
    assert!(hold(Some(&headers), &equals(Some(1), "b")));
    assert!(!hold(Some(&headers), &equals(None, "a")), "a list equals no text");
    assert!(!hold(Some(&headers), &order(metadata(None), Comparison::Equal, nil())));
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
        Facts { headers, ..Facts::default() }.hold(condition, Resource::of(&[]), &[])
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
    walked(rows, default, false)
}

fn walked(rows: Vec<Row>, default: Vec<StageId>, default_if_none: bool) -> Vec<usize> {
    let branch = |at| Branch {
        pipeline: format!("traces/{at}"),
        edits: vec![],
        items: vec![],
        legs: vec![],
    };
    let flow = Flow {
        entry: vec![StageId(0)],
        stages: vec![
            Stage::Switch(Switch { edits: Vec::new(), rows, default, default_if_none }),
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
fn with_match_once_false_the_default_is_for_what_no_row_took() {
    let rows = || vec![row(true, &[1], true), row(true, &[2], true)];
    assert_eq!(walked(rows(), vec![StageId(3)], true), [0, 1]);
    assert_eq!(walked(vec![row(false, &[1], true)], vec![StageId(3)], true), [2]);
}

#[test]
fn what_no_row_takes_goes_to_the_default_or_nowhere() {
    assert_eq!(taken(vec![row(false, &[1], false)], vec![StageId(3)]), [2]);
    assert_eq!(taken(vec![row(false, &[1], false)], Vec::new()), Vec::<usize>::new());
}
