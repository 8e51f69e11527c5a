//! OTLP/gRPC: frames, statuses, streams and connections.

use std::cell::Cell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use h2::Reason;
use spanyard_wire::reply;

use super::grpc_server::{Reply, grpc as serve};
use super::*;

#[tokio::test(start_paused = true)]
async fn a_message_arrives_framed_with_its_headers_over_one_connection() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::ok());
        let bench = grpc(&Wish { headers: vec![("x-tenant", "a")], ..Wish::default() }, dial);
        for _ in 0..3 {
            bench.send(b"spans");
            let _ = bench.settled().await;
        }
        assert_eq!(server.connections.get(), 1);
        let seen = server.request(0);
        assert_eq!(seen.body, b"\0\0\0\0\x05spans");
        let expected =
            "http://backend:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        assert_eq!(seen.path, expected);
        let expected = [
            ("content-type", Some("application/grpc")),
            ("te", Some("trailers")),
            ("grpc-timeout", Some("5000m")),
            ("x-tenant", Some("a")),
            ("grpc-encoding", None),
            ("host", None),
        ];
        for (name, value) in expected {
            assert_eq!(seen.header(name), value, "{name}");
        }
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_larger_than_every_window_arrives_whole() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::ok());
        let bench = grpc(&Wish::default(), dial);
        let body: Vec<u8> = (0..500_000_u32).flat_map(u32::to_le_bytes).collect();
        bench.send_large(&body);
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 1);
        assert!(server.request(0).body[5..] == body);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_compressed_message_is_flagged() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::ok());
        let compression = Compression::Gzip(6);
        let bench = grpc(&Wish { compression, ..Wish::default() }, dial);
        bench.send_original(b"gz");
        let _ = bench.settled().await;
        let seen = server.request(0);
        assert_eq!(seen.body, b"\x01\0\0\0\x02gz");
        assert_eq!(seen.header("grpc-encoding"), Some("gzip"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn retry_info_is_waited_for_and_the_message_sent_again() {
    on_shard(async {
        let calls = Cell::new(0);
        let (dial, server) = serve(move |_| {
            calls.set(calls.get() + 1);
            if calls.get() > 1 {
                return Reply::ok();
            }
            let status = reply::status(8, "full", Some(Duration::from_secs(4)));
            let details = STANDARD_NO_PAD.encode(status);
            Reply::TrailersOnly(vec![
                ("grpc-status", "8".to_owned()),
                ("grpc-status-details-bin", details),
            ])
        });
        let bench = grpc(&Wish::default(), dial);
        bench.send(b"spans");
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 1);
        let times = server.times();
        assert!((4_000..4_100).contains(&times[1]), "sent at {times:?}");
        assert_eq!(server.connections.get(), 1, "an answer of trailers alone is an answer");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_is_rejected_and_a_failing_backend_tried_again() {
    on_shard(async {
        let calls = Cell::new(0);
        let (dial, server) = serve(move |seen| {
            calls.set(calls.get() + 1);
            match calls.get() {
                _ if seen.body.ends_with(b"bad") => Reply::status(3),
                1 => Reply::status(14),
                2 => Reply::Reset(Reason::INTERNAL_ERROR),
                _ => Reply::ok(),
            }
        });
        let bench = grpc(&Wish::default(), dial);
        bench.send(b"good");
        let _ = bench.settled().await;
        bench.send(b"bad");
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 1);
        assert_eq!(totals.rejected.requests, 1);
        assert!(server.bodies().len() >= 4, "{:?}", server.times());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_the_backend_did_not_begin_goes_over_a_new_connection_at_once() {
    on_shard(async {
        let calls = Cell::new(0);
        let (dial, server) = serve(move |_| {
            calls.set(calls.get() + 1);
            if calls.get() == 2 { Reply::Reset(Reason::REFUSED_STREAM) } else { Reply::ok() }
        });
        let bench = grpc(&Wish { retry: None, ..Wish::default() }, dial);
        for _ in 0..2 {
            bench.send(b"spans");
            let _ = bench.settled().await;
        }
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 2);
        assert_eq!(server.connections.get(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn after_a_goaway_the_next_message_takes_a_new_connection() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::Farewell);
        let bench = grpc(&Wish { retry: None, ..Wish::default() }, dial);
        for _ in 0..3 {
            bench.send(b"spans");
            let _ = bench.settled().await;
        }
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 3);
        assert_eq!(server.connections.get(), 3);
        assert_eq!(bench.figure("spanyard_exporter_attempts_total"), 3.0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn partial_success_counts_as_over_http() {
    on_shard(async {
        let (dial, _server) = serve(|_| {
            let trailers = vec![("grpc-status", "0".to_owned())];
            Reply::Answer(reply::partial_success(4, "four are too old"), trailers)
        });
        let bench = grpc(&Wish::default(), dial);
        bench.send(b"spans");
        let totals = bench.settled().await;
        assert_eq!(totals.rejected.items, 4);
        assert_eq!(totals.delivered.items, 6);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_runs_into_the_timeout() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::Silence);
        let bench = grpc(&Wish { retry: None, ..Wish::default() }, dial);
        bench.send(b"spans");
        let totals = bench.settled().await;
        assert_eq!(totals.dropped_in_all().requests, 1);
        assert_eq!(server.bodies().len(), 1);
    })
    .await;
}
