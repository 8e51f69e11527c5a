//! Pipelines and connectors as a tree.

use crate::config::fixture::plan;
use crate::config::plan::{Flow, Stage};

/// A flow as text: `switch[edits] (row -> ...) else ...`, leaves as `pipeline[edits]>destinations`.
fn show(flow: &Flow) -> String {
    let stages = |ids: &[crate::config::plan::StageId]| -> String {
        let shown: Vec<String> = ids.iter().map(|id| stage(flow, id.0)).collect();
        shown.join(" + ")
    };
    stages(&flow.entry)
}

fn stage(flow: &Flow, index: usize) -> String {
    let all = |ids: &[crate::config::plan::StageId]| -> String {
        assert!(ids.iter().all(|id| id.0 > index), "children come after their parent");
        let shown: Vec<String> = ids.iter().map(|id| stage(flow, id.0)).collect();
        shown.join(" + ")
    };
    match &flow.stages[index] {
        Stage::Leaf(branch) => {
            let branch = &flow.branches[*branch];
            let to: Vec<String> =
                branch.legs.iter().map(|leg| leg.destination.0.to_string()).collect();
            format!("{}[{}]>{}", branch.pipeline, branch.edits.len(), to.join(","))
        }
        Stage::Switch(switch) => {
            let row = |row: &crate::config::plan::Row| {
                format!("{}({})", if row.copy { "copy" } else { "move" }, all(&row.to))
            };
            let rows: Vec<String> = switch.rows.iter().map(row).collect();
            let rows = rows.join(" ");
            format!("#{index}[{}] {rows} else({})", switch.edits.len(), all(&switch.default))
        }
    }
}

fn traces(text: &str) -> String {
    show(plan(text).receivers[0].flows[0].as_ref().expect("a flow"))
}

const HEAD: &str = "
receivers:
  otlp: {protocols: {http: {include_metadata: true}}}
exporters:
  nop/a:
  nop/b:
processors:
  resource/one: {attributes: [{key: a, value: x, action: upsert}]}
  resource/two: {attributes: [{key: b, action: delete}, {key: c, action: delete}]}
";

/// An exporter twice in one pipeline counts once, in two pipelines twice.
#[test]
fn an_exporter_counts_once_in_a_pipeline_and_twice_in_two() {
    let text = format!(
        "{HEAD}
service:
  pipelines:
    traces: {{receivers: [otlp, otlp], exporters: [nop/a, nop/a, nop/b]}}
    traces/two: {{receivers: [otlp], processors: [resource/one], exporters: [nop/a]}}
    logs: {{receivers: [otlp], exporters: [nop/a]}}
"
    );
    assert_eq!(traces(&text), "traces[0]>0,1 + traces/two[1]>0");
    let plan = plan(&text);
    assert_eq!(plan.destinations.len(), 3, "each (exporter, signal) once");
    assert!(plan.receivers[0].flows[1].is_none(), "no pipeline takes metrics");
}

/// Conditions see the edits before them, branches carry the edits of the whole way.
#[test]
fn edits_before_a_switch_are_seen_by_it_and_kept_by_its_branches() {
    let text = format!(
        "{HEAD}
connectors:
  routing:
    table:
      - {{condition: 'attributes[\"a\"] == \"x\"', pipelines: [traces/a]}}
      - {{context: request, condition: 'request[\"t\"] == \"x\"', pipelines: [traces/b, traces/a],
          action: copy}}
    default_pipelines: [traces/b]
service:
  pipelines:
    traces: {{receivers: [otlp], processors: [resource/one], exporters: [nop/a, routing]}}
    traces/a: {{receivers: [routing], processors: [resource/two], exporters: [nop/a]}}
    traces/b: {{receivers: [routing], exporters: [nop/b]}}
"
    );
    let expected = "traces[1]>0 + #1[1] move(traces/a[3]>0) \
                    copy(traces/b[1]>1 + traces/a[3]>0) else(traces/b[1]>1)";
    assert_eq!(traces(&text), expected);
    let plan = plan(&text);
    let flow = plan.receivers[0].flows[0].as_ref().expect("a flow");
    assert!(!flow.by_request);
    assert_eq!(flow.branches.len(), 3, "a pipeline named by several rows is compiled once");
}

