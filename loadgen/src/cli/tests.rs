//! What the flags mean.

use std::time::Duration;

use clap::{CommandFactory, Parser};

use super::*;

fn plan(flags: &[&str]) -> Plan {
    let line = ["loadgen", "send", "--endpoint", "127.0.0.1:4318"];
    let cli = Cli::try_parse_from(line.iter().chain(flags)).expect("valid flags");
    let Command::Send(args) = cli.command else { panic!("another command") };
    args.plan().expect("a plan")
}

fn refused(flags: &[&str]) -> bool {
    let line = ["loadgen", "send", "--endpoint", "127.0.0.1:4318"];
    Cli::try_parse_from(line.iter().chain(flags)).is_err()
}

#[test]
fn the_flags_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn without_flags_ten_seconds_of_unique_spans_are_sent_in_a_closed_loop() {
    let plan = plan(&[]);
    assert_eq!(plan.schedule.requests_per_second, None);
    assert_eq!(plan.schedule.duration, Some(Duration::from_secs(10)));
    assert!(plan.fresh && plan.retry_for.is_zero());
    assert_eq!((plan.path.as_str(), plan.authority.as_str()), ("/v1/traces", "127.0.0.1:4318"));
}

#[test]
fn a_rate_in_spans_becomes_a_rate_in_requests() {
    let plan = plan(&["-r", "200k", "-z", "5s", "--spans-per-request", "100"]);
    assert_eq!(plan.schedule.requests_per_second, Some(2_000.0));
    assert_eq!(plan.schedule.requests_max(), 10_000);
}

#[test]
fn a_case_reuses_its_bytes_unless_it_is_proved() {
    assert!(!plan(&["--case", "C"]).fresh);
    assert!(plan(&["--case", "C", "--unique"]).fresh);
    let proved = plan(&["--case", "C", "--verify", "listen:127.0.0.1:0"]);
    assert!(proved.fresh && !proved.retry_for.is_zero());
    assert_eq!((proved.shape.resources, proved.shape.spans_per_request), (1, 5));
}

#[test]
fn what_contradicts_itself_is_refused() {
    assert!(refused(&["--reuse", "--verify", "127.0.0.1:1"]));
    assert!(refused(&["--case", "A", "--resources", "3"]));
    assert!(refused(&["--verify-each"]));
    assert!(refused(&["-z", "10"]));
    assert!(refused(&["--tls"]) && refused(&["--ca", "a", "--cert", "b"]));
}

#[test]
fn tls_is_asked_for_by_a_flag_by_the_scheme_or_by_http_3() {
    let tls = |identity, name: &str| Tls { ca: "a".into(), identity, server_name: name.to_owned() };
    assert_eq!(plan(&[]).carrier, Carrier::Tcp);
    assert_eq!(plan(&["--tls", "--ca", "a"]).carrier, Carrier::Tls(tls(None, "127.0.0.1")));
    let pair = Some(("c".into(), "k".into()));
    let named = ["--tls", "--ca", "a", "--cert", "c", "--key", "k", "--server-name", "gate"];
    assert_eq!(plan(&named).carrier, Carrier::Tls(tls(pair, "gate")));
    let quic = plan(&["--protocol", "h3", "--ca", "a", "--compression", "zstd"]);
    assert_eq!(quic.carrier, Carrier::Quic(tls(None, "127.0.0.1")));
    assert_eq!((quic.protocol, quic.coding), (Protocol::Http, Coding::Zstd));
    let line = ["loadgen", "send", "--endpoint", "https://[::1]:1/p", "--ca", "a"];
    let Command::Send(args) = Cli::try_parse_from(line).expect("valid flags").command else {
        panic!("another command")
    };
    let found = args.plan().expect("a plan");
    assert_eq!((found.carrier, found.path.as_str()), (Carrier::Tls(tls(None, "::1")), "/p"));
}

#[test]
fn tls_without_an_authority_and_an_authority_without_tls_are_refused() {
    for flags in [&["--protocol", "h3"][..], &["--ca", "a"][..]] {
        let line = ["loadgen", "send", "--endpoint", "127.0.0.1:4318"];
        let cli = Cli::try_parse_from(line.iter().chain(flags)).expect("valid flags");
        let Command::Send(args) = cli.command else { panic!("another command") };
        assert!(args.plan().is_err(), "{flags:?}");
    }
}

#[test]
fn headers_resources_and_a_path_of_ones_own_are_taken_over() {
    let line = ["-H", "X-Scope-OrgID: a", "--resource", "tenant=a|b", "--resource", "k=v=w"];
    let plan = plan(&line);
    assert_eq!(plan.headers, [("X-Scope-OrgID".to_owned(), "a".to_owned())]);
    let values = |nth: usize| plan.shape.resource_attributes[nth].1.clone();
    assert_eq!((values(0), values(1)), (vec!["a".into(), "b".into()], vec!["v=w".to_owned()]));
    let line = ["loadgen", "send", "--endpoint", "http://127.0.0.1:1/otlp/v1/traces"];
    let cli = Cli::try_parse_from(line).expect("valid flags");
    let Command::Send(args) = cli.command else { panic!("another command") };
    assert_eq!(args.plan().expect("a plan").path, "/otlp/v1/traces");
}
