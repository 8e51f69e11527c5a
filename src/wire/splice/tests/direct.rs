//! The direct way and the list of attributes leave the same bytes.

use super::*;

const KEYS: [&str; 3] = ["a", "b", "long"];

/// Resources of the usual form and of others: equal keys, values of more than 127 bytes, pairs
/// with an unknown field, without value or key, turned round, and fields that are no attributes.
fn resources() -> Vec<Vec<u8>> {
    let long = "x".repeat(200);
    let mut bodies = vec![
        resource(&[]),
        resource(&[("b", "2"), ("a", "1")]),
        resource(&[("a", "1"), ("c", "3"), ("a", "2"), ("b", "")]),
        resource(&[("long", &long), ("a", &long), ("b", "2")]),
    ];
    let pairs: [&[u8]; 4] =
        [&[10, 1, b'a', 18, 0, 24, 7], &[10, 1, b'a'], &[18, 0], &[18, 0, 10, 1, b'a']];
    bodies.extend(pairs.map(|pair| {
        encode::encoded(|out| {
            out.message(1, |resource| {
                resource.string_attribute(1, "b", "2");
                resource.uint(2, 5);
                resource.bytes(1, pair);
                resource.bytes(9, b"unknown");
            });
        })
    }));
    bodies
}

fn actions() -> Vec<Action> {
    let value = |text: &str| Source::Value(encode::any_value_string(text).into());
    let default = Source::Or(Box::new(Source::Slot(3)), encode::any_value_int(1).into());
    vec![
        Action::Delete,
        Action::Insert(value("new")),
        Action::Update(value("new")),
        Action::Upsert(value("1")),
        Action::Upsert(Source::Slot(3)),
        Action::Upsert(default),
    ]
}

#[test]
fn what_leaves_does_not_depend_on_the_way() {
    // More edits than the direct way takes, none of which does anything.
    let idle: Vec<_> = (0..5).map(|at| delete(&format!("idle.{at}"))).collect();
    for body in resources() {
        let request = group(&[SCHEMA, &body, SCOPES]);
        for (first, second) in
            actions().iter().flat_map(|a| actions().into_iter().map(move |b| (a, b)))
        {
            for keys in KEYS.iter().flat_map(|a| KEYS.map(|b| [*a, b])) {
                let edits = vec![
                    Edit::new(keys[0].as_bytes(), first.clone()),
                    Edit::new(keys[1].as_bytes(), second.clone()),
                ];
                let listed = [edits.clone(), idle.clone()].concat();
                assert_eq!(edited(&request, &edits), edited(&request, &listed), "{edits:?}");
            }
        }
    }
}

#[test]
fn edits_of_one_key_see_one_another() {
    let request = group(&[&resource(&[("a", "1"), ("a", "2")])]);
    let (_, out, _) = edited(&request, &[delete("a"), upsert("a", "3")]);
    assert_eq!(out, group(&[&resource(&[("a", "3")])]));
}

#[test]
fn an_edit_that_changes_nothing_copies_nothing() {
    let request = group(&[&resource(&[("a", "1"), ("b", "2")]), SCOPES]);
    let mut scan = Request::new();
    scan.scan(Signal::Traces, &request).unwrap();
    let mut splice = Splice::new();
    let edits = [upsert("a", "1"), delete("c")];
    assert!(!splice.edit_group(&request, &scan.groups[0], &edits, &[]).unwrap());
    assert_eq!(splice.segments(), [Segment::Source(scan.groups[0].field)]);
    assert!(splice.patch().is_empty() && splice.changes.len() == 0 && splice.list.memory() == 0);
}
