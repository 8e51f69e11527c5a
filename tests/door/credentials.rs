//! Who may send, from files that change while the gateway runs; receivers with settings of their
//! own beside each other.
#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loadgen::client::{GrpcReply, grpc};
use loadgen::otlp::Signal;
use loadgen::sink::Mode;

use super::backend::{seen, sink};
use super::gateway::Gateway;
use super::home::{Home, given};
use super::visitor::{ask, assert_status, body, config, connect, shake};

const REFUSED: &str = "spanyard_shard_unauthenticated_requests_total";
/// bcrypt of `password`, as cheap as it may be.
fn hash(password: &str) -> String {
    bcrypt::hash_with_salt(password, 4, [7; 16]).expect("a hash").to_string()
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// The status of a request with these credentials.
fn request(address: SocketAddr, authorization: &str) -> String {
    let line = format!("Authorization: {authorization}\r\n");
    let answer = ask(connect(address).expect("a connection"), &line).expect("an answer");
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn call(address: SocketAddr, authorization: &str) -> GrpcReply {
    let headers = [("authorization", authorization)];
    grpc(address, Signal::Traces.grpc_path(), &headers, &body()).expect("an answer")
}

/// Both ports ask this authenticator.
const GUARDED: &str = "  otlp:
    protocols:
      grpc: {auth: {authenticator: NAME}}
      http: {auth: {authenticator: NAME}}";

#[test]
fn passwords_behind_bcrypt_let_in_and_follow_their_file() {
    let (backend, home) = (sink(Mode::Ok), Home::new());
    let file = home.write("htpasswd", &format!("amber:{}\n", hash("canary-one")));
    let inline = format!("bronze:{}", hash("canary-bronze"));
    let extension =
        format!("  basicauth: {{htpasswd: {{file: '{}', inline: '{inline}'}}}}", file.display());
    let receivers = GUARDED.replace("NAME", "basicauth");
    let gateway = Gateway::start(&config(&backend, &receivers, &extension, ", basicauth"));
    let tell = |pair: &str| {
        let credentials = basic(pair);
        (request(gateway.http(), &credentials), call(gateway.grpc(), &credentials).code)
    };
    let (taken, refused) = (("200".to_owned(), 0), ("401".to_owned(), 16));
    assert_eq!(tell("amber:canary-one"), taken);
    assert_eq!(tell("bronze:canary-bronze"), taken, "inline users beside those of the file");
    for wrong in ["amber:canary-two", "amber:", "nobody:canary-one"] {
        assert_eq!(tell(wrong), refused, "{wrong}");
    }
    let answer = ask(connect(gateway.http()).expect("a connection"), "").expect("an answer");
    assert_status(&answer, 401);
    assert!(answer.to_ascii_lowercase().contains("www-authenticate: basic realm="), "{answer}");
    let _page = gateway.metrics_when("each is counted", |page| page.count(REFUSED, &[]) == 7);

    let _file = home.write("htpasswd", &format!("amber:{}\n", hash("canary-two")));
    gateway.wait_until("the new password lets in", || tell("amber:canary-two") == taken);
    assert_eq!(tell("amber:canary-one"), refused, "what was remembered is forgotten");
    let _file = home.write("htpasswd", "a line that is none\n");
    let warning = gateway.log_line("the last good one stays in use");
    assert!(warning.contains("line 1") && !warning.contains("a line that"), "{warning}");
    assert_eq!(tell("amber:canary-two"), taken);
    assert_eq!(seen(&backend, |report| report.accepted > 0).refused, 0);
}

#[test]
fn bearer_tokens_let_in_and_follow_their_file() {
    let (backend, home) = (sink(Mode::Ok), Home::new());
    let file = home.write("tokens", "canary-one\ncanary-two\n");
    let extension = format!("  bearertokenauth: {{filename: '{}'}}", file.display());
    let receivers = GUARDED.replace("NAME", "bearertokenauth");
    let gateway = Gateway::start(&config(&backend, &receivers, &extension, ", bearertokenauth"));
    let tell = |token: &str| {
        let credentials = format!("Bearer {token}");
        (request(gateway.http(), &credentials), call(gateway.grpc(), &credentials).code)
    };
    let (taken, refused) = (("200".to_owned(), 0), ("401".to_owned(), 16));
    for (token, expected) in [
        ("canary-one", &taken),
        ("canary-two", &taken),
        ("canary-three", &refused),
        ("canary-one canary-two", &refused),
        ("canary", &refused),
    ] {
        assert_eq!(&tell(token), expected, "{token:?}");
    }
    let _file = home.write("tokens", "canary-two\ncanary-three\n");
    gateway.wait_until("the new token lets in", || tell("canary-three") == taken);
    assert_eq!(tell("canary-two"), taken);
    assert_eq!(tell("canary-one"), refused, "it is not in the file any more");
}

#[test]
fn receivers_beside_each_other_keep_their_own_settings() {
    let backend = sink(Mode::Ok);
    let receivers = format!(
        "  otlp:
    protocols: {{http: {{}}, grpc: {{}}}}
  otlp/guarded:
    protocols:
      http:
        endpoint: 127.0.0.1:0
        tls: {{cert_file: '{}', key_file: '{}'}}
        auth: {{authenticator: basicauth}}
        response_headers: {{X-Door: guarded}}
        traces_url_path: /guarded",
        given("server.pem").display(),
        given("server.key").display()
    );
    let extension = format!("  basicauth: {{htpasswd: {{inline: 'amber:{}'}}}}", hash("canary"));
    let gateway = Gateway::start(&config(&backend, &receivers, &extension, ", basicauth"));
    let guarded = gateway.address("OTLP/HTTP receiver=\"otlp/guarded\"");
    assert_ne!(guarded, gateway.http());
    let plain = ask(connect(gateway.http()).expect("a connection"), "").expect("an answer");
    assert_status(&plain, 200);
    assert!(!plain.to_ascii_lowercase().contains("x-door"), "{plain}");
    assert_eq!(call(gateway.grpc(), "").code, 0);

    let at = |path: &str, authorization: &str| {
        let body = body();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: {authorization}\r\nContent-Type: application/x-protobuf\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let stream = shake(guarded, None, &["http/1.1"]).expect("a good handshake");
        super::visitor::exchange(stream, &[head.as_bytes(), &body].concat()).expect("an answer")
    };
    let good = basic("amber:canary");
    for (path, authorization, status) in
        [("/guarded", &*good, 200), ("/guarded", "", 401), ("/v1/traces", &*good, 404)]
    {
        let answer = at(path, authorization);
        assert_status(&answer, status);
        assert!(answer.to_ascii_lowercase().contains("x-door: guarded"), "{answer}");
    }
    let _all = seen(&backend, |report| report.accepted == 3);
}
