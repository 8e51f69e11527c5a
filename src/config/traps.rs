//! Warnings of what is allowed and hardly ever meant. Each has a code of its own.
//!
//! | code | what |
//! | --- | --- |
//! | `default-endpoint` | a receiver in use listens on localhost because no endpoint is given |
//! | `no-health-check` | nothing will answer on 13133 |
//! | `deprecated` | a name or key that newer Collectors refuse |
//! | `doubled-path` | `/v1/traces` is appended to an endpoint that ends in it |
//! | `missing-path` | `traces_endpoint` and its like are used as they are, without a path |
//! | `protocol-port` | the port is the other protocol's |
//! | `no-backend` | a pipeline that only shows what arrives, in a file with backends |
//! | `delivered-twice` | one exporter gets the same data over two ways |
//!
//! A file without a mistake gets none of them: a rule that cannot be sure does not belong here.

use spanyard_wire::schema::Signal;

use super::Settings;
use super::document::{Component, Document};
use super::exporters::{Exporter, Reach};
use super::plan::{Flow, Plan, Stage, StageId};
use super::problems::Code;
use super::report::{Fault, Mark, Report};
use super::service::{Pipeline, Reference};
use super::yaml::{Entry, Node, Value};
use crate::units::DestinationId;

/// Ports that the two protocols have everywhere.
const GRPC_PORT: u16 = 4317;
const HTTP_PORT: u16 = 4318;

/// Warns of what the settings show.
pub(super) fn check(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    deprecated(document, settings, report);
    for component in document.exporters.iter() {
        if let Some(exporter) = settings.exporters.get(&component.id) {
            addresses(component, exporter, settings, report);
        }
    }
    backends(settings, report);
}

/// Warns of what only the compiled pipelines show, and of what hardly matters while a file has
/// errors.
pub(super) fn check_plan(
    document: &Document<'_>,
    settings: &Settings,
    plan: &Plan,
    report: &Report<'_>,
) {
    default_endpoints(document, settings, report);
    health_check(document, settings, report);
    let mut told: Vec<DestinationId> = Vec::new();
    for receiver in &plan.receivers {
        for flow in receiver.flows.iter().flatten() {
            for destination in twice(flow) {
                if !told.contains(&destination) {
                    told.push(destination);
                    delivered_twice(settings, plan, &receiver.id, destination, report);
                }
            }
        }
    }
}

/// Since 0.104 a receiver without an endpoint is for this machine only.
fn default_endpoints(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    for component in document.receivers.iter() {
        let Some(receiver) = settings.receivers.get(&component.id) else { continue };
        if !settings.service.uses(|pipeline| &pipeline.receivers, &component.id) {
            continue;
        }
        for (protocol, port, on) in [
            ("grpc", GRPC_PORT, receiver.grpc.is_some()),
            ("http", HTTP_PORT, receiver.http.is_some()),
        ] {
            let entry = entry(component.field.node, &["protocols", protocol]);
            let Some(entry) = entry.filter(|entry| on && !gives(&entry.node, "endpoint")) else {
                continue;
            };
            let message = format!("no endpoint is given: only this machine reaches port {port}");
            let hint = format!(
                "endpoint: 0.0.0.0:{port} opens it to others (the default before 0.104), \
                 endpoint: localhost:{port} says that it is meant"
            );
            let path = format!("{}.protocols.{protocol}", component.field.path);
            report.warning(
                entry.mark,
                &path,
                Fault::new(Code::DefaultEndpoint, message).hint(hint),
            );
        }
    }
}

fn health_check(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    let is_health = |kind: &str| kind.starts_with("health_check") || kind == "healthcheckv2";
    if settings.service.extensions.iter().any(|reference| is_health(reference.id.kind())) {
        return;
    }
    let defined = document.extensions.iter().find(|component| is_health(component.id.kind()));
    let (field, message, hint) = match (defined, &document.service) {
        (Some(component), _) => (
            &component.field,
            "not listed in service.extensions: it does not answer",
            format!("add `{}` to service.extensions", component.id),
        ),
        (None, Some(service)) => (
            service,
            "there is no health check: probes of port 13133 will fail",
            "extensions: {health_check: {endpoint: 0.0.0.0:13133}}, and list it in \
             service.extensions"
                .to_owned(),
        ),
        (None, None) => return,
    };
    let fault = Fault::new(Code::NoHealthCheck, message).hint(hint);
    report.warning(field.key, &field.path, fault);
}

