//! What each answer means, as tables.

use std::time::SystemTime;

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::Engine as _;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header value"))
    };
    pairs.iter().map(pair).collect()
}

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

fn over_http(status: u16, pairs: &[(&'static str, &str)], body: &[u8]) -> Verdict {
    let status = StatusCode::from_u16(status).expect("a status");
    http::judge(status, &headers(pairs), body, SystemTime::UNIX_EPOCH)
}

fn over_grpc(pairs: &[(&'static str, &str)], message: &[u8]) -> Verdict {
    grpc::judge(StatusCode::OK, &headers(pairs), message)
}

#[test]
fn any_2xx_is_a_success() {
    for status in [200, 202, 204, 299] {
        assert_eq!(over_http(status, &[PROTOBUF], b""), Verdict::Accepted { partial: None });
    }
    let empty_partial = over_http(200, &[PROTOBUF], &[0x0a, 0x00]);
    assert_eq!(empty_partial, Verdict::Accepted { partial: None });
    let json = over_http(200, &[("content-type", "application/json")], b"{}");
    assert_eq!(json, Verdict::Accepted { partial: None });
}

#[test]
fn partial_success_is_a_success_with_a_count() {
    let body = reply::partial_success(3, "too old");
    let partial = Some(Partial { rejected: 3, message: "too old".to_owned() });
    let expected = Verdict::Accepted { partial };
    assert_eq!(over_http(200, &[PROTOBUF], &body), expected);
    assert_eq!(over_grpc(&[("grpc-status", "0")], &body), expected);
}

#[test]
fn a_success_that_cannot_be_read_is_tried_again_if_its_type_is_exactly_otlps() {
    let retried = |kind: &str, body: &[u8]| {
        matches!(over_http(200, &[("content-type", kind)], body), Verdict::Retry { .. })
    };
    assert!(retried("application/x-protobuf", b"<html>"));
    assert!(retried("application/json", b"<html>"));
    assert!(!retried("application/x-protobuf; v=1", b"<html>"), "another type");
    assert!(!retried("text/html", b"<html>"));
    assert!(!retried("application/json", b" {\"partialSuccess\":{}}\n"));
    assert!(!retried("application/json", b""));
    assert!(!retried("application/x-protobuf", b""));
    let Verdict::Accepted { partial: Some(partial) } =
        over_grpc(&[("grpc-status", "0")], b"<html>")
    else {
        panic!("over gRPC the status has spoken")
    };
    assert_eq!(partial.rejected, 0);
}

#[test]
fn four_http_statuses_may_be_tried_again_and_no_others() {
    for status in 300..=599 {
        let retried = matches!(over_http(status, &[], b""), Verdict::Retry { .. });
        assert_eq!(retried, matches!(status, 429 | 502 | 503 | 504), "status {status}");
    }
}

#[test]
fn refusals_about_address_or_credentials_are_told_from_those_about_content() {
    let cases = [
        (400, About::Content),
        (401, About::Request),
        (403, About::Request),
        (404, About::Request),
        (413, About::Content),
        (415, About::Request),
        (422, About::Content),
        (500, About::Content),
        (308, About::Request),
    ];
    for (status, expected) in cases {
        let Verdict::Permanent { about, .. } = over_http(status, &[], b"") else {
            panic!("status {status} is not permanent")
        };
        assert_eq!(about, expected, "status {status}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_and_junk_is_nothing() {
    let seconds = Duration::from_secs;
    let cases = [
        ("0", Some(seconds(0))),
        ("2", Some(seconds(2))),
        ("1000000000", Some(seconds(1_000_000_000))),
        ("99999999999999999999999", Some(Duration::from_secs(u64::MAX))),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Thu, 01 Jan 1970 00:00:30 GMT", Some(seconds(30))),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(seconds(0))),
    ];
    for (text, expected) in cases {
        let Verdict::Retry { after, .. } = over_http(503, &[("retry-after", text)], b"") else {
            panic!("503 may be tried again")
        };
        assert_eq!(after, expected, "Retry-After: {text}");
    }
    let past = http::retry_after(
        &HeaderValue::from_static("Thu, 01 Jan 1970 00:00:30 GMT"),
        SystemTime::UNIX_EPOCH + seconds(60),
    );
    assert_eq!(past, Some(Duration::ZERO));
}

#[test]
fn the_reason_holds_status_and_words_cut_and_cleaned() {
    let why = |verdict| match verdict {
        Verdict::Permanent { why, .. } | Verdict::Retry { why, .. } => why,
        Verdict::Accepted { .. } => panic!("not an error"),
    };
    let body = reply::status(3, "span\u{7}name\nmissing", None);
    assert_eq!(why(over_http(400, &[PROTOBUF], &body)), "400: span name missing");
    assert_eq!(why(over_http(500, &[], b"")), "500: Internal Server Error");
    assert_eq!(why(over_http(400, &[], b"nope\r\n")), "400: nope");
    let long = why(over_http(400, &[], &[b'x'; 10_000]));
    assert_eq!(long.len(), "400: ".len() + WORDS_MAX + "...".len());
    let redirect = why(over_http(308, &[("location", "https://b/v1/traces")], b""));
    assert!(redirect.ends_with("set the endpoint to https://b/v1/traces"), "{redirect}");
    let tempo = why(over_http(401, &[], b"no org id"));
    assert!(tempo.contains("X-Scope-OrgID"), "{tempo}");
}

#[test]
fn grpc_codes_are_tried_again_by_the_list_of_otlp() {
    for code in 1..=16 {
        let retried =
            matches!(over_grpc(&[("grpc-status", &code.to_string())], b""), Verdict::Retry { .. });
        assert_eq!(retried, matches!(code, 1 | 4 | 10 | 11 | 14 | 15), "code {code}");
    }
}

#[test]
fn resource_exhausted_is_tried_again_only_with_retry_info() {
    let delay = Duration::from_millis(1_500);
    let status = reply::status(8, "slow down", Some(delay));
    for engine in [
        base64::engine::general_purpose::STANDARD,
        base64::engine::general_purpose::STANDARD_NO_PAD,
    ] {
        let details = engine.encode(&status);
        let pairs = [("grpc-status", "8"), ("grpc-status-details-bin", details.as_str())];
        let why = "RESOURCE_EXHAUSTED: slow down".to_owned();
        let expected = Verdict::Retry { after: Some(delay), throttled: true, code: 8, why };
        assert_eq!(over_grpc(&pairs, b""), expected);
    }
    let bare = over_grpc(&[("grpc-status", "8")], b"");
    assert!(matches!(bare, Verdict::Permanent { about: About::Content, .. }));
}

#[test]
fn grpc_messages_are_percent_decoded() {
    let cases = [
        ("plain", "INTERNAL: plain"),
        ("caf%C3%A9", "INTERNAL: caf\u{e9}"),
        ("100%", "INTERNAL: 100%"),
        ("%zz%4", "INTERNAL: %zz%4"),
    ];
    for (message, expected) in cases {
        let pairs = [("grpc-status", "13"), ("grpc-message", message)];
        let Verdict::Permanent { why, .. } = over_grpc(&pairs, b"") else {
            panic!("INTERNAL is permanent")
        };
        assert_eq!(why, expected);
    }
}

#[test]
fn an_answer_without_grpc_status_is_judged_by_its_http_status() {
    let judged = |status: u16| {
        let status = StatusCode::from_u16(status).expect("a status");
        grpc::judge(status, &HeaderMap::new(), b"")
    };
    for status in [429, 502, 503, 504] {
        assert!(matches!(judged(status), Verdict::Retry { .. }), "status {status}");
    }
    for status in [200, 400, 401, 403, 404, 500] {
        assert!(matches!(judged(status), Verdict::Permanent { .. }), "status {status}");
    }
    let junk = over_grpc(&[("grpc-status", "banana")], b"");
    assert!(matches!(junk, Verdict::Permanent { .. }));
}
