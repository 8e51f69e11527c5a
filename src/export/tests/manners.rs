//! How requests are encoded, signed and carried: what the file asks for is what backends see.

use ::http::HeaderName;
use h2::server as h2_server;

use super::grpc_server::{Reply as GrpcReply, grpc as serve_grpc};
use super::server::{Reply, Server, http as serve_http, pipes};
use super::*;
use crate::config::plan::{Credential, HeaderVerb, Keepalive, Secret};
use crate::queue::context::{Carried, Context};
use crate::queue::ring::MergeKey;
use crate::runtime::task;

#[tokio::test(start_paused = true)]
async fn every_encoding_goes_by_its_name_over_http_and_over_grpc() {
    on_shard(async {
        let cases = [
            (Compression::Zlib(1), "zlib", None),
            (Compression::Deflate(1), "deflate", None),
            (Compression::Zstd(1), "zstd", Some("zstd")),
            (Compression::Snappy, "snappy", None),
            (Compression::SnappyFramed, "x-snappy-framed", Some("snappy")),
        ];
        let body = vec![b'x'; 100_000];
        for (compression, over_http, over_grpc) in cases {
            let wish = Wish { compression, ..Wish::default() };
            let (dial, server) = serve_http(|_| Reply::status(200));
            let bench = http(&wish, dial);
            bench.send_large(&body);
            let _ = bench.settled().await;
            let seen = server.request(0);
            assert_eq!(seen.header("content-encoding"), Some(over_http));
            assert!(seen.body.len() < 10_000, "{over_http}: {} bytes", seen.body.len());
            let Some(over_grpc) = over_grpc else { continue };
            let (dial, server) = serve_grpc(|_| GrpcReply::ok());
            let bench = grpc(&wish, dial);
            bench.send_large(&body);
            let _ = bench.settled().await;
            let seen = server.request(0);
            assert_eq!(seen.header("grpc-encoding"), Some(over_grpc));
            assert_eq!(seen.body[0], 1, "flagged as compressed");
        }
    })
    .await;
}

fn tenant_step() -> HeaderStep {
    HeaderStep {
        name: HeaderName::from_static("x-scope-orgid"),
        verb: HeaderVerb::Upsert,
        value: Credential::Context {
            header: "tenant".to_owned(),
            default: Secret::Plain("nobody".to_owned()),
        },
    }
}

/// Queues a request of a tenant, that may be joined with others of the same.
fn send_of(bench: &Bench, tenant: &'static str, body: &[u8]) {
    let value = Carried::One(::http::HeaderValue::from_static(tenant));
    let context = Rc::new(Context::new(vec![value], bench.destination.bytes().empty()));
    let joining = Joining {
        key: MergeKey { batching: 0, metadata: Some(tenant.as_bytes().into()) },
        context: Some(context),
        ..Joining::default()
    };
    let weight = weight(body.len());
    let now = clock::now();
    let room = bench.destination.reserve(now, &joining, weight, Form::Small, 0).expect("room");
    let write = |out: &mut Vec<u8>| out.extend_from_slice(body);
    bench.destination.push(now, room, &joining, weight, &Goods::Small(&write));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_stays_with_its_data_when_a_batch_is_tried_again_and_taken_apart() {
    on_shard(async {
        let (dial, server) = serve_http(|seen| match seen.body.as_slice() {
            body if body.contains(&b'!') => Reply::status(400),
            body if body.len() > 2 => Reply::status(400),
            _ => Reply::status(200),
        });
        let bench = http(&Wish { auth: vec![tenant_step()], ..Wish::default() }, dial);
        for body in [b"a", b"a", b"a", b"a", b"a"] {
            send_of(&bench, "amber", body);
            send_of(&bench, "bronze", b"b");
        }
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 10);
        for seen in server.seen.borrow().iter() {
            let expected = if seen.body.contains(&b'a') { "amber" } else { "bronze" };
            assert_eq!(seen.header("x-scope-orgid"), Some(expected));
            assert!(seen.body.iter().all(|byte| *byte == seen.body[0]), "never together");
        }
        assert!(server.seen.borrow().iter().any(|seen| seen.body.len() > 2), "some were joined");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn several_values_of_a_tenant_are_rejected_without_a_request() {
    on_shard(async {
        let (dial, server) = serve_http(|_| Reply::status(200));
        let bench = http(&Wish { auth: vec![tenant_step()], ..Wish::default() }, dial);
        let lease = bench.destination.bytes();
        let context = Context::new(vec![Carried::Several(2)], lease.empty());
        let context = Some(Rc::new(context));
        let joining = Joining { context, ..Joining::default() };
        let now = clock::now();
        let room = bench.destination.reserve(now, &joining, weight(1), Form::Small, 0);
        let write = |out: &mut Vec<u8>| out.push(1);
        let goods = Goods::Small(&write);
        bench.destination.push(now, room.expect("room"), &joining, weight(1), &goods);
        let totals = bench.settled().await;
        assert_eq!(totals.rejected.items, ITEMS);
        assert!(server.seen.borrow().is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_keep_alives_each_request_takes_a_connection_of_its_own() {
    on_shard(async {
        let (dial, server) = serve_http(|_| Reply::status(200));
        let connection = ConnectionPlan { single_use: true, ..ConnectionPlan::default() };
        let bench = http(&Wish { connection, ..Wish::default() }, dial);
        for _ in 0..3 {
            bench.send(b"spans");
            let _ = bench.settled().await;
        }
        assert_eq!(server.connections.get(), 3);
        assert_eq!(server.request(0).header("connection"), Some("close"));
    })
    .await;
}

/// Serves one request on each connection and then does nothing any more.
fn freezing() -> (Arc<dyn Dial>, Server) {
    let (dial, mut incoming) = pipes();
    let server = Server::default();
    let spawned = server.clone();
    let _accepting = task::spawn("test server", async move {
        while let Some(stream) = incoming.recv().await {
            spawned.accepted();
            let _serving = task::spawn("test connection", async move {
                let mut connection = h2_server::handshake(stream).await.expect("a client");
                let (_, mut respond) =
                    connection.accept().await.expect("a request").expect("a good one");
                let mut response = ::http::Response::new(());
                let zero = ::http::HeaderValue::from_static("0");
                let _ = response.headers_mut().insert("grpc-status", zero);
                let _stream = respond.send_response(response, true).expect("open");
                let flushed = tokio::time::timeout(Duration::from_secs(1), connection.accept());
                assert!(flushed.await.is_err(), "nothing more comes");
                std::future::pending::<()>().await;
            });
        }
    });
    (dial, server)
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_that_does_not_answer_pings_is_replaced_before_it_is_needed() {
    on_shard(async {
        let seconds = Duration::from_secs;
        let keepalive = Keepalive { time: seconds(10), timeout: seconds(2), idle: true };
        for (keepalive, retries) in [(Some(keepalive), 0.0), (None, 1.0)] {
            let (dial, server) = freezing();
            let connection = ConnectionPlan { keepalive, ..ConnectionPlan::default() };
            let bench = grpc(&Wish { connection, ..Wish::default() }, dial);
            bench.send(b"first");
            let _ = bench.settled().await;
            for _ in 0..30 {
                tokio::time::advance(seconds(1)).await;
                tokio::task::yield_now().await;
            }
            bench.send(b"second");
            let totals = bench.settled().await;
            assert_eq!(totals.delivered.requests, 2);
            assert_eq!(server.connections.get(), 2);
            assert_eq!(bench.figure("spanyard_exporter_retries_total"), retries);
        }
    })
    .await;
}
