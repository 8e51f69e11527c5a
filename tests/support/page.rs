//! The metrics page as numbers: series by name and labels, and the ledger with its sums.

use std::fmt;

/// One metrics page.
pub(crate) struct Page(String);

/// The ledger of the rows that were asked for, in one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) routed: u64,
    pub(crate) delivered: u64,
    pub(crate) rejected: u64,
    pub(crate) dropped: u64,
    pub(crate) queued: u64,
}

impl Page {
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// The sum of the whole-numbered series of this name that have all these labels.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let values = self.series(name, labels).map(|value| {
            value.parse::<u64>().unwrap_or_else(|_| panic!("{name} is no count: {value:?}"))
        });
        values.sum()
    }

    /// Whether there is such a series.
    pub(crate) fn has(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.series(name, labels).next().is_some()
    }

    /// The ledger in spans, requests or bytes, summed over the rows that have all these labels.
    pub(crate) fn ledger(&self, unit: &str, labels: &[(&str, &str)]) -> Ledger {
        let name = format!("spanyard_{unit}");
        let stage = |stage: &'static str| {
            let mut labels = labels.to_vec();
            labels.push(("stage", stage));
            self.count(&name, &labels)
        };
        Ledger {
            routed: stage("routed"),
            delivered: stage("delivered"),
            rejected: stage("rejected"),
            dropped: stage("dropped"),
            queued: stage("queued"),
        }
    }

    /// The ledger of one exporter in spans.
    pub(crate) fn spans_of(&self, exporter: &str) -> Ledger {
        self.ledger("spans", &[("exporter", exporter)])
    }

    /// Copies of one exporter dropped for a reason, in spans.
    pub(crate) fn dropped(&self, exporter: &str, reason: &str) -> u64 {
        let labels = [("exporter", exporter), ("stage", "dropped"), ("reason", reason)];
        self.count("spanyard_spans", &labels)
    }

    /// Whether the gateway holds this backend for dead, on any shard.
    pub(crate) fn is_dead(&self, exporter: &str) -> bool {
        self.count("spanyard_exporter_breaker_open_shards", &[("exporter", exporter)]) > 0
    }

    /// Fails unless every row of the ledger adds up, and the page says so itself.
    pub(crate) fn assert_balanced(&self) {
        for unit in ["spans", "requests", "bytes"] {
            let ledger = self.ledger(unit, &[]);
            let Ledger { routed, delivered, rejected, dropped, queued } = ledger;
            let ended = delivered + rejected + dropped + queued;
            assert_eq!(routed, ended, "the ledger in {unit}: {ledger:?}\n{self}");
            let imbalance = format!("spanyard_ledger_imbalance_{unit}");
            assert!(self.has(&imbalance, &[]), "{imbalance} is missing");
            assert_eq!(self.count(&imbalance, &[]), 0, "{imbalance}");
        }
    }

    fn series(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &str> {
        let wanted: Vec<_> =
            labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        self.0.lines().filter_map(move |line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (found, labels) = series.split_once('{').unwrap_or((series, ""));
            let labels = labels.trim_end_matches('}');
            let has = |wanted: &String| labels.split(',').any(|label| label == wanted);
            (found == name && wanted.iter().all(has)).then_some(value)
        })
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.lines().filter(|line| !line.starts_with('#')) {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
