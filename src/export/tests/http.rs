//! OTLP/HTTP: what goes out, which connection it takes, what an answer does.

use std::cell::Cell;

use flate2::read::MultiGzDecoder;
use spanyard_wire::reply;

use super::server::{Reply, Seen, http as serve};
use super::*;

fn ok(_: &Seen) -> Reply {
    Reply::status(200)
}

#[tokio::test(start_paused = true)]
async fn a_request_arrives_whole_with_its_headers() {
    on_shard(async {
        let (dial, server) = serve(ok);
        let headers = vec![("x-scope-orgid", "a"), ("user-agent", "mine"), ("content-length", "3")];
        let bench = http(&Wish { headers, ..Wish::default() }, dial);
        let body: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        bench.send_large(&body);
        let totals = bench.settled().await;
        assert_eq!(totals.delivered, weight(body.len()));
        let seen = server.request(0);
        assert_eq!(seen.body, body);
        assert_eq!(seen.path, "/v1/traces");
        let expected = [
            ("host", Some("backend:4318")),
            ("content-type", Some("application/x-protobuf")),
            ("content-length", Some("800000")),
            ("x-scope-orgid", Some("a")),
            ("user-agent", Some("mine")),
            ("content-encoding", None),
            ("transfer-encoding", None),
        ];
        for (name, value) in expected {
            assert_eq!(seen.header(name), value, "{name}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_and_used_again() {
    on_shard(async {
        let (dial, server) = serve(ok);
        let bench = http(&Wish::default(), dial);
        for _ in 0..5 {
            bench.send(b"spans");
            let _ = bench.settled().await;
        }
        assert_eq!(server.bodies().len(), 5);
        assert_eq!(server.connections.get(), 1);
        assert_eq!(bench.figure("spanyard_exporter_attempts_total"), 5.0);
        assert_eq!(bench.figure("spanyard_exporter_sent_bytes_total"), 25.0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_in_the_end() {
    on_shard(async {
        let (dial, server) = serve(ok);
        let bench = http(&Wish::default(), dial);
        for _ in 0..2 {
            bench.send(b"spans");
            let _ = bench.settled().await;
            tokio::time::advance(Duration::from_secs(91)).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(server.connections.get(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_closes_after_each_answer_costs_connections_and_nothing_else() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::with(200, "connection", "close"));
        let bench = http(&Wish { retry: None, ..Wish::default() }, dial);
        for _ in 0..3 {
            bench.send(b"spans");
            let _ = bench.settled().await;
        }
        assert_eq!(server.connections.get(), 3);
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 3);
        assert_eq!(bench.figure("spanyard_exporter_attempts_total"), 3.0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_that_breaks_is_replaced_at_once() {
    on_shard(async {
        // The second request of the first connection finds it closing, as after a keep-alive
        // timeout.
        let calls = Cell::new(0);
        let (dial, server) = serve(move |_| {
            calls.set(calls.get() + 1);
            if calls.get() == 2 { Reply::HangUp } else { Reply::status(200) }
        });
        let bench = http(&Wish { retry: None, ..Wish::default() }, dial);
        for _ in 0..2 {
            bench.send(b"spans");
            let _ = bench.settled().await;
        }
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 2);
        assert_eq!(server.connections.get(), 2);
        assert_eq!(bench.figure("spanyard_exporter_attempts_total"), 2.0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_request_in_a_merged_batch_costs_only_itself() {
    on_shard(async {
        let bad = |seen: &Seen| seen.body.contains(&b'!');
        let (dial, server) = serve(move |seen| Reply::status(if bad(seen) { 400 } else { 200 }));
        let bench = http(&Wish::default(), dial);
        // The first leaves alone; what is queued in the same turn is joined.
        for body in [b"a", b"b", b"c", b"!", b"d", b"e", b"f", b"g"] {
            bench.send(body);
        }
        let totals = bench.settled().await;
        assert_eq!(totals.delivered, Weight { items: 70, requests: 7, bytes: 7 });
        assert_eq!(totals.rejected, Weight { items: 10, requests: 1, bytes: 1 });
        let bodies = server.bodies();
        let sends_of_bad = bodies.iter().filter(|body| body.contains(&b'!')).count();
        assert!(sends_of_bad <= 1 + 3, "1 + ceil(log2 8) sends at most, not {sends_of_bad}");
        let mut good = Vec::new();
        for body in bodies.iter().filter(|body| !body.contains(&b'!')) {
            good.extend_from_slice(body);
        }
        good.sort_unstable();
        assert_eq!(good, b"abcdefg", "each good one once");
        assert_eq!(bench.figure("spanyard_exporter_retries_total"), 0.0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_is_not_about_the_content_is_not_tried_on_parts() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::status(401));
        let bench = http(&Wish::default(), dial);
        for _ in 0..8 {
            bench.send(b"spans");
        }
        let totals = bench.settled().await;
        assert_eq!(totals.rejected.requests, 8);
        assert_eq!(server.bodies().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_partial_success_rejects_is_counted_and_not_sent_again() {
    on_shard(async {
        let (dial, server) =
            serve(|_| Reply::protobuf(200, reply::partial_success(3, "three are too old")));
        let bench = http(&Wish::default(), dial);
        bench.send(b"spans");
        let totals = bench.settled().await;
        assert_eq!(totals.rejected.items, 3);
        assert_eq!(totals.delivered, Weight { items: 7, requests: 1, bytes: 5 });
        assert_eq!(server.bodies().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_partial_success_cannot_reject_more_than_was_sent() {
    on_shard(async {
        let (dial, _server) =
            serve(|_| Reply::protobuf(200, reply::partial_success(i64::MAX, "all and more")));
        let bench = http(&Wish::default(), dial);
        bench.send(b"spans");
        let totals = bench.settled().await;
        assert_eq!(totals.rejected.items, ITEMS);
        assert_eq!(totals.delivered.items, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn gzip_is_made_when_wanted_and_left_alone_when_it_came() {
    on_shard(async {
        let (dial, server) = serve(ok);
        let compression = Compression::Gzip(1);
        let bench = http(&Wish { compression, ..Wish::default() }, dial);
        let body = vec![b'x'; 100_000];
        bench.send_large(&body);
        let _ = bench.settled().await;
        bench.send_original(b"came compressed");
        let _ = bench.settled().await;
        let made = server.request(0);
        assert_eq!(made.header("content-encoding"), Some("gzip"));
        assert!(made.body.len() < 2_000, "{} bytes", made.body.len());
        let mut read = Vec::new();
        let mut reader = MultiGzDecoder::new(made.body.as_slice());
        let _ = std::io::Read::read_to_end(&mut reader, &mut read).expect("good gzip");
        assert_eq!(read, body);
        let left = server.request(1);
        assert_eq!(left.header("content-encoding"), Some("gzip"));
        assert_eq!(left.body, b"came compressed");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_endless_answer_is_read_up_to_its_bound_and_its_connection_dropped() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::Answer(400, Vec::new(), vec![b'x'; 16 * MIB]));
        let bench = http(&Wish::default(), dial);
        for _ in 0..2 {
            bench.send(b"spans");
            let _ = bench.settled().await;
        }
        let totals = bench.settled().await;
        assert_eq!(totals.rejected.requests, 2);
        assert_eq!(server.connections.get(), 2);
    })
    .await;
}
