//! What a shape guarantees about the requests made from it.

use super::*;
use crate::verify::{Expect, Receiver};

fn received(requests: &[Vec<u8>]) -> Receiver {
    let mut receiver = Receiver::new(vec![]);
    for request in requests {
        receiver.take(request, 0).expect("a request of ours is well formed");
    }
    receiver
}

#[test]
fn every_span_of_a_run_is_unique_and_its_checksum_is_right() {
    let shape = Shape { spans_per_request: 37, resources: 4, ..Shape::default() };
    let requests: Vec<_> = (0..5).map(|index| build_request(&shape, index)).collect();
    let counts = received(&requests).counts().clone();
    assert_eq!((counts.spans, counts.unique, counts.corrupted), (185, 185, 0));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let shape = Shape { spans_per_request: 8, ..Shape::default() };
    let other = Shape { seed: 2, ..shape.clone() };
    assert_eq!(build_request(&shape, 3), build_request(&shape, 3));
    assert_ne!(build_request(&shape, 3), build_request(&other, 3));
}

#[test]
fn the_published_cases_have_the_published_sizes() {
    for (case, bytes) in [(Case::A, 482_000), (Case::B, 24_700), (Case::C, 2_900)] {
        let found = build_request(&Shape::case(case), 0).len();
        let off = found.abs_diff(bytes) * 100 / bytes;
        assert!(off < 2, "case {case:?} has {found} bytes, published as {bytes}");
    }
}

#[test]
fn attribute_values_are_spread_over_resources_and_requests() {
    let shape = Shape { spans_per_request: 4, resources: 2, ..Shape::default() }
        .with_resource("tenant", "a|b|c");
    assert_eq!(shape.templates().len(), 3, "two resources and three values come round in three");
    let requests: Vec<_> = (0..3).map(|index| build_request(&shape, index)).collect();
    let receiver = received(&requests);
    for tenant in ["tenant=a", "tenant=b", "tenant=c"] {
        assert_eq!(receiver.counts().attributes.get(tenant), Some(&4), "{tenant}");
    }
}

#[test]
fn a_given_resource_attribute_replaces_the_one_of_the_same_key() {
    let shape = Shape { spans_per_request: 1, ..Shape::default() }
        .with_resource("service.namespace", "bank");
    let mut receiver = Receiver::new(vec![Expect::parse("service.namespace=bank").expect("k=v")]);
    receiver.take(&build_request(&shape, 0), 0).expect("well formed");
    assert_eq!(receiver.counts().misrouted, 0);
    assert_eq!(receiver.counts().attributes.get("service.namespace=shop"), None);
}
