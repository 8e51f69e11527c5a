//! What can only be seen when everything is decoded: names that lead nowhere, connectors with one
//! end, circles, exporters without an endpoint for their signal, addresses wanted twice.

mod processors;

use std::collections::BTreeSet;

use spanyard_wire::schema::Signal;

use super::Settings;
use super::connectors::Connector;
use super::document::{Component, Components, Document};
use super::id::Id;
use super::listen;
use super::plan::{Condition, ContextKey, Flow, Operand, Plan, Stage};
use super::problems::Code;
use super::report::{Fault, Mark, Report};
use super::service::{Pipeline, Reference};
use super::suggest::did_you_mean;

/// Pipelines that a request may pass one after another.
const CHAIN_MAX: usize = 32;

/// Names that a hint lists.
const LISTED_MAX: usize = 8;

/// Checks everything that concerns more than one component.
pub(super) fn check(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    check_names(document, settings, report);
    for component in document.connectors.iter() {
        if !shares_id(component, document, report) {
            check_connector(&component.id, settings, report);
        }
    }
    check_chains(settings, report);
    check_endpoints(document, settings, report);
    check_extensions(document, settings, report);
    processors::check(settings, report);
    let mut listens: Vec<_> = Vec::new();
    let page = settings.service.telemetry.metrics.iter();
    listens.extend(page.map(|(_, listen)| listen.clone().into()));
    for (id, extension) in &settings.extensions {
        if settings.starts(id) {
            listens.extend(extension.listen().cloned().map(Into::into));
        }
    }
    for (id, receiver) in &settings.receivers {
        if settings.service.uses(|pipeline| &pipeline.receivers, id) {
            listens.extend(receiver.listens.iter().cloned());
        }
    }
    listen::check_distinct(&listens, report);
}

/// Every name in `service` must be defined.
fn check_names(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    let known = |reference: &Reference, noun: &str, sections: &[&Components<'_>]| {
        if sections.iter().any(|section| section.get(&reference.id).is_some()) {
            return;
        }
        let names = || sections.iter().flat_map(|section| section.iter()).map(|c| c.id.as_str());
        let listed = || {
            let listed: Vec<&str> = names().take(LISTED_MAX).collect();
            (!listed.is_empty()).then(|| format!("defined: {}", listed.join(", ")))
        };
        let hint = did_you_mean(reference.id.as_str(), names()).or_else(listed);
        let message = format!("no {noun} `{}` is defined", reference.id);
        let fault = Fault::new(Code::UnknownReference, message).maybe_hint(hint);
        report.error(reference.mark, &reference.path, fault);
    };
    let connectors = &document.connectors;
    for pipeline in &settings.service.pipelines {
        for reference in &pipeline.receivers {
            known(reference, "receiver or connector", &[&document.receivers, connectors]);
        }
        for reference in &pipeline.processors {
            known(reference, "processor", &[&document.processors]);
        }
        for reference in &pipeline.exporters {
            known(reference, "exporter or connector", &[&document.exporters, connectors]);
        }
    }
    for reference in &settings.service.extensions {
        known(reference, "extension", &[&document.extensions]);
    }
}

/// A connector stands on both sides of pipelines, so its id must be free on both.
fn shares_id(connector: &Component<'_>, document: &Document<'_>, report: &Report<'_>) -> bool {
    let sides = [("a receiver", &document.receivers), ("an exporter", &document.exporters)];
    let taken = sides.into_iter().find(|(_, section)| section.get(&connector.id).is_some());
    if let Some((noun, _)) = taken {
        let message = format!("{noun} has the id `{}` too", connector.id);
        let field = &connector.field;
        report.error(field.key, &field.path, Fault::new(Code::Conflict, message));
    }
    taken.is_some()
}

