//! What the file says of connections and bodies, as the plan has it.

mod access;

use std::time::Duration;

use crate::config::fixture;
use crate::config::plan::{Codings, HttpTimes, ServerKeepalive};
use crate::config::{Loaded, Problems};

fn load(protocols: &str) -> Result<Loaded, Problems> {
    let text = format!(
        "receivers: {{otlp: {{protocols: {protocols}}}}}\nexporters: {{nop: {{}}}}\n\
         service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}}}\n"
    );
    fixture::try_load(&text)
}

const fn seconds(count: u64) -> Option<Duration> {
    Some(Duration::from_secs(count))
}

const NONE: ServerKeepalive =
    ServerKeepalive { idle: None, age: None, grace: None, ping: None, enforcement: None };

#[test]
fn keepalive_says_how_long_connections_live() {
    let loaded = load(
        "{grpc: {keepalive: {server_parameters: {max_connection_idle: 2m, max_connection_age: 5m, \
         max_connection_age_grace: 30s, time: 10ms}}}}",
    )
    .expect("loads");
    assert_eq!(loaded.warnings, []);
    let grpc = loaded.plan.receivers[0].grpc.as_ref().expect("grpc");
    let ping = seconds(1).zip(seconds(20));
    let expected =
        ServerKeepalive { idle: seconds(120), age: seconds(300), grace: seconds(30), ping, ..NONE };
    assert_eq!(grpc.keepalive, expected);
    for none in [
        "{}",
        "{server_parameters: {}}",
        "{server_parameters: {time: 0, timeout: 0s}}",
        "{server_parameters: {enabled: false, time: 1s}}",
        "{enabled: false, server_parameters: {time: 1s}}",
    ] {
        let loaded = load(&format!("{{grpc: {{keepalive: {none}}}}}")).expect("loads");
        let grpc = loaded.plan.receivers[0].grpc.as_ref().expect("grpc");
        assert_eq!(grpc.keepalive, ServerKeepalive::default(), "{none}");
    }
}

#[test]
fn an_enforcement_policy_says_how_often_clients_may_ping() {
    let cases = [
        ("{min_time: 10s, permit_without_stream: true}", (Duration::from_secs(10), true)),
        ("{}", (Duration::from_secs(300), false)),
    ];
    for (policy, expected) in cases {
        let text = format!("{{grpc: {{keepalive: {{enforcement_policy: {policy}}}}}}}");
        let loaded = load(&text).expect("loads");
        assert_eq!(loaded.warnings, [], "{policy}");
        let grpc = loaded.plan.receivers[0].grpc.as_ref().expect("grpc");
        assert_eq!(grpc.keepalive, ServerKeepalive { enforcement: Some(expected), ..NONE });
    }
}

#[test]
fn read_timeout_stands_in_for_times_that_are_not_named() {
    let times = |keys: &str| {
        let loaded = load(&format!("{{http: {{{keys}}}}}")).expect("loads");
        loaded.plan.receivers[0].http.as_ref().expect("http").times
    };
    assert_eq!(times(""), HttpTimes::default());
    assert_eq!(times("read_timeout: 0, idle_timeout: 0s"), HttpTimes::default());
    let five = HttpTimes { head: seconds(5), body: seconds(5), idle: seconds(5), ..times("") };
    assert_eq!(times("read_timeout: 5s"), five);
    let keys = "read_timeout: 5s, read_header_timeout: 2s, idle_timeout: 90s, write_timeout: 30s, \
                keep_alives_enabled: false";
    let all = HttpTimes {
        head: seconds(2),
        body: seconds(5),
        write: seconds(30),
        idle: seconds(90),
        single_use: true,
        ..HttpTimes::default()
    };
    assert_eq!(times(keys), all);
}

#[test]
fn every_encoding_is_taken_unless_the_file_lists_some() {
    let codings = |list: &str| {
        let loaded = load(&format!("{{http: {{{list}}}}}")).expect("loads");
        assert_eq!(loaded.warnings, []);
        loaded.plan.receivers[0].http.as_ref().expect("http").codings
    };
    assert_eq!(codings(""), Codings::ALL);
    assert_eq!(codings("compression_algorithms: []"), Codings::NONE);
    assert_eq!(codings("compression_algorithms: [\"\"]"), Codings::NONE);
    let all = "[\"\", gzip, zstd, zlib, snappy, deflate, lz4, x-snappy-framed]";
    assert_eq!(codings(&format!("compression_algorithms: {all}")), Codings::ALL);
    let two = Codings { zstd: true, snappy_framed: true, ..Codings::NONE };
    assert_eq!(codings("compression_algorithms: [zstd, x-snappy-framed]"), two);
    let problems = load("{http: {compression_algorithms: [gzipp]}}").expect_err("is refused");
    assert!(problems.to_string().contains("did you mean `gzip`"), "{problems}");
}

#[test]
fn connections_over_http_may_have_an_age() {
    let keys = "max_connection_age: 5m, max_connection_age_grace: 10s";
    let loaded = load(&format!("{{http: {{{keys}}}}}")).expect("loads");
    let times = loaded.plan.receivers[0].http.as_ref().expect("http").times;
    assert_eq!((times.age, times.grace), (seconds(300), seconds(10)));
}
