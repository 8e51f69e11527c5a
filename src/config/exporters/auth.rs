//! `auth` of an exporter: which extension signs its requests, and what that comes to.
//!
//! The extension must exist, be listed in `service.extensions` and be an authenticator for clients.
//! What it does to headers is a list of steps, in the order in which the Collector's takes them:
//! over HTTP a `headers_setter` goes before its `additional_auth`, over gRPC after it.

use crate::config::Settings;
use crate::config::auth::{self, Side};
use crate::config::decode::Section;
use crate::config::document::Document;
use crate::config::extensions::{Authenticator, Extension};
use crate::config::keys::{Table, key};
use crate::config::plan::{Batching, HeaderStep, Plan, Target};
use crate::config::problems::Code;
use crate::config::report::{Fault, Report};
use crate::config::service::Reference;

pub(in crate::config) const AUTH: Table = Table {
    scope: "exporters.*.auth",
    keys: &[key("authenticator", "extension", "required", "who signs the requests")],
};

/// Authenticators that may be chained by `additional_auth`.
const CHAIN_MAX: usize = 8;

/// Reads `auth`.
pub(super) fn decode(exporter: &Section<'_>) -> Option<Reference> {
    let section = exporter.get("auth")?.section(&AUTH)?;
    auth::reference(&section.required("authenticator")?)
}

/// Sets the steps of an exporter's authenticator on its target.
pub(in crate::config) fn applied(
    settings: &Settings,
    auth: Option<&Reference>,
    mut target: Target,
) -> Target {
    match &mut target {
        Target::Http(http) => http.auth = steps(settings, auth, false),
        Target::Grpc(grpc) => grpc.auth = steps(settings, auth, true),
        Target::Debug | Target::Nop => {}
    }
    target
}

fn steps(settings: &Settings, auth: Option<&Reference>, grpc: bool) -> Vec<HeaderStep> {
    let mut chain = chain(settings, auth);
    if grpc {
        chain.reverse();
    }
    chain.into_iter().flat_map(|authenticator| authenticator.steps.clone()).collect()
}

/// An authenticator and those behind its `additional_auth`.
fn chain<'s>(settings: &'s Settings, auth: Option<&'s Reference>) -> Vec<&'s Authenticator> {
    let mut found = Vec::new();
    let mut next = auth;
    while let Some(reference) = next.filter(|_| found.len() < CHAIN_MAX) {
        let Some(Extension::Auth(authenticator)) = settings.extensions.get(&reference.id) else {
            break;
        };
        found.push(authenticator);
        next = authenticator.additional.as_ref();
    }
    found
}

/// Checks what every `auth` and `additional_auth` refers to.
pub(in crate::config) fn check(document: &Document<'_>, settings: &Settings, report: &Report<'_>) {
    for (id, exporter) in &settings.exporters {
        let Some(reference) = &exporter.auth else { continue };
        let used = settings.service.uses(|pipeline| &pipeline.exporters, id);
        if !auth::check(reference, Side::Exporter, document, settings, used, report) {
            continue;
        }
        let chain = chain(settings, Some(reference));
        if chain.len() >= CHAIN_MAX {
            let message = format!("more than {CHAIN_MAX} authenticators follow each other");
            report.error(reference.mark, &reference.path, Fault::new(Code::Conflict, message));
        }
        if chain.iter().any(|authenticator| authenticator.holds_secret()) && exporter.is_plain() {
            let fault = Fault::new(Code::Surprising, "credentials leave without TLS");
            let hint = "anyone on the way can read them";
            report.warning(reference.mark, &reference.path, fault.hint(hint));
        }
    }
    for (id, extension) in &settings.extensions {
        if let Extension::Auth(Authenticator { additional: Some(reference), .. }) = extension {
            let used = settings.starts(id);
            let _ok = auth::check(reference, Side::Exporter, document, settings, used, report);
        }
    }
}

/// Warns where a header that is passed on can never be there.
pub(in crate::config) fn check_context(settings: &Settings, plan: &Plan, report: &Report<'_>) {
    for receiver in &plan.receivers {
        let off = [
            receiver.http.as_ref().map(|http| http.include_metadata),
            receiver.grpc.as_ref().map(|grpc| grpc.include_metadata),
        ];
        let blind = off.iter().flatten().all(|included| !included);
        let legs = receiver.flows.iter().flatten().flat_map(|flow| &flow.branches);
        for leg in legs.flat_map(|branch| &branch.legs) {
            let Some(destination) = plan.destination(leg.destination) else { continue };
            let keys = destination.target.context_keys();
            let named =
                |id: &str| settings.exporters.iter().find(|(known, _)| known.as_str() == id);
            let exporter =
                named(&destination.exporter).and_then(|(_, exporter)| exporter.auth.as_ref());
            let (Some(reference), false) = (exporter, keys.is_empty()) else { continue };
            for key in &keys {
                if let Some(fault) = lost(key, leg.batch.as_ref(), blind, &receiver.id) {
                    report.warning(reference.mark, &reference.path, fault);
                }
            }
        }
    }
}

fn lost(key: &str, batch: Option<&Batching>, blind: bool, receiver: &str) -> Option<Fault> {
    let message = format!("`from_context: {key}` is never there");
    if batch.is_some_and(|batch| !batch.metadata_keys.iter().any(|kept| kept == key)) {
        let hint = "a `batch` on the way keeps only its `metadata_keys`: name it there";
        return Some(Fault::new(Code::Surprising, message).hint(hint));
    }
    if blind {
        let hint = format!("set `include_metadata: true` for the protocols of `{receiver}`");
        return Some(Fault::new(Code::Surprising, message).hint(hint));
    }
    None
}
