//! The proof, tested on made-up deliveries: each kind of mistake is noticed as what it is.

use super::*;
use crate::shape::{Shape, build_request};

fn shape() -> Shape {
    Shape { spans_per_request: 10, resources: 2, ..Shape::default() }
}

fn acknowledged(requests: impl IntoIterator<Item = u64>) -> Acknowledged {
    let mut bits = Bitmap::default();
    for request in requests {
        assert!(bits.set(request));
    }
    Acknowledged { spans_per_request: 10, requests: bits, rejected: 0 }
}

fn evidence(receiver: &Receiver) -> Evidence {
    let counts = receiver.counts();
    Evidence {
        arrived: receiver.run(shape().run).cloned().unwrap_or_default(),
        duplicated: counts.duplicated,
        corrupted: counts.corrupted,
        misrouted: counts.misrouted,
    }
}

fn sink_with(requests: &[u64]) -> Evidence {
    let mut receiver = Receiver::new(vec![]);
    for &request in requests {
        receiver.take(&build_request(&shape(), request), 0).expect("well formed");
    }
    evidence(&receiver)
}

#[test]
fn a_whole_delivery_over_two_sinks_holds() {
    let proof = prove(&acknowledged(0..4), &[sink_with(&[0, 2]), sink_with(&[1, 3])], false);
    assert_eq!((proof.acknowledged, proof.arrived), (40, 40));
    assert!(proof.holds(0), "{proof:?}");
}

#[test]
fn a_lost_request_is_named_by_its_sequences() {
    let proof = prove(&acknowledged(0..3), &[sink_with(&[0, 2])], false);
    assert_eq!(proof.lost, 10);
    assert_eq!(proof.first_lost, (10..20).collect::<Vec<_>>());
    assert!(!proof.holds(9) && proof.holds(10));
}

#[test]
fn a_request_delivered_twice_is_duplicated_in_one_sink_and_over_two() {
    let twice = prove(&acknowledged([0]), &[sink_with(&[0, 0])], false);
    assert_eq!((twice.duplicated, twice.lost), (10, 0));
    let both = [sink_with(&[0]), sink_with(&[0])];
    assert_eq!(prove(&acknowledged([0]), &both, false).duplicated, 10);
    assert!(prove(&acknowledged([0]), &both, true).holds(0), "a fan-out is no duplicate");
}

#[test]
fn a_fan_out_must_reach_every_sink() {
    let proof = prove(&acknowledged(0..2), &[sink_with(&[0, 1]), sink_with(&[0])], true);
    assert_eq!(proof.lost, 10);
}

#[test]
fn a_changed_value_is_corrupted_and_its_span_lost() {
    let mut request = build_request(&shape(), 0);
    let at = request.windows(4).position(|window| window == b"POST").expect("a root span's name");
    request[at] = b'p';
    let mut receiver = Receiver::new(vec![]);
    receiver.take(&request, 0).expect("still well formed");
    let proof = prove(&acknowledged([0]), &[evidence(&receiver)], false);
    assert_eq!((proof.corrupted, proof.lost), (1, 1));
}

#[test]
fn spans_under_the_resource_of_another_group_are_corrupted() {
    let mut request = build_request(&shape(), 0);
    let at = request.windows(7).position(|window| window == b"r000000").expect("a mark");
    request[at + 6] = b'1';
    let mut receiver = Receiver::new(vec![]);
    receiver.take(&request, 0).expect("well formed");
    assert_eq!(receiver.counts().corrupted, 5, "the five spans of the first resource");
}

#[test]
fn spans_for_another_sink_are_misrouted_but_not_lost() {
    let here = shape().with_resource("team", "red|blue");
    let mut receiver = Receiver::new(vec![Expect::parse("team=red").expect("k=v")]);
    receiver.take(&build_request(&here, 0), 0).expect("well formed");
    let proof = prove(&acknowledged([0]), &[evidence(&receiver)], false);
    assert_eq!((proof.misrouted, proof.lost), (5, 0));
    assert!(!proof.holds(0));
}

#[test]
fn a_forbidden_attribute_makes_its_spans_misrouted() {
    let mut receiver = Receiver::new(vec![Expect::parse("!host.name").expect("!k")]);
    receiver.take(&build_request(&shape(), 0), 0).expect("well formed");
    assert_eq!(receiver.counts().misrouted, 10);
}

#[test]
fn what_was_refused_and_came_all_the_same_is_no_fault() {
    let proof = prove(&acknowledged([0]), &[sink_with(&[0, 1])], false);
    assert_eq!(proof.unacknowledged, 10);
    assert!(proof.holds(0));
}

#[test]
fn rejected_spans_are_not_expected() {
    let mut receiver = Receiver::new(vec![]);
    receiver.take(&build_request(&shape(), 0), 3).expect("well formed");
    assert_eq!((receiver.counts().rejected, receiver.counts().unique), (3, 7));
    let told = Acknowledged { rejected: 3, ..acknowledged([0]) };
    let proof = prove(&told, &[evidence(&receiver)], false);
    assert_eq!((proof.acknowledged, proof.lost), (7, 0));
}

#[test]
fn a_malformed_request_counts_nothing() {
    let mut request = build_request(&shape(), 0);
    request.truncate(request.len() - 1);
    let mut receiver = Receiver::new(vec![]);
    assert!(receiver.take(&request, 0).is_err());
    assert_eq!(receiver.counts(), &Counts::default());
}

#[test]
fn foreign_spans_are_unique_by_their_ids() {
    // ResourceSpans { ScopeSpans { Span { trace id, span id } } }, once and again.
    let span: Vec<u8> = [&[10, 16][..], &[7; 16], &[18, 8], &[9; 8]].concat();
    let scope = [&[18, 28][..], &span].concat();
    let request = [&[10, 32, 18, 30][..], &scope].concat();
    let mut receiver = Receiver::new(vec![]);
    receiver.take(&request, 0).expect("well formed");
    receiver.take(&request, 0).expect("well formed");
    let counts = receiver.counts();
    assert_eq!((counts.foreign, counts.unique, counts.duplicated), (2, 1, 1));
}

#[test]
fn a_bitmap_survives_its_journey() {
    let mut bits = Bitmap::default();
    for bit in [0, 63, 64, 1_000] {
        assert!(bits.set(bit));
    }
    assert!(!bits.set(64), "a bit set twice is not new");
    let arrived = Bitmap::from_bytes(&bits.to_bytes());
    assert_eq!(arrived, bits);
    assert_eq!(arrived.iter().collect::<Vec<_>>(), [0, 63, 64, 1_000]);
}
