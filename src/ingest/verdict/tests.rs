//! The table, case by case, and the answers made of it.

use super::*;
use crate::frame::inflate::{Coding, Damage};
use crate::frame::json;

fn damaged(reason: Damage) -> Fault {
    FrameError::BadCompression { coding: Coding::Zstd, offset: 3, reason }.into()
}

fn all() -> Vec<(Fault, u16, i32)> {
    let malformed = WireError::new(17, Reason::FieldZero);
    let reason = json::Reason::Expected { what: "a name", found: Some(b'"') };
    let json = JsonError { offset: 9, path: "resourceSpans[0]".into(), reason };
    vec![
        (Fault::UnknownPath, 404, 12),
        (Fault::Method, 405, 12),
        (Fault::MediaType, 415, 3),
        (Fault::Json(json), 400, 3),
        (damaged(Damage::Text("no frame")), 400, 3),
        (damaged(Damage::Window(9 << 20)), 413, 8),
        (Fault::Malformed(malformed), 400, 3),
        (Fault::Malformed(WireError::new(9, Reason::NestedTooDeep(100))), 400, 3),
        (Fault::Call(BadCall::SecondMessage), 400, 13),
        (Fault::Call(BadCall::Flag(9)), 400, 13),
        (Fault::TooLarge { limit: 1000 }, 413, 8),
        (Fault::Overloaded, 503, 14),
        (Fault::Unauthenticated, 401, 16),
        (Fault::Framing, 400, 13),
        (Fault::CutOff, 400, 13),
        (Fault::Slow, 408, 4),
    ]
}

#[test]
fn an_unknown_encoding_is_the_requests_fault_over_http_and_unimplemented_over_grpc() {
    let answers = Answers::default();
    let taken = Codings { gzip: true, lz4: true, ..Codings::NONE };
    let fault = Fault::Encoding(taken);
    let answer = answers.http_fault(&fault, Media::Protobuf, HeaderMap::new());
    let status = reply::read_status(answer.body()).unwrap();
    assert_eq!((answer.status().as_u16(), status.code), (400, 3));
    assert_eq!(status.message, "unsupported encoding, expected identity, gzip, lz4");
    let answer = answers.grpc_fault(&fault, HeaderMap::new());
    assert_eq!(text(answer.headers(), "grpc-status"), Some("12"));
    let accepted = "identity,gzip,zstd,snappy,deflate";
    assert_eq!(text(answer.headers(), "grpc-accept-encoding"), Some(accepted));
}

