//! The status page of `health_check` with `use_v2: true`: the gateway, its pipelines, their parts.
//!
//! ```text
//!  readiness, cells, outline of the plan -> state of each part -> pipelines -> the whole -> JSON
//! ```
//! A part is `StatusOK`; `StatusStarting` before the gateway is up and while a shard is down;
//! `StatusStopping` from the drain on. An exporter whose backend counts as dead is
//! `StatusRecoverableError`. A group has the state of its parts: of one that differs from the
//! others, starting goes before stopping, stopping before an error. 503 answers starting and
//! stopping, 200 the others; 500 an error that has lasted too long, where the file says how long.
//!
//! Since when a part is in its state is known to the second: [`Watcher::look`] is called so often.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::StatusCode;

use super::health::{not_found, page, probe};
use super::json::Json;
use super::readiness::{Phase, View};
use super::spelling::rfc3339;
use super::{AdminState, Page};
use crate::config::plan::{Outline, StatusPage};
use crate::runtime::clock;
use crate::telemetry::cells::{Registry, Value};

/// State of a part or of a group of parts; the later in this list, the more it says of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Ok,
    Recoverable(String),
    Stopping,
    Starting,
}

impl State {
    const fn name(&self) -> &'static str {
        match self {
            Self::Ok => "StatusOK",
            Self::Recoverable(_) => "StatusRecoverableError",
            Self::Stopping => "StatusStopping",
            Self::Starting => "StatusStarting",
        }
    }
}

/// A state and when it began.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    state: State,
    since: SystemTime,
}

/// Remembers since when each part is in its state.
#[derive(Debug)]
pub(super) struct Watcher {
    page: StatusPage,
    seen: Mutex<BTreeMap<(String, String), Event>>,
}

impl Watcher {
    pub(super) const fn new(page: StatusPage) -> Self {
        Self { page, seen: Mutex::new(BTreeMap::new()) }
    }

    /// Looks at every part, and returns them by group.
    fn groups(&self, state: &AdminState) -> BTreeMap<String, BTreeMap<String, Event>> {
        let (view, now) = (state.readiness.view(), clock::wall());
        let dead = dead_exporters(&state.registry);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *seen);
        let mut groups: BTreeMap<String, BTreeMap<String, Event>> = BTreeMap::new();
        for (group, part) in parts(&(state.outline)()) {
            let is = state_of(&group, &part, &view, &dead);
            let key = (group.clone(), part.clone());
            let event = before.remove(&key).filter(|event| event.state.name() == is.name());
            let since = event.map_or(now, |event| event.since);
            let event = Event { state: is, since };
            let _ = seen.insert(key, event.clone());
            let _ = groups.entry(group).or_default().insert(part, event);
        }
        groups
    }

    /// Notes what has changed. Call it once a second.
    pub(super) fn look(&self, state: &AdminState) {
        drop(self.groups(state));
    }

    /// The answer to a request.
    pub(super) fn answer(&self, path: &str, query: Option<&str>, state: &AdminState) -> Page {
        if self.page.path.as_deref() != Some(path) {
            return probe(path, &state.readiness.view()).unwrap_or_else(not_found);
        }
        let groups = self.groups(state);
        let pipeline = parameter(query, "pipeline").filter(|id| !id.is_empty());
        let verbose = parameter(query, "verbose").is_some_and(|value| value != "false");
        let writer = Writer { page: &self.page, now: clock::wall(), verbose };
        let (whole, parts) = match pipeline {
            None => {
                let groups: Vec<_> = groups
                    .iter()
                    .map(|(name, parts)| (name, together(parts.values()), writer.parts(parts)))
                    .collect();
                let whole = together(groups.iter().map(|(_, event, _)| event));
                let json = groups.iter().map(|(name, event, parts)| {
                    (name.as_str(), writer.event(event, None, parts.clone()))
                });
                (whole, verbose.then(|| Json::object(json)))
            }
            Some(id) => match groups.get(&format!("pipeline:{id}")) {
                None => return page(StatusCode::NOT_FOUND, "text/plain", String::new()),
                Some(parts) => (together(parts.values()), writer.parts(parts)),
            },
        };
        let body = writer.event(&whole, Some(state.started.1), parts);
        page(writer.status(&whole), "application/json", body.into_string())
    }
}

