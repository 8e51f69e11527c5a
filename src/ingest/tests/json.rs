//! OTLP/JSON through the front: taken as protobuf, answered as JSON.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

use super::site::{Answer, gzip, on_shard, spans, with_budget};
use crate::units::MIB;

/// The spans of [`spans`] as JSON.
fn as_json(protobuf: &[u8]) -> Vec<u8> {
    serde_json::to_vec(&ExportTraceServiceRequest::decode(protobuf).unwrap()).unwrap()
}

fn post(lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json; charset=utf-8\r\n\
         content-length: {}\r\n{lines}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// As the Node SDK sends it.
fn chunked(body: &[u8], chunk: usize) -> Vec<u8> {
    let mut bytes = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                      transfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for piece in body.chunks(chunk) {
        bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

fn assert_success(answer: &Answer) {
    assert_eq!((answer.status, &answer.body[..]), (200, &b"{}"[..]), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

fn assert_refused(answer: &Answer, status: u16, body: &str) {
    assert_eq!((answer.status, &*String::from_utf8_lossy(&answer.body)), (status, body));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn bodies_of_every_size_arrive_as_protobuf_and_are_answered_in_json() {
    on_shard(async |site| {
        for count in [1, 5, 40, 41, 500, 5000] {
            let body = spans(count);
            let json = as_json(&body);
            assert_success(&site.ask(&post("", &json)).await);
            assert_eq!(site.next().await, body, "{count} spans");
            for chunk in [10_000, 65_536] {
                assert_success(&site.ask(&chunked(&json, chunk)).await);
                assert_eq!(site.next().await, body, "{count} spans in chunks of {chunk}");
            }
            let compressed = post("content-encoding: gzip\r\n", &gzip(&json));
            assert_success(&site.ask(&compressed).await);
            assert_eq!(site.next().await, body, "{count} spans, compressed");
        }
    });
}

#[test]
fn a_request_with_nothing_in_it_is_success() {
    on_shard(async |site| {
        for body in [&b"{}"[..], b"null", b" {\"resourceSpans\":[]} "] {
            assert_success(&site.ask(&post("", body)).await);
        }
    });
}

#[test]
fn what_is_no_request_is_refused_with_place_and_reason_and_the_connection_lives() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        let traces = |id: &str| {
            format!(
                "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[\
                 {{\"traceId\":\"{id}\"}}]}}]}}]}}"
            )
        };
        for (body, message) in [
            (
                traces("5b8e"),
                "offset 55, resourceSpans[0].scopeSpans[0].spans[0].traceId: 4 hex \
                              digits, expected 32",
            ),
            (String::new(), "offset 0: expected an object, found the end"),
            ("{} {}".to_owned(), "offset 3: expected the end, found {"),
        ] {
            client.send(&post("", body.as_bytes())).await;
            let expected = format!("{{\"code\":3,\"message\":\"json at {message}\"}}");
            assert_refused(&client.answer().await, 400, &expected);
        }
        client.send(&post("content-encoding: gzip\r\n", &gzip(b"{\"a\":}"))).await;
        let expected = "{\"code\":3,\"message\":\"json at offset 5: expected a value, found }\"}";
        assert_refused(&client.answer().await, 400, expected);
        assert_eq!(site.malformed("json"), 4);
        client.send(&post("content-encoding: br\r\n", b"{}")).await;
        assert_eq!(client.answer().await.status, 400);
        assert_eq!(site.malformed("encoding"), 1);
        client.send(&post("", &as_json(&spans(2)))).await;
        assert_success(&client.answer().await);
    });
}

#[test]
fn without_room_for_the_protobuf_a_request_is_refused_as_one_to_try_again() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &as_json(&spans(1)))).await;
        assert_success(&client.answer().await);
        let json = as_json(&spans(60));
        // Room for the text, and hardly more.
        let full = site.fill(json.len() * 5 / 4);
        client.send(&post("", &json)).await;
        let answer = client.answer().await;
        let expected = "{\"code\":14,\"message\":\"no room at the moment, try again\"}";
        assert_refused(&answer, 503, expected);
        assert!(matches!(answer.header("retry-after"), Some("1" | "2")));
        drop(full);
        client.send(&post("", &json)).await;
        assert_success(&client.answer().await);
    });
}

#[test]
fn everything_is_given_back_after_requests_of_every_kind() {
    with_budget(8 * MIB, async |site| {
        let large = spans(3000);
        let json = as_json(&large);
        for _ in 0..20 {
            let mut client = site.connect().await;
            client.send(&post("", &json)).await;
            assert_success(&client.answer().await);
            client.send(&post("content-encoding: gzip\r\n", &gzip(&json))).await;
            assert_success(&client.answer().await);
            client.send(&post("", &json[..json.len() - 1])).await;
            assert_eq!(client.answer().await.status, 400);
            drop(client);
            while site.gate.connections() > 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!([site.next().await, site.next().await], [&large[..], &large]);
        }
    });
}
