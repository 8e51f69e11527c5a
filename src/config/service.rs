//! `service`: which extensions start, the pipelines, and the program's own telemetry.

mod logs;
mod resource;
mod telemetry;

use std::collections::BTreeSet;

use spanyard_wire::schema::Signal;

use super::decode::{Field, Section};
use super::id::Id;
use super::keys::{Table, key};
use super::problems::Code;
use super::report::{Fault, Mark};
use super::suggest::did_you_mean;
pub(super) use telemetry::Telemetry;

pub(super) const TABLES: [&Table; 12] = [
    &SERVICE,
    &PIPELINE,
    &telemetry::TELEMETRY,
    &telemetry::METRICS,
    &telemetry::READER,
    &telemetry::PULL,
    &telemetry::PULL_EXPORTER,
    &telemetry::PROMETHEUS,
    &logs::LOGS,
    &logs::SAMPLING,
    &telemetry::TRACES,
    &resource::ATTRIBUTE,
];

const SERVICE: Table = Table {
    scope: "service",
    keys: &[
        key("extensions", "list of ids", "[]", "extensions that start"),
        key("pipelines", "mapping", "required", "`traces`, `metrics` or `logs`, with `/name`"),
        key("telemetry", "mapping", "", "logs and metrics of the gateway itself"),
    ],
};
const PIPELINE: Table = Table {
    scope: "service.pipelines.*",
    keys: &[
        key("receivers", "list of ids", "required", "receivers, or connectors that feed it"),
        key("processors", "list of ids", "[]", "in order"),
        key("exporters", "list of ids", "required", "exporters, or connectors that it feeds"),
    ],
};

/// A name that stands in `service` or in a routing table.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) id: Id,
    pub(super) mark: Mark,
    pub(super) path: String,
}

/// One pipeline.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) id: Id,
    pub(super) signal: Signal,
    pub(super) receivers: Vec<Reference>,
    pub(super) processors: Vec<Reference>,
    pub(super) exporters: Vec<Reference>,
}

/// The decoded section.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) extensions: Vec<Reference>,
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) telemetry: Telemetry,
}

impl Service {
    /// Whether a pipeline names a component in the list that `pick` takes.
    pub(super) fn uses<'s>(
        &'s self,
        pick: impl Fn(&'s Pipeline) -> &'s [Reference],
        id: &Id,
    ) -> bool {
        self.pipelines.iter().any(|pipeline| pick(pipeline).iter().any(|r| r.id == *id))
    }

    pub(super) fn pipeline(&self, id: &Id) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.id == *id)
    }
}

/// Decodes the section; what is wrong in it is left out.
pub(super) fn decode(field: &Field<'_>) -> Service {
    let Some(section) = field.section(&SERVICE) else {
        return Service::default();
    };
    let pipelines = section.required("pipelines");
    let pipelines = match pipelines.and_then(|field| Some((field.children()?, field))) {
        None => Vec::new(),
        Some((children, field)) => {
            if children.is_empty() {
                let fault = Fault::new(Code::Missing, "no pipeline is defined");
                field.report.error(field.key, &field.path, fault);
            }
            children.iter().filter_map(|(name, field)| pipeline(name, field)).collect()
        }
    };
    Service {
        extensions: distinct(references(&section, "extensions")),
        pipelines,
        telemetry: telemetry::decode(section.get("telemetry")),
    }
}

fn pipeline(name: &str, field: &Field<'_>) -> Option<Pipeline> {
    let id = match Id::parse(name) {
        Ok(id) => id,
        Err(expected) => {
            let fault = Fault::new(Code::BadValue, "no pipeline id").expected(expected);
            field.report.error(field.key, &field.path, fault);
            return None;
        }
    };
    let signal = signal(&id, field);
    let section = field.section(&PIPELINE)?;
    let listed = |name: &str| {
        let list = references(&section, name);
        if list.is_empty() && section.get(name).is_none_or(|field| field.is_empty_list()) {
            let noun = name.strip_suffix('s').unwrap_or(name);
            section.error(Fault::new(Code::Missing, format!("a pipeline needs a {noun}")));
        }
        list
    };
    let (receivers, exporters) = (listed("receivers"), listed("exporters"));
    let processors = references(&section, "processors");
    let mut seen = BTreeSet::new();
    for reference in processors.iter().filter(|reference| !seen.insert(&reference.id)) {
        let message = format!("`{}` is twice in this pipeline", reference.id);
        let fault = Fault::new(Code::Conflict, message);
        field.report.error(reference.mark, &reference.path, fault);
    }
    Some(Pipeline {
        id,
        signal: signal?,
        receivers: distinct(receivers),
        processors,
        exporters: distinct(exporters),
    })
}

fn signal(id: &Id, field: &Field<'_>) -> Option<Signal> {
    let found = Signal::ALL.into_iter().find(|signal| signal.name() == id.kind());
    if found.is_none() {
        if id.kind() == "profiles" {
            field.report.not_supported(field.key, &field.path, "a pipeline for profiles", "");
            return None;
        }
        let fault = Fault::new(Code::BadValue, format!("unknown signal `{}`", id.kind()))
            .expected("traces, metrics or logs");
        let names = Signal::ALL.into_iter().map(Signal::name);
        let fault = fault.maybe_hint(did_you_mean(id.kind(), names));
        field.report.error(field.key, &field.path, fault);
    }
    found
}

/// A list of ids; what is no id is reported and left out.
pub(super) fn references(section: &Section<'_>, key: &str) -> Vec<Reference> {
    let listed = section.get(key).and_then(|field| field.texts()).unwrap_or_default();
    let parsed = listed.into_iter().filter_map(|(text, field)| match Id::parse(&text) {
        Ok(id) => Some(Reference { id, mark: field.mark(), path: field.path }),
        Err(expected) => {
            field.bad_value("no id", expected);
            None
        }
    });
    parsed.collect()
}

/// A name that is listed twice counts once.
fn distinct(references: Vec<Reference>) -> Vec<Reference> {
    let mut seen = BTreeSet::new();
    references.into_iter().filter(|reference| seen.insert(reference.id.clone())).collect()
}
