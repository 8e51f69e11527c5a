//! Splicing on hand-written groups: which segments, which bytes.

mod direct;
mod items;

use super::*;
use crate::edit::{Action, Source};
use crate::encode;
use crate::request::Request;
use crate::schema::Signal;

fn upsert(key: &str, value: &str) -> Edit {
    let value = encode::any_value_string(value).into();
    Edit::new(key.as_bytes(), Action::Upsert(Source::Value(value)))
}

fn delete(key: &str) -> Edit {
    Edit::new(key.as_bytes(), Action::Delete)
}

fn resource(pairs: &[(&str, &str)]) -> Vec<u8> {
    encode::encoded(|out| {
        out.message(1, |resource| {
            pairs.iter().for_each(|(key, value)| resource.string_attribute(1, key, value));
        });
    })
}

fn group(parts: &[&[u8]]) -> Vec<u8> {
    encode::encoded(|out| out.bytes(1, &parts.concat()))
}

const SCOPES: &[u8] = &[0x12, 6, 0x12, 1, 0xff, 0x12, 1, 0xfe];
const SCHEMA: &[u8] = &[0x1a, 1, b's'];

fn edited(request: &[u8], edits: &[Edit]) -> (bool, Vec<u8>, Vec<Segment>) {
    let mut scan = Request::new();
    scan.scan(Signal::Traces, request).unwrap();
    let mut splice = Splice::new();
    let mut changed = false;
    for group in &scan.groups {
        changed |= splice.edit_group(request, group, edits, &[]).unwrap();
    }
    let mut out = Vec::new();
    splice.write_to(request, &mut out);
    assert_eq!(out.len(), splice.len());
    assert_eq!(out.is_empty(), splice.is_empty());
    (changed, out, splice.segments().to_vec())
}

#[test]
fn a_resource_is_replaced_where_it_stands() {
    for place in 0..3 {
        let with = |resource: &[u8]| {
            let mut parts = vec![SCOPES, SCHEMA];
            parts.insert(place, resource);
            group(&parts)
        };
        let request = with(&resource(&[("a", "1"), ("b", "2")]));
        let expected = with(&resource(&[("a", "new"), ("b", "2")]));
        let (changed, out, segments) = edited(&request, &[upsert("a", "new")]);
        assert!(changed);
        assert_eq!(out, expected, "resource in place {place}");
        assert_eq!(segments.len(), if place == 0 { 2 } else { 4 });
    }
}

#[test]
fn an_absent_resource_is_made_only_when_an_edit_adds_to_it() {
    let request = group(&[SCOPES]);
    let (changed, out, _) = edited(&request, &[upsert("a", "1")]);
    assert!(changed);
    assert_eq!(out, group(&[&resource(&[("a", "1")]), SCOPES]));
    let (changed, out, segments) = edited(&request, &[delete("a")]);
    assert!(!changed);
    assert_eq!(out, request);
    assert_eq!(segments.len(), 1);
}

#[test]
fn a_repeated_resource_is_edited_as_one_and_stays_in_its_parts() {
    let request =
        group(&[SCHEMA, &resource(&[("a", "1")]), SCOPES, &resource(&[("a", "2"), ("b", "3")])]);
    let (_, out, _) = edited(&request, &[upsert("a", "x"), delete("b"), upsert("c", "4")]);
    let (first, second) = (resource(&[("a", "x")]), resource(&[("a", "2"), ("c", "4")]));
    assert_eq!(out, group(&[SCHEMA, &first, SCOPES, &second]));
}

#[test]
fn edits_that_change_nothing_leave_every_byte() {
    // Padded lengths, an unknown field, a repeated resource: nothing of it is normalised.
    let pairs = resource(&[("a", "1")]);
    let request = [
        vec![0x8a, 0x00, 0x80 | u8::try_from(pairs.len() + 6).unwrap(), 0x00],
        vec![0x0a, 0x82, 0x80, 0x00, 0x10, 0x01],
        pairs,
    ]
    .concat();
    let cases: &[&[Edit]] = &[
        &[],
        &[upsert("a", "1")],
        &[delete("b")],
        &[upsert("b", "2"), delete("b")],
        &[Edit::new(*b"a", Action::Insert(Source::Value([][..].into())))],
        &[Edit::new(*b"a", Action::Upsert(Source::Attribute(b"a"[..].into())))],
    ];
    for edits in cases {
        let (changed, out, segments) = edited(&request, edits);
        assert!(!changed, "{edits:?}");
        assert_eq!(out, request, "{edits:?}");
        assert_eq!(segments, [Segment::Source(Span::new(0, request.len()))]);
    }
}

