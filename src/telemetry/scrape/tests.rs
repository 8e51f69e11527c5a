//! What the page guarantees, each test one sentence. The page is read back by `reader`.

use std::collections::{BTreeMap, BTreeSet};

use metrics::Recorder;
use spanyard_wire::schema::Signal;

use super::reader::{Family, parse};
use super::*;
use crate::telemetry::ledger::DropReason;
use crate::telemetry::names::{
    ConfigMeter, ExporterMeter, LimiterMeter, ReceiverMeter, ShardMeter, TenantMeter, Transport,
};
use crate::units::Weight;

const BARE: MetricsPage = spelled(false, false);
const EXPLICIT: MetricsPage = spelled(true, true);

const fn spelled(suffixes: bool, scope_labels: bool) -> MetricsPage {
    let any = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    let endpoint = std::net::SocketAddr::new(any, 0);
    MetricsPage { endpoint, suffixes, scope_labels, resource: Vec::new() }
}

/// A gateway of two shards that has seen a little of everything.
fn gateway() -> (std::sync::Arc<Registry>, std::sync::Arc<Ledger>) {
    let (registry, ledger) = (Registry::new(2), Ledger::new(2));
    let _config = ConfigMeter::new(&registry.shard(2), std::time::SystemTime::UNIX_EPOCH);
    for shard in [0, 1] {
        let recorder = registry.shard(shard);
        let meter = ShardMeter::new(&recorder);
        meter.connections.set(3.0);
        let _limiter = LimiterMeter::new(&recorder, "memory_limiter", Signal::Traces);
        let _tenant = TenantMeter::new(&recorder, "amber");
        ReceiverMeter::new(&recorder, "otlp", Transport::Http, Signal::Traces)
            .accepted
            .increment(5);
        let exporter = ExporterMeter::new(&recorder, "otlp/\"a\"\\b", Signal::Traces);
        exporter.queue_size.set(4.0);
        exporter.queue_capacity.set(1000.0);
        exporter.latency_seconds.record(0.004);
        let row = ledger.shard(shard).row("otlp/a", Signal::Traces);
        row.routed(Weight { items: 10, requests: 2, bytes: 100 });
        row.dropped(DropReason::RetryExhausted, Weight { items: 3, requests: 1, bytes: 30 });
        ledger.shard(shard).no_route(Signal::Logs, Weight { items: 1, requests: 1, bytes: 9 });
    }
    (registry, ledger)
}

fn page_of(registry: &Registry, ledger: &Ledger, page: &MetricsPage) -> String {
    let process =
        Process { cpu_seconds: Some(1.5), rss: Some(4096), rss_anon: Some(2048), held: Some(8192) };
    render(&Sources {
        page,
        registry,
        ledger,
        identity: &Identity { instance: "u-1".into(), version: "0.1.0", engine: "epoll" },
        process,
        budget: BudgetLevel { limit: 100, soft: 80, held: 7 },
        uptime: Duration::from_millis(2500),
        ready: true,
        shards_up: 2,
        plans: 1,
    })
}

fn page(spelling: &MetricsPage) -> BTreeMap<String, Family> {
    let (registry, ledger) = gateway();
    parse(&page_of(&registry, &ledger, spelling))
}

fn value(families: &BTreeMap<String, Family>, family: &str, sample: &str) -> f64 {
    let family = families.get(family).unwrap_or_else(|| panic!("no family {family}"));
    *family.samples.get(sample).unwrap_or_else(|| panic!("no {sample} in {family:?}"))
}

#[track_caller]
fn assert_value(families: &BTreeMap<String, Family>, family: &str, sample: &str, expected: f64) {
    let found = value(families, family, sample);
    assert!((found - expected).abs() < 1e-9, "{sample}: {found}, expected {expected}");
}

