//! A reload (SIGHUP, `POST /-/reload`, a watched file) moves traffic to what the file says now and
//! loses nothing on the way; a file with a mistake changes nothing and is told by its place.

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "reload/waiting.rs"]
mod waiting;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use loadgen::client::Raw;
use loadgen::shape::{Shape, build_request};
use loadgen::sink::{Mode, Protocol, Sink};

use backend::{load, post, proof, seen, send, sink};
use gateway::Gateway;
use gateway::page::Page;

fn to(sink: &Sink) -> String {
    format!(
        "exporters:
  otlphttp: {{endpoint: 'http://{}', compression: none}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlphttp]}}
",
        sink.addr_http()
    )
}

fn small() -> Vec<u8> {
    numbered(0)
}

/// A request with one span of its own.
fn numbered(sequence: u64) -> Vec<u8> {
    build_request(&Shape { spans_per_request: 1, run: 99, ..Shape::default() }, sequence)
}

#[test]
fn a_good_file_moves_the_traffic_while_it_flows_and_nothing_is_lost() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let (before, after) = (sink(Mode::Ok), sink(Mode::Ok));
        let gateway = Gateway::start(&to(&before));
        let endpoint = if protocol == Protocol::Http { gateway.http() } else { gateway.grpc() };
        let mut plan = load(protocol, endpoint, 1, 0);
        plan.schedule.requests = None;
        plan.schedule.duration = Some(Duration::from_millis(1500));
        let sender = thread::spawn(move || send(plan));
        let _flows = seen(&before, |report| report.spans.unique >= 500);
        gateway.reload(&to(&after));
        let _moved = seen(&after, |report| report.spans.unique >= 500);
        let outcome = sender.join().expect("no panic");
        let tally = &outcome.tally;
        assert_eq!(tally.requests(), tally.accepted, "{protocol:?}: {:?}", tally.first_error);
        let page =
            gateway.metrics_when("all is delivered", |page| page.ledger("spans", &[]).queued == 0);
        page.assert_balanced();
        let proof = proof(&outcome, 1, &[&before, &after], false);
        assert!(proof.acknowledged > 0 && proof.holds(0), "{protocol:?}: {proof:?}");
        assert_eq!(gateway.terminate().code, Some(0));
    }
}

#[test]
fn what_waits_for_a_removed_backend_is_still_delivered_to_it() {
    let (slow, after) = (sink(Mode::Silent), sink(Mode::Ok));
    let gateway = Gateway::start(&to(&slow));
    assert_eq!(post(gateway.http(), &small()).status, 200);
    let _sent = seen(&slow, |report| report.waiting == 1);
    gateway.reload(&to(&after));
    let _told = gateway.log_line("the configuration was reloaded");
    slow.set_mode(Mode::Ok);
    let _delivered = seen(&slow, |report| report.accepted == 1);
    let _page =
        gateway.metrics_when("it is counted", |page| page.spans_of("otlphttp").delivered == 1);
}

#[test]
fn a_file_with_a_mistake_changes_nothing_and_is_told_by_its_place() {
    let (before, after) = (sink(Mode::Ok), sink(Mode::Ok));
    let gateway = Gateway::start(&to(&before));
    let mut connection = Raw::connect(gateway.http()).expect("a connection");
    connection.post("/v1/traces", &[], &small()).expect("sent");
    assert_eq!(connection.reply().expect("an answer").status, 200);
    gateway.reload(&to(&after).replace("compression", "compresion"));
    let _told = gateway.log_line("the configuration was not reloaded");
    let place = gateway.log_line("test.yaml:2:");
    assert!(place.contains("compresion"), "{place}");
    let column = 1 + to(&after)
        .lines()
        .nth(1)
        .and_then(|line| line.find("compression"))
        .expect("the key stands there");
    assert!(place.contains(&format!("test.yaml:2:{column}")), "{place}");
    connection.post("/v1/traces", &[], &small()).expect("sent");
    assert_eq!(connection.reply().expect("an answer").status, 200, "the connection lives on");
    let _both = seen(&before, |report| report.accepted == 2);
    assert_eq!(gateway.terminate().code, Some(0));
    assert_eq!(after.report().requests, 0);
}