/// A connector must be fed and must feed, within one signal, and its table must name what it feeds.
fn check_connector(id: &Id, settings: &Settings, report: &Report<'_>) {
    let uses = |pick: fn(&Pipeline) -> &Vec<Reference>| -> Vec<(&Pipeline, &Reference)> {
        let pipelines = settings.service.pipelines.iter();
        let found = pipelines.filter_map(|p| Some((p, pick(p).iter().find(|r| r.id == *id)?)));
        found.collect()
    };
    let feeds = uses(|pipeline| &pipeline.exporters);
    let fed = uses(|pipeline| &pipeline.receivers);
    let signals = |list: &[(&Pipeline, &Reference)]| -> BTreeSet<Signal> {
        list.iter().map(|(pipeline, _)| pipeline.signal).collect()
    };
    let (into, out) = (signals(&feeds), signals(&fed));
    for (list, other, side) in [(&feeds, &out, "receiver"), (&fed, &into, "exporter")] {
        for (pipeline, reference) in list.iter().filter(|(p, _)| !other.contains(&p.signal)) {
            let signal = pipeline.signal.name();
            let message = format!("no pipeline for {signal} has `{id}` as {side}");
            let fault = Fault::new(Code::UnknownReference, message);
            let fault = fault
                .expected("a connector at the end of one pipeline and at the start of another");
            report.error(reference.mark, &reference.path, fault);
        }
    }
    let Some(Connector::Routing(routing)) = settings.connectors.get(id) else {
        return;
    };
    let mut named = BTreeSet::new();
    for target in routing.targets() {
        let _ = named.insert(&target.id);
        check_target(id, target, &into, settings, report);
    }
    for (pipeline, reference) in fed.iter().filter(|(p, _)| !named.contains(&p.id)) {
        let message = format!("no row of `{id}` leads to `{}`: nothing arrives here", pipeline.id);
        report.warning(reference.mark, &reference.path, Fault::new(Code::Surprising, message));
    }
}

/// A pipeline in a routing table must exist, carry the table's signal and take from the connector.
fn check_target(
    id: &Id,
    target: &Reference,
    signals: &BTreeSet<Signal>,
    settings: &Settings,
    report: &Report<'_>,
) {
    let Some(pipeline) = settings.service.pipeline(&target.id) else {
        let names = settings.service.pipelines.iter().map(|pipeline| pipeline.id.as_str());
        let hint = did_you_mean(target.id.as_str(), names);
        let message = format!("no pipeline `{}` is defined", target.id);
        let fault = Fault::new(Code::UnknownReference, message).maybe_hint(hint);
        report.error(target.mark, &target.path, fault);
        return;
    };
    if let Some(other) = signals.iter().find(|signal| **signal != pipeline.signal) {
        let message = format!("`{}` takes no {}, which `{id}` is fed", target.id, other.name());
        let hint = "a routing connector serves one signal; define one for each";
        let fault = Fault::new(Code::Conflict, message).hint(hint);
        report.error(target.mark, &target.path, fault);
    } else if !pipeline.receivers.iter().any(|receiver| receiver.id == *id) {
        let message = format!("the pipeline `{}` does not take from `{id}`", target.id);
        let hint = format!("add `{id}` to service.pipelines.{}.receivers", target.id);
        let fault = Fault::new(Code::UnknownReference, message).hint(hint);
        report.error(target.mark, &target.path, fault);
    }
}

/// Pipelines joined by connectors must end somewhere, and soon.
fn check_chains(settings: &Settings, report: &Report<'_>) {
    let pipelines = &settings.service.pipelines;
    let takes = |pipeline: &Pipeline, reference: &Reference| {
        settings.is_connector(&reference.id)
            && pipeline.receivers.iter().any(|receiver| receiver.id == reference.id)
    };
    // The longest chain that ends in each pipeline, grown one step a round.
    let mut steps = vec![0_usize; pipelines.len()];
    for _ in 0..=CHAIN_MAX {
        let mut grown = false;
        for (from, pipeline) in pipelines.iter().enumerate() {
            let next = steps.get(from).copied().unwrap_or(0).saturating_add(1);
            for reference in &pipeline.exporters {
                for (to, follower) in pipelines.iter().enumerate() {
                    let follows = follower.signal == pipeline.signal && takes(follower, reference);
                    if let (true, Some(step)) = (follows, steps.get_mut(to))
                        && *step < next
                    {
                        *step = next;
                        grown = true;
                    }
                }
            }
        }
        if !grown {
            return;
        }
    }
    let longest = steps.iter().zip(pipelines).max_by_key(|(step, _)| **step);
    if let Some((_, pipeline)) = longest {
        let (mark, path) = pipeline.receivers.first().map_or_else(
            || (Mark::default(), String::new()),
            |reference| (reference.mark, reference.path.clone()),
        );
        let message = format!("`{}` feeds itself, or more than {CHAIN_MAX} in a row", pipeline.id);
        report.error(mark, &path, Fault::new(Code::Conflict, message));
    }
}

