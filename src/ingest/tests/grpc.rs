//! gRPC and OTLP/HTTP over HTTP/2, spoken with the h2 client.

use std::cell::Cell;
use std::rc::Rc;

use base64::Engine as _;
use bytes::Bytes;
use h2::client::{self, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::prefix::Prefix;
use spanyard_wire::reply;
use spanyard_wire::schema::Signal;

use super::site::{BYTES_MAX, Site, gzip, on_shard, spans, with_budget, with_plan};
use crate::config::plan::{Condition, ContextKey, Plan, Row, Stage, StageId, Switch};
use crate::runtime::{net, task};
use crate::units::{KIB, MIB};

/// What a call came back with.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: i32,
    message: Vec<u8>,
    pub(super) trailers: HeaderMap,
    /// The answer was headers alone.
    pub(super) trailers_only: bool,
}

impl Outcome {
    pub(super) fn details(&self) -> reply::StatusView<'static> {
        let value = self.trailers["grpc-status-details-bin"].to_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(value).unwrap();
        reply::read_status(bytes.leak()).unwrap()
    }
}

pub(super) async fn channel(site: &Site) -> SendRequest<Bytes> {
    let port = site.address.port();
    let stream = net::connect("127.0.0.1", port, std::time::Duration::from_secs(5)).await.unwrap();
    let (channel, connection) = client::Builder::new()
        .initial_window_size(1 << 20)
        .handshake::<_, Bytes>(stream)
        .await
        .unwrap();
    let _ = task::spawn_connection("client", async move { drop(connection.await) });
    channel
}

pub(super) fn framed(compressed: bool, message: &[u8]) -> Bytes {
    let len = u32::try_from(message.len()).unwrap();
    [&Prefix { compressed, len }.to_bytes()[..], message].concat().into()
}

pub(super) fn export() -> http::request::Builder {
    Request::post(format!("http://x{}", Signal::Traces.grpc_path()))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

/// Sends as the windows allow.
async fn upload(stream: &mut SendStream<Bytes>, mut body: Bytes) -> Result<(), h2::Error> {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let room = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
        let room = room.ok_or_else(|| h2::Error::from(h2::Reason::CANCEL))??;
        stream.send_data(body.split_to(room.min(body.len())), false)?;
    }
    stream.send_data(Bytes::new(), true)
}

pub(super) async fn finish(response: Response<RecvStream>) -> Outcome {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let (head, mut body) = response.into_parts();
    let mut message = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        message.extend_from_slice(&data);
    }
    let trailers = body.trailers().await.unwrap();
    let trailers_only = trailers.is_none();
    let trailers = trailers.unwrap_or(head.headers);
    let status = trailers["grpc-status"].to_str().unwrap().parse().unwrap();
    Outcome { status, message, trailers, trailers_only }
}

pub(super) async fn call(
    channel: &SendRequest<Bytes>,
    request: http::request::Builder,
    body: Bytes,
) -> Outcome {
    let mut channel = channel.clone().ready().await.unwrap();
    let (answer, mut stream) = channel.send_request(request.body(()).unwrap(), false).unwrap();
    // A refusal may come before all is sent.
    let (_, answer) = tokio::join!(upload(&mut stream, body), answer);
    finish(answer.unwrap()).await
}

pub(super) fn assert_success(outcome: &Outcome) {
    assert_eq!((outcome.status, outcome.trailers_only), (0, false), "{outcome:?}");
    assert_eq!(outcome.message, [0; 5]);
}

#[test]
fn calls_of_every_size_are_answered_with_an_empty_message_and_arrive_as_sent() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        for count in [1, 5, 40, 500, 5000] {
            let body = spans(count);
            assert_success(&call(&channel, export(), framed(false, &body)).await);
            assert_eq!(site.next().await, body, "{count} spans");
            let compressed = framed(true, &gzip(&body));
            let request = export().header("grpc-encoding", "gzip");
            assert_success(&call(&channel, request, compressed).await);
            assert_eq!(site.next().await, body, "{count} spans, gzip");
        }
        assert_success(&call(&channel, export(), framed(false, b"")).await);
    });
}

