//! `service.telemetry`: the gateway's own logs and its metrics page.

use std::net::{Ipv4Addr, SocketAddr};

use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::listen::{self, Listen};
use crate::config::plan::{Logs, MetricsPage};
use crate::config::problems::Code;
use crate::config::report::{Fault, Mark};

/// Path by which problems name the metrics page that no key asks for.
const PAGE: &str = "service.telemetry.metrics";
/// Port of the metrics page where the file names none.
const METRICS_PORT: u16 = 8888;

pub(in crate::config) const TELEMETRY: Table = Table {
    scope: "service.telemetry",
    keys: &[
        key("metrics", "mapping", "on", "the metrics page"),
        key("logs", "mapping", "", "the gateway's own log"),
    ],
};
pub(in crate::config) const METRICS: Table = Table {
    scope: "service.telemetry.metrics",
    keys: &[
        key("level", "word", "normal", "`none` turns the page off; `basic`, `normal`, `detailed`"),
        key("address", "host:port", "localhost:8888", "address to listen on (older spelling)"),
        key("readers", "list of mappings", "", "one `pull` reader (newer spelling)"),
    ],
};
pub(in crate::config) const READER: Table = Table {
    scope: "service.telemetry.metrics.readers",
    keys: &[key("pull", "mapping", "required", "what is scraped")],
};
pub(in crate::config) const PULL: Table = Table {
    scope: "service.telemetry.metrics.readers.pull",
    keys: &[key("exporter", "mapping", "required", "holds `prometheus`")],
};
pub(in crate::config) const PULL_EXPORTER: Table = Table {
    scope: "service.telemetry.metrics.readers.pull.exporter",
    keys: &[key("prometheus", "mapping", "required", "the metrics page")],
};
pub(in crate::config) const PROMETHEUS: Table = Table {
    scope: "service.telemetry.metrics.readers.pull.exporter.prometheus",
    keys: &[
        key("host", "IP address or localhost", "required", "host to listen on"),
        key("port", "whole number", "required", "port to listen on"),
        key("without_type_suffix", "boolean", "false", "with `without_units`: bare names"),
        key("without_units", "boolean", "false", "with `without_type_suffix`: bare names"),
        key("without_scope_info", "boolean", "false", "no `otel_scope_*` labels"),
    ],
};
pub(in crate::config) const LOGS: Table = Table {
    scope: "service.telemetry.logs",
    keys: &[
        key("level", "word", "info", "`debug`, `info`, `warn` or `error`"),
        key("encoding", "word", "console", "`console` or `json`"),
    ],
};

/// The decoded section.
#[derive(Debug)]
pub(in crate::config) struct Telemetry {
    /// `None` for `level: none`.
    pub(in crate::config) metrics: Option<(MetricsPage, Listen)>,
    pub(in crate::config) logs: Logs,
}

impl Default for Telemetry {
    fn default() -> Self {
        let logs = Logs { level: tracing::Level::INFO, json: false };
        Self { metrics: Some(default_page(Mark::default(), PAGE.to_owned())), logs }
    }
}

/// Decodes `service.telemetry`, given or not.
pub(super) fn decode(field: Option<Field<'_>>) -> Telemetry {
    let mut telemetry = Telemetry::default();
    let Some(field) = field else { return telemetry };
    if let Some((_, listen)) = &mut telemetry.metrics {
        listen.mark = field.key;
    }
    let Some(section) = field.section(&TELEMETRY) else {
        return telemetry;
    };
    if let Some(metrics) = section.get("metrics").and_then(|field| field.section(&METRICS)) {
        telemetry.metrics = page(&metrics);
    }
    if let Some(logs) = section.get("logs").and_then(|field| field.section(&LOGS)) {
        telemetry.logs = own_logs(&logs);
    }
    telemetry
}