/// An exporter must know where each signal of its pipelines goes.
fn check_endpoints(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    for pipeline in &settings.service.pipelines {
        for reference in &pipeline.exporters {
            let component = document.exporters.get(&reference.id);
            let (Some(exporter), Some(component)) =
                (settings.exporters.get(&reference.id), component)
            else {
                continue;
            };
            let field = &component.field;
            let missing = exporter.target(pipeline.signal).is_none();
            if missing && !exporter.endpoint_reported {
                let signal = pipeline.signal.name();
                let message = format!("no endpoint for {signal}, which `{}` sends", pipeline.id);
                let fault = Fault::new(Code::Missing, message);
                let fault = fault.expected(format!("`endpoint` or `{signal}_endpoint`"));
                report.error(field.key, &field.path, fault);
            }
        }
    }
}

/// One health page; settings of ours that are not listed do nothing.
fn check_extensions(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    let of_kind = |kind: &'static str| {
        settings.service.extensions.iter().filter(move |reference| reference.id.kind() == kind)
    };
    for kind in ["health_check", "spanyard"] {
        for second in of_kind(kind).skip(1) {
            report.not_supported(second.mark, &second.path, &format!("a second `{kind}`"), "");
        }
    }
    for component in document.extensions.iter().filter(|c| c.id.kind() == "spanyard") {
        if !settings.starts(&component.id) {
            let fault = Fault::new(Code::Surprising, "not listed in service.extensions: no effect");
            report.warning(component.field.key, &component.field.path, fault);
        }
    }
}

/// Warns of rules that need request headers where a receiver does not keep them.
pub(super) fn check_metadata(document: &Document<'_>, plan: &Plan, report: &Report<'_>) {
    for receiver in &plan.receivers {
        let component = document.receivers.iter().find(|c| c.id.as_str() == receiver.id);
        let Some(component) = component else { continue };
        let flows = || receiver.flows.iter().flatten();
        let http_off = receiver.http.as_ref().is_some_and(|http| !http.include_metadata);
        let grpc_off = receiver.grpc.as_ref().is_some_and(|grpc| !grpc.include_metadata);
        let warn = |message: &str| {
            let hint = "set `include_metadata: true` for the protocol";
            let fault = Fault::new(Code::Surprising, message).hint(hint);
            report.warning(component.field.key, &component.field.path, fault);
        };
        if http_off && flows().any(routes_by_header) {
            warn("routing by request headers sees none of its HTTP requests");
        }
        if (http_off || grpc_off) && flows().any(edits_by_header) {
            warn("`from_context` sees no request headers of this receiver");
        }
    }
}

fn edits_by_header(flow: &Flow) -> bool {
    flow.slots.iter().any(|slot| matches!(slot, ContextKey::Header(_)))
}

fn routes_by_header(flow: &Flow) -> bool {
    flow.stages.iter().any(|stage| match stage {
        Stage::Switch(switch) => switch.rows.iter().any(|row| reads_header(&row.when)),
        Stage::Leaf(_) => false,
    })
}

fn reads_header(condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(reads_header),
        Condition::Not(inner) => reads_header(inner),
        Condition::HeaderIs { .. } => true,
        Condition::Compare { left, right, .. } => [left, right].into_iter().any(is_metadata),
        Condition::Matches { of, .. } => is_metadata(of),
        Condition::Always(_) | Condition::AttributeIs { .. } => false,
    }
}

const fn is_metadata(operand: &Operand) -> bool {
    matches!(operand, Operand::Metadata { .. })
}

#[cfg(test)]
mod tests;
