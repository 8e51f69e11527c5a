//! `service.telemetry`: the gateway's own logs and its metrics page.

use std::net::{Ipv4Addr, SocketAddr};

use super::{logs, resource};
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
        key("traces", "mapping", "", "accepted: the gateway sends no traces of its own"),
        key("resource", "mapping", "", "labels of `target_info`"),
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
    keys: &[
        key("pull", "mapping", "required", "what is scraped"),
        key("periodic", "mapping", "", "ignored beside a `pull` reader, refused without one"),
    ],
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
pub(in crate::config) const TRACES: Table = Table {
    scope: "service.telemetry.traces",
    keys: &[
        key("level", "word", "", "accepted: the gateway sends no traces of its own"),
        key("propagators", "list of text", "", "accepted, without effect"),
        key("processors", "list", "[]", "ignored, with a warning"),
        key("sampler", "mapping", "", "accepted, without effect"),
        key("limits", "mapping", "", "accepted, without effect"),
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
        let metrics = Some(default_page(Mark::default(), PAGE.to_owned()));
        Self { metrics, logs: Logs::default() }
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
    if let Some(logs) = section.get("logs").and_then(|field| field.section(&logs::LOGS)) {
        telemetry.logs = logs::decode(&logs);
    }
    if let Some(traces) = section.get("traces").and_then(|field| field.section(&TRACES)) {
        check_traces(&traces);
    }
    if let Some(field) = section.get("resource") {
        let labels = resource::decode(&field);
        if let Some((page, _)) = &mut telemetry.metrics {
            page.resource = labels;
        }
    }
    telemetry
}

/// Exporters of the gateway's own traces get nothing.
fn check_traces(section: &Section<'_>) {
    if let Some(field) = section.get("processors").filter(|field| !field.is_empty_list()) {
        let fault = Fault::new(Code::Ignored, "`processors` are ignored");
        let hint = "the gateway sends no traces of its own";
        field.report.warning(field.key, &field.path, fault.hint(hint));
    }
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
    let page = MetricsPage { endpoint, suffixes: false, scope_labels: false, resource: Vec::new() };
    (page, Listen { address: endpoint, mark, path })
}

/// The metrics page of the first `pull` reader.
fn reader(field: &Field<'_>) -> Option<(MetricsPage, Listen)> {
    let items = field.items()?;
    if items.is_empty() {
        let fault = Fault::new(Code::Missing, "no reader is listed");
        field.error(fault.hint("`level: none` turns the metrics page off"));
        return None;
    }
    let sections: Vec<_> = items.iter().filter_map(|item| item.section(&READER)).collect();
    let pulls = || sections.iter().filter_map(|section| section.get("pull"));
    for further in pulls().skip(1) {
        let reason = "the first `pull` reader makes the metrics page";
        further.report.not_supported(further.key, &further.path, "a second `pull` reader", reason);
    }
    let first = pulls().next();
    for periodic in sections.iter().filter_map(|section| section.get("periodic")) {
        if first.is_some() {
            let fault = Fault::new(Code::Ignored, "`periodic` is ignored");
            let hint = "the metrics page says the same; let it be scraped";
            periodic.report.warning(periodic.key, &periodic.path, fault.hint(hint));
        } else {
            let (mark, path) = (periodic.key, &periodic.path);
            periodic.report.not_supported(mark, path, "`periodic`", "scrape the metrics page");
        }
    }
    for empty in sections.iter().filter(|s| s.get("pull").is_none() && s.get("periodic").is_none())
    {
        let fault = Fault::new(Code::Missing, "the reader is of no kind");
        empty.error(fault.expected("`pull` or `periodic`"));
    }
    let pull = first?.section(&PULL)?;
    prometheus(&pull.required("exporter")?.section(&PULL_EXPORTER)?.required("prometheus")?)
}

fn prometheus(field: &Field<'_>) -> Option<(MetricsPage, Listen)> {
    let section = field.section(&PROMETHEUS)?;
    let (host, port) = (section.required("host"), section.required("port"));
    let port = port.and_then(|field| field.whole(0, u64::from(u16::MAX)));
    let host = host.and_then(|field| Some((listen::ip(&field, &field.text()?)?, field)));
    let bare = section.boolean("without_type_suffix", false);
    let bare = section.boolean("without_units", false) && bare;
    let scope_labels = !section.boolean("without_scope_info", false);
    let ((ip, field), port) = (host?, u16::try_from(port?).ok()?);
    let endpoint = SocketAddr::new(ip, port);
    let page = MetricsPage { endpoint, suffixes: !bare, scope_labels, resource: Vec::new() };
    Some((page, Listen { address: endpoint, mark: field.mark(), path: section.path }))
}

#[cfg(test)]
mod tests;
