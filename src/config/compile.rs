//! From decoded settings to the plan: pipelines and connectors become a tree for each (receiver,
//! signal), exporters become destinations.
//!
//! ```text
//! receiver -> pipeline [resource, batch] -> routing -> pipeline -> exporter
//!          => Switch { edits, rows } -> Leaf -> Branch { edits of the whole way, legs }
//! ```
//! Runs only on settings without a problem; a component that is absent all the same is an error
//! here, so that no limiter and no exporter can be lost in silence. A pipeline that several rows of
//! one table name is compiled once for the table, so that what takes it leaves as one request.

mod way;

use std::collections::BTreeMap;

use spanyard_wire::schema::Signal;

use super::connectors::{Connector, Routing};
use super::exporters;
use super::extensions::{Extension, Runtime};
use super::id::Id;
use super::plan::{
    Admin, Batching, Branch, Budget, Condition, ContextKey, Destination, Flow, Leg, Operand,
    Outline, PipelineOutline, Plan, Receiver, Row, Stage, StageId, Switch,
};
use super::processors::Processor;
use super::receivers;
use super::service::{Pipeline, Reference};
use super::{HostFacts, Settings};
use crate::units::DestinationId;
use way::Way;

/// Stages of one flow: pipelines that are fed over several ways are compiled for each of them.
const STAGES_MAX: usize = 65_536;

/// Share of the memory that is the budget where no `memory_limiter` sets one.
const BUDGET_PERCENT: u64 = 40;

/// Compiles the settings; `Err` says why there are too many ways.
pub(super) fn compile(settings: &Settings, host: &HostFacts) -> Result<Plan, String> {
    let mut destinations = Destinations { settings, list: Vec::new(), known: BTreeMap::new() };
    let mut receivers = Vec::new();
    for (id, receiver) in &settings.receivers {
        if !settings.service.uses(|pipeline| &pipeline.receivers, id) {
            continue;
        }
        let mut flows = [None, None, None];
        for (slot, signal) in flows.iter_mut().zip(Signal::ALL) {
            *slot = flow(settings, &mut destinations, id, signal)?;
        }
        let (grpc, http) = receivers::applied(settings, receiver)?;
        receivers.push(Receiver { id: id.to_string(), grpc, http, flows });
    }
    let Destinations { list, .. } = destinations;
    let (health, runtime) = started(settings);
    let metrics = settings.service.telemetry.metrics.as_ref().map(|(page, _)| page.clone());
    let Runtime { plan: runtime, control, tenants, .. } = runtime;
    Ok(Plan {
        receivers,
        destinations: list,
        budget: budget(settings, host),
        admin: Admin { health, metrics, control },
        outline: outline(settings),
        runtime,
        logs: settings.service.telemetry.logs.clone(),
        tenants,
    })
}

/// What the extensions that start ask for.
fn started(settings: &Settings) -> (Option<super::plan::Health>, Runtime) {
    let (mut health, mut runtime) = (None, Runtime::default());
    for reference in &settings.service.extensions {
        match settings.extensions.get(&reference.id) {
            Some(Extension::Health(page, _)) => health = Some(page.clone()),
            Some(Extension::Runtime(Runtime { plan, control, tenants, .. })) => {
                let (plan, control, tenants) = (*plan, *control, tenants.clone());
                runtime = Runtime { plan, control, tenants, listen: None };
            }
            Some(Extension::Auth(_) | Extension::Ignored) | None => {}
        }
    }
    (health, runtime)
}

/// The names of what starts.
fn outline(settings: &Settings) -> Outline {
    let names = |noun: &'static str, list: &[Reference]| -> Vec<String> {
        let name = |reference: &Reference| {
            let noun = if settings.is_connector(&reference.id) { "connector" } else { noun };
            format!("{noun}:{}", reference.id)
        };
        list.iter().map(name).collect()
    };
    let pipelines = settings.service.pipelines.iter().map(|pipeline| {
        let Pipeline { receivers, processors, exporters, .. } = pipeline;
        let parts = [("receiver", receivers), ("processor", processors), ("exporter", exporters)];
        let parts = parts.into_iter().flat_map(|(noun, list)| names(noun, list)).collect();
        PipelineOutline { id: pipeline.id.to_string(), parts }
    });
    let extensions = settings.service.extensions.iter().map(|it| it.id.to_string()).collect();
    Outline { extensions, pipelines: pipelines.collect() }
}

