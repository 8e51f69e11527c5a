//! Lengths: shortest, right however wrong the guess was, and within limits and room.

use super::*;
use crate::buf::block::Block;
use crate::buf::budget::Budget;
use crate::buf::pool::Pool;

/// A request of spans with names of `name` bytes, several groups of different sizes.
fn groups(sizes: &[usize], name: usize) -> String {
    let span = format!("{{\"name\":\"{}\"}}", "n".repeat(name));
    let group = |size: &usize| {
        let spans = vec![span.as_str(); *size].join(",");
        format!("{{\"scopeSpans\":[{{\"spans\":[{spans}]}}]}}")
    };
    let groups: Vec<String> = sizes.iter().map(group).collect();
    format!("{{\"resourceSpans\":[{}]}}", groups.join(","))
}

#[test]
fn lengths_are_the_shortest_whatever_was_guessed() {
    for sizes in [&[1][..], &[0, 1, 200, 0, 3], &[5000, 1], &[1, 5000, 1, 0], &[130; 9]] {
        for name in [0, 1, 100, 121, 122, 200, 20_000] {
            if name > 1000 && sizes.iter().sum::<usize>() > 300 {
                continue;
            }
            let json = groups(sizes, name);
            let out = bytes(Signal::Traces, json.as_bytes()).unwrap();
            let request = ExportTraceServiceRequest::decode(out.as_slice()).unwrap();
            assert_eq!(request.encode_to_vec(), out, "{sizes:?} of {name}");
        }
    }
}

#[test]
fn a_large_value_deep_inside_widens_all_lengths_around_it() {
    for size in [1, 127, 128, 20_000, 3_000_000] {
        let text = "x".repeat(size);
        let open = "{\"arrayValue\":{\"values\":[{\"intValue\":1},".repeat(25);
        let json = format!("{open}{{\"stringValue\":\"{text}\"}}{}", "]}}".repeat(25));
        let members = format!("\"attributes\":[{{\"key\":\"k\",\"value\":{json}}}]");
        let out = bytes(Signal::Traces, around(&members).as_bytes()).unwrap();
        let request = ExportTraceServiceRequest::decode(out.as_slice()).unwrap();
        assert_eq!(request.encode_to_vec(), out, "{size}");
    }
}

#[test]
fn more_than_the_limit_is_too_large_and_exactly_the_limit_is_not() {
    let json = groups(&[50], 100);
    let len = bytes(Signal::Traces, json.as_bytes()).unwrap().len();
    let with = |limit| transcode(Signal::Traces, json.as_bytes(), limit, &mut Vec::new());
    assert_eq!(with(len), Ok(()));
    assert_eq!(with(len - 1), Err(FrameError::TooLarge { limit: len - 1 }));
    // Eight bytes out of two.
    let zeros = vec!["0"; 100_000].join(",");
    let json = format!(
        "{{\"resourceMetrics\":[{{\"scopeMetrics\":[{{\"metrics\":[{{\"histogram\":\
         {{\"dataPoints\":[{{\"explicitBounds\":[{zeros}]}}]}}}}]}}]}}]}}"
    );
    let limit = json.len();
    let found = transcode(Signal::Metrics, json.as_bytes(), limit, &mut Vec::new());
    assert_eq!(found, Err(FrameError::TooLarge { limit }));
    assert!(bytes(Signal::Metrics, json.as_bytes()).unwrap().len() > 4 * 200_000 - 100);
}

#[test]
fn a_block_grows_by_its_ticket_and_never_by_itself() {
    let pool = Pool::install(1, 0);
    let budget = Budget::new(1 << 20, 1 << 20, 1, 4096);
    let lease = budget.lease();
    let json = groups(&[400, 2], 150);
    let expected = bytes(Signal::Traces, json.as_bytes()).unwrap();
    let mut block = Block::new(pool.home(), 10, lease.empty()).unwrap();
    transcode(Signal::Traces, json.as_bytes(), 1 << 24, &mut block).unwrap();
    assert_eq!(&*block, expected);
    assert!(block.capacity() <= block.ticket().amount());

    let small = Budget::new(16 << 10, 16 << 10, 1, 1024);
    let mut block = Block::new(pool.home(), 10, small.lease().empty()).unwrap();
    let found = transcode(Signal::Traces, json.as_bytes(), 1 << 24, &mut block);
    assert_eq!(found, Err(FrameError::Overloaded));
    assert!(block.capacity() <= block.ticket().amount());
}