#[test]
fn many_large_uploads_at_once_do_not_wait_for_each_other() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        let body = framed(false, &spans(5000));
        let finished = Rc::new(Cell::new(0));
        for _ in 0..16 {
            let (channel, body, finished) = (channel.clone(), body.clone(), Rc::clone(&finished));
            let _ = task::spawn("upload", async move {
                assert_success(&call(&channel, export(), body).await);
                finished.set(finished.get() + 1);
            });
        }
        while finished.get() < 16 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn refused_uploads_do_not_use_up_the_connections_window() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        let too_large = framed(false, &vec![0; BYTES_MAX + 1]);
        for _ in 0..8 {
            let outcome = call(&channel, export(), too_large.clone()).await;
            assert_eq!((outcome.status, outcome.trailers_only), (8, true));
            assert!(outcome.details().retry_after.is_none());
        }
        let body = spans(3000);
        assert_success(&call(&channel, export(), framed(false, &body)).await);
    });
}

#[test]
fn without_room_a_call_waits_and_is_then_told_when_to_come_back() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        let full = site.fill(192 * KIB);
        let request = export().header("grpc-timeout", "100m");
        let outcome = call(&channel, request, framed(false, &spans(1000))).await;
        assert_eq!((outcome.status, outcome.trailers_only), (14, true));
        assert!(outcome.details().retry_after.is_some());

        let patient = export().header("grpc-timeout", "10S");
        let body = framed(false, &spans(1000));
        let (outcome, ()) = tokio::join!(call(&channel, patient, body), async {
            tokio::task::yield_now().await;
            drop(full);
        });
        assert_success(&outcome);
    });
}

#[test]
fn a_connection_with_several_calls_holds_at_most_an_eighth_of_the_budget() {
    with_budget(16 * MIB, async |site| {
        let channel = channel(&site).await;
        let large = framed(false, &vec![0; 3 * MIB]);
        let mut open = channel.clone().ready().await.unwrap();
        let (_answer, mut stream) = open.send_request(export().body(()).unwrap(), false).unwrap();
        stream.send_data(framed(false, b"half a message").slice(..9), false).unwrap();
        let hasty = export().header("grpc-timeout", "1m");
        assert_eq!(call(&channel, hasty, large.clone()).await.status, 14);
        stream.send_reset(h2::Reason::CANCEL);
        let outcome = call(&channel, export(), large).await;
        assert_eq!(outcome.status, 3, "alone it is taken, and found to be no message");
    });
}

/// Takes requests of one tenant only, and writes its name into them.
fn by_tenant(plan: &mut Plan) {
    let header = || "x-tenant".to_owned();
    let flow = plan.receivers[0].flows[0].as_mut().unwrap();
    let when = Condition::HeaderIs { header: header(), value: "acme".to_owned(), negated: false };
    let row = Row { when, to: vec![StageId(1)], copy: false };
    let switch =
        Switch { edits: Vec::new(), rows: vec![row], default: Vec::new(), default_if_none: false };
    flow.stages = vec![Stage::Switch(switch), Stage::Leaf(0)];
    flow.slots = vec![ContextKey::Header(header())];
    let action = Action::Upsert(Source::Slot(0));
    flow.branches[0].edits = vec![Edit::new(b"tenant".as_slice(), action)];
}

#[test]
fn metadata_of_a_call_decides_its_route_always_and_reaches_edits_only_where_the_file_says_so() {
    for include in [true, false] {
        let change = |plan: &mut Plan| {
            by_tenant(plan);
            plan.receivers[0].grpc.as_mut().unwrap().include_metadata = include;
        };
        with_plan(change, async |site| {
            let channel = channel(&site).await;
            let (body, other) = (spans(2), spans(3));
            let of = |tenant: &str| export().header("x-tenant", tenant);
            assert_success(&call(&channel, of("other"), framed(false, &other)).await);
            assert_success(&call(&channel, of("acme"), framed(false, &body)).await);
            let arrived = site.next().await;
            assert_eq!(arrived == body, !include, "as it was sent: {}", !include);
            assert_eq!(arrived.windows(6).any(|six| six == b"tenant"), include);
        });
    }
}

