//! The ledger as the gateway's metrics page tells it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::client;
use crate::units::rounded;

/// Spans by the place they ended in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ledger {
    stages: BTreeMap<String, f64>,
    imbalance: Option<f64>,
}

/// Fetches the page and reads the ledger from it.
pub(super) fn ledger(metrics: SocketAddr) -> io::Result<Ledger> {
    let place = |what: String| io::Error::other(format!("http://{metrics}/metrics: {what}"));
    let reply = client::get(metrics, "/metrics").map_err(|e| place(e.to_string()))?;
    if reply.status != 200 {
        return Err(place(format!("expected 200, got {}", reply.status)));
    }
    Ok(read(&String::from_utf8_lossy(&reply.body)))
}

fn read(page: &str) -> Ledger {
    let mut ledger = Ledger::default();
    for line in page.lines() {
        let Some((series, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let Ok(value) = value.parse::<f64>() else {
            continue;
        };
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let stage = labels.split_once("stage=\"").and_then(|(_, rest)| rest.split('"').next());
        match (name, stage) {
            ("spanyard_spans", Some(stage)) if labels.contains("signal=\"traces\"") => {
                *ledger.stages.entry(stage.to_owned()).or_default() += value;
            }
            ("spanyard_ledger_imbalance_spans", _) => ledger.imbalance = Some(value),
            _ => {}
        }
    }
    ledger
}

impl Ledger {
    fn stage(&self, name: &str) -> f64 {
        self.stages.get(name).copied().unwrap_or(0.0)
    }

    /// Whether every routed span has ended in a place, and the page says so as well.
    pub(super) fn balances(&self) -> bool {
        let ended: f64 = ENDS.iter().map(|name| self.stage(name)).sum();
        let routed = self.stage("routed");
        routed > 0.0 && (routed - ended).abs() < 0.5 && self.imbalance == Some(0.0)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} spans routed =", rounded(self.stage("routed")))?;
        for (nth, name) in ENDS.iter().enumerate() {
            let plus = if nth == 0 { "" } else { " +" };
            write!(f, "{plus} {} {name}", rounded(self.stage(name)))?;
        }
        match self.imbalance {
            Some(imbalance) => write!(f, ", off by {imbalance}"),
            None => f.write_str(", imbalance not on the page"),
        }
    }
}

const ENDS: [&str; 4] = ["delivered", "rejected", "dropped", "queued"];

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP spanyard_spans The ledger\n\
        spanyard_spans{exporter=\"a\",signal=\"traces\",stage=\"routed\"} 1500\n\
        spanyard_spans{exporter=\"b\",signal=\"traces\",stage=\"routed\"} 500\n\
        spanyard_spans{exporter=\"a\",signal=\"traces\",stage=\"delivered\"} 1990\n\
        spanyard_spans{reason=\"queue_full\",signal=\"traces\",stage=\"dropped\"} 10\n\
        spanyard_spans{exporter=\"a\",signal=\"logs\",stage=\"routed\"} 7\n\
        spanyard_ledger_imbalance_spans 0\n";

    #[test]
    fn the_ledger_is_summed_over_exporters_and_balances() {
        let ledger = read(PAGE);
        assert!(ledger.balances());
        let text = "2,000 spans routed = 1,990 delivered + 0 rejected + 10 dropped + 0 queued, \
                    off by 0";
        assert_eq!(ledger.to_string(), text);
    }

    #[test]
    fn a_missing_span_or_a_page_without_a_ledger_does_not_balance() {
        assert!(!read(&PAGE.replace("1990", "1989")).balances());
        assert!(!read("").balances());
    }
}
