//! TLS from a file: what is agreed on, who gets in, and certificates that change or are broken.
#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use loadgen::Carrier;
use loadgen::sink::{Mode, Protocol, Sink};

use super::backend::{load, nobody, proof, seen, send, sink};
use super::gateway::Gateway;
use super::home::{Home, given};
use super::visitor::{ask, assert_status, config, connect, der, shake, shown, trust};

const FAILURES: &str = "spanyard_shard_tls_failures_total";

/// Both ports with this certificate and its key, and more keys.
fn secured(sink: &Sink, certificate: &Path, key: &Path, more: &str) -> String {
    let tls =
        format!("{{cert_file: '{}', key_file: '{}'{more}}}", certificate.display(), key.display());
    let receivers = format!(
        "  otlp:
    protocols:
      grpc: {{tls: {tls}}}
      http: {{tls: {tls}}}"
    );
    config(sink, &receivers, "", "")
}

fn usual(sink: &Sink, more: &str) -> String {
    secured(sink, &given("server.pem"), &given("server.key"), more)
}

#[test]
fn requests_and_calls_arrive_over_tls_and_each_agrees_on_its_protocol() {
    let backend = sink(Mode::Ok);
    let gateway = Gateway::start(&usual(&backend, ""));
    for (run, protocol, endpoint) in
        [(1, Protocol::Http, gateway.http()), (2, Protocol::Grpc, gateway.grpc())]
    {
        let mut plan = load(protocol, endpoint, run, 50);
        plan.carrier = Carrier::Tls(trust(None));
        plan.authority = "localhost".to_owned();
        let outcome = send(plan);
        assert_eq!(outcome.tally.accepted, 50, "{protocol:?}: {:?}", outcome.tally.first_error);
        let _all = seen(&backend, |report| report.spans.unique >= 600 * u64::from(run));
        let proof = proof(&outcome, run, &[&backend], true);
        assert!(proof.acknowledged > 0 && proof.holds(0), "{protocol:?}: {proof:?}");
    }
    for (offered, agreed) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["http/1.1", "h2"], Some("h2")),
        (&[], None),
    ] {
        let shaken = shake(gateway.http(), None, offered).expect("a good handshake");
        assert_eq!(shaken.conn.alpn_protocol(), agreed.map(str::as_bytes), "{offered:?}");
    }
    let plain = ask(connect(gateway.http()).expect("a connection"), "").expect("an answer");
    assert!(plain.starts_with("HTTP/1.0 400"), "{plain}");
}

#[test]
fn only_clients_that_the_authority_of_the_file_has_signed_get_in() {
    let backend = sink(Mode::Ok);
    let authority = format!(", client_ca_file: '{}'", given("authority.pem").display());
    let gateway = Gateway::start(&usual(&backend, &authority));
    let try_as = |identity| ask(shake(gateway.http(), identity, &[])?, "");
    assert_status(&try_as(Some("client")).expect("an answer"), 200);
    for stranger in [None, Some("wrong-authority"), Some("expired"), Some("wrong-use")] {
        let refused = try_as(stranger);
        assert!(refused.is_err(), "{stranger:?}: {refused:?}");
    }
    let calls = |identity| {
        let mut plan = load(Protocol::Grpc, gateway.grpc(), 1, 4);
        plan.carrier = Carrier::Tls(trust(identity));
        plan.authority = "localhost".to_owned();
        send(plan).tally.accepted
    };
    assert_eq!((calls(Some("client")), calls(None)), (4, 0));
    let _page = gateway.metrics_when("failures are told apart", |page| {
        let of = |reason| page.count(FAILURES, &[("reason", reason)]);
        of("no_certificate") >= 2 && of("bad_certificate") >= 3
    });
    assert_eq!(seen(&backend, |report| report.accepted > 0).refused, 0);
}

/// Has the program run with a file that it must refuse: its exit code and what it says.
fn refused(home: &Home, file: &str) -> (Option<i32>, String) {
    let file = home.write("refused.yaml", file);
    let ended = Command::new(env!("CARGO_BIN_EXE_spanyard"))
        .arg("--config")
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .expect("the gateway's program");
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn a_certificate_that_cannot_be_used_ends_the_start_and_is_named() {
    let home = Home::new();
    let rubbish = home.write("rubbish.pem", "rubbish");
    let (good, key) = (given("server.pem"), given("server.key"));
    let cases = [
        (&rubbish, &key, &rubbish),
        (&good, &rubbish, &rubbish),
        (&home.at("gone.pem"), &key, &home.at("gone.pem")),
        (&good, &given("renewed.key"), &good),
    ];
    for (certificate, key, named) in cases {
        let file = format!(
            "receivers: {{otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:0', tls: {{\
             cert_file: '{}', key_file: '{}'}}}}}}}}}}
exporters: {{otlphttp: {{endpoint: 'http://{}'}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [otlphttp]}}}}
",
            certificate.display(),
            key.display(),
            nobody()
        );
        let (code, said) = refused(&home, &file);
        assert_eq!(code, Some(74), "{said}");
        assert!(said.contains(&named.display().to_string()), "{named:?}: {said}");
        assert!(said.contains("receiver otlp"), "{said}");
    }
}

#[test]
fn a_reload_with_a_certificate_that_cannot_be_used_changes_nothing_and_names_it() {
    let (before, after) = (sink(Mode::Ok), sink(Mode::Ok));
    let gateway = Gateway::start(&usual(&before, ""));
    let home = Home::new();
    let rubbish = home.write("rubbish.pem", "rubbish");
    gateway.rewrite(&secured(&after, &rubbish, &given("server.key"), ""));
    let (status, said) = gateway.ask_for_reload();
    assert_eq!(status, 422, "{said}");
    assert!(said.contains(&rubbish.display().to_string()), "{said}");
    let again = || {
        let stream = shake(gateway.http(), None, &[]).expect("a good handshake");
        ask(stream, "").expect("an answer")
    };
    assert_status(&again(), 200);
    let _all = seen(&before, |report| report.accepted == 1);
    gateway.rewrite(&secured(&after, &given("renewed.pem"), &given("renewed.key"), ""));
    assert_eq!(gateway.ask_for_reload().0, 200);
    assert_eq!(shown(gateway.http()), der("renewed.pem"));
    assert_status(&again(), 200);
    let _moved = seen(&after, |report| report.accepted == 1);
}

#[test]
fn a_certificate_that_changes_on_disk_is_shown_and_a_broken_one_is_not() {
    let (backend, home) = (sink(Mode::Ok), Home::new());
    home.show("server");
    let (certificate, key) = (home.at("live/tls.crt"), home.at("live/tls.key"));
    let gateway = Gateway::start(&secured(&backend, &certificate, &key, ", reload_interval: 1s"));
    assert_eq!(shown(gateway.http()), der("server.pem"));
    let mut old = shake(gateway.http(), None, &["http/1.1"]).expect("a good handshake");
    home.show("renewed");
    for port in [gateway.http(), gateway.grpc()] {
        gateway.wait_until("the new one is shown", || shown(port) == der("renewed.pem"));
    }
    home.show_rubbish();
    let warning = gateway.log_line("tls.crt: holds no certificate; the last good one stays in use");
    assert!(warning.contains("receiver otlp") && warning.contains("WARN"), "{warning}");
    assert_eq!(shown(gateway.http()), der("renewed.pem"));
    assert_status(&ask(&mut old, "").expect("an answer"), 200);
    fs::remove_file(home.at("live")).expect("removed");
    home.show("server");
    gateway.wait_until("a mended one is shown", || shown(gateway.http()) == der("server.pem"));
    let _told = gateway.log_line("can be read again");
}