/// (group, part) of everything that has a state.
fn parts(outline: &Outline) -> Vec<(String, String)> {
    let extensions = outline.extensions.iter();
    let extensions = extensions.map(|id| ("extensions".to_owned(), format!("extension:{id}")));
    let pipelines = outline.pipelines.iter().flat_map(|pipeline| {
        let group = format!("pipeline:{}", pipeline.id);
        pipeline.parts.iter().map(move |part| (group.clone(), part.clone()))
    });
    extensions.chain(pipelines).collect()
}

fn state_of(group: &str, part: &str, view: &View, dead: &BTreeMap<(String, String), u64>) -> State {
    match view.phase {
        Phase::Starting => return State::Starting,
        Phase::Draining => return State::Stopping,
        Phase::Ready => {}
    }
    let Some(pipeline) = group.strip_prefix("pipeline:") else { return State::Ok };
    if !view.down.is_empty() {
        return State::Starting;
    }
    let signal = pipeline.split('/').next().unwrap_or_default();
    let shards =
        part.strip_prefix("exporter:").and_then(|id| dead.get(&(id.to_owned(), signal.to_owned())));
    shards.map_or(State::Ok, |shards| {
        State::Recoverable(format!("the backend counts as dead on {shards} of {}", view.shards))
    })
}

/// (exporter, signal) of the backends that count as dead, and on how many shards.
fn dead_exporters(registry: &Registry) -> BTreeMap<(String, String), u64> {
    let mut dead = BTreeMap::new();
    for reading in registry.read_series("spanyard_exporter_breaker_open_shards") {
        let open = |(_, value): &(usize, Value)| matches!(value, Value::Gauge(it) if *it > 0.0);
        let shards = reading.values.iter().filter(|value| open(value)).count();
        let label = |name: &str| {
            let mut labels = reading.key.labels();
            labels.find(|label| label.key() == name).map(|label| label.value().to_owned())
        };
        if let (1.., Some(exporter), Some(signal)) = (shards, label("exporter"), label("signal")) {
            let _ = dead.insert((exporter, signal), shards as u64);
        }
    }
    dead
}

/// The state of a group. An error dates from when the first began, anything else from when the last
/// did.
fn together<'a>(events: impl Iterator<Item = &'a Event> + Clone) -> Event {
    let state = events.clone().map(|event| &event.state).max().cloned().unwrap_or(State::Ok);
    let same = events.clone().filter(|event| event.state.name() == state.name());
    if let State::Recoverable(_) = state
        && let Some(first) = same.min_by_key(|event| event.since)
    {
        return first.clone();
    }
    let since = events.map(|event| event.since).max().unwrap_or(SystemTime::UNIX_EPOCH);
    Event { state, since }
}

struct Writer<'a> {
    page: &'a StatusPage,
    now: SystemTime,
    verbose: bool,
}

impl Writer<'_> {
    fn is_healthy(&self, event: &Event) -> bool {
        let lasted = self.now.duration_since(event.since).unwrap_or(Duration::ZERO);
        let recovers = self.page.recovery.is_none_or(|within| lasted < within);
        recovers || !matches!(event.state, State::Recoverable(_))
    }

    fn status(&self, event: &Event) -> StatusCode {
        match event.state {
            _ if !self.is_healthy(event) => StatusCode::INTERNAL_SERVER_ERROR,
            State::Ok | State::Recoverable(_) => StatusCode::OK,
            State::Starting | State::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn event(&self, event: &Event, started: Option<SystemTime>, parts: Option<Json>) -> Json {
        let mut members = Vec::new();
        members.extend(started.map(|at| ("start_time", Json::text(&rfc3339(at)))));
        members.push(("healthy", Json::flag(self.is_healthy(event))));
        members.push(("status", Json::text(event.state.name())));
        if let State::Recoverable(why) = &event.state {
            members.push(("error", Json::text(why)));
        }
        members.push(("status_time", Json::text(&rfc3339(event.since))));
        members.extend(parts.map(|parts| ("components", parts)));
        Json::object(members)
    }

    /// The parts of a group, where they are asked for.
    fn parts(&self, parts: &BTreeMap<String, Event>) -> Option<Json> {
        let members = parts.iter().map(|(name, it)| (name.as_str(), self.event(it, None, None)));
        self.verbose.then(|| Json::object(members))
    }
}

/// The value of a parameter of the query, `%2F` and the like replaced; empty without `=`.
fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = query?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| decoded(value)).next()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (byte, after) = match (first, byte) {
            (b'%', Some(byte)) => (byte, after.get(2..).unwrap_or_default()),
            _ => (*first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
