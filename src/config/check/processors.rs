//! Processors in their pipelines: what depends on the signal, and on who comes first.

use std::collections::BTreeSet;

use crate::config::Settings;
use crate::config::problems::Code;
use crate::config::processors::{Draft, Processor};
use crate::config::report::{Fault, Report};
use crate::config::service::{Pipeline, Reference};

/// Checks the processors of every pipeline.
pub(super) fn check(settings: &Settings, report: &Report<'_>) {
    for pipeline in &settings.service.pipelines {
        check_blocks(pipeline, settings, report);
        warn_of_late_limiters(pipeline, report);
        warn_of_lost_headers(pipeline, settings, report);
    }
}

/// What `include` and `exclude` may ask for depends on the signal.
fn check_blocks(pipeline: &Pipeline, settings: &Settings, report: &Report<'_>) {
    for reference in &pipeline.processors {
        if let Some(Processor::Attributes(attributes)) = settings.processors.get(&reference.id) {
            for block in attributes.include.iter().chain(&attributes.exclude) {
                block.check(pipeline.signal, report);
            }
        }
    }
}

/// A limiter refuses best before anything has been done.
fn warn_of_late_limiters(pipeline: &Pipeline, report: &Report<'_>) {
    let is_limiter = |reference: &&Reference| reference.id.kind() == "memory_limiter";
    let first = pipeline.processors.iter().take_while(is_limiter).count();
    for reference in pipeline.processors.iter().skip(first).filter(is_limiter) {
        let message = format!("`{}` is not the first processor", reference.id);
        let fault = Fault::new(Code::Surprising, message);
        let hint = "put it first: here it takes effect at the door, in the Collector at its place";
        report.warning(reference.mark, &reference.path, fault.hint(hint));
    }
}

/// Behind a `batch` only its `metadata_keys` are left of the request's headers.
fn warn_of_lost_headers(pipeline: &Pipeline, settings: &Settings, report: &Report<'_>) {
    let mut kept: Option<BTreeSet<&str>> = None;
    for reference in &pipeline.processors {
        let drafts: &[Draft] = match settings.processors.get(&reference.id) {
            Some(Processor::Batch(batch)) => {
                let known = |key: &&str| kept.as_ref().is_none_or(|kept| kept.contains(key));
                let keys = batch.metadata_keys.iter().map(String::as_str).filter(known).collect();
                kept = Some(keys);
                continue;
            }
            Some(Processor::Resource(drafts)) => drafts,
            Some(Processor::Attributes(attributes)) => &attributes.drafts,
            Some(Processor::Limiter(_)) | None => continue,
        };
        let Some(kept) = &kept else { continue };
        let lost = drafts.iter().filter_map(Draft::header).find(|name| !kept.contains(name));
        if let Some(name) = lost {
            let message = format!("`{}` sees no header `{name}` behind `batch`", reference.id);
            let fault = Fault::new(Code::Surprising, message);
            let hint = "put it before `batch`, or add the header to `metadata_keys`";
            report.warning(reference.mark, &reference.path, fault.hint(hint));
        }
    }
}
