//! From a Collector's YAML file to a [`plan::Plan`].
//!
//! ```text
//! source -> yaml -> env -> document, service -> receivers processors connectors exporters
//! (text)    tree    ${}    sections             typed settings
//!                                             -> check, traps -> compile -> Plan
//! ```
//! The file is the OpenTelemetry Collector's; `docs/config.md` lists every key. Reading never stops
//! at the first problem: all of them are returned, each with its place. The environment and the
//! size of the machine come in as arguments; no name is resolved. What is read: the sources, and
//! the files that values name by `${file:...}`.

pub mod plan;
pub mod problems;

mod auth;
mod check;
mod codes;
mod compile;
mod condition;
mod connectors;
mod decode;
mod document;
mod duration;
mod env;
mod exporters;
mod extensions;
#[cfg(test)]
mod fixture;
mod headers;
mod id;
mod keys;
mod kinds;
mod listen;
mod migrate;
mod print;
mod processors;
mod receivers;
mod report;
mod schema;
mod secret;
mod service;
mod source;
mod suggest;
mod tls;
mod traps;
mod unsupported;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use keys::reference;
pub use kinds::components;
pub use migrate::{Migration, Note, migrate};
pub use print::Form;
pub use problems::{Code, Fix, Place, Problem, Problems, Severity};
pub use schema::schema;
pub use source::{SOURCE_BYTES_MAX, Source, TOTAL_BYTES_MAX};

use document::Document;
use id::Id;
use plan::Plan;
use report::{Fault, Mark, Report};
use service::Service;
use source::{Kind, Lookup, Sources};
use yaml::Node;

/// The configuration that runs when none is given.
pub const EMBEDDED: &str = include_str!("embedded.yaml");

/// What a configuration needs to know of the machine.
#[derive(Clone, Copy, Debug)]
pub struct HostFacts {
    /// Memory limit of the cgroup, or the machine's memory, in bytes.
    pub memory_bytes: u64,
}

/// How strictly a configuration is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--allow-unset-env`: a variable that is not set and has no default is empty, with a warning,
    /// as in the Collector; otherwise it is an error.
    pub allow_unset_env: bool,
}

/// A configuration that can run.
#[derive(Debug)]
pub struct Loaded {
    /// What to run.
    pub plan: Plan,
    /// What has no effect, or an unexpected one; sorted by place.
    pub warnings: Vec<Problem>,
    /// Every file that was read, those that `${file:...}` names included.
    pub files: Vec<PathBuf>,
}

/// Reads the sources, later ones laid over earlier ones, and makes the plan.
///
/// # Errors
/// Every problem of every source, when at least one of them is an error.
pub fn load(
    sources: &[Source],
    env: &dyn Fn(&str) -> Option<String>,
    host: &HostFacts,
) -> Result<Loaded, Problems> {
    load_with(sources, &Options::default(), env, host)
}

/// Like [`load`], with options. A [`Source::Setting`] goes over all others, wherever it stands.
///
/// # Errors
/// Every problem of every source, when at least one of them is an error.
pub fn load_with(
    sources: &[Source],
    options: &Options,
    env: &dyn Fn(&str) -> Option<String>,
    host: &HostFacts,
) -> Result<Loaded, Problems> {
    let sources = Sources::read(sources, env);
    let report = Report::new(&sources);
    let root = tree(&sources, options, env, &report);
    let plan = root.as_ref().and_then(|root| plan(root, host, &report));
    let problems = report.finish();
    let files = sources.files();
    match plan {
        Some(plan) if problems.errors() == 0 => {
            Ok(Loaded { plan, warnings: problems.into_vec(), files })
        }
        _ => Err(problems),
    }
}

/// The effective configuration and every problem; no text when a source cannot be read.
#[must_use]
pub fn print(
    sources: &[Source],
    options: &Options,
    env: &dyn Fn(&str) -> Option<String>,
    host: &HostFacts,
    form: Form,
) -> (Option<String>, Problems) {
    let sources = Sources::read(sources, env);
    let report = Report::new(&sources);
    let root = tree(&sources, options, env, &report);
    // Reading the settings tells the report what is secret.
    let _plan = root.as_ref().and_then(|root| plan(root, host, &report));
    let text = root.as_ref().map(|root| print::write(root, form, &report));
    (text, report.finish())
}