#[test]
fn damage_is_told_with_coding_place_and_what_was_found() {
    let text = "zstd at offset 3: window of 9437184 bytes, at most 8 MiB";
    assert_eq!(damaged(Damage::Window(9 << 20)).to_string(), text);
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[test]
fn every_fault_has_its_status_and_a_status_message_in_the_type_of_the_request() {
    let answers = Answers::default();
    for (fault, http, grpc) in all() {
        let answer = answers.http_fault(&fault, Media::Protobuf, HeaderMap::new());
        assert_eq!(answer.status().as_u16(), http, "{fault}");
        assert_eq!(text(answer.headers(), "content-type"), Some(PROTOBUF));
        let status = reply::read_status(answer.body()).unwrap();
        assert_eq!((status.code, &*status.message), (grpc, &*fault.to_string()));

        let answer = answers.http_fault(&fault, Media::Json, HeaderMap::new());
        assert_eq!(text(answer.headers(), "content-type"), Some(JSON));
        let body = format!("{{\"code\":{grpc},\"message\":\"{fault}\"}}");
        assert_eq!(answer.body(), body.as_bytes());
        assert_eq!(body.matches('"').count(), 6, "no text needs escaping");

        let answer = answers.http_fault(&fault, Media::Other, HeaderMap::new());
        assert_eq!(text(answer.headers(), "content-type"), Some("text/plain; charset=utf-8"));
    }
}

#[test]
fn every_fault_over_grpc_carries_code_message_and_details() {
    let answers = Answers::default();
    for (fault, _, code) in all() {
        let answer = answers.grpc_fault(&fault, HeaderMap::new());
        let headers = answer.headers();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(text(headers, "grpc-status"), Some(&*code.to_string()));
        assert_eq!(text(headers, "grpc-message"), Some(&*fault.to_string()));
        let details = text(headers, "grpc-status-details-bin").unwrap();
        let details = STANDARD_NO_PAD.decode(details).unwrap();
        let status = reply::read_status(&details).unwrap();
        assert_eq!((status.code, &*status.message), (code, &*fault.to_string()));
        assert_eq!(status.retry_after.is_some(), fault == Fault::Overloaded, "{fault}");
        assert!(!headers.contains_key("grpc-accept-encoding"), "{fault}");
    }
}

#[test]
fn overload_asks_clients_to_come_back_after_different_times_of_one_to_two_seconds() {
    let (answers, others) = (Answers::default(), Answers::default());
    let mut seconds = Vec::new();
    let mut delays = Vec::new();
    for _ in 0..16 {
        let answer = answers.http_fault(&Fault::Overloaded, Media::Protobuf, HeaderMap::new());
        seconds.push(text(answer.headers(), "retry-after").unwrap().to_owned());
        let answer = others.grpc_fault(&Fault::Overloaded, HeaderMap::new());
        let details = text(answer.headers(), "grpc-status-details-bin").unwrap();
        let details = STANDARD_NO_PAD.decode(details).unwrap();
        delays.push(reply::read_status(&details).unwrap().retry_after.unwrap());
    }
    assert!(seconds.iter().all(|value| value == "1" || value == "2"));
    assert!(seconds.contains(&"1".to_owned()) && seconds.contains(&"2".to_owned()));
    let range = Duration::from_secs(1)..Duration::from_secs(2);
    assert!(delays.iter().all(|delay| range.contains(delay)));
    delays.sort();
    delays.dedup();
    assert!(delays.len() > 4);
}

#[test]
fn only_overload_says_when_to_come_back_and_only_a_wrong_method_which_is_right() {
    let answers = Answers::default();
    for (fault, ..) in all() {
        let answer = answers.http_fault(&fault, Media::Protobuf, HeaderMap::new());
        assert_eq!(answer.headers().contains_key("retry-after"), fault == Fault::Overloaded);
        assert_eq!(answer.headers().contains_key("allow"), fault == Fault::Method);
    }
}

#[test]
fn nothing_of_a_requests_headers_is_left_in_its_answer() {
    let mut headers = HeaderMap::new();
    let _ = headers.insert("authorization", HeaderValue::from_static("secret"));
    let _ = headers.append("authorization", HeaderValue::from_static("another"));
    let answer = http_success(headers.clone(), Media::Protobuf, Signal::Traces, None);
    assert_eq!(answer.headers().len(), 1);
    assert!(answer.body().is_empty());
    assert_eq!(grpc_success(headers.clone()).headers().len(), 1);
    let answer = Answers::default().grpc_fault(&Fault::UnknownPath, headers);
    assert!(!answer.headers().contains_key("authorization"));
}

#[test]
fn success_is_told_in_the_requests_own_type_and_with_the_signals_own_names() {
    let answer = |media, signal, partial: Option<(i64, &str)>| {
        let partial = partial.map(|(rejected, text)| (rejected, text.to_owned()));
        let answer = http_success(HeaderMap::new(), media, signal, partial);
        let kind = text(answer.headers(), "content-type").unwrap().to_owned();
        (kind, answer.into_body())
    };
    let (kind, body) = answer(Media::Json, Signal::Traces, None);
    assert_eq!((&*kind, &body[..]), (JSON, &b"{}"[..]));
    for (signal, name) in [
        (Signal::Traces, "rejectedSpans"),
        (Signal::Metrics, "rejectedDataPoints"),
        (Signal::Logs, "rejectedLogRecords"),
    ] {
        let (kind, body) = answer(Media::Json, signal, Some((3, "no \"room\"\n at C:\\")));
        assert_eq!(kind, JSON);
        let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let partial = &read["partialSuccess"];
        assert_eq!(
            (&partial[name], &partial["errorMessage"]),
            (&"3".into(), &"no \"room\"\n at C:\\".into())
        );
    }
    let (kind, body) = answer(Media::Protobuf, Signal::Logs, Some((3, "why")));
    let partial = reply::read_partial_success(&body).unwrap().unwrap();
    assert_eq!((&*kind, partial.rejected, &*partial.message), (PROTOBUF, 3, "why"));
}

#[test]
fn messages_are_percent_encoded_for_grpc() {
    assert_eq!(percent_encoded("100% a\u{e9}\n"), "100%25 a%C3%A9%0A");
    assert_eq!(percent_encoded("plain text, as it is"), "plain text, as it is");
}