/// The largest `memory_limiter` that a pipeline uses, or a share of the memory.
fn budget(settings: &Settings, host: &HostFacts) -> Budget {
    let used = settings.processors.iter().filter_map(|(id, processor)| match processor {
        Processor::Limiter(limiter)
            if settings.service.uses(|pipeline| &pipeline.processors, id) =>
        {
            Some(*limiter)
        }
        _ => None,
    });
    if let Some(largest) = used.max_by_key(|limiter| (limiter.limit, limiter.soft)) {
        return Budget { limit: largest.limit, soft: largest.soft, derived: false };
    }
    let limit = host.memory_bytes / 100 * BUDGET_PERCENT;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Budget { limit, soft: limit.saturating_sub(limit / 5), derived: true }
}

/// Destinations in use, each (exporter, signal) once.
struct Destinations<'a> {
    settings: &'a Settings,
    list: Vec<Destination>,
    known: BTreeMap<(Id, Signal), DestinationId>,
}

impl Destinations<'_> {
    fn leg(&mut self, exporter: &Id, signal: Signal, batch: Option<&Batching>) -> Option<Leg> {
        let decoded = self.settings.exporters.get(exporter)?;
        let key = (exporter.clone(), signal);
        let destination = match self.known.get(&key) {
            Some(id) => *id,
            None => {
                let id = DestinationId(self.list.len());
                self.list.push(Destination {
                    exporter: exporter.to_string(),
                    signal,
                    target: exporters::applied(
                        self.settings,
                        decoded.auth.as_ref(),
                        decoded.target(signal)?,
                    ),
                    queue: decoded.queue.clone(),
                    retry: decoded.retry,
                });
                let _ = self.known.insert(key, id);
                id
            }
        };
        let batch = decoded.queue.batch.as_ref().or(batch).cloned();
        Some(Leg { destination, batch })
    }
}

/// The flow of one signal of one receiver; `None` when no pipeline takes it.
fn flow(
    settings: &Settings,
    destinations: &mut Destinations<'_>,
    receiver: &Id,
    signal: Signal,
) -> Result<Option<Flow>, String> {
    let mut builder = Builder {
        settings,
        destinations,
        signal,
        stages: Vec::new(),
        branches: Vec::new(),
        slots: Vec::new(),
        admit_below: None,
        limiters: Vec::new(),
    };
    let mut entry = Vec::new();
    for pipeline in settings.service.pipelines.iter().filter(|p| p.signal == signal) {
        if pipeline.receivers.iter().any(|reference| reference.id == *receiver) {
            entry.extend(builder.pipeline(pipeline, &Way::default())?);
        }
    }
    let Builder { stages, branches, slots, admit_below, limiters, .. } = builder;
    if entry.is_empty() {
        return Ok(None);
    }
    let by_request = !stages.iter().any(reads_resource);
    Ok(Some(Flow { entry, stages, branches, slots, by_request, admit_below, limiters }))
}

/// A flow that is being built.
struct Builder<'a, 'd> {
    settings: &'a Settings,
    destinations: &'a mut Destinations<'d>,
    signal: Signal,
    stages: Vec<Stage>,
    branches: Vec<Branch>,
    slots: Vec<ContextKey>,
    admit_below: Option<usize>,
    limiters: Vec<String>,
}