#[test]
fn every_row_of_the_table_is_on_the_page_with_its_help_and_type() {
    for spelling in [BARE, EXPLICIT] {
        let families = page(&spelling);
        let shown: BTreeSet<_> = names::all().map(|row| row.shown(spelling.suffixes)).collect();
        let missing = |row: &&Series| !families.contains_key(&row.shown(spelling.suffixes));
        let missing: Vec<_> = names::all().filter(missing).map(|row| row.name).collect();
        let unseen = ["metric_points", "log_records"];
        let missing: Vec<_> =
            missing.iter().filter(|name| !unseen.iter().any(|u| name.ends_with(u))).collect();
        assert!(missing.is_empty(), "{missing:?}");
        for (name, family) in &families {
            assert!(shown.contains(name), "{name} is not in the table");
            assert!(!family.help.is_empty() && !family.samples.is_empty(), "{name}");
        }
    }
}

#[test]
fn the_samples_carry_the_labels_of_their_rows_and_no_others() {
    for series in names::all() {
        let Some(family) = page(&BARE).remove(series.name) else {
            continue;
        };
        let mut allowed: BTreeSet<_> = series.labels.iter().copied().collect();
        let _ = allowed.insert("le");
        if series.over == Over::Label {
            let _ = allowed.insert("shard");
        }
        assert!(
            family.labels.iter().all(|label| allowed.contains(label.as_str())),
            "{}",
            series.name
        );
    }
}

#[test]
fn shards_are_added_up_or_the_largest_is_taken_or_each_is_shown() {
    let families = page(&BARE);
    let accepted = "otelcol_receiver_accepted_spans";
    let sample = format!("{accepted}{{receiver=\"otlp\",transport=\"http\"}}");
    assert_value(&families, accepted, &sample, 10.0);
    let labels = r#"{data_type="traces",exporter="otlp/\"a\"\\b"}"#;
    let (size, capacity) = ("otelcol_exporter_queue_size", "otelcol_exporter_queue_capacity");
    assert_value(&families, size, &format!("{size}{labels}"), 8.0);
    assert_value(&families, capacity, &format!("{capacity}{labels}"), 1000.0);
    let connections = "spanyard_shard_connections";
    assert_value(&families, connections, "spanyard_shard_connections{shard=\"1\"}", 3.0);
}

#[test]
fn the_writer_beside_the_shards_is_shown_as_process() {
    let (registry, ledger) = gateway();
    ShardMeter::new(&registry.shard(2)).accept_errors.increment(1);
    let families = parse(&page_of(&registry, &ledger, &BARE));
    let name = "spanyard_shard_accept_errors_total";
    assert_value(&families, name, &format!("{name}{{shard=\"process\"}}"), 1.0);
}

#[test]
fn histogram_buckets_cumulate_up_to_the_count() {
    let families = page(&BARE);
    let name = "spanyard_exporter_latency_seconds";
    let labels = r#"exporter="otlp/\"a\"\\b",signal="traces""#;
    for (bound, expected) in [("0.0025", 0.0), ("0.005", 2.0), ("30", 2.0), ("+Inf", 2.0)] {
        let sample = format!("{name}_bucket{{{labels},le=\"{bound}\"}}");
        assert_value(&families, name, &sample, expected);
    }
    assert_value(&families, name, &format!("{name}_count{{{labels}}}"), 2.0);
    assert_value(&families, name, &format!("{name}_sum{{{labels}}}"), 0.008);
}

