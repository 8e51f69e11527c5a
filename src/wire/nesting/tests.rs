//! Values at every place of a request, deep and not too deep, against plain recursion over what
//! prost decodes.

use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::encode::{any_value_array, any_value_int, any_value_map, encoded};

/// A value with so many values one in the other; `maps` says which of them are maps.
fn nested(levels: usize, maps: u64) -> Vec<u8> {
    (1..levels).fold(any_value_int(1), |inner, level| {
        if maps >> (level % 64) & 1 == 1 {
            any_value_map(&[("k", inner)])
        } else {
            any_value_array(&[inner])
        }
    })
}

/// Wraps a body in a field with this number, and with a length of so many bytes if that is more
/// than it needs.
fn wrap(number: u32, padded: usize, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint::write(u64::from(number) << 3 | 2, &mut out);
    let mut len = body.len();
    for _ in 1..padded {
        out.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
        len >>= 7;
    }
    varint::write(len as u64, &mut out);
    out.extend_from_slice(body);
    out
}

fn pair(value: &[u8]) -> Vec<u8> {
    encoded(|pair| {
        pair.string(1, "key");
        pair.bytes(2, value);
    })
}

/// Fields from the request down to an attribute, or to a body; whether it is an attribute.
const PLACES: [(Signal, &[u32], bool); 22] = [
    (Signal::Traces, &[1, 1, 1], true),
    (Signal::Traces, &[1, 2, 1, 3], true),
    (Signal::Traces, &[1, 1000, 1, 3], true),
    (Signal::Traces, &[1, 2, 2, 9], true),
    (Signal::Traces, &[1, 1000, 2, 9], true),
    (Signal::Traces, &[1, 2, 2, 11, 3], true),
    (Signal::Traces, &[1, 2, 2, 13, 4], true),
    (Signal::Logs, &[1, 1, 1], true),
    (Signal::Logs, &[1, 2, 1, 3], true),
    (Signal::Logs, &[1, 2, 2, 6], true),
    (Signal::Logs, &[1, 2, 2, 5], false),
    (Signal::Metrics, &[1, 2, 2, 12], true),
    (Signal::Metrics, &[1, 2, 2, 5, 1, 7], true),
    (Signal::Metrics, &[1, 2, 2, 7, 1, 7], true),
    (Signal::Metrics, &[1, 2, 2, 9, 1, 9], true),
    (Signal::Metrics, &[1, 2, 2, 10, 1, 1], true),
    (Signal::Metrics, &[1, 2, 2, 11, 1, 7], true),
    (Signal::Metrics, &[1, 2, 2, 5, 1, 5, 7], true),
    (Signal::Metrics, &[1, 2, 2, 7, 1, 5, 7], true),
    (Signal::Metrics, &[1, 2, 2, 9, 1, 8, 7], true),
    (Signal::Metrics, &[1, 2, 2, 10, 1, 11, 7], true),
    (Signal::Metrics, &[1, 1, 1], true),
];

/// A request with a value at a place, and something before and behind it at every level.
fn request(place: (Signal, &[u32], bool), value: &[u8], padded: usize) -> Vec<u8> {
    let (_, path, is_pair) = place;
    let body = if is_pair { pair(value) } else { value.to_vec() };
    path.iter().rev().fold(body, |body, number| {
        let stray = [0xfa, 0x7f, 2, 1, 1];
        [&stray[..], &wrap(*number, padded, &body), &stray].concat()
    })
}

fn verdict(signal: Signal, bytes: &[u8], max: usize) -> bool {
    let mut scanned = Request::new();
    scanned.scan(signal, bytes).unwrap();
    let checked = check(signal, bytes, &scanned, max);
    assert_eq!(checked.is_err(), too_deep(signal, bytes, max).is_some() && max > 0, "{max}");
    checked.is_err()
}

#[test]
fn a_value_too_deep_by_one_is_found_at_every_place_and_one_less_is_not() {
    for place in PLACES {
        for max in [1, 2, 5, 99, 100, 101, 300, DEPTH_MAX] {
            for (maps, padded) in [(0, 1), (u64::MAX, 1), (0xaaaa_5555_f0f0_0f0f, 10)] {
                let at =
                    |levels| verdict(place.0, &request(place, &nested(levels, maps), padded), max);
                assert!(!at(max), "{place:?}, {max} levels of {max}");
                assert!(at(max + 1), "{place:?}, {max} levels and one");
            }
        }
    }
}

#[test]
fn zero_is_any_depth_and_more_than_is_kept_track_of_is_as_much() {
    let bytes = request(PLACES[0], &nested(DEPTH_MAX + 1, 7), 1);
    assert!(!verdict(Signal::Traces, &bytes, 0));
    assert!(verdict(Signal::Traces, &bytes, usize::MAX));
}

#[test]
fn only_what_is_long_can_be_deep() {
    for levels in 1..300 {
        assert_eq!(nested(levels, 0).len(), bytes_of(levels - 1) + 2 + extra(levels), "{levels}");
    }
    assert!(bytes_of(LONG_DEPTH) >= LONG);
    assert!(bytes_of(LONG_DEPTH) >= LONG_DEPTH * LEVEL_BYTES);
}

/// What lengths of two and three bytes add when the innermost value has two bytes.
fn extra(levels: usize) -> usize {
    let shortest = |start: usize| {
        (1..levels).fold(start, |bytes, _| varint::framed(1, varint::framed(1, bytes)))
    };
    shortest(2) - shortest(0) - 2
}

