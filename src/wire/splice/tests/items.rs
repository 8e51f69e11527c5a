//! Items edited lazily: which are opened, which bytes change, what is left as it came.

use super::{SCHEMA, delete, group, resource, upsert};
use crate::edit::tests::tools::{Assignments, Shout, With};
use crate::edit::{Action, Edit, Source};
use crate::encode::{self, Encoder};
use crate::error::Reason;
use crate::items::{Item, ItemFilter, ItemStep};
use crate::request::Request;
use crate::schema::Signal;
use crate::segments::{Segment, Span};
use crate::splice::Splice;
use crate::value::Kind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Takes items by a rule, and counts how many it was asked about.
struct Counted<F> {
    rule: F,
    asked: AtomicUsize,
}

impl<F> std::fmt::Debug for Counted<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.asked)
    }
}

impl<F: Fn(&Item<'_>) -> bool + Send + Sync> ItemFilter for Counted<F> {
    fn takes(&self, item: &Item<'_>) -> bool {
        let _ = self.asked.fetch_add(1, Ordering::Relaxed);
        (self.rule)(item)
    }
}

fn counted<F: Fn(&Item<'_>) -> bool + Send + Sync>(rule: F) -> Arc<Counted<F>> {
    Arc::new(Counted { rule, asked: AtomicUsize::new(0) })
}

fn span(out: &mut Encoder<'_>, name: &str, attributes: &[(&str, &str)]) {
    out.message(2, |span| {
        span.string(5, name);
        attributes.iter().for_each(|(key, value)| span.string_attribute(9, key, value));
    });
}

/// A scope field with these spans.
fn scope(spans: &[(&str, &[(&str, &str)])]) -> Vec<u8> {
    encode::encoded(|out| {
        out.message(2, |scope| {
            scope.message(1, |inner| inner.string(1, "library"));
            spans.iter().for_each(|(name, attributes)| span(scope, name, attributes));
        });
    })
}

fn rewritten(
    signal: Signal,
    request: &[u8],
    steps: &[ItemStep],
) -> Result<(Vec<u8>, Vec<Segment>), Reason> {
    let mut scan = Request::new();
    scan.scan(signal, request).unwrap();
    let steps: Vec<_> = steps.iter().collect();
    let mut splice = Splice::new();
    for group in &scan.groups {
        let edited = splice.rewrite_group(request, signal, group, &[], &steps, &[]);
        let changed = edited.map_err(|error| error.reason)?;
        assert!(changed || splice.patch().is_empty());
    }
    let mut out = Vec::new();
    splice.write_to(request, &mut out);
    Ok((out, splice.segments().to_vec()))
}

fn traces(request: &[u8], steps: &[ItemStep]) -> (Vec<u8>, Vec<Segment>) {
    rewritten(Signal::Traces, request, steps).unwrap()
}

#[test]
fn only_the_item_in_which_a_key_occurs_is_opened_and_written() {
    let plain: (&str, &[(&str, &str)]) = ("plain", &[("b", "1")]);
    let with = |found: &'static [(&'static str, &'static str)]| {
        let mut spans = vec![plain; 9];
        spans[4].1 = found;
        group(&[&resource(&[("secret", "resource")]), &scope(&[plain]), &scope(&spans), SCHEMA])
    };
    let request = with(&[("secret", "s"), ("b", "2")]);
    let filter = counted(|_| true);
    let step = ItemStep::new(vec![delete("secret")], Some(filter.clone()));
    let (out, segments) = traces(&request, &[step]);
    assert_eq!(out, with(&[("b", "2")]));
    assert_eq!(filter.asked.load(Ordering::Relaxed), 1, "one item is looked at");
    // Heads of group, scope and span; before, between and after them and the attribute: slices.
    assert_eq!(segments.len(), 7);
}

