//! Credentials asked for at the door: over HTTP/1, HTTP/2 and gRPC, on every path there is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use http::header::AUTHORIZATION;
use spanyard_wire::reply;

use super::grpc::{assert_success, call, channel, export, framed, http_call};
use super::site::{Site, post, spans, with_plan};
use crate::config::plan::{Authenticator, Plan, Secret};
use crate::ingest::verdict::Fault;

const TOKEN: &str = "canary-5f0e";
const REFUSED: &str = "spanyard_shard_unauthenticated_requests_total";

/// `secret` by bcrypt, at the lowest cost.
const BCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

fn bearer(token: &str) -> Authenticator {
    let tokens = vec![Secret::Plain(token.to_owned())];
    Authenticator::Bearer { header: AUTHORIZATION, scheme: "Bearer".to_owned(), tokens }
}

/// Both transports ask for credentials.
fn guarded(plan: &mut Plan) {
    with(plan, &bearer(TOKEN));
}

fn with(plan: &mut Plan, authenticator: &Authenticator) {
    let receiver = &mut plan.receivers[0];
    receiver.http.as_mut().unwrap().auth = Some(authenticator.clone());
    receiver.grpc.as_mut().unwrap().auth = Some(authenticator.clone());
}

fn good() -> String {
    format!("authorization: Bearer {TOKEN}\r\n")
}