fn deprecated(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    let warn = |mark: Mark, path: &str, message: &str, hint: &str| {
        report.warning(mark, path, Fault::new(Code::Deprecated, message).hint(hint));
    };
    for component in document.exporters.iter().filter(|c| c.id.kind() == "logging") {
        if settings.exporters.contains_key(&component.id) {
            let message = "`logging` is the old name of `debug`: Collectors from 0.111 refuse it";
            warn(component.field.key, &component.field.path, message, "rename it to `debug`");
        }
    }
    let service = document.service.as_ref().map(|field| field.node);
    let address = service.and_then(|node| entry(node, &["telemetry", "metrics", "address"]));
    if let Some(address) = address.filter(|entry| !entry.node.is_null()) {
        let path = "service.telemetry.metrics.address";
        let hint = "readers: [{pull: {exporter: {prometheus: {host: ..., port: ..., \
                    without_type_suffix: true, without_units: true, without_scope_info: true}}}}] \
                    keeps every name";
        warn(address.mark, path, "Collectors from 0.123 refuse `address`", hint);
    }
}

/// Paths and ports of one exporter.
fn addresses(
    component: &Component<'_>,
    exporter: &Exporter,
    settings: &Settings,
    report: &Report<'_>,
) {
    let field = &component.field;
    let warn = |key: &str, code: Code, message: String, hint: String| {
        let found = entry(field.node, &[key]);
        let mark = found.map_or(field.key, |entry| entry.node.mark);
        let path = format!("{}.{key}", field.path);
        report.warning(mark, &path, Fault::new(code, message).hint(hint));
    };
    let targets = match &exporter.reach {
        Reach::Grpc(target) if target.peer.port == HTTP_PORT => {
            let message = format!("{HTTP_PORT} is the port of OTLP over HTTP, this is gRPC");
            let hint = format!("use port {GRPC_PORT}, or an `otlphttp` exporter");
            warn("endpoint", Code::ProtocolPort, message, hint);
            return;
        }
        Reach::Http(targets) => targets,
        Reach::Grpc(_) | Reach::Debug | Reach::Nop => return,
    };
    let mut base_told = false;
    let sends = |signal: Signal| {
        let mut pipelines = settings.service.pipelines.iter().filter(|p| p.signal == signal);
        pipelines.any(|pipeline| pipeline.exporters.iter().any(|r| r.id == component.id))
    };
    for (target, signal) in targets.iter().zip(Signal::ALL).filter(|(_, signal)| sends(*signal)) {
        let Some(target) = target else { continue };
        let own = format!("{}_endpoint", signal.name());
        let is_own = gives(field.node, &own);
        let key = if is_own { own.as_str() } else { "endpoint" };
        let path = target.path.split('?').next().unwrap_or_default();
        if is_own && path == "/" {
            let message = format!("`{own}` is used as it is: requests go to /");
            let hint = format!("append {}, or use `endpoint`, which does it", signal.path());
            warn(key, Code::MissingPath, message, hint);
        }
        if is_own || base_told {
            continue;
        }
        let base = path.strip_suffix(signal.path()).unwrap_or(path);
        let doubled = Signal::ALL.into_iter().find(|signal| base.ends_with(signal.path()));
        if let Some(doubled) = doubled {
            let message = format!("requests go to {path}");
            let hint = format!(
                "the path is appended to `endpoint`: take {} off, or use `{}_endpoint`",
                doubled.path(),
                doubled.name()
            );
            warn(key, Code::DoubledPath, message, hint);
            base_told = true;
        }
        if target.peer.port == GRPC_PORT {
            let message = format!("{GRPC_PORT} is the port of OTLP over gRPC, this is HTTP");
            let hint = format!("use port {HTTP_PORT}, or an `otlp` exporter");
            warn(key, Code::ProtocolPort, message, hint);
            base_told = true;
        }
    }
}

