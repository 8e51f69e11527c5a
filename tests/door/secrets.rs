//! Secrets of the file, of the environment and of clients show nowhere: not in what the commands
//! print, not in the log at its most talkative, not on any page for operators, not in an answer.
#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loadgen::client::{Reply, get, grpc, post};
use loadgen::otlp::Signal;
use loadgen::sink::{Mode, Sink};

use super::backend::{seen, sink};
use super::gateway::Gateway;
use super::home::Home;
use super::visitor::{body, config};

/// Part of every secret here, and of nothing else.
const CANARY: &str = "canary7f3e";

/// Every place of a file that holds a secret holds a canary; `home` has those that lie in files.
fn talkative(sink: &Sink, home: &Home) -> String {
    let file = home.write("htpasswd", &format!("bronze:{CANARY}-in-a-file\n"));
    let receivers = "  otlp:
    protocols:
      grpc: {include_metadata: true, auth: {authenticator: bearertokenauth}}
      http: {include_metadata: true, auth: {authenticator: basicauth}}";
    let extensions = format!(
        "  basicauth: {{htpasswd: {{inline: 'amber:{CANARY}-inline', file: '{}'}}}}
  bearertokenauth: {{tokens: ['{CANARY}-first', '{CANARY}-second']}}
  basicauth/out: {{client_auth: {{username: amber, password: '{CANARY}-out'}}}}",
        file.display()
    );
    let exporter = format!(
        "compression: none, headers: {{X-Key: '{CANARY}-header', Cookie: '{CANARY}-cookie'}}, \
         auth: {{authenticator: basicauth/out}}"
    );
    config(sink, receivers, &extensions, ", basicauth, bearertokenauth, basicauth/out")
        .replace("compression: none", &exporter)
        .replace("  pipelines:", "  telemetry: {logs: {level: debug}}\n  pipelines:")
}

/// The same with each secret behind a variable of the environment.
fn from_environment(file: &str) -> (String, Vec<(String, String)>) {
    let mut pieces = file.split(CANARY);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    let mut variables = Vec::new();
    for (number, piece) in pieces.enumerate() {
        text.push_str(&format!("${{env:DOOR_{number}}}{piece}"));
        variables.push((format!("DOOR_{number}"), CANARY.to_owned()));
    }
    (text, variables)
}

fn assert_silent(what: &str, text: &str) {
    let encoded = STANDARD.encode(CANARY);
    for secret in [CANARY, encoded.trim_end_matches('=')] {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{what} shows a secret");
    }
}

#[test]
fn the_commands_show_no_secret_of_a_file_or_of_the_environment() {
    let (backend, home) = (sink(Mode::Ok), Home::new());
    let inline = talkative(&backend, &home);
    let broken = inline.replace("headers:", "heders:").replace("tokens:", "tokns:");
    let (outside, variables) = from_environment(&inline);
    assert_eq!(variables.len(), 6);
    for (kind, text) in [("inline", &inline), ("broken", &broken), ("outside", &outside)] {
        let file = home.write("shown.yaml", text);
        for command in [
            &["check"][..],
            &["check", "--format", "json"],
            &["check", "--format", "sarif"],
            &["print"],
            &["print", "--format", "json"],
            &["migrate"],
            &["explain", "--resource", "a=b"],
        ] {
            let ended = Command::new(env!("CARGO_BIN_EXE_spanyard"))
                .args(command)
                .arg(&file)
                .envs(variables.iter().cloned())
                .output()
                .expect("the gateway's program");
            let said = [ended.stdout, ended.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert_silent(&format!("{command:?} of the {kind} file"), &said);
            if command == ["print"] && kind != "broken" {
                assert!(said.contains("inline: \"****\""), "{said}");
                assert!(said.contains("X-Key: \"****\""), "{said}");
            }
        }
    }
}

fn text(reply: &Reply) -> String {
    format!("{:?}\n{}\n", reply.headers, String::from_utf8_lossy(&reply.body))
}

/// Requests and calls with credentials that are right, wrong, and in the wrong place, as text.
fn conversations(gateway: &Gateway) -> String {
    let good = format!("Basic {}", STANDARD.encode(format!("amber:{CANARY}-inline")));
    let in_file = format!("Basic {}", STANDARD.encode(format!("bronze:{CANARY}-in-a-file")));
    let wrong = format!("Basic {}", STANDARD.encode(format!("{CANARY}:{CANARY}")));
    let token = format!("Bearer {CANARY}-second");
    let mut heard = String::new();
    for (value, status, code) in
        [(&good, 200, 16), (&in_file, 200, 16), (&wrong, 401, 16), (&token, 401, 0)]
    {
        let headers = [
            ("authorization", &**value),
            ("x-key", CANARY),
            ("cookie", CANARY),
            ("user-agent", "door"),
        ];
        let reply = post(gateway.http(), "/v1/traces", &headers, &body()).expect("an answer");
        assert_eq!(reply.status, status, "{reply:?}");
        heard.push_str(&text(&reply));
        let lost = post(gateway.http(), "/nowhere", &headers, b"").expect("an answer");
        heard.push_str(&text(&lost));
        let path = Signal::Traces.grpc_path();
        let reply = grpc(gateway.grpc(), path, &headers, &body()).expect("an answer");
        assert_eq!(reply.code, code, "{reply:?}");
        heard.push_str(&format!("{:?} {:?} {}\n", reply.headers, reply.trailers, reply.message));
        heard.push_str(&String::from_utf8_lossy(&reply.body));
    }
    heard
}

#[test]
fn a_running_gateway_shows_no_secret_in_its_log_its_pages_or_its_answers() {
    let (backend, home) = (sink(Mode::fail(401)), Home::new());
    let file = talkative(&backend, &home);
    let gateway = Gateway::start(&file);
    let mut shown = conversations(&gateway);
    let _rejected = seen(&backend, |report| report.requests >= 2);
    backend.set_mode(Mode::Ok);
    shown.push_str(&conversations(&gateway));
    let _taken = seen(&backend, |report| report.accepted >= 2);
    let kept = backend.bodies();
    let sent = kept.last().and_then(|sent| sent.header("x-key"));
    assert_eq!(sent, Some(format!("{CANARY}-header").as_str()), "it is there to be shown");
    for (from, to) in [("headers:", "heders:"), ("tokens:", "tokns:"), ("inline:", "inlin:")] {
        gateway.rewrite(&file.replace(from, to));
        let (status, said) = gateway.ask_for_reload();
        assert_eq!(status, 422, "{said}");
        shown.push_str(&said);
    }
    gateway.rewrite(&file);
    assert_eq!(gateway.ask_for_reload().0, 200);
    for (address, paths) in [
        (gateway.admin(), ["/", "/-/reload", "/config"]),
        (gateway.health(), ["/", "/ready", "/x"]),
    ] {
        for path in paths {
            shown.push_str(&text(&get(address, path).expect("an answer")));
        }
    }
    shown.push_str(&gateway.metrics_page().to_string());
    let ended = gateway.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(ended.log.contains("DEBUG") && ended.log.contains("is not let in"), "{}", ended.log);
    assert_silent("an answer or a page", &shown);
    assert_silent("the log", &ended.log);
}
