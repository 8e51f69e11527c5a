//! Attribute processors from the file to the bytes that leave, beside a plain implementation.
//!
//! Random processors are written as a configuration file and loaded; random requests of the three
//! signals go through the compiled branch. What comes out, decoded by prost, must be what `naive`
//! makes of the decoded request, action by action. Every action, every type of value, `include` and
//! `exclude` occur; the order of attributes counts.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: a surprise ends the run"
)]

mod draw;
mod file;
mod message;
mod naive;
mod text;

use std::net::{IpAddr, Ipv4Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use spanyard::config::plan::Flow;
use spanyard::config::{self, HostFacts, Source};
use spanyard::rewrite::Selection;
use spanyard::rewrite::context::Slots;
use spanyard_wire::request::Request;
use spanyard_wire::schema::Signal;

use draw::Draw;
use message::Message;

const CASES: u32 = 800;

/// The flow of one signal of a file.
fn load(text: &str, signal: Signal) -> Flow {
    let source = Source::Text { name: "t.yaml".to_owned(), text: text.to_owned() };
    let host = HostFacts { memory_bytes: 1 << 30 };
    let mut loaded = match config::load(&[source], &|_| None, &host) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{text}\n{problems}"),
    };
    loaded.plan.receivers[0].flows[signal.index()].take().expect("a flow")
}

/// What leaves, by the way that the gateway takes.
fn through(flow: &Flow, signal: Signal, bytes: &[u8]) -> Vec<u8> {
    let mut request = Request::new();
    request.scan(signal, bytes).expect("well formed");
    let mut headers = http::HeaderMap::new();
    for (name, value) in draw::HEADERS {
        let _ = headers.append(name, http::HeaderValue::from_static(value));
    }
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let slots = Slots::resolve(&flow.slots, Some(&headers), Some(peer));
    let groups = (0..request.groups.len()).collect();
    let mut selection = Selection { groups, ..Selection::default() };
    let branch = &flow.branches[0];
    selection.build(bytes, &request, signal, branch, &slots.views()).expect("well formed");
    let mut out = Vec::new();
    selection.splice.write_to(bytes, &mut out);
    // Edits that undo one another may count as a change.
    assert!(!selection.untouched || out == bytes, "what counts as untouched is");
    out
}

fn check(signal: Signal, processors: &[u8], request: &[u8]) {
    let processors = Draw::new(processors).processors(signal);
    let mut expected = Draw::new(request).message(signal);
    let bytes = expected.encode();
    let text = file::write(&processors, signal);
    let out = through(&load(&text, signal), signal, &bytes);
    let absent: Vec<bool> = expected.resources().iter().map(|found| found.is_none()).collect();
    processors.iter().for_each(|processor| naive::apply(processor, &mut expected));
    // What one processor added to a missing resource another may have removed again.
    for (resource, absent) in expected.resources().into_iter().zip(absent) {
        if absent && resource.as_ref().is_some_and(|found| found.attributes.is_empty()) {
            *resource = None;
        }
    }
    let got = Message::decode(signal, &out);
    if got.meaning() != expected.meaning() {
        let before = Message::decode(signal, &bytes);
        panic!("{text}\nbefore: {before:#?}\ngot: {got:#?}\nexpected: {expected:#?}");
    }
}

fn choices(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..longest)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_processors_do_to_random_requests_what_a_plain_implementation_does(
        signal in prop::sample::select(Signal::ALL.to_vec()),
        processors in choices(160),
        request in choices(400),
    ) {
        check(signal, &processors, &request);
    }
}

/// `resource, attributes, resource, attributes`: a selection by resource sees the edits before it.
#[test]
fn a_selection_by_resource_sees_the_processors_before_it_and_not_those_behind() {
    let text = "
receivers: {otlp: {protocols: {http: {}}}}
exporters: {nop: {}}
processors:
  resource/a: {attributes: [{key: service.name, value: first, action: upsert}]}
  attributes/a:
    include: {match_type: strict, services: [first]}
    actions: [{key: seen, value: a, action: insert}]
  resource/b: {attributes: [{key: service.name, value: second, action: upsert}]}
  attributes/b:
    include: {match_type: strict, services: [first]}
    actions: [{key: seen, value: b, action: upsert}]
  attributes/c:
    exclude: {match_type: regexp, services: [^first]}
    actions: [{key: also, value: c, action: upsert}]
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [resource/a, attributes/a, resource/b, attributes/b, attributes/c]
      exporters: [nop]
";
    let message = Draw::new(&[]).message(Signal::Traces);
    let out = through(&load(text, Signal::Traces), Signal::Traces, &message.encode());
    let mut lists = Vec::new();
    Message::decode(Signal::Traces, &out).each_item(&mut |_, attributes| {
        let shown = attributes.iter().map(|one| format!("{}={:?}", one.key, naive::text(one)));
        lists.push(shown.collect::<Vec<_>>());
    });
    assert!(!lists.is_empty());
    for list in lists {
        assert_eq!(list, [r#"seen="a""#, r#"also="c""#]);
    }
}