#[test]
fn unknown_fields_of_resource_and_of_a_changed_attribute_survive_in_place() {
    // resource { 9: 1, attribute { 7: 1, value "1", 8: 2, key "a" }, dropped 2: 5 }
    let pair = [0x38, 1, 0x12, 3, 0x0a, 1, b'1', 0x40, 2, 0x0a, 1, b'a'];
    let expected = [0x38, 1, 0x12, 4, 0x0a, 2, b'2', b'2', 0x40, 2, 0x0a, 1, b'a'];
    let resource = |pair: &[u8]| {
        encode::encoded(|out| {
            out.message(1, |resource| {
                resource.uint(9, 1);
                resource.bytes(1, pair);
                resource.uint(2, 5);
            });
        })
    };
    let (_, out, _) = edited(&group(&[&resource(&pair)]), &[upsert("a", "22")]);
    assert_eq!(out, group(&[&resource(&expected)]));
}

#[test]
fn an_attribute_without_value_gets_one() {
    let resource =
        |pair: &[u8]| encode::encoded(|out| out.message(1, |inner| inner.bytes(1, pair)));
    let request = group(&[&resource(&[0x0a, 1, b'a'])]);
    let (changed, out, _) = edited(&request, &[upsert("a", "x")]);
    assert!(changed);
    assert_eq!(out, group(&[&resource(&[0x0a, 1, b'a', 0x12, 3, 0x0a, 1, b'x'])]));
}

#[test]
fn lengths_grow_by_a_byte_where_they_must() {
    for len in [100_usize, 126, 127, 128, 16_300, 16_400] {
        let value = "v".repeat(len);
        let (_, out, _) =
            edited(&group(&[&resource(&[("a", "1")]), SCOPES]), &[upsert("a", &value)]);
        assert_eq!(out, group(&[&resource(&[("a", &value)]), SCOPES]), "{len}");
    }
}

#[test]
fn a_used_splice_starts_over_after_clear() {
    let request = group(&[&resource(&[("a", "1")])]);
    let mut scan = Request::new();
    scan.scan(Signal::Logs, &request).unwrap();
    let mut splice = Splice::new();
    for _ in 0..3 {
        splice.clear();
        assert!(splice.is_empty());
        assert!(splice.edit_group(&request, &scan.groups[0], &[delete("a")], &[]).unwrap());
        let mut out = Vec::new();
        splice.write_to(&request, &mut out);
        assert_eq!(out, [0x0a, 2, 0x0a, 0]);
        assert_eq!(splice.patch(), out);
    }
}

#[test]
fn one_huge_edit_does_not_keep_its_memory() {
    let huge = "v".repeat(4 << 20);
    let request = group(&[&resource(&[("a", "1")])]);
    let mut scan = Request::new();
    scan.scan(Signal::Traces, &request).unwrap();
    let mut splice = Splice::new();
    assert!(splice.edit_group(&request, &scan.groups[0], &[upsert("a", &huge)], &[]).unwrap());
    assert!(splice.patch().len() > huge.len());
    assert!(splice.memory() > 2 * huge.len());
    splice.clear();
    assert!(splice.memory() < 6 << 20, "{} bytes are kept", splice.memory());
}

#[test]
fn edits_that_make_far_more_than_came_are_refused() {
    let huge = "v".repeat(1 << 20);
    let request = group(&[&resource(&[("a", "1")])]).repeat(40);
    let mut scan = Request::new();
    scan.scan(Signal::Traces, &request).unwrap();
    let mut splice = Splice::new();
    let edits = [upsert("a", &huge)];
    let mut edit = |group| splice.edit_group(&request, group, &edits, &[]);
    let refused = scan.groups.iter().find_map(|group| edit(group).err()).unwrap();
    assert!(matches!(refused.reason, Reason::EditsTooLarge(_)), "{refused}");
}