#[test]
fn the_ledger_is_shown_in_three_units_with_its_balance() {
    let families = page(&BARE);
    let rest = r#"signal="traces",stage"#;
    for (unit, routed, lost, queued) in
        [("spans", 20.0, 6.0, 14.0), ("requests", 4.0, 2.0, 2.0), ("bytes", 200.0, 60.0, 140.0)]
    {
        let name = format!("spanyard_{unit}");
        let plain = |stage: &str| format!(r#"{name}{{exporter="otlp/a",{rest}="{stage}"}}"#);
        let dropped =
            format!(r#"{name}{{exporter="otlp/a",reason="retry_exhausted",{rest}="dropped"}}"#);
        assert_value(&families, &name, &plain("routed"), routed);
        assert_value(&families, &name, &plain("queued"), queued);
        assert_value(&families, &name, &plain("delivered"), 0.0);
        assert_value(&families, &name, &dropped, lost);
        let imbalance = format!("spanyard_ledger_imbalance_{unit}");
        assert_value(&families, &imbalance, &imbalance, 0.0);
    }
    let unrouted = r#"spanyard_spans{reason="no_route",signal="logs",stage="dropped"}"#;
    assert_value(&families, "spanyard_spans", unrouted, 2.0);
}

#[test]
fn an_explicit_reader_gets_suffixes_and_scope_labels() {
    let families = page(&EXPLICIT);
    let scope = |scope: &str| {
        format!(r#"otel_scope_name="{scope}",otel_scope_schema_url="",otel_scope_version="""#)
    };
    let receiver = scope("go.opentelemetry.io/collector/receiver/receiverhelper");
    let name = "otelcol_receiver_accepted_spans_total";
    let sample = format!(r#"{name}{{{receiver},receiver="otlp",transport="http"}}"#);
    assert_value(&families, name, &sample, 10.0);
    let uptime = "otelcol_process_uptime_seconds_total";
    let service = scope("go.opentelemetry.io/collector/service");
    assert_value(&families, uptime, &format!("{uptime}{{{service}}}"), 2.5);
    let target =
        r#"target_info{service_instance_id="u-1",service_name="spanyard",service_version="0.1.0"}"#;
    assert_value(&families, "target_info", target, 1.0);
}

#[test]
fn the_configured_resource_labels_the_target() {
    let (registry, ledger) = gateway();
    let said = |value: &str| Some(value.to_owned());
    let resource = vec![
        ("cluster".to_owned(), said("a\"b")),
        ("service_instance_id".to_owned(), None),
        ("service_name".to_owned(), said("edge")),
    ];
    let text = page_of(&registry, &ledger, &MetricsPage { resource, ..BARE });
    let target = r#"target_info{cluster="a\"b",service_name="edge",service_version="0.1.0"} 1"#;
    assert!(text.lines().any(|line| line == target), "{text}");
}

#[test]
fn a_figure_the_kernel_does_not_give_is_left_out() {
    let (registry, ledger) = gateway();
    let text = render(&Sources {
        page: &BARE,
        registry: &registry,
        ledger: &ledger,
        identity: &Identity::draw("epoll"),
        process: Process::default(),
        budget: BudgetLevel::default(),
        uptime: Duration::ZERO,
        ready: false,
        shards_up: 0,
        plans: 1,
    });
    let families = parse(&text);
    assert!(!families.contains_key("otelcol_process_memory_rss"));
    assert_value(&families, "spanyard_ready", "spanyard_ready", 0.0);
    assert_eq!(Identity::draw("epoll").instance.len(), 36);
}

#[test]
fn a_shard_that_restarts_and_a_plan_that_reloads_keep_their_series() {
    let (registry, ledger) = gateway();
    let again = ReceiverMeter::new(&registry.shard(0), "otlp", Transport::Http, Signal::Traces);
    again.accepted.increment(1);
    let other =
        Key::from_parts("otelcol_exporter_sent_spans", vec![Label::new("exporter", "otlp/new")]);
    let metadata = metrics::Metadata::new("test", metrics::Level::INFO, None);
    registry.shard(1).register_counter(&other, &metadata).increment(1);
    let families = parse(&page_of(&registry, &ledger, &BARE));
    let name = "otelcol_receiver_accepted_spans";
    assert_value(&families, name, &format!("{name}{{receiver=\"otlp\",transport=\"http\"}}"), 11.0);
    assert_eq!(families.get("otelcol_exporter_sent_spans").expect("sent").samples.len(), 2);
}
