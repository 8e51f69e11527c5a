//! The series that no cell holds: they are written by hand when the page is asked for.
//!
//! Ledger, budget, readiness, process, identity. Their names, too, stand in the table; a test looks
//! for a row that nobody writes.

use std::collections::BTreeMap;
use std::fs;

use metrics::Label;

use super::{Line, Shown, Sources};
use crate::telemetry::ledger::{Account, DropReason, Snapshot, Totals};
use crate::telemetry::log;
use crate::units::Weight;

/// The byte budget at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BudgetLevel {
    /// Bytes that may be held.
    pub limit: u64,
    /// Bytes above which no new request is admitted.
    pub soft: u64,
    /// Bytes that are held.
    pub held: u64,
}

/// Who this process is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// A random UUID: `service_instance_id`.
    pub instance: String,
    /// Version of the program.
    pub version: &'static str,
    /// I/O engine in use.
    pub engine: &'static str,
}

impl Identity {
    /// The identity of this process, drawn anew.
    #[must_use]
    pub fn draw(engine: &'static str) -> Self {
        let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default();
        let instance = uuid.trim_end().to_owned();
        Self { instance, version: env!("CARGO_PKG_VERSION"), engine }
    }
}

/// Lines by name of the table.
type Families = BTreeMap<&'static str, Vec<Line>>;

pub(super) fn lines(sources: &Sources<'_>) -> Families {
    let mut families = Families::new();
    process(&mut families, sources);
    state(&mut families, sources);
    ledger(&mut families, &sources.ledger.snapshot());
    families
}

fn process(families: &mut Families, sources: &Sources<'_>) {
    let process = &sources.process;
    let mut put = |name, value: Option<Shown>| {
        let line = value.map(|value| Line { labels: Vec::new(), value });
        let _ = families.insert(name, line.into_iter().collect());
    };
    put("otelcol_process_uptime", Some(Shown::Real(sources.uptime.as_secs_f64())));
    put("otelcol_process_cpu_seconds", process.cpu_seconds.map(Shown::Real));
    put("otelcol_process_memory_rss", process.rss.map(Shown::Whole));
    put("otelcol_process_runtime_heap_alloc_bytes", process.rss_anon.map(Shown::Whole));
    put("otelcol_process_runtime_total_sys_memory_bytes", process.held.map(Shown::Whole));
    put("spanyard_log_lines_dropped_total", Some(Shown::Whole(log::dropped())));
    put("spanyard_series_refused_total", Some(Shown::Whole(sources.registry.refused())));
}

fn state(families: &mut Families, sources: &Sources<'_>) {
    let identity = sources.identity;
    let build = [("engine", identity.engine), ("version", identity.version)];
    let budget = sources.budget;
    let kinds = [("limit", budget.limit), ("soft", budget.soft), ("held", budget.held)];
    let whole = |count: usize| line(&[], u64::try_from(count).unwrap_or(u64::MAX));
    let mut put = |name, lines| {
        let _ = families.insert(name, lines);
    };
    put("target_info", vec![target(sources)]);
    put("spanyard_build_info", vec![line(&build, 1)]);
    put("spanyard_ready", vec![line(&[], u64::from(sources.ready))]);
    put("spanyard_shards_up", vec![whole(sources.shards_up)]);
    put("spanyard_config_plans", vec![whole(sources.plans)]);
    put("spanyard_budget_bytes", kinds.map(|(kind, bytes)| line(&[("kind", kind)], bytes)).into());
}

/// What runs here: the process, and what `service.telemetry.resource` says over it.
fn target(sources: &Sources<'_>) -> Line {
    let identity = sources.identity;
    let own = [
        ("service_instance_id", identity.instance.as_str()),
        ("service_name", env!("CARGO_PKG_NAME")),
        ("service_version", identity.version),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    let said: BTreeMap<String, Option<String>> =
        own.into_iter().chain(sources.page.resource.iter().cloned()).collect();
    let labels = said.into_iter().filter_map(|(name, value)| Some(Label::new(name, value?)));
    Line { labels: labels.collect(), value: Shown::Whole(1) }
}

fn ledger(families: &mut Families, snapshot: &Snapshot) {
    let off = snapshot.imbalance();
    for (name, imbalance, unit, pick) in [
        ("spanyard_spans", "spanyard_ledger_imbalance_spans", off.items, items as Pick),
        ("spanyard_requests", "spanyard_ledger_imbalance_requests", off.requests, requests as Pick),
        ("spanyard_bytes", "spanyard_ledger_imbalance_bytes", off.bytes, bytes as Pick),
    ] {
        let accounts = snapshot.accounts().flat_map(|account| account_lines(&account, pick));
        let _ = families.insert(name, accounts.collect());
        let _ = families.insert(imbalance, vec![line(&[], unit)]);
    }
}

/// One unit of a weight.
type Pick = fn(Weight) -> u64;

const fn items(weight: Weight) -> u64 {
    weight.items
}

const fn requests(weight: Weight) -> u64 {
    weight.requests
}

const fn bytes(weight: Weight) -> u64 {
    weight.bytes
}

/// All stages and reasons that an account can have, those at 0 too, so that the first loss is a
/// rise and not a new series. Groups without a route know one way out only.
fn account_lines(account: &Account<'_>, pick: Pick) -> Vec<Line> {
    let totals = account.totals;
    let exporter = account.exporter.unwrap_or_default();
    let mut lines = Vec::new();
    let mut put = |stage, reason, weight| {
        let labels = [
            ("exporter", exporter),
            ("reason", reason),
            ("signal", account.signal.name()),
            ("stage", stage),
        ];
        lines.push(line(&labels, pick(weight)));
    };
    put("routed", "", totals.routed);
    if account.exporter.is_some() {
        put("delivered", "", totals.delivered);
        put("rejected", "", totals.rejected);
        put("queued", "", totals.queued);
    }
    for reason in DropReason::ALL {
        if is_possible(account, reason, totals) {
            put("dropped", reason.name(), totals.dropped_for(reason));
        }
    }
    lines
}

fn is_possible(account: &Account<'_>, reason: DropReason, totals: &Totals) -> bool {
    let usual = (reason == DropReason::NoRoute) == account.exporter.is_none();
    usual || totals.dropped_for(reason) != Weight::default()
}

/// A line of whole numbers; empty label values are left out, which means the same.
fn line(labels: &[(&'static str, &str)], value: u64) -> Line {
    let said = labels.iter().filter(|(_, value)| !value.is_empty());
    let labels = said.map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Line { labels, value: Shown::Whole(value) }
}