impl Builder<'_, '_> {
    /// Adds one pipeline; returns where it is entered.
    fn pipeline(&mut self, pipeline: &Pipeline, before: &Way) -> Result<Vec<StageId>, String> {
        let settings = self.settings;
        let way = self.passed(pipeline, before)?;
        let mut entries = Vec::new();
        let (connectors, exporters): (Vec<&Reference>, Vec<&Reference>) =
            pipeline.exporters.iter().partition(|reference| settings.is_connector(&reference.id));
        let mut legs = Vec::new();
        for exporter in exporters {
            let leg = self.destinations.leg(&exporter.id, self.signal, way.batch.as_ref());
            legs.push(leg.ok_or_else(|| format!("`{}` was not decoded", exporter.id))?);
        }
        if !legs.is_empty() {
            let leaf = Stage::Leaf(self.branches.len());
            let (edits, items) = (way.edits.clone(), way.items.clone());
            self.branches.push(Branch { pipeline: pipeline.id.to_string(), edits, items, legs });
            entries.push(self.stage(leaf)?);
        }
        for connector in connectors {
            match settings.connectors.get(&connector.id) {
                Some(Connector::Routing(routing)) => entries.push(self.switch(routing, &way)?),
                Some(Connector::Forward) => entries.extend(self.forward(&connector.id, &way)?),
                None => return Err(format!("`{}` was not decoded", connector.id)),
            }
        }
        Ok(entries)
    }

    /// Adds a routing table; its number comes before those of what it leads to.
    fn switch(&mut self, routing: &Routing, way: &Way) -> Result<StageId, String> {
        let edits = way.edits.clone();
        let default_if_none = routing.default_if_none;
        let place = self.stage(Stage::Switch(Switch {
            edits: edits.clone(),
            rows: Vec::new(),
            default: Vec::new(),
            default_if_none,
        }))?;
        let mut compiled = BTreeMap::new();
        let mut rows = Vec::new();
        for row in &routing.rows {
            let to = self.targets(&row.pipelines, way, &mut compiled)?;
            rows.push(Row { when: way.seen(&row.when), to, copy: row.copy });
        }
        let default = self.targets(&routing.default, way, &mut compiled)?;
        if let Some(stage) = self.stages.get_mut(place.0) {
            *stage = Stage::Switch(Switch { edits, rows, default, default_if_none });
        }
        Ok(place)
    }

    /// Where the pipelines that a `forward` connector feeds are entered.
    fn forward(&mut self, id: &Id, way: &Way) -> Result<Vec<StageId>, String> {
        let (settings, signal) = (self.settings, self.signal);
        let mut entries = Vec::new();
        for pipeline in settings.service.pipelines.iter().filter(|p| p.signal == signal) {
            if pipeline.receivers.iter().any(|reference| reference.id == *id) {
                entries.extend(self.pipeline(pipeline, way)?);
            }
        }
        Ok(entries)
    }

    /// Where the pipelines that a row names are entered; each is compiled once for a table.
    fn targets<'s>(
        &mut self,
        references: &'s [Reference],
        way: &Way,
        compiled: &mut BTreeMap<&'s Id, Vec<StageId>>,
    ) -> Result<Vec<StageId>, String> {
        let mut to = Vec::new();
        for reference in references {
            if let Some(known) = compiled.get(&reference.id) {
                to.extend(known);
                continue;
            }
            let settings = self.settings;
            let Some(pipeline) = settings.service.pipeline(&reference.id) else {
                continue;
            };
            let entries = self.pipeline(pipeline, way)?;
            to.extend(&entries);
            let _ = compiled.insert(&reference.id, entries);
        }
        Ok(to)
    }

    fn stage(&mut self, stage: Stage) -> Result<StageId, String> {
        if self.stages.len() >= STAGES_MAX {
            return Err(format!("more than {STAGES_MAX} ways through the pipelines"));
        }
        self.stages.push(stage);
        Ok(StageId(self.stages.len().saturating_sub(1)))
    }
}

/// Whether a stage cannot be decided for a request as a whole.
fn reads_resource(stage: &Stage) -> bool {
    match stage {
        Stage::Switch(switch) => switch.rows.iter().any(|row| asks_resource(&row.when)),
        Stage::Leaf(_) => false,
    }
}

fn asks_resource(condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(asks_resource),
        Condition::Not(inner) => asks_resource(inner),
        Condition::AttributeIs { .. } => true,
        Condition::Compare { left, right, .. } => {
            [left, right].iter().any(|side| matches!(side, Operand::Attribute(_)))
        }
        Condition::Matches { of, .. } => matches!(of, Operand::Attribute(_)),
        Condition::Always(_) | Condition::HeaderIs { .. } => false,
    }
}

#[cfg(test)]
mod tests;
