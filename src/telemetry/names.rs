//! Every series the metrics page can show, in one table, and the meters that write them.
//!
//! Names, labels and suffixes of `otelcol_*` are the Collector's, so that its dashboards and alerts
//! work unchanged; `spanyard_*` is our own. Invariants: a name stands in the table once; a series
//! that is not in the table cannot be registered; each label has a bounded number of values (ids of
//! the configuration, signals, fixed lists). `docs/metrics.md` shows the same table, held by a
//! test.
//!
//! It holds no values (`cells` does) and writes no text (`scrape` does).

mod config;
mod meters;
mod table;

pub use config::ConfigMeter;
pub use meters::{
    Answer, ExporterMeter, LimiterMeter, MALFORMED, ReceiverMeter, ShardMeter, TenantMeter,
    Transport,
};

/// One row of the table.
#[derive(Debug)]
pub struct Series {
    /// Name without the suffix.
    pub name: &'static str,
    /// What it measures and how.
    pub kind: Kind,
    /// Unit of the value, for people: `By`, `s`, `{spans}`...
    pub unit: &'static str,
    /// Appended to the name when the page has suffixes; own names are complete without.
    pub suffix: &'static str,
    /// Label names, `shard` of [`Over::Label`] not included.
    pub labels: &'static [&'static str],
    /// How the values of several shards become what is shown.
    pub over: Over,
    /// Whose name it is.
    pub origin: Origin,
    /// The HELP line.
    pub help: &'static str,
}

/// Kind of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Samples counted by these upper bounds, at most [`BOUNDS_MAX`].
    Histogram(&'static [f64]),
}

impl Kind {
    /// The word of the TYPE line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// Upper bounds a histogram may have.
pub const BOUNDS_MAX: usize = 23;

/// How the values of several shards become what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Added up.
    Sum,
    /// The largest: ages, and settings that every shard repeats.
    Max,
    /// Each shard is shown with its label `shard`; `process` is the writer beside the shards.
    Label,
    /// Written at scrape, not kept in cells.
    Scrape,
}

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The Collector's, from this instrumentation scope (empty: it carries no scope labels there).
    Collector(&'static str),
    /// Ours.
    Own,
}

impl Series {
    /// The name as shown on a page with or without suffixes.
    #[must_use]
    pub fn shown(&self, suffixes: bool) -> String {
        let suffix = if suffixes { self.suffix } else { "" };
        format!("{}{suffix}", self.name)
    }
}

/// All rows, the Collector's first.
pub fn all() -> impl Iterator<Item = &'static Series> {
    table::COLLECTOR.iter().chain(table::OWN)
}

/// The row of a name, without suffix.
#[must_use]
pub fn find(name: &str) -> Option<&'static Series> {
    all().find(|series| series.name == name)
}

#[cfg(test)]
mod tests;