#[test]
fn a_request_whose_body_is_under_way_when_the_plan_changes_is_taken() {
    let (before, after) = (sink(Mode::Ok), sink(Mode::Ok));
    let gateway = Gateway::start(&to(&before));
    let body = small();
    let mut half_sent = Raw::connect(gateway.http()).expect("a connection");
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: g\r\nContent-Length: {}\r\n\
         Content-Type: application/x-protobuf\r\n\r\n",
        body.len()
    );
    let (first, second) = body.split_at(body.len() / 2);
    half_sent.send(head.as_bytes()).expect("sent");
    half_sent.send(first).expect("sent");
    gateway.reload(&to(&after));
    let _told = gateway.log_line("the configuration was reloaded");
    let mut posted = 0;
    while after.report().accepted == 0 && posted < 1000 {
        assert_eq!(post(gateway.http(), &small()).status, 200);
        posted += 1;
    }
    assert!(posted < 1000, "new requests follow the new plan");
    half_sent.send(second).expect("sent");
    assert_eq!(half_sent.reply().expect("an answer").status, 200, "begun before, taken after");
    let _all = gateway.metrics_when("all is delivered", |page| {
        page.ledger("requests", &[]).delivered == posted + 1
    });
    assert_eq!(gateway.terminate().code, Some(0));
}

/// A file with one exporter and `more` lines for exporters, whose pipeline has also `exporters`.
fn with(sink: &Sink, settings: &str, more: &str, exporters: &str) -> String {
    format!(
        "extensions: {{spanyard: {{drain_timeout: 60s}}}}
processors:
  batch: {{send_batch_size: {}, timeout: 5ms}}
exporters:
  otlphttp: {{endpoint: 'http://{}', compression: none{settings}}}
{more}
service:
  pipelines:
    traces: {{receivers: [otlp], processors: [batch], exporters: [otlphttp{exporters}]}}
",
        settings.len() + 1,
        sink.addr_http()
    )
}

/// How many reloads of a gateway went well, and how many did not.
fn reloads(page: &Page) -> (u64, u64) {
    let count = |result| page.count("spanyard_config_reloads_total", &[("result", result)]);
    (count("ok"), count("failed"))
}

/// Reloads again and again, in turn over HTTP and by signal; three files of ten are broken.
#[expect(clippy::expect_used, clippy::indexing_slicing, reason = "a surprise ends the test")]
fn reload_often(gateway: &Gateway, good: &[String; 3], times: u64) {
    let broken = [
        good[0].replace("exporters: [otlphttp", "exporters: [otlphtp"),
        good[0].replace("compression", "compresion"),
        good[0].replace("exporters:\n", "exporters: [\n"),
    ];
    let mut connection = Raw::connect(gateway.http()).expect("a connection");
    let mut expected = (0, 0);
    for turn in 0..times {
        let faulty = turn % 10 > 6;
        let files = if faulty { &broken } else { good };
        gateway.rewrite(&files[usize::try_from(turn % 3).expect("small")]);
        if faulty {
            expected.1 += 1
        } else {
            expected.0 += 1
        }
        if turn % 2 == 0 {
            let (status, body) = gateway.ask_for_reload();
            assert_eq!(status, if faulty { 422 } else { 200 }, "{body}");
        } else {
            gateway.hang_up();
        }
        let _page = gateway.metrics_when("it is counted", |page| reloads(page) == expected);
        connection.post("/v1/traces", &[], &numbered(turn)).expect("the connection lives");
        assert_eq!(connection.reply().expect("an answer").status, 200);
    }
}

#[test]
fn reloads_under_load_refuse_lose_and_double_nothing_and_keep_nothing() {
    let (main, other) = (sink(Mode::Ok), sink(Mode::Ok));
    let second = format!(
        "  otlphttp/b: {{endpoint: 'http://{}', sending_queue: {{queue_size: 100000}}}}",
        other.addr_http()
    );
    let files = [
        // Room for all that is sent: what a full queue does is not the question here.
        with(&main, ", sending_queue: {queue_size: 100000}", "", ""),
        with(&main, ", sending_queue: {queue_size: 90000}", &second, ", otlphttp/b"),
        with(&main, ", timeout: 20s, sending_queue: {queue_size: 100000}", "", ""),
    ];
    let gateway = Gateway::start(&files[0]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut outcomes = Vec::new();
            while !done.load(Ordering::Acquire) {
                let run = u32::try_from(outcomes.len()).expect("few") + 1;
                outcomes.push(send(load(Protocol::Http, gateway.http(), run, 300)));
            }
            outcomes
        });
        reload_often(&gateway, &files, 20);
        done.store(true, Ordering::Release);
        let outcomes = sender.join().expect("no panic");
        let page = gateway.metrics_when("nothing of a former file is left", |page| {
            page.count("spanyard_config_plans", &[]) == 1
                && page.count("spanyard_shard_leaving_queues", &[]) == 0
                && page.ledger("spans", &[]).queued == 0
        });
        page.assert_balanced();
        assert_eq!(reloads(&page), (14, 6));
        assert_eq!(page.count("otelcol_receiver_refused_spans", &[]), 0);
        assert_eq!(page.count("otelcol_exporter_queue_size", &[]), 0, "{page}");
        for (run, outcome) in (1..).zip(&outcomes) {
            let tally = &outcome.tally;
            assert_eq!(tally.requests(), tally.accepted, "{:?}", tally.first_error);
            assert_eq!(tally.refusals_retried + tally.breaks_retried, 0);
            let proof = proof(outcome, run, &[&main], false);
            assert!(proof.acknowledged > 0 && proof.holds(0), "{proof:?}\n{page}");
        }
    });
    assert_eq!(gateway.terminate().code, Some(0));
}