/// All sources as one tree, `${...}` replaced; `None` when one of them cannot be read.
fn tree(
    sources: &Sources,
    options: &Options,
    env: Lookup<'_>,
    report: &Report<'_>,
) -> Option<Node> {
    let mut merged: Option<Node> = None;
    let mut complete = true;
    for (index, source) in sources.all().into_iter().enumerate() {
        let whole = Mark { source: index, ..Mark::default() };
        let parsed = match (source.text, source.kind) {
            (Ok(text), Kind::Document) => yaml::parse(&text, index, report).map(yaml::unflatten),
            (Ok(text), Kind::Setting) => yaml::setting(&text, index, report),
            (Err(fault), _) => {
                report.error(whole, "", fault);
                None
            }
        };
        let Some(node) = parsed else {
            complete = false;
            continue;
        };
        merged = Some(match merged {
            None => node,
            Some(base) => yaml::merge(base, node, &mut |mark, key| {
                let message = format!("`{key}` without a value removes the earlier `{key}`");
                let hint = "delete the line to keep what an earlier file says";
                let fault = Fault::new(Code::RemovedSection, message).hint(hint);
                report.warning(mark, key, fault);
            }),
        });
    }
    let mut merged = merged.filter(|_| complete)?;
    env::expand(&mut merged, env, options, report);
    Some(merged)
}

/// Everything a file says, decoded; a component with a problem in it is absent.
#[derive(Debug)]
struct Settings {
    receivers: BTreeMap<Id, receivers::Receiver>,
    processors: BTreeMap<Id, processors::Processor>,
    exporters: BTreeMap<Id, exporters::Exporter>,
    connectors: BTreeMap<Id, connectors::Connector>,
    extensions: BTreeMap<Id, extensions::Extension>,
    /// Ids of all connectors, those with problems included.
    connector_ids: Vec<Id>,
    service: Service,
}

impl Settings {
    fn is_connector(&self, id: &Id) -> bool {
        self.connector_ids.contains(id)
    }

    /// Whether an extension is listed in `service.extensions`.
    fn starts(&self, id: &Id) -> bool {
        self.service.extensions.iter().any(|reference| reference.id == *id)
    }
}

fn plan<'a>(root: &'a Node, host: &HostFacts, report: &'a Report<'a>) -> Option<Plan> {
    let document = Document::open(root, report)?;
    let service = document.service.as_ref().map(service::decode).unwrap_or_default();
    let settings = settings(&document, service, host);
    check::check(&document, &settings, report);
    traps::check(&document, &settings, report);
    exporters::check_auth(&document, &settings, report);
    receivers::check_auth(&document, &settings, report);
    if report.has_errors() {
        return None;
    }
    match compile::compile(&settings, host) {
        Ok(plan) => {
            check::check_metadata(&document, &plan, report);
            traps::check_plan(&document, &settings, &plan, report);
            exporters::check_context(&settings, &plan, report);
            Some(plan)
        }
        Err(message) => {
            let field = document.service.as_ref()?;
            report.error(field.key, &field.path, Fault::new(Code::BadValue, message));
            None
        }
    }
}

fn settings(document: &Document<'_>, service: Service, host: &HostFacts) -> Settings {
    let used_by =
        |pick: fn(&service::Pipeline) -> &[service::Reference], id: &Id| service.uses(pick, id);
    let receivers =
        document.receivers.decode(|id| used_by(|p| &p.receivers, id), receivers::decode);
    let processors = document
        .processors
        .decode(|id| used_by(|p| &p.processors, id), |c| processors::decode(c, host));
    let exporters =
        document.exporters.decode(|id| used_by(|p| &p.exporters, id), exporters::decode);
    let connectors =
        document.connectors.decode(|id| used_by(|p| &p.exporters, id), connectors::decode);
    let listed = |id: &Id| service.extensions.iter().any(|reference| reference.id == *id);
    let extensions = document.extensions.decode(listed, |c| extensions::decode(c, host));
    let connector_ids = document.connectors.iter().map(|component| component.id.clone()).collect();
    Settings { receivers, processors, exporters, connectors, extensions, connector_ids, service }
}

#[cfg(test)]
mod tests;
