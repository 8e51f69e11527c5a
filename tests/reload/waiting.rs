//! Clients that wait for the backend's answer while a reload changes the exporter.

use std::thread;

use loadgen::sink::Mode;

use super::{Gateway, numbered, post, seen, sink, with};

#[test]
fn whoever_waits_for_the_backend_is_answered_although_the_exporter_changes_meanwhile() {
    let (slow, after) = (sink(Mode::Silent), sink(Mode::Ok));
    let waits = ", sending_queue: {wait_for_result: true, num_consumers: 1}";
    let gateway = Gateway::start(&with(&slow, waits, "", ""));
    thread::scope(|scope| {
        let http = gateway.http();
        let ask = |sequence| scope.spawn(move || post(http, &numbered(sequence)).status);
        let mut clients = vec![ask(0)];
        let _sent = seen(&slow, |report| report.waiting == 1);
        clients.extend((1..8).map(ask));
        let _held = gateway.metrics_when("all eight wait", |page| {
            page.count("otelcol_exporter_queue_size", &[]) == 8
        });
        gateway.rewrite(&with(&after, waits, "", ""));
        assert_eq!(gateway.ask_for_reload().0, 200);
        gateway.rewrite(&with(&after, &waits.replace(": 1}", ": 2}"), "", ""));
        assert_eq!(gateway.ask_for_reload().0, 200);
        slow.set_mode(Mode::Ok);
        for client in clients {
            assert_eq!(client.join().expect("no panic"), 200);
        }
    });
    let arrived = slow.report().spans.unique + after.report().spans.unique;
    assert_eq!(arrived, 8);
    let page = gateway.metrics_when("the old queues are gone", |page| {
        page.count("spanyard_shard_leaving_queues", &[]) == 0
            && page.count("spanyard_config_plans", &[]) == 1
    });
    assert_eq!(page.spans_of("otlphttp").delivered, 8);
    assert_eq!(gateway.terminate().code, Some(0));
}