#[test]
fn what_decoders_pass_over_is_passed_over() {
    let deep = nested(150, 0);
    // Unknown fields, groups, text, and fields that hold values elsewhere.
    for path in [&[1, 2, 2, 15][..], &[1, 2, 2, 5], &[1, 3], &[1, 2, 2, 9, 1], &[2, 2, 2, 9]] {
        let body = path.iter().rev().fold(pair(&deep), |body, number| wrap(*number, 1, &body));
        assert_eq!(too_deep(Signal::Traces, &body, 100), None, "{path:?}");
    }
    let group = [&[0x4b][..], &wrap(9, 1, &pair(&deep)), &[0x4c]].concat();
    let span = [2, 2, 1].iter().fold(group, |body, number| wrap(*number, 1, &body));
    assert_eq!(too_deep(Signal::Traces, &span, 100), None);
}

#[test]
fn malformed_input_neither_panics_nor_hides_what_stands_before_it() {
    let place = PLACES[3];
    let deep = request(place, &nested(101, 3), 1);
    for end in 0..deep.len() {
        let _deep = too_deep(Signal::Traces, &deep[..end], 100);
    }
    for at in 0..deep.len() {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = deep.clone();
            damaged[at] ^= flip;
            let _deep = too_deep(Signal::Traces, &damaged, 100);
        }
    }
    let broken = [deep.as_slice(), &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat();
    assert!(too_deep(Signal::Traces, &broken, 100).is_some());
}

/// Depth by plain recursion.
fn depth(value: Option<&AnyValue>) -> usize {
    let inner = match value.map(|value| &value.value) {
        None => return 0,
        Some(Some(any_value::Value::ArrayValue(array))) => {
            array.values.iter().map(|value| depth(Some(value))).max()
        }
        Some(Some(any_value::Value::KvlistValue(map))) => Some(deepest(&map.values)),
        Some(_) => None,
    };
    inner.unwrap_or(0) + 1
}

fn deepest(pairs: &[KeyValue]) -> usize {
    pairs.iter().map(|pair| depth(pair.value.as_ref())).max().unwrap_or(0)
}

/// The deepest value of a request at the places that the drawn ones use.
fn oracle(signal: Signal, bytes: &[u8]) -> usize {
    let mut found = vec![0];
    match signal {
        Signal::Traces => {
            for group in ExportTraceServiceRequest::decode(bytes).unwrap().resource_spans {
                found.push(group.resource.map_or(0, |resource| deepest(&resource.attributes)));
                for scope in group.scope_spans {
                    found.push(scope.scope.map_or(0, |scope| deepest(&scope.attributes)));
                    for span in scope.spans {
                        found.push(deepest(&span.attributes));
                        found.extend(span.events.iter().map(|event| deepest(&event.attributes)));
                        found.extend(span.links.iter().map(|link| deepest(&link.attributes)));
                    }
                }
            }
        }
        Signal::Logs => {
            for group in ExportLogsServiceRequest::decode(bytes).unwrap().resource_logs {
                found.push(group.resource.map_or(0, |resource| deepest(&resource.attributes)));
                let scopes = group.scope_logs.iter().filter_map(|scope| scope.scope.as_ref());
                found.extend(scopes.map(|scope| deepest(&scope.attributes)));
                for record in group.scope_logs.iter().flat_map(|scope| &scope.log_records) {
                    found.push(depth(record.body.as_ref()).max(deepest(&record.attributes)));
                }
            }
        }
        Signal::Metrics => {
            for group in ExportMetricsServiceRequest::decode(bytes).unwrap().resource_metrics {
                for metric in group.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
                    found.push(deepest(&metric.metadata));
                }
            }
        }
    }
    found.into_iter().max().unwrap_or(0)
}

/// A tree of values: leaves, arrays and maps, some of them empty.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![any::<i64>().prop_map(any_value_int), Just(Vec::new())];
    leaf.prop_recursive(7, 40, 3, |inner| {
        let several = proptest::collection::vec(inner, 0..3);
        prop_oneof![
            several.clone().prop_map(|values| any_value_array(&values)),
            several.prop_map(|values| {
                let pairs: Vec<_> = values.into_iter().map(|value| ("a key", value)).collect();
                any_value_map(&pairs)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn depth_is_what_recursion_over_the_decoded_request_finds(
        drawn in proptest::collection::vec((0..12_usize, value()), 1..5),
        signal in 0..3_usize,
    ) {
        let signal = Signal::ALL[signal];
        let bytes: Vec<u8> = drawn
            .iter()
            .filter(|(place, _)| PLACES[*place].0 == signal && PLACES[*place].1[1] != 1000)
            .flat_map(|(place, value)| request(PLACES[*place], value, 1))
            .collect();
        let deepest = oracle(signal, &bytes);
        for max in 1..12 {
            prop_assert_eq!(verdict(signal, &bytes, max), deepest > max, "{} of {}", deepest, max);
        }
    }

    #[test]
    fn any_bytes_are_looked_through(bytes in proptest::collection::vec(any::<u8>(), 0..900)) {
        for signal in Signal::ALL {
            for max in [1, 3, 100] {
                if let Some(offset) = too_deep(signal, &bytes, max) {
                    prop_assert!(offset <= bytes.len());
                }
            }
        }
    }
}