#[test]
fn what_waits_for_a_backend_that_is_down_stays_in_its_queue_when_others_change() {
    let (down, other) = (sink(Mode::fail(503)), sink(Mode::Ok));
    let retry = ", retry_on_failure: {initial_interval: 50ms, max_interval: 100ms}";
    let gateway = Gateway::start(&with(&down, retry, "", ""));
    for _ in 0..5 {
        assert_eq!(post(gateway.http(), &small()).status, 200);
    }
    let second = format!("  otlphttp/b: {{endpoint: 'http://{}'}}", other.addr_http());
    gateway.rewrite(&with(&down, retry, &second, ", otlphttp/b"));
    assert_eq!(gateway.ask_for_reload().0, 200);
    let page = gateway.metrics_page();
    assert_eq!(page.count("spanyard_shard_leaving_queues", &[]), 0, "it is the same queue");
    assert_eq!(page.spans_of("otlphttp").queued, 5);
    down.set_mode(Mode::Ok);
    let page = gateway.metrics_when("all is there", |page| page.spans_of("otlphttp").queued == 0);
    assert_eq!(page.spans_of("otlphttp").delivered, 5);
    assert_eq!(gateway.terminate().code, Some(0));
}

#[test]
fn a_changed_exporter_counts_on_and_its_gauges_show_the_old_queue_and_the_new_one() {
    let down = sink(Mode::Silent);
    let gateway = Gateway::start(&with(&down, "", "", ""));
    let posted = |number: u64| {
        for _ in 0..number {
            assert_eq!(post(gateway.http(), &small()).status, 200);
        }
    };
    let size = |page: &Page| page.count("otelcol_exporter_queue_size", &[]);
    posted(3);
    let _ = gateway.metrics_when("three wait", |page| size(page) == 3);
    gateway.rewrite(&with(&down, ", sending_queue: {queue_size: 900}", "", ""));
    assert_eq!(gateway.ask_for_reload().0, 200);
    posted(2);
    let page = gateway.metrics_when("five wait", |page| size(page) == 5);
    assert_eq!(page.count("otelcol_exporter_queue_capacity", &[]), 900);
    down.set_mode(Mode::Ok);
    let page = gateway.metrics_when("all is delivered", |page| size(page) == 0);
    assert_eq!(page.count("otelcol_exporter_sent_spans", &[]), 5);
    assert_eq!(gateway.terminate().code, Some(0));
}

#[test]
fn a_receiver_that_is_added_opens_its_port_and_one_that_is_removed_closes_it() {
    let main = sink(Mode::Ok);
    let gateway = Gateway::start(&to(&main));
    let more = "receivers:\n  otlp/b: {protocols: {http: {endpoint: '127.0.0.1:0'}}}\n";
    let both = to(&main).replace("receivers: [otlp]", "receivers: [otlp, otlp/b]");
    gateway.rewrite(&format!("{more}{both}"));
    assert_eq!(gateway.ask_for_reload().0, 200);
    let added = gateway.address("receiver=\"otlp/b\"");
    assert_eq!(post(added, &small()).status, 200);
    gateway.rewrite(&to(&main));
    assert_eq!(gateway.ask_for_reload().0, 200);
    gateway.wait_until("the port is closed", || Raw::connect(added).is_err());
    assert_eq!(post(gateway.http(), &small()).status, 200);
    let _both = seen(&main, |report| report.accepted == 2);
    assert_eq!(gateway.terminate().code, Some(0));
}

#[test]
fn a_watched_file_is_read_when_it_changes_and_a_faulty_one_changes_nothing() {
    let (before, after) = (sink(Mode::Ok), sink(Mode::Ok));
    let gateway = Gateway::start_with(&to(&before), &["--watch"]);
    gateway.rewrite(&to(&after).replace("compression", "compresion"));
    let _page = gateway.metrics_when("it is read", |page| reloads(page) == (0, 1));
    assert_eq!(gateway.metrics_page().count("spanyard_config_last_reload_success", &[]), 0);
    assert_eq!(post(gateway.http(), &small()).status, 200);
    gateway.rewrite(&to(&after));
    let _page = gateway.metrics_when("it is read", |page| reloads(page) == (1, 1));
    let _told = gateway.log_line("a file has changed");
    assert_eq!(post(gateway.http(), &small()).status, 200);
    let _both = seen(&after, |report| report.accepted == 1);
    let _each = seen(&before, |report| report.accepted == 1);
    assert_eq!(gateway.terminate().code, Some(0));
}

