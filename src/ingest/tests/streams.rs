//! What streams of an HTTP/2 connection cost, and what happens to one that cannot pay.

use super::grpc::{assert_success, call, channel, export, finish, framed, http_call};
use super::site::{on_shard, spans, with_budget};
use crate::units::{KIB, MIB};

#[test]
fn an_open_stream_pays_for_its_head_and_gives_everything_back() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        while site.gate.connections() == 0 {
            tokio::task::yield_now().await;
        }
        let idle = site.room();
        let mut streams = Vec::new();
        for count in 1..=10 {
            let mut open = channel.clone().ready().await.unwrap();
            let request = export().header("x-large", "a".repeat(12 * KIB)).body(()).unwrap();
            let (answer, mut stream) = open.send_request(request, false).unwrap();
            stream.send_data(framed(false, b"half a message").slice(..4), false).unwrap();
            while site.supplies.watch().taken() < 1 + count {
                tokio::task::yield_now().await;
            }
            let held = idle - site.room();
            assert!(held >= (64 + 20 * count) * KIB, "{count} streams hold {held}");
            streams.push((answer, stream));
        }
        for (answer, mut stream) in streams {
            stream.send_data(framed(false, b"half a message").slice(4..), true).unwrap();
            assert_eq!(finish(answer.await.unwrap()).await.status, 3);
        }
        while site.supplies.watch().taken() > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(site.room(), idle);
    });
}

#[test]
fn streams_for_which_there_is_no_room_are_refused_and_the_connection_lives() {
    with_budget(16 * MIB, async |site| {
        let channel = channel(&site).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
        let full = site.fill(0);
        let body = framed(false, &spans(3000));
        for _ in 0..4 {
            let outcome = call(&channel, export(), body.clone()).await;
            assert_eq!((outcome.status, outcome.trailers_only), (14, true));
            assert!(outcome.details().retry_after.is_some());
            let request = ::http::Request::post("http://x/v1/traces")
                .header("content-type", "application/x-protobuf");
            assert_eq!(http_call(&channel, request, body.clone()).await.0, 503);
        }
        assert_eq!(site.count("spanyard_receiver_refused_requests_total"), 8);
        drop(full);
        assert_success(&call(&channel, export(), body).await);
    });
}