/// Every pipeline that takes from a `forward` connector gets what every one that feeds it sends.
#[test]
fn a_forward_connector_joins_pipelines_without_conditions() {
    let text = format!(
        "{HEAD}
connectors:
  forward:
service:
  pipelines:
    traces/a: {{receivers: [otlp], processors: [resource/one], exporters: [forward]}}
    traces/b: {{receivers: [otlp], exporters: [forward, nop/b]}}
    traces/c: {{receivers: [forward], processors: [resource/two], exporters: [nop/a]}}
    traces/d: {{receivers: [forward], exporters: [nop/b]}}
    logs/a: {{receivers: [otlp], exporters: [forward]}}
    logs/c: {{receivers: [forward], exporters: [nop/a]}}
"
    );
    let expected = "traces/c[3]>0 + traces/d[1]>1 + traces/b[0]>1 + traces/c[2]>0 + traces/d[0]>1";
    assert_eq!(traces(&text), expected);
    let plan = plan(&text);
    assert!(plan.receivers[0].flows[0].as_ref().expect("a flow").by_request);
    assert_eq!(show(plan.receivers[0].flows[2].as_ref().expect("a flow")), "logs/c[0]>2");
}

/// The meaning of `match_once: false` before it went.
#[test]
fn match_once_false_lets_every_row_take_the_group_and_the_default_the_rest() {
    let text = format!(
        "{HEAD}
connectors:
  routing:
    match_once: false
    table: [{{condition: 'attributes[\"a\"] == \"x\"', pipelines: [traces/a]}}]
    default_pipelines: [traces/b]
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [routing]}}
    traces/a: {{receivers: [routing], exporters: [nop/a]}}
    traces/b: {{receivers: [routing], exporters: [nop/b]}}
"
    );
    assert_eq!(traces(&text), "#0[0] copy(traces/a[0]>0) else(traces/b[0]>1)");
    let plan = plan(&text);
    let Stage::Switch(switch) = &plan.receivers[0].flows[0].as_ref().expect("a flow").stages[0]
    else {
        panic!("a switch");
    };
    assert!(switch.default_if_none);
}

/// Tables may stand behind tables; without conditions on resources the request goes as a whole.
#[test]
fn tables_may_stand_behind_tables() {
    let text = format!(
        "{HEAD}
connectors:
  routing/one:
    table: [{{context: request, condition: 'request[\"t\"] == \"x\"', pipelines: [traces/mid]}}]
  routing/two:
    table: [{{statement: route(), pipelines: [traces/end]}}]
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [routing/one]}}
    traces/mid: {{receivers: [routing/one], processors: [resource/two], exporters: [routing/two]}}
    traces/end: {{receivers: [routing/two], processors: [resource/one], exporters: [nop/a]}}
"
    );
    assert_eq!(traces(&text), "#0[0] move(#1[2] move(traces/end[3]>0) else()) else()");
    assert!(plan(&text).receivers[0].flows[0].as_ref().expect("a flow").by_request);
}

/// The largest limiter is the budget; each flow refuses at its own lowest limit.
#[test]
fn the_largest_limiter_is_the_budget_and_each_flow_has_its_lowest() {
    let text = "
receivers:
  otlp: {protocols: {http: {}}}
exporters:
  nop:
processors:
  memory_limiter/big: {check_interval: 1s, limit_mib: 500, spike_limit_mib: 100}
  memory_limiter/small: {check_interval: 1s, limit_mib: 100, spike_limit_mib: 30}
  memory_limiter/unused: {check_interval: 1s, limit_mib: 900}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter/big], exporters: [nop]}
    traces/b: {receivers: [otlp], processors: [memory_limiter/small], exporters: [nop]}
    logs: {receivers: [otlp], processors: [memory_limiter/big], exporters: [nop]}
    metrics: {receivers: [otlp], exporters: [nop]}
";
    let plan = plan(text);
    let mib = crate::units::MIB;
    assert_eq!((plan.budget.limit, plan.budget.soft), (500 * mib, 400 * mib));
    let below: Vec<Option<usize>> = plan.receivers[0]
        .flows
        .iter()
        .map(|flow| flow.as_ref().expect("a flow").admit_below.map(|bytes| bytes / mib))
        .collect();
    assert_eq!(below, [Some(70), None, Some(400)]);
}

/// The exporter's own batch goes before a processor's.
#[test]
fn the_exporters_batch_goes_before_the_processors() {
    let text = "
receivers: {otlp: {protocols: {http: {}}}}
processors: {batch: {send_batch_size: 7}}
exporters:
  otlphttp/own: {endpoint: 'http://a', sending_queue: {batch: {min_size: 9}}}
  otlphttp: {endpoint: 'http://a'}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [otlphttp/own, otlphttp]}
";
    let plan = plan(text);
    let flow = plan.receivers[0].flows[0].as_ref().expect("a flow");
    let legs = &flow.branches[0].legs;
    let sizes: Vec<u64> = legs.iter().map(|leg| leg.batch.as_ref().expect("on").size_min).collect();
    assert_eq!(sizes, [9, 7]);
}