#[test]
fn whoever_asks_over_http_is_told_every_problem_and_what_waits_for_the_next_start() {
    let main = sink(Mode::Ok);
    let gateway = Gateway::start(&to(&main));
    gateway.rewrite(&to(&main).replace("compression", "compresion").replace("traces:", "traces/:"));
    let (status, body) = gateway.ask_for_reload();
    assert_eq!(status, 422);
    for part in ["\"result\":\"failed\"", "compresion", "\"line\":2", "\"line\":5"] {
        assert!(body.contains(part), "{part} in {body}");
    }
    gateway.rewrite(&format!("extensions: {{spanyard: {{pin: true}}}}\n{}", to(&main)));
    let (status, body) = gateway.ask_for_reload();
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("`pin` is true now and was false: from the next start on"), "{body}");
    let _warned = gateway.log_line("`pin` is true now");
    assert_eq!(gateway.terminate().code, Some(0));
}

#[test]
fn a_gateway_that_is_stopping_reads_no_configuration_and_says_so() {
    let silent = sink(Mode::Silent);
    let gateway = Gateway::start(&with(&silent, "", "", ""));
    assert_eq!(post(gateway.http(), &small()).status, 200);
    let _sent = seen(&silent, |report| report.waiting == 1);
    gateway.begin_to_stop();
    let _draining = gateway.log_line("draining");
    let (status, body) = gateway.ask_for_reload();
    assert_eq!(status, 503);
    assert!(body.contains("\"result\":\"refused\""), "{body}");
    gateway.hang_up();
    let _told = gateway.log_line("no reload: the gateway is stopping");
    silent.set_mode(Mode::Ok);
    assert_eq!(gateway.ended().code, Some(0));
}

#[test]
fn what_waits_for_a_backend_that_is_down_goes_where_the_exporter_leads_after_a_reload() {
    let (down, after) = (sink(Mode::fail(503)), sink(Mode::Ok));
    let settings = ", sending_queue: {num_consumers: 1}, retry_on_failure: \
                    {initial_interval: 300s, max_interval: 300s, max_elapsed_time: 0}";
    let short = |text: String| text.replace("drain_timeout: 60s", "drain_timeout: 1ms");
    let gateway = Gateway::start(&short(with(&down, settings, "", "")));
    let mut connection = Raw::connect(gateway.http()).expect("a connection");
    for sequence in 0..5 {
        connection.post("/v1/traces", &[], &numbered(sequence)).expect("sent");
        assert_eq!(connection.reply().expect("an answer").status, 200);
    }
    let _tried = seen(&down, |report| report.requests > 0);
    gateway.rewrite(&short(with(&after, settings, "", "")));
    assert_eq!(gateway.ask_for_reload().0, 200);
    let _all = seen(&after, |report| report.spans.unique == 5);
    let page = gateway.metrics_when("all is there", |page| page.spans_of("otlphttp").queued == 0);
    let spans = page.spans_of("otlphttp");
    assert_eq!((spans.delivered, spans.dropped), (5, 0), "{page}");
    let _gone = gateway.metrics_when("the old queue is gone", |page| {
        page.count("spanyard_shard_leaving_queues", &[]) == 0
    });
    assert_eq!(gateway.terminate().code, Some(0));
}

#[test]
fn reloads_while_a_backend_is_down_cost_its_queue_no_room() {
    let down = sink(Mode::fail(503));
    let file = |size: u64| {
        let queue = format!(", sending_queue: {{queue_size: {size}, num_consumers: 1}}");
        let retry = "{initial_interval: 300s, max_interval: 300s, max_elapsed_time: 0}";
        with(&down, &format!("{queue}, retry_on_failure: {retry}"), "", "")
    };
    let gateway = Gateway::start(&file(1000));
    let mut connection = Raw::connect(gateway.http()).expect("a connection");
    let mut status = |sequence| {
        connection.post("/v1/traces", &[], &numbered(sequence)).expect("sent");
        connection.reply().expect("an answer").status
    };
    for turn in 0..10 {
        assert_eq!(status(turn), 200);
        gateway.rewrite(&file(1001 + turn % 2));
        assert_eq!(gateway.ask_for_reload().0, 200);
    }
    let taken = (10..2000).take_while(|sequence| status(*sequence) == 200).count();
    assert!((860..1000).contains(&taken), "what shards have in spare is an eighth: {taken}");
}