#[test]
fn faults_of_a_call_have_their_codes() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        let message = spans(2);
        let good = framed(false, &message);
        let cases: Vec<(&str, http::request::Builder, Bytes, i32)> = vec![
            ("cut protobuf", export(), framed(false, &message[..message.len() - 1]), 3),
            ("bad gzip", export().header("grpc-encoding", "gzip"), framed(true, b"rubbish"), 3),
            ("unknown encoding", export().header("grpc-encoding", "br"), good.clone(), 12),
            ("compressed without encoding", export(), framed(true, &gzip(&message)), 13),
            ("a flag of 7", export(), [&[7], &good[1..]].concat().into(), 13),
            ("two messages", export(), [&good[..], &good].concat().into(), 13),
            ("half a message", export(), good.slice(..good.len() - 1), 13),
            ("half a prefix", export(), good.slice(..3), 13),
            ("nothing", export(), Bytes::new(), 13),
            ("an unknown method", at("/opentelemetry.Other/Export"), good.clone(), 12),
            ("a signal without pipeline", at(Signal::Logs.grpc_path()), good.clone(), 12),
        ];
        for (name, request, body, code) in cases {
            let outcome = call(&channel, request, body).await;
            assert_eq!((outcome.status, outcome.trailers_only), (code, true), "{name}");
            let details = outcome.details();
            assert_eq!(details.code, code, "{name}");
            assert!(details.retry_after.is_none() && !details.message.is_empty(), "{name}");
        }
        assert_eq!(site.malformed("grpc_frame"), 3);
        assert_eq!(site.count("spanyard_shard_unknown_paths_total"), 2);
        assert_eq!(site.malformed("truncated"), 3);
        assert_success(&call(&channel, export(), good).await);
    });
}

fn at(path: &str) -> http::request::Builder {
    Request::post(format!("http://x{path}")).header("content-type", "application/grpc")
}

#[test]
fn otlp_over_h2c_shares_the_port() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        for (count, length) in [(1, true), (1, false), (3000, true), (3000, false), (0, false)] {
            let body = if count == 0 { Vec::new() } else { spans(count) };
            let mut request = Request::post("http://x/v1/traces")
                .header("content-type", "application/x-protobuf");
            if length {
                request = request.header("content-length", body.len());
            }
            let answer = http_call(&channel, request, body.clone().into()).await;
            assert_eq!(answer.0, 200);
            assert_eq!(answer.1, b"");
            if count > 0 {
                assert_eq!(site.next().await, body);
            }
        }
        let json = Request::post("http://x/v1/traces").header("content-type", "application/json");
        let (status, body) = http_call(&channel, json, Bytes::from_static(b"{}")).await;
        assert_eq!((status, body.as_slice()), (200, &b"{}"[..]));
    });
}

pub(super) async fn http_call(
    channel: &SendRequest<Bytes>,
    request: http::request::Builder,
    body: Bytes,
) -> (u16, Vec<u8>) {
    let mut channel = channel.clone().ready().await.unwrap();
    let (answer, mut stream) = channel.send_request(request.body(()).unwrap(), false).unwrap();
    let (_, answer) = tokio::join!(upload(&mut stream, body), answer);
    let answer = answer.unwrap();
    let status = answer.status().as_u16();
    let mut read = Vec::new();
    let mut body = answer.into_body();
    while let Some(data) = body.data().await {
        read.extend_from_slice(&data.unwrap());
    }
    (status, read)
}

#[test]
fn a_drain_finishes_open_calls_and_then_closes_the_connection() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        let mut open = channel.clone().ready().await.unwrap();
        let (answer, mut stream) = open.send_request(export().body(()).unwrap(), false).unwrap();
        let body = framed(false, &spans(3));
        stream.send_data(body.slice(..20), false).unwrap();
        while site.supplies.watch().taken() < 2 {
            tokio::task::yield_now().await;
        }
        site.gate.drain();
        tokio::task::yield_now().await;
        stream.send_data(body.slice(20..), true).unwrap();
        assert_success(&finish(answer.await.unwrap()).await);
        site.gate.emptied().await;
        assert!(channel.ready().await.is_err());
    });
}

#[test]
fn a_stream_whose_body_stops_is_ended_and_the_connection_lives() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        let mut open = channel.clone().ready().await.unwrap();
        let (answer, mut stream) = open.send_request(export().body(()).unwrap(), false).unwrap();
        stream.send_data(framed(false, &spans(3)).slice(..20), false).unwrap();
        let watch = site.supplies.watch();
        while watch.taken() < 2 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        (0..30).for_each(|_| watch.turn());
        assert_eq!(finish(answer.await.unwrap()).await.status, 4);
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
    });
}

#[test]
fn an_idle_connection_is_told_to_go() {
    on_shard(async |site| {
        let channel = channel(&site).await;
        assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
        (0..1300).for_each(|_| site.supplies.watch().turn());
        site.gate.emptied().await;
        assert!(channel.ready().await.is_err());
    });
}
