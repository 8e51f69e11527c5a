//! Sockets of the file system from a file: both protocols, a socket that was left behind, one that
//! is in use, and none that is left behind.
#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use http::Request;
use loadgen::otlp::Signal;
use loadgen::sink::{Mode, Sink};

use super::backend::{seen, sink};
use super::gateway::{Gateway, PATIENCE};
use super::home::Home;
use super::visitor::{ask, assert_status, body, config};

fn on_paths(sink: &Sink, home: &Home) -> String {
    let receivers = format!(
        "  otlp:
    protocols: {{http: {{}}, grpc: {{}}}}
  otlp/local:
    protocols:
      http: {{endpoint: '{}', transport: unix}}
      grpc: {{endpoint: '{}', transport: unix}}",
        home.at("http.sock").display(),
        home.at("grpc.sock").display()
    );
    config(sink, &receivers, "", "")
}

fn is_socket(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.file_type().is_socket())
}

fn request(path: &Path) -> String {
    let stream = UnixStream::connect(path).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    ask(stream, "").expect("an answer")
}

/// The status of a call over a socket of the file system.
fn call(path: &Path) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let stream = tokio::net::UnixStream::connect(path).await.expect("a connection");
        let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        let _driver = tokio::spawn(connection);
        let request = Request::post(format!("http://localhost{}", Signal::Traces.grpc_path()))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .expect("a request");
        let mut client = client.ready().await.expect("open");
        let (answer, mut sent) = client.send_request(request, false).expect("sent");
        let message = body();
        let length = u32::try_from(message.len()).expect("short").to_be_bytes();
        let framed = [&[0][..], &length, &message].concat();
        sent.send_data(Bytes::from(framed), true).expect("sent");
        let (head, mut rest) = answer.await.expect("an answer").into_parts();
        while rest.data().await.is_some() {}
        let trailers = rest.trailers().await.expect("an end").unwrap_or(head.headers);
        let status = trailers.get("grpc-status").expect("a status");
        status.to_str().expect("a number").to_owned()
    })
}

#[test]
fn both_protocols_arrive_over_a_socket_that_replaces_one_left_behind() {
    let (backend, home) = (sink(Mode::Ok), Home::new());
    let [http, grpc] = ["http.sock", "grpc.sock"].map(|name| home.at(name));
    drop(UnixListener::bind(&http).expect("left behind"));
    assert!(is_socket(&http));
    let gateway = Gateway::start(&on_paths(&backend, &home));
    let _line = gateway.log_line(&format!("address={}", http.display()));
    assert_status(&request(&http), 200);
    assert_status(&request(&grpc), 200);
    assert_eq!(call(&grpc), "0");
    assert_eq!(call(&http), "0", "each socket knows both protocols");
    let _all = seen(&backend, |report| report.accepted == 4);

    gateway.reload(&config(&backend, "  otlp: {protocols: {http: {}, grpc: {}}}", "", ""));
    gateway.wait_until("the sockets are removed", || !is_socket(&http) && !is_socket(&grpc));
    gateway.reload(&on_paths(&backend, &home));
    gateway.wait_until("the sockets are back", || is_socket(&http) && is_socket(&grpc));
    assert_status(&request(&http), 200);
    assert_eq!(gateway.terminate().code, Some(0));
    assert!(!http.exists() && !grpc.exists(), "nothing is left behind");
}

#[test]
fn a_socket_in_use_and_a_file_in_its_place_end_the_start_and_are_left_alone() {
    let (backend, home) = (sink(Mode::Ok), Home::new());
    let file = home.write("refused.yaml", &on_paths(&backend, &home));
    let start = || {
        let ended = Command::new(env!("CARGO_BIN_EXE_spanyard"))
            .args(["--set", "receivers.otlp.protocols.http.endpoint=127.0.0.1:0"])
            .args(["--set", "receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0"])
            .args(["--set", "service.telemetry.metrics.level=none"])
            .args(["--set", "service.extensions=[spanyard]", "--config"])
            .arg(&file)
            .output()
            .expect("the gateway's program");
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    let holder = UnixListener::bind(home.at("http.sock")).expect("held");
    let (code, said) = start();
    assert_eq!(code, Some(74), "{said}");
    assert!(said.contains("http.sock") && said.contains("another process listens"), "{said}");
    assert!(is_socket(&home.at("http.sock")));
    drop(holder);
    std::fs::remove_file(home.at("http.sock")).expect("removed");
    let _file = home.write("grpc.sock", "of somebody else");
    let (code, said) = start();
    assert_eq!(code, Some(74), "{said}");
    assert!(said.contains("grpc.sock") && said.contains("not a socket"), "{said}");
    assert!(home.at("grpc.sock").is_file());
}