fn page(section: &Section<'_>) -> Option<(MetricsPage, Listen)> {
    let level = section.get("level").and_then(|field| {
        let level = field.text()?.to_lowercase();
        match level.as_str() {
            "none" | "basic" | "normal" => {}
            "detailed" => {
                let fault = Fault::new(Code::Ignored, "`detailed` is taken for `normal`");
                field.warning(fault.hint("the page shows what it shows at the level normal"));
            }
            _ => field.unknown_word(&level, &["none", "basic", "normal", "detailed"]),
        }
        Some(level)
    });
    let reader = section.get("readers").map(|field| reader(&field));
    let address = section.get("address");
    if let (Some(field), Some(_)) = (&address, &reader) {
        let fault = Fault::new(Code::Conflict, "`address` and `readers` exclude each other");
        field.error(fault.hint("keep `readers`"));
    }
    if level.as_deref() == Some("none") {
        return None;
    }
    if let Some(reader) = reader {
        return reader;
    }
    let Some(field) = address else {
        return Some(default_page(section.key, section.path.clone()));
    };
    let endpoint = listen::address(&field, &field.text()?)?;
    Some(bare_page(endpoint, field.mark(), field.path))
}

fn default_page(mark: Mark, path: String) -> (MetricsPage, Listen) {
    bare_page(SocketAddr::from((Ipv4Addr::LOCALHOST, METRICS_PORT)), mark, path)
}

/// A page whose names have no suffixes, as the Collector's has without an explicit reader.
fn bare_page(endpoint: SocketAddr, mark: Mark, path: String) -> (MetricsPage, Listen) {
    let page = MetricsPage { endpoint, suffixes: false, scope_labels: false };
    (page, Listen { address: endpoint, mark, path })
}

fn reader(field: &Field<'_>) -> Option<(MetricsPage, Listen)> {
    let items = field.items()?;
    let Some(first) = items.first() else {
        let fault = Fault::new(Code::Missing, "no reader is listed");
        field.error(fault.hint("`level: none` turns the metrics page off"));
        return None;
    };
    for further in items.iter().skip(1) {
        further.not_supported("a second reader", "the first one makes the metrics page");
    }
    let section = first.section(&READER)?;
    if section.has_unsupported() {
        return None;
    }
    let pull = section.required("pull")?.section(&PULL)?;
    let exporter = pull.required("exporter")?.section(&PULL_EXPORTER)?;
    let section = exporter.required("prometheus")?.section(&PROMETHEUS)?;
    let (host, port) = (section.required("host"), section.required("port"));
    let port = port.and_then(|field| field.whole(0, u64::from(u16::MAX)));
    let host = host.and_then(|field| Some((listen::ip(&field, &field.text()?)?, field)));
    let bare = section.boolean("without_type_suffix", false);
    let bare = section.boolean("without_units", false) && bare;
    let scope_labels = !section.boolean("without_scope_info", false);
    let ((ip, field), port) = (host?, u16::try_from(port?).ok()?);
    let endpoint = SocketAddr::new(ip, port);
    let page = MetricsPage { endpoint, suffixes: !bare, scope_labels };
    Some((page, Listen { address: endpoint, mark: field.mark(), path: section.path }))
}

fn own_logs(section: &Section<'_>) -> Logs {
    let level = section.get("level").and_then(|field| {
        let text = field.text()?.to_lowercase();
        match text.as_str() {
            "debug" => Some(tracing::Level::DEBUG),
            "" | "info" => Some(tracing::Level::INFO),
            "warn" => Some(tracing::Level::WARN),
            "error" | "dpanic" | "panic" | "fatal" => Some(tracing::Level::ERROR),
            _ => {
                field.unknown_word(&text, &["debug", "info", "warn", "error"]);
                None
            }
        }
    });
    let encoding = section.get("encoding").and_then(|field| field.one_of(&["console", "json"]));
    Logs { level: level.unwrap_or(tracing::Level::INFO), json: encoding == Some("json") }
}
