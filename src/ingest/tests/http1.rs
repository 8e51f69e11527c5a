//! OTLP over HTTP/1: each answer as the specification asks for it.

use spanyard_wire::reply;

use super::site::{Answer, gzip, on_shard, post, spans};

pub(super) fn assert_status(answer: &Answer, status: u16, code: i32) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/x-protobuf"));
    assert_eq!(reply::read_status(&answer.body).unwrap().code, code);
}

pub(super) fn assert_success(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/x-protobuf"));
    assert!(answer.body.is_empty());
}

#[test]
fn bodies_of_every_size_are_accepted_with_an_empty_message_and_arrive_as_sent() {
    on_shard(async |site| {
        for count in [1, 5, 40, 41, 500, 5000] {
            let body = spans(count);
            assert_success(&site.ask(&post("", &body)).await);
            assert_eq!(site.next().await, body, "{count} spans");
        }
    });
}

#[test]
fn an_empty_body_is_success() {
    on_shard(async |site| {
        assert_success(&site.ask(&post("", b"")).await);
        assert_success(&site.ask(&post("content-encoding: gzip\r\n", b"")).await);
        let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: \
                    application/x-protobuf\r\n\r\n";
        assert_success(&site.ask(head.as_bytes()).await);
    });
}

#[test]
fn pipelined_requests_are_answered_in_order_on_one_connection() {
    on_shard(async |site| {
        let good = post("", &spans(2));
        let bad = post("", b"\xff\xff");
        let mut client = site.connect().await;
        client.send(&[good.clone(), bad, good.clone(), good].concat()).await;
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(client.answer().await.status);
        }
        assert_eq!(answers, [200, 400, 200, 200]);
    });
}

#[test]
fn chunked_bodies_are_put_together() {
    on_shard(async |site| {
        for (count, chunk) in [(1, 7), (3, 100_000), (500, 1000), (3000, 65_536)] {
            let body = spans(count);
            let mut bytes =
                b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\
                              content-type: application/x-protobuf\r\n\r\n"
                    .to_vec();
            for piece in body.chunks(chunk) {
                bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                bytes.extend_from_slice(piece);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            assert_success(&site.ask(&bytes).await);
            assert_eq!(site.next().await, body, "{count} spans in chunks of {chunk}");
        }
    });
}

#[test]
fn a_client_that_expects_to_be_asked_is_asked_for_its_body() {
    on_shard(async |site| {
        let body = spans(100);
        let request = post("expect: 100-continue\r\n", &body);
        let (head, body) = request.split_at(request.len() - body.len());
        let mut client = site.connect().await;
        client.send(head).await;
        assert_eq!(client.answer().await.status, 100);
        client.send(body).await;
        assert_success(&client.answer().await);
        assert_eq!(site.next().await, body);
    });
}

#[test]
fn gzip_bodies_are_inflated_whatever_their_members() {
    on_shard(async |site| {
        for count in [1, 100, 9000] {
            let body = spans(count);
            let (left, right) = body.split_at(body.len() / 3);
            let one = gzip(&body);
            let two = [gzip(left), gzip(right)].concat();
            for compressed in [one, two] {
                let request = post("content-encoding: gzip\r\n", &compressed);
                assert_success(&site.ask(&request).await);
                assert_eq!(site.next().await, body, "{count} spans");
            }
        }
    });
}

#[test]
fn the_type_is_read_without_case_and_parameters() {
    on_shard(async |site| {
        let request = String::from_utf8(post("", b"")).unwrap();
        let request = request.replace("application/x-protobuf", "Application/X-PROTOBUF; v=1");
        assert_success(&site.ask(request.as_bytes()).await);
    });
}

#[test]
fn damaged_bodies_are_refused_for_good_with_place_and_reason() {
    on_shard(async |site| {
        let whole = spans(3);
        let answer = site.ask(&post("", &whole[..whole.len() - 1])).await;
        assert_status(&answer, 400, 3);
        let status = reply::read_status(&answer.body).unwrap();
        assert!(status.message.contains("offset"), "{}", status.message);
        assert_eq!(site.malformed("protobuf"), 1);

        let gzipped = gzip(&whole);
        let cut = &gzipped[..gzipped.len() - 1];
        assert_status(&site.ask(&post("content-encoding: gzip\r\n", cut)).await, 400, 3);
        let rubbish = [&gzipped[..], b"rubbish"].concat();
        assert_status(&site.ask(&post("content-encoding: gzip\r\n", &rubbish)).await, 400, 3);
        assert_eq!(site.malformed("compression"), 2);
    });
}

#[test]
fn an_encoding_that_is_not_taken_is_refused_and_the_connection_lives() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&post("content-encoding: br\r\n", &spans(10))).await;
        assert_status(&client.answer().await, 400, 3);
        assert_eq!(site.malformed("encoding"), 1);
        client.send(&post("", &spans(1))).await;
        assert_success(&client.answer().await);
    });
}

#[test]
fn other_methods_paths_and_types_have_their_own_answers() {
    on_shard(async |site| {
        let protobuf = "content-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        for method in ["GET", "PUT", "OPTIONS", "DELETE"] {
            let request = format!("{method} /v1/traces HTTP/1.1\r\nhost: x\r\n{protobuf}");
            let answer = site.ask(request.as_bytes()).await;
            assert_status(&answer, 405, 12);
            assert_eq!(answer.header("allow"), Some("POST"));
        }
        for path in ["/", "/v1/traces/", "//v1/traces/", "/v1/metrics", "/v2/traces"] {
            let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{protobuf}");
            assert_status(&site.ask(request.as_bytes()).await, 404, 12);
        }
        assert_eq!(site.count("spanyard_shard_unknown_paths_total"), 5);
        for (kind, status, answer_kind) in [
            ("content-type: text/xml\r\n", 415, "text/plain; charset=utf-8"),
            ("", 415, "text/plain; charset=utf-8"),
        ] {
            let request = format!(
                "POST /v1/traces HTTP/1.1\r\nhost: x\r\n{kind}content-length: 2\r\n\r\n{{}}"
            );
            let answer = site.ask(request.as_bytes()).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("content-type"), Some(answer_kind));
        }
        assert_eq!(site.malformed("media_type"), 2);
    });
}

#[test]
fn a_path_with_doubled_slashes_is_sent_to_the_one_that_is_meant() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        let request = String::from_utf8(post("", b"")).unwrap();
        client.send(request.replace("/v1/traces", "//v1//traces?a=b").as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("content-type")), (307, None));
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("location"), Some("/v1/traces?a=b"));
        assert_eq!(site.count("spanyard_shard_unknown_paths_total"), 1);
        client.send(request.as_bytes()).await;
        assert_success(&client.answer().await);
        let elsewhere = request.replace("/v1/traces", "//v2//traces");
        assert_status(&site.ask(elsewhere.as_bytes()).await, 404, 12);
    });
}

#[test]
fn a_query_does_not_belong_to_the_path() {
    on_shard(async |site| {
        let request = String::from_utf8(post("", b"")).unwrap();
        let request = request.replace("/v1/traces", "/v1/traces?tenant=a");
        assert_success(&site.ask(request.as_bytes()).await);
    });
}

#[test]
fn what_is_no_http_is_answered_with_400_and_closed() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(b"this is no request\r\n\r\n").await;
        assert_eq!(client.answer().await.status, 400);
        assert!(client.is_closed().await);
    });
}
