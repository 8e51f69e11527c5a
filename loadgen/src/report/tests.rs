//! Reports say what happened, all of it, and no more.

use super::*;
use crate::pace::Schedule;
use crate::shape::Shape;
use crate::tally::{Tally, Verdict};
use crate::verify::{Acknowledged, Bitmap};

fn run() -> (Plan, Outcome) {
    let endpoint = std::net::SocketAddr::from(([127, 0, 0, 1], 4318));
    let plan = Plan {
        protocol: Protocol::Http,
        carrier: Carrier::Tcp,
        endpoint,
        authority: endpoint.to_string(),
        path: "/v1/traces".to_owned(),
        coding: crate::Coding::Gzip,
        connections: 8,
        streams: 1,
        schedule: Schedule { requests_per_second: Some(10.0), requests: None, duration: None },
        shape: Shape::default(),
        fresh: true,
        headers: Vec::new(),
        timeout: Duration::from_secs(1),
        retry_for: Duration::ZERO,
    };
    let mut tally = Tally::new().expect("valid bounds");
    let ms = Duration::from_millis(1);
    tally.ended(&Verdict::Accepted { rejected_spans: 0 }, ms * 2, ms);
    tally.ended(&Verdict::Failed { message: "HTTP 400: \"no\"".to_owned() }, ms, ms);
    let acknowledged =
        Acknowledged { spans_per_request: 512, requests: Bitmap::default(), rejected: 0 };
    let elapsed = Duration::from_secs(1);
    (plan, Outcome { tally, acknowledged, elapsed, unsent: 3, body_bytes: 1_000 })
}

#[test]
fn people_read_counts_latencies_the_schedule_the_error_and_the_proof() {
    let (plan, outcome) = run();
    let proof = Proof { acknowledged: 512, lost: 2, first_lost: vec![7, 8], ..Proof::default() };
    let text = human(&plan, &outcome, Some(&proof));
    for part in [
        "1 requests, 512 spans in 1.00 s: 1 requests/s, 512 spans/s",
        "0 refused, 1 failed, 0 broken",
        "latency     p50 2.00 ms",
        "3 were never sent",
        "first error HTTP 400: \"no\"",
        "512 acknowledged, 0 arrived: 2 lost",
        "sequences [7, 8]",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn programs_read_the_same_as_json() {
    let (plan, outcome) = run();
    let text = json(&plan, &outcome, Some(&Proof { lost: 2, ..Proof::default() }));
    assert_eq!(crate::json::find_number(&text, "accepted_spans"), Some(512));
    assert_eq!(crate::json::find_number(&text, "lost"), Some(2));
    assert!(text.contains("\"first_error\": \"HTTP 400: \\\"no\\\"\""), "{text}");
    let opened = text.matches('{').count();
    assert_eq!((opened, text.matches('}').count()), (5, 5));
}

#[test]
fn a_sink_leaves_out_what_nobody_expects_but_not_the_faults() {
    let text = sink(&Report::default());
    assert!(text.contains("corrupted") && !text.contains("malformed"), "{text}");
}