#[test]
fn a_request_with_the_token_is_taken_and_one_without_is_answered_401_on_the_same_connection() {
    with_plan(guarded, async |site| {
        let body = spans(2);
        let mut client = site.connect().await;
        for wrong in ["", "authorization: Bearer canary\r\n", "authorization: canary-5f0e\r\n"] {
            client.send(&post(wrong, &body)).await;
            let answer = client.answer().await;
            assert_eq!(answer.status, 401, "{wrong}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let status = reply::read_status(&answer.body).unwrap();
            let message = Fault::Unauthenticated.to_string();
            assert_eq!((status.code, status.message.to_string()), (16, message));
            assert_eq!(answer.header("content-type"), Some("application/x-protobuf"));
        }
        client.send(&post(&good(), &body)).await;
        assert_eq!(client.answer().await.status, 200);
        assert_eq!(site.next().await, body);
        assert_eq!(site.count(REFUSED), 3);
        assert_eq!(site.count("spanyard_receiver_requests_total"), 1);
    });
}

#[test]
fn who_is_not_let_in_has_nothing_of_the_body_read_and_costs_no_ticket() {
    with_plan(guarded, async |site| {
        let room = site.room();
        let mut client = site.connect().await;
        client
            .send(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n")
            .await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(site.room() + 64 * 1024 >= room, "the connection's own charge at most");
    });
}

#[test]
fn calls_over_grpc_are_refused_with_code_16_and_taken_with_the_token() {
    with_plan(guarded, async |site| {
        let channel = channel(&site).await;
        let body = spans(2);
        for wrong in ["", "Bearer canary"] {
            let request = export().header("authorization", wrong);
            let outcome = call(&channel, request, framed(false, &body)).await;
            assert_eq!((outcome.status, outcome.trailers_only), (16, true));
        }
        let request = export().header("authorization", format!("Bearer {TOKEN}"));
        assert_success(&call(&channel, request, framed(false, &body)).await);
        assert_eq!(site.next().await, body);
        let request =
            Request::post("http://x/v1/traces").header("content-type", "application/x-protobuf");
        assert_eq!(http_call(&channel, request, body.into()).await.0, 401);
    });
}

#[test]
fn each_transport_asks_its_own_authenticator() {
    let only_grpc = |plan: &mut Plan| {
        plan.receivers[0].grpc.as_mut().unwrap().auth = Some(bearer(TOKEN));
    };
    with_plan(only_grpc, async |site| {
        let body = spans(1);
        assert_eq!(site.ask(&post("", &body)).await.status, 200);
        let channel = channel(&site).await;
        assert_eq!(call(&channel, export(), framed(false, &body)).await.status, 16);
    });
}

#[test]
fn a_password_behind_bcrypt_is_checked_off_the_shard_and_then_remembered() {
    let basic =
        Authenticator::Basic { file: None, inline: Secret::Plain(format!("amber:{BCRYPT}")) };
    with_plan(
        |plan| with(plan, &basic),
        async |site| {
            let line = |pair: &str| format!("authorization: Basic {}\r\n", STANDARD.encode(pair));
            let body = spans(1);
            for _ in 0..2 {
                let answer = site.ask(&post(&line("amber:secret"), &body)).await;
                assert_eq!(answer.status, 200);
                let answer = site.ask(&post(&line("amber:secre"), &body)).await;
                assert_eq!(answer.status, 401);
                assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="));
            }
            let channel = channel(&site).await;
            let value = format!("Basic {}", STANDARD.encode("amber:secret"));
            let request = export().header("authorization", value);
            assert_success(&call(&channel, request, framed(false, &body)).await);
        },
    );
}

/// Numbers that look random and are the same each time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// A path that some server might take for one of ours.
fn path(draw: &mut Draw) -> String {
    let known = [
        "/v1/traces",
        "/v1/metrics",
        "/v1/logs",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    ];
    let mut path = draw.of(&known).to_owned();
    for _ in 0..=draw.below(3) {
        let at = draw.below(path.len());
        match draw.below(9) {
            0 => path = path.trim_start_matches('/').to_owned(),
            1 => path = path.replace('/', draw.of(&["//", "/./", "%2f", "%2F", "\\", "/x/../"])),
            2 => {
                path.push_str(draw.of(&["/", "//", ".", "..", "/..", "/.", "%00", ";x", "?a=/v1"]))
            }
            3 => path = path.to_uppercase(),
            4 => path = format!("http://x{path}"),
            5 if path.is_char_boundary(at) => {
                path.insert_str(at, draw.of(&["%2e", "%2E%2E/", "/", "//", "#", "*", "%"]));
            }
            6 => path = format!("{}{path}", draw.of(&["/x/..", "/.", "//x", "/%2e", "*"])),
            7 => path = path.replace('v', "V"),
            _ => path = path.replace('t', "%74"),
        }
        if path.is_empty() {
            path.push('/');
        }
    }
    path
}

async fn knock(site: &Site, draw: &mut Draw, count: usize) {
    let body = spans(1);
    let tokens =
        ["", "Bearer", "Bearer canary-5f0", "Bearer canary-5f0e0", "bearer x", "Basic Og=="];
    let mut answered = 0;
    let mut client = site.connect().await;
    for _ in 0..count {
        let (path, token) = (path(draw), draw.of(&tokens));
        let method = draw.of(&["POST", "POST", "POST", "PUT", "OPTIONS"]);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n\
             content-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        client.send(&[head.as_bytes(), &body].concat()).await;
        let answer = client.answer().await;
        assert!([400, 401].contains(&answer.status), "{} at {method} {path}", answer.status);
        answered += usize::from(answer.status == 401);
        if answer.status == 400 {
            client = site.connect().await;
        }
    }
    assert!(answered > count / 2, "{answered} of {count} were understood");
}

#[test]
fn no_spelling_of_a_path_is_let_in_without_the_token_over_http_1() {
    with_plan(guarded, async |site| {
        knock(&site, &mut Draw(7), 12_000).await;
        assert_eq!(site.count("spanyard_receiver_requests_total"), 0);
        assert_eq!(site.count("otelcol_receiver_accepted_spans"), 0);
    });
}

/// The status of an answer, over gRPC its code; `None`: the library takes it for no request.
async fn answered(channel: &SendRequest<Bytes>, request: Request<()>, body: Bytes) -> Option<u16> {
    let grpc = request.headers()["content-type"] == "application/grpc";
    let (answer, mut stream) =
        channel.clone().ready().await.ok()?.send_request(request, false).ok()?;
    stream.send_data(body, true).unwrap_or_default();
    let answer = answer.await.ok()?;
    if !grpc {
        return Some(answer.status().as_u16());
    }
    answer.headers()["grpc-status"].to_str().unwrap().parse().ok()
}

#[test]
fn no_spelling_of_a_path_is_let_in_without_the_token_over_http_2() {
    with_plan(guarded, async |site| {
        let mut draw = Draw(11);
        let mut open = channel(&site).await;
        let body = spans(1);
        let mut refused = 0;
        for at in 0..4000 {
            let path = path(&mut draw);
            let path = if path.starts_with("http") { path } else { format!("http://x/{path}") };
            let grpc = at % 2 == 0;
            let kind = if grpc { "application/grpc" } else { "application/x-protobuf" };
            let request = Request::post(path)
                .header("content-type", kind)
                .header("authorization", "Bearer canary-5f0e ");
            let Ok(request) = request.body(()) else { continue };
            let body = if grpc { framed(false, &body) } else { Bytes::from(body.clone()) };
            match answered(&open, request, body).await {
                Some(status) => {
                    assert_eq!(status, if grpc { 16 } else { 401 });
                    refused += 1;
                }
                None => open = channel(&site).await,
            }
        }
        assert!(refused > 1500, "{refused} were understood");
        assert_eq!(site.count(REFUSED), refused);
        assert_eq!(site.count("otelcol_receiver_accepted_spans"), 0);
    });
}