/// A pipeline that ends in `debug` only, where others have backends; `nop` says that it is meant.
fn backends(settings: &Settings, report: &Report<'_>) {
    let shows = |reference: &Reference| {
        let exporter = settings.exporters.get(&reference.id);
        exporter.is_some_and(|exporter| matches!(exporter.reach, Reach::Debug))
    };
    let only_shows = |pipeline: &Pipeline| {
        let received = |reference: &Reference| settings.receivers.contains_key(&reference.id);
        pipeline.exporters.iter().all(shows) && pipeline.receivers.iter().any(received)
    };
    let real = |exporter: &Exporter| matches!(exporter.reach, Reach::Http(_) | Reach::Grpc(_));
    let mut exporters = settings.service.pipelines.iter().flat_map(|p| &p.exporters);
    if !exporters.any(|reference| settings.exporters.get(&reference.id).is_some_and(real)) {
        return;
    }
    for pipeline in settings.service.pipelines.iter().filter(|pipeline| only_shows(pipeline)) {
        if let Some(first) = pipeline.exporters.first() {
            let message = format!("`{}` keeps nothing: what arrives here is lost", pipeline.id);
            let hint = "add an exporter with a backend, or remove the pipeline";
            let fault = Fault::new(Code::NoBackend, message).hint(hint);
            report.warning(first.mark, &first.path, fault);
        }
    }
}

/// Destinations that one request reaches over more than one of the ways it enters.
fn twice(flow: &Flow) -> Vec<DestinationId> {
    let mut seen: Vec<DestinationId> = Vec::new();
    let mut again: Vec<DestinationId> = Vec::new();
    for entry in &flow.entry {
        let mut reached = Vec::new();
        reach(flow, *entry, &mut reached);
        reached.sort_by_key(|destination| destination.0);
        reached.dedup();
        for destination in reached {
            if seen.contains(&destination) {
                again.push(destination);
            } else {
                seen.push(destination);
            }
        }
    }
    again
}

/// Every destination that can be reached from a stage.
fn reach(flow: &Flow, from: StageId, out: &mut Vec<DestinationId>) {
    let mut seen = vec![false; flow.stages.len()];
    let mut waiting = vec![from];
    while let Some(StageId(at)) = waiting.pop() {
        match seen.get_mut(at) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        match flow.stages.get(at) {
            Some(Stage::Leaf(branch)) => {
                let legs = flow.branches.get(*branch).map(|branch| branch.legs.as_slice());
                out.extend(legs.unwrap_or_default().iter().map(|leg| leg.destination));
            }
            Some(Stage::Switch(switch)) => {
                waiting.extend(switch.rows.iter().flat_map(|row| &row.to).chain(&switch.default));
            }
            None => {}
        }
    }
}

fn delivered_twice(
    settings: &Settings,
    plan: &Plan,
    receiver: &str,
    destination: DestinationId,
    report: &Report<'_>,
) {
    let Some(destination) = plan.destination(destination).filter(|found| found.is_real()) else {
        return;
    };
    let named = settings.service.pipelines.iter().filter(|p| p.signal == destination.signal);
    let named = named.flat_map(|pipeline| {
        let mine = pipeline.exporters.iter().filter(|r| r.id.as_str() == destination.exporter);
        mine.map(move |reference| (pipeline, reference))
    });
    let named: Vec<(&Pipeline, &Reference)> = named.collect();
    let Some((pipeline, reference)) = named.last() else { return };
    let ways: Vec<&str> = named.iter().map(|(pipeline, _)| pipeline.id.as_str()).collect();
    let message = format!(
        "`{}` gets the {} of `{receiver}` more than once",
        destination.exporter,
        destination.signal.name()
    );
    let hint = if ways.len() > 1 {
        format!("it is in {}", ways.join(", "))
    } else {
        format!("`{}` is reached over two ways", pipeline.id)
    };
    let fault = Fault::new(Code::DeliveredTwice, message).hint(hint);
    report.warning(reference.mark, &reference.path, fault);
}

/// The entry at the end of a path of keys.
fn entry<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Entry> {
    let (first, rest) = path.split_first()?;
    let Value::Map(entries) = &node.value else { return None };
    let found = entries.iter().find(|entry| entry.key == *first)?;
    if rest.is_empty() { Some(found) } else { entry(&found.node, rest) }
}

/// Whether a mapping gives a key a value.
fn gives(node: &Node, key: &str) -> bool {
    entry(node, &[key]).is_some_and(|entry| !entry.node.is_null())
}

#[cfg(test)]
mod tests;
