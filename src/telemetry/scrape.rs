//! The text of the metrics page, Prometheus format 0.0.4.
//!
//! ```text
//!  names (order, texts) ─┐
//!  cells, by shard ──────┼─> families ─> text
//!  ledger, /proc, state ─┘
//! ```
//! Families come in the order of the table; one without a value is left out. Cells of one series
//! are put together over the shards as its row says. Names and labels are spelled as the configured
//! reader asks: bare, or with suffixes and scope labels.
//!
//! Rendering reads; it never waits for a shard. Serving the text is `admin`'s work.

mod process;
#[cfg(test)]
pub(crate) mod reader;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use metrics::{Key, Label};
use metrics_exporter_prometheus::LabelSet;
use metrics_exporter_prometheus::formatting::{
    write_help_line, write_metric_line, write_type_line,
};

use crate::config::plan::MetricsPage;
use crate::telemetry::cells::{Reading, Registry, Samples, Value};
use crate::telemetry::ledger::Ledger;
use crate::telemetry::names::{self, Kind, Origin, Over, Series};

pub use process::Process;
pub use written::{BudgetLevel, Identity};

/// Content type of the page.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a page is made from.
#[derive(Debug)]
pub struct Sources<'a> {
    /// How names and labels are spelled.
    pub page: &'a MetricsPage,
    /// The cells of all shards.
    pub registry: &'a Registry,
    /// The ledger of all shards.
    pub ledger: &'a Ledger,
    /// Who this process is.
    pub identity: &'a Identity,
    /// What the kernel knows about it.
    pub process: Process,
    /// The byte budget.
    pub budget: BudgetLevel,
    /// Time since the start.
    pub uptime: Duration,
    /// Whether requests are welcome.
    pub ready: bool,
    /// Shards that run.
    pub shards_up: usize,
    /// Plans that are alive.
    pub plans: usize,
}

/// The page.
#[must_use]
pub fn render(sources: &Sources<'_>) -> String {
    let mut cells = by_name(sources.registry.read());
    let mut written = written::lines(sources);
    let mut page = Page { text: String::new(), spelling: sources.page };
    for series in names::all() {
        let lines = match series.over {
            Over::Scrape => written.remove(series.name).unwrap_or_default(),
            _ => lines_of(series, cells.remove(series.name).unwrap_or_default(), sources.registry),
        };
        page.family(series, &lines);
    }
    page.text
}

/// One line of a family, or one histogram.
#[derive(Debug)]
struct Line {
    labels: Vec<Label>,
    value: Shown,
}

#[derive(Debug)]
enum Shown {
    Whole(u64),
    Real(f64),
    Samples(Samples),
}

impl From<Value> for Shown {
    fn from(value: Value) -> Self {
        match value {
            Value::Counter(count) => Self::Whole(count),
            Value::Gauge(level) => Self::Real(level),
            Value::Histogram(samples) => Self::Samples(samples),
        }
    }
}

fn by_name(readings: Vec<Reading>) -> BTreeMap<&'static str, Vec<Reading>> {
    let mut families: BTreeMap<&'static str, Vec<Reading>> = BTreeMap::new();
    for reading in readings {
        families.entry(reading.series.name).or_default().push(reading);
    }
    families
}

fn lines_of(series: &Series, readings: Vec<Reading>, registry: &Registry) -> Vec<Line> {
    let mut lines = Vec::new();
    for reading in readings {
        let labels: Vec<Label> = reading.key.labels().cloned().collect();
        if series.over == Over::Label {
            for (shard, value) in reading.values {
                let mut labels = labels.clone();
                labels.push(Label::new("shard", shard_name(shard, registry)));
                lines.push(Line { labels, value: value.into() });
            }
        } else {
            let values = reading.values.into_iter().map(|(_, value)| value);
            let together = values.reduce(|a, b| join(series.over, a, b));
            lines.extend(together.map(|value| Line { labels, value: value.into() }));
        }
    }
    lines
}

fn shard_name(shard: usize, registry: &Registry) -> String {
    if shard < registry.shards() { shard.to_string() } else { "process".to_owned() }
}

/// Two shards' values of one series as one. Cells of a series have one kind; `a` stays if they had
/// not.
fn join(over: Over, a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Counter(a), Value::Counter(b)) if over == Over::Max => Value::Counter(a.max(b)),
        (Value::Counter(a), Value::Counter(b)) => Value::Counter(a.wrapping_add(b)),
        (Value::Gauge(a), Value::Gauge(b)) if over == Over::Max => Value::Gauge(a.max(b)),
        (Value::Gauge(a), Value::Gauge(b)) => Value::Gauge(a + b),
        (Value::Histogram(a), Value::Histogram(b)) => {
            let pairs = a.buckets.into_iter().zip(b.buckets);
            let buckets = pairs.map(|(a, b)| a.wrapping_add(b)).collect();
            Value::Histogram(Samples { buckets, sum: a.sum + b.sum })
        }
        (a, _) => a,
    }
}

struct Page<'a> {
    text: String,
    spelling: &'a MetricsPage,
}

impl Page<'_> {
    fn family(&mut self, series: &Series, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        let name = series.shown(self.spelling.suffixes);
        write_help_line(&mut self.text, &name, None, None, series.help);
        write_type_line(&mut self.text, &name, None, None, series.kind.word());
        for line in lines {
            let labels = self.labels(series, &line.labels);
            match &line.value {
                Shown::Whole(count) => self.line(&name, None, &labels, None, count),
                Shown::Real(level) => self.line(&name, None, &labels, None, level),
                Shown::Samples(samples) => self.histogram(series, &name, &labels, samples),
            }
        }
    }

    fn histogram(&mut self, series: &Series, name: &str, labels: &LabelSet, samples: &Samples) {
        let Kind::Histogram(bounds) = series.kind else {
            return;
        };
        let mut below = 0u64;
        let bounds = bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(&samples.buckets) {
            below = below.wrapping_add(*count);
            self.line(name, Some("bucket"), labels, Some(bound), below);
        }
        self.line(name, Some("sum"), labels, None, samples.sum);
        self.line(name, Some("count"), labels, None, below);
    }

    fn line(
        &mut self,
        name: &str,
        suffix: Option<&'static str>,
        labels: &LabelSet,
        bound: Option<String>,
        value: impl fmt::Display,
    ) {
        let bound = bound.map(|bound| ("le", bound));
        write_metric_line(&mut self.text, name, suffix, labels, bound, value, None);
    }

    /// The labels of a line in the order of their names, those of its scope included where asked.
    fn labels(&self, series: &Series, labels: &[Label]) -> LabelSet {
        let mut labels = labels.to_vec();
        let scope = match series.origin {
            Origin::Own => "spanyard",
            Origin::Collector(scope) => scope,
        };
        if self.spelling.scope_labels && !scope.is_empty() {
            labels.push(Label::new("otel_scope_name", scope));
            labels.push(Label::new("otel_scope_schema_url", ""));
            labels.push(Label::new("otel_scope_version", ""));
        }
        labels.sort();
        LabelSet::from_key_and_global(&Key::from_parts("", labels), &Default::default())
    }
}

#[cfg(test)]
mod tests;
