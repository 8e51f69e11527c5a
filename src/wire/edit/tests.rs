//! `lookup` against applying the edits for real: the two must never disagree.

pub(crate) mod tools;

use super::*;
use crate::encode::{self, Encoder};
use crate::request::Request;
use crate::resource::Resource;
use crate::schema::Signal;
use crate::splice::Splice;
use crate::value::Kind;
use tools::{Assignments, Shout, With};

fn request(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(&mut out).message(1, |group| {
        group.message(1, |resource| {
            for (key, value) in pairs {
                resource.attribute(1, key, &encode::any_value_string(value));
            }
        });
    });
    out
}

fn value(text: &str) -> Source {
    Source::Value(encode::any_value_string(text).into())
}

fn attribute(key: &str) -> Source {
    Source::Attribute(key.as_bytes().into())
}

fn edit(key: &str, action: Action) -> Edit {
    Edit::new(key.as_bytes(), action)
}

fn looked_up(bytes: &[u8], edits: &[Edit], slots: &[Option<&[u8]>], key: &str) -> Option<String> {
    let mut scan = Request::new();
    scan.scan(Signal::Traces, bytes).unwrap();
    let resource = Resource::of(scan.groups[0].body.of(bytes));
    lookup(resource, edits, slots, key.as_bytes()).map(|found| match found.value().kind() {
        Kind::String(text) => String::from_utf8(text.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    })
}

fn applied(bytes: &[u8], edits: &[Edit], slots: &[Option<&[u8]>]) -> Vec<u8> {
    let mut scan = Request::new();
    scan.scan(Signal::Traces, bytes).unwrap();
    let mut splice = Splice::new();
    let _changed = splice.edit_group(bytes, &scan.groups[0], edits, slots).unwrap();
    let mut out = Vec::new();
    splice.write_to(bytes, &mut out);
    out
}

fn extract(targets: &[&str]) -> Action {
    let targets = targets.iter().map(|key| key.as_bytes().into()).collect();
    Action::Extract(Arc::new(Assignments(targets)))
}

fn shout() -> Action {
    Action::Replace(Arc::new(Shout))
}

fn matching(byte: u8, action: Action) -> Edit {
    Edit::matching(Arc::new(With(byte)), action)
}

fn or(source: Source, default: &str) -> Source {
    Source::Or(Box::new(source), encode::any_value_string(default).into())
}

#[test]
fn each_action_does_what_its_name_says() {
    let bytes = request(&[("a", "1")]);
    let cases = [
        (edit("a", Action::Insert(value("2"))), "a", Some("1")),
        (edit("b", Action::Insert(value("2"))), "b", Some("2")),
        (edit("a", Action::Update(value("2"))), "a", Some("2")),
        (edit("b", Action::Update(value("2"))), "b", None),
        (edit("a", Action::Upsert(value("2"))), "a", Some("2")),
        (edit("b", Action::Upsert(value("2"))), "b", Some("2")),
        (edit("a", Action::Delete), "a", None),
        (edit("b", Action::Delete), "a", Some("1")),
        (edit("b", Action::Upsert(attribute("a"))), "b", Some("1")),
        (edit("a", Action::Upsert(attribute("b"))), "a", Some("1")),
        (edit("a", Action::Update(attribute("b"))), "a", Some("1")),
        (edit("b", Action::Insert(attribute("c"))), "b", None),
        (edit("a", Action::Upsert(Source::Slot(0))), "a", Some("slot")),
        (edit("a", Action::Upsert(Source::Slot(1))), "a", Some("1")),
        (edit("a", Action::Upsert(Source::Slot(9))), "a", Some("1")),
        (edit("b", Action::Upsert(or(attribute("a"), "d"))), "b", Some("1")),
        (edit("b", Action::Upsert(or(attribute("c"), "d"))), "b", Some("d")),
        (edit("b", Action::Upsert(or(or(Source::Slot(1), "in"), "out"))), "b", Some("in")),
        (edit("a", shout()), "a", Some("1!")),
        (edit("b", shout()), "b", None),
        (matching(b'a', shout()), "a", Some("1!")),
        (matching(b'b', shout()), "a", Some("1")),
        (matching(b'a', Action::Delete), "a", None),
        (matching(b'a', Action::Upsert(value("2"))), "a", Some("1")),
        (edit("a", extract(&["b"])), "b", None),
    ];
    let slot = encode::any_value_string("slot");
    let slots = [Some(slot.as_slice()), None];
    for (edit, key, expected) in cases {
        let edits = [edit];
        assert_eq!(looked_up(&bytes, &edits, &slots, key).as_deref(), expected, "{edits:?}");
        let after = applied(&bytes, &edits, &slots);
        assert_eq!(looked_up(&after, &[], &[], key).as_deref(), expected, "{edits:?} applied");
    }
}

#[test]
fn looking_up_agrees_with_applying_for_every_short_run_of_edits() {
    let resources: &[&[(&str, &str)]] = &[
        &[],
        &[("a", "1")],
        &[("b", "2")],
        &[("a", "1"), ("b", "2")],
        &[("a", "1"), ("a", "b=3"), ("b", "2,a=5"), ("a", "a=4,b=7")],
        &[("b", "a=1,b=2"), ("a", "x"), ("ab", "a=6,c=0"), ("b", "a=3")],
    ];
    let sources =
        || [value("x"), attribute("a"), attribute("b"), or(attribute("ab"), "d"), Source::Slot(0)];
    let mut actions = vec![Action::Delete, shout(), extract(&["a", "b"])];
    actions.extend(sources().map(Action::Insert));
    actions.extend(sources().map(Action::Update));
    actions.extend(sources().map(Action::Upsert));
    let all: Vec<Edit> =
        actions.iter().flat_map(|action| ["a", "b"].map(|key| edit(key, action.clone()))).collect();
    let more = [matching(b'a', shout()), matching(b'a', Action::Delete)];
    let all = [all, more.to_vec()].concat();
    let slot = encode::any_value_string("slot");
    let slots = [Some(slot.as_slice())];
    let mut checked = 0;
    for pairs in resources {
        let bytes = request(pairs);
        for first in &all {
            for second in &all {
                let third = &all[checked % all.len()];
                let edits = [first.clone(), second.clone(), third.clone()];
                let after = applied(&bytes, &edits, &slots);
                for key in ["a", "b"] {
                    let expected = looked_up(&after, &[], &[], key);
                    assert_eq!(looked_up(&bytes, &edits, &slots, key), expected, "{edits:?}");
                }
                checked += 1;
            }
        }
    }
    assert_eq!(checked, resources.len() * all.len() * all.len());
}

#[test]
fn a_long_ring_of_edits_that_copy_from_one_another_is_looked_up_in_one_pass() {
    let bytes = request(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let keys = ["a", "b", "c"];
    let edits: Vec<Edit> = (0..1000)
        .map(|at| {
            let (key, other) = (keys[at % 3], keys[(at * 7 + 1) % 3]);
            match at % 4 {
                0 => edit(key, Action::Update(attribute(other))),
                1 => edit(key, Action::Insert(attribute(other))),
                2 if at % 20 == 2 => edit(key, Action::Delete),
                _ => edit(key, Action::Upsert(attribute(other))),
            }
        })
        .collect();
    let after = applied(&bytes, &edits, &[]);
    for key in keys {
        let expected = looked_up(&after, &[], &[], key);
        assert_eq!(looked_up(&bytes, &edits, &[], key), expected, "{key}");
    }
}

#[test]
fn an_extraction_puts_all_its_groups_and_leaves_its_source() {
    let bytes = request(&[("from", "b=1,a=2,from=3"), ("a", "0")]);
    let edits = [edit("from", extract(&["a", "b", "from"])), edit("a", shout())];
    let after = applied(&bytes, &edits, &[]);
    assert_eq!(after, request(&[("from", "3"), ("a", "2!"), ("b", "1")]));
    for (key, expected) in [("from", "3"), ("a", "2!"), ("b", "1")] {
        assert_eq!(looked_up(&bytes, &edits, &[], key).as_deref(), Some(expected));
    }
}

#[test]
fn a_key_acts_on_the_first_and_a_pattern_on_all_and_the_rest_keeps_its_order() {
    let bytes = request(&[("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("a", "5")]);
    let first = applied(&bytes, &[edit("a", Action::Delete)], &[]);
    assert_eq!(first, request(&[("b", "2"), ("a", "3"), ("c", "4"), ("a", "5")]));
    let all = applied(&bytes, &[matching(b'a', Action::Delete)], &[]);
    assert_eq!(all, request(&[("b", "2"), ("c", "4")]));
    let shouted = applied(&bytes, &[edit("a", Action::Delete), matching(b'a', shout())], &[]);
    assert_eq!(shouted, request(&[("b", "2"), ("a", "3!"), ("c", "4"), ("a", "5!")]));
}

#[test]
fn edits_are_equal_by_what_they_do_and_objects_by_identity() {
    let replace = shout();
    assert_eq!(edit("a", replace.clone()), edit("a", replace.clone()));
    assert_ne!(edit("a", replace), edit("a", shout()));
    assert_ne!(edit("a", Action::Delete), matching(b'a', Action::Delete));
    assert_ne!(edit("a", Action::Insert(value("1"))), edit("a", Action::Upsert(value("1"))));
}
