//! Credentials asked for at the door: over HTTP/1, HTTP/2 and gRPC, on every path there is.

use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;
use spanyard_wire::reply;

use super::grpc::{assert_success, call, channel, export, framed, http_call};
use super::site::{post, spans, with_plan};
use crate::config::plan::{Authenticator, Plan, Secret};
use crate::ingest::verdict::Fault;

const TOKEN: &str = "canary-5f0e";
pub(super) const REFUSED: &str = "spanyard_shard_unauthenticated_requests_total";

/// `secret` by bcrypt, at the lowest cost.
const BCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

fn bearer(token: &str) -> Authenticator {
    let tokens = vec![Secret::Plain(token.to_owned())];
    Authenticator::Bearer { header: AUTHORIZATION, scheme: "Bearer".to_owned(), tokens }
}

/// Both transports ask for credentials.
pub(super) fn guarded(plan: &mut Plan) {
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

/// All that is logged, at every level.
#[derive(Clone, Default)]
struct Pages(Arc<Mutex<Vec<u8>>>);

impl io::Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_secret_is_logged_or_shown_on_the_metrics_page_at_any_level() {
    let pages = Pages::default();
    let sink = pages.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || sink.clone())
        .finish();
    // Where one subscriber is the only one there is, what another thread logs first is decided by
    // that thread's alone, for all.
    let second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let inline = Secret::Plain(format!("amber:{BCRYPT}"));
    let basic = Authenticator::Basic { file: None, inline };
    let shown = tracing::subscriber::with_default(subscriber, || {
        let mut shown = String::new();
        for authenticator in [bearer(TOKEN), basic] {
            let keep = &mut shown;
            with_plan(
                |plan| with(plan, &authenticator),
                async move |site| {
                    let body = spans(1);
                    let pair = format!("Basic {}", STANDARD.encode(format!("amber:{TOKEN}")));
                    for value in [format!("Bearer {TOKEN}"), pair, format!("Wrong {TOKEN}")] {
                        let lines = format!("authorization: {value}\r\nx-key: {TOKEN}\r\n");
                        let answer = site.ask(&post(&lines, &body)).await;
                        keep.push_str(&answer.head);
                        keep.push_str(&String::from_utf8_lossy(&answer.body));
                        let channel = channel(&site).await;
                        let request = export().header("authorization", value);
                        keep.push_str(&format!(
                            "{:?}",
                            call(&channel, request, Bytes::new()).await
                        ));
                    }
                    keep.push_str(&site.page());
                },
            );
        }
        shown
    });
    drop(second);
    let logged = String::from_utf8(pages.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("is not let in") && logged.contains("TRACE"), "all is logged");
    for secret in [TOKEN, &STANDARD.encode(format!("amber:{TOKEN}")), BCRYPT] {
        assert!(!shown.contains(secret), "{shown}");
        let line = logged.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}