#[test]
fn a_group_without_the_key_is_one_slice_and_its_items_are_not_looked_at() {
    let request = group(&[&resource(&[]), &scope(&[("a", &[("b", "1")]), ("c", &[])])]);
    let filter = counted(|_| true);
    let step = ItemStep::new(vec![delete("secret"), delete("token")], Some(filter.clone()));
    let (out, segments) = traces(&request, &[step]);
    assert_eq!(out, request);
    assert_eq!(segments, [Segment::Source(Span::new(0, request.len()))]);
    assert_eq!(filter.asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_constant_is_upserted_into_every_item_and_a_copy_only_where_its_source_is() {
    let request = group(&[&scope(&[("x", &[]), ("y", &[("from", "1")])])]);
    let every = ItemStep::new(vec![upsert("to", "c")], None);
    let (out, _) = traces(&request, &[every]);
    assert_eq!(
        out,
        group(&[&scope(&[("x", &[("to", "c")]), ("y", &[("from", "1"), ("to", "c")])])])
    );

    let filter = counted(|_| true);
    let copy = Action::Insert(Source::Attribute((*b"from").into()));
    let some = ItemStep::new(vec![Edit::new(*b"to", copy)], Some(filter.clone()));
    let (out, _) = traces(&request, &[some]);
    assert_eq!(out, group(&[&scope(&[("x", &[]), ("y", &[("from", "1"), ("to", "1")])])]));
    assert_eq!(filter.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_filter_sees_the_item_as_the_steps_before_left_it() {
    let request = group(&[&scope(&[("x", &[("a", "1")]), ("y", &[("a", "2")])])]);
    let first = ItemStep::new(vec![Edit::new(*b"a", Action::Replace(Arc::new(Shout)))], None);
    let is = |item: &Item<'_>| {
        item.attribute(b"a").is_some_and(|value| value.kind() == Kind::String(b"2!"))
    };
    let second = ItemStep::new(vec![upsert("found", "yes")], Some(counted(is)));
    let (out, _) = traces(&request, &[first, second]);
    let expected = scope(&[("x", &[("a", "1!")]), ("y", &[("a", "2!"), ("found", "yes")])]);
    assert_eq!(out, group(&[&expected]));
}

#[test]
fn a_key_that_an_earlier_step_brings_is_found_by_a_later_one() {
    let request = group(&[&scope(&[("x", &[("from", "late=1")]), ("y", &[("late", "2")])])]);
    let targets = vec![b"new".as_slice().into(), b"late".as_slice().into()];
    let extract = Action::Extract(Arc::new(Assignments(targets)));
    let steps = [
        ItemStep::new(vec![Edit::new(*b"from", extract)], None),
        ItemStep::new(vec![Edit::new(*b"late", Action::Replace(Arc::new(Shout)))], None),
        ItemStep::new(vec![Edit::matching(Arc::new(With(b'f')), Action::Delete)], None),
    ];
    let (out, _) = traces(&request, &steps);
    assert_eq!(out, group(&[&scope(&[("x", &[("late", "1!")]), ("y", &[("late", "2!")])])]));
}

#[test]
fn items_of_deprecated_scopes_are_edited_too() {
    let with = |pairs: &[(&str, &str)]| {
        let scope = encode::encoded(|out| {
            out.message(1000, |scope| span(scope, "x", pairs));
        });
        group(&[&scope])
    };
    let step = ItemStep::new(vec![delete("a")], None);
    assert_eq!(traces(&with(&[("a", "1"), ("b", "2")]), &[step]).0, with(&[("b", "2")]));
}

#[test]
fn an_item_that_is_malformed_inside_is_left_as_it_came() {
    let scope = encode::encoded(|out| {
        out.message(2, |scope| {
            scope.bytes(2, &[0x4a, 5, 0x0a, 1, b'a', 0x12, 0, 0x28]);
            span(scope, "x", &[("a", "1")]);
            scope.bytes(2, &[0x48, b'a']);
        });
    });
    let request = group(&[&scope]);
    let (out, _) = traces(&request, &[ItemStep::new(vec![delete("a")], None)]);
    let left = encode::encoded(|out| {
        out.message(2, |scope| {
            scope.bytes(2, &[0x4a, 5, 0x0a, 1, b'a', 0x12, 0, 0x28]);
            span(scope, "x", &[]);
            scope.bytes(2, &[0x48, b'a']);
        });
    });
    assert_eq!(out, group(&[&left]));
}

#[test]
fn an_item_of_too_many_attributes_is_refused_only_if_it_would_be_edited() {
    let many = [0x4a, 3, 0x0a, 1, b'a'].repeat(70_000);
    let request = group(&[&encode::encoded(|out| out.message(2, |scope| scope.bytes(2, &many)))]);
    let step = |key| [ItemStep::new(vec![delete(key)], None)];
    assert_eq!(traces(&request, &step("b")).0, request);
    let refused = rewritten(Signal::Traces, &request, &step("a")).unwrap_err();
    assert_eq!(refused, Reason::TooManyFields);
}

#[test]
fn many_tiny_items_cannot_be_made_into_a_huge_request() {
    let items = [0x12, 0].repeat(100_000);
    let request = group(&[&encode::encoded(|out| out.bytes(2, &items))]);
    let step = ItemStep::new(vec![upsert("a", &"v".repeat(1000))], None);
    let refused = rewritten(Signal::Traces, &request, &[step]).unwrap_err();
    assert!(matches!(refused, Reason::EditsTooLarge(_)));
}

#[test]
fn points_of_every_kind_of_metric_have_their_attributes_edited() {
    let with = |pairs: &[(&str, &str)]| {
        let metrics = encode::encoded(|out| {
            out.message(2, |scope| {
                for (data, number) in [(5, 7), (7, 7), (9, 9), (10, 1), (11, 7)] {
                    scope.message(2, |metric| {
                        metric.string(1, "size");
                        metric.message(data, |data| {
                            data.message(1, |point| {
                                point.fixed64(3, 1);
                                pairs
                                    .iter()
                                    .for_each(|(k, v)| point.string_attribute(number, k, v));
                            });
                        });
                    });
                }
            });
        });
        group(&[&metrics])
    };
    let filter = counted(|item| item.name() == b"size");
    let step = ItemStep::new(vec![delete("a"), upsert("b", "2")], Some(filter));
    let (out, _) = rewritten(Signal::Metrics, &with(&[("a", "1")]), &[step]).unwrap();
    assert_eq!(out, with(&[("b", "2")]));
}

#[test]
fn scratch_that_has_grown_does_not_grow_again() {
    let spans: Vec<(&str, &[(&str, &str)])> = vec![("x", &[("a", "1")]); 500];
    let request = group(&[&scope(&spans)]);
    let mut scan = Request::new();
    scan.scan(Signal::Traces, &request).unwrap();
    let step = ItemStep::new(vec![upsert("b", "2"), delete("a")], None);
    let mut splice = Splice::new();
    let mut memory = Vec::new();
    for _ in 0..3 {
        splice.clear();
        let group = &scan.groups[0];
        assert!(splice.rewrite_group(&request, Signal::Traces, group, &[], &[&step], &[]).unwrap());
        memory.push(splice.memory());
    }
    assert!(memory[0] == memory[1] && memory[1] == memory[2], "{memory:?}");
}
