//! What the gateway would do with a request: which rows of the routing tables match, what the
//! edits change, who gets it.
//!
//! ```text
//!  Question -> one request -> scan, conditions, walk, edits (as on the data path) -> text
//! ```
//! Nothing is decided here: the request is made of the question, every answer comes from the same
//! code that runs on the data path. Values of headers that the file sets are never shown.

mod condition;
mod request;
mod send;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use spanyard_wire::edit::Keys;
use spanyard_wire::error::WireError;
use spanyard_wire::request::Request;
use spanyard_wire::resource::Resource;
use spanyard_wire::schema::Signal;

use crate::config::plan::{Branch, Flow, Plan, Receiver, Stage, StageId, Switch};
use crate::rewrite::Selection;
use crate::rewrite::context::Slots;
use crate::route::condition::Facts;
use crate::route::walk;
use request::Attributes;

/// A request, as far as it matters.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it carries.
    pub signal: Signal,
    /// The receiver it comes to; `None`: the only one that takes the signal.
    pub receiver: Option<String>,
    /// Whether it comes over gRPC; `None`: over HTTP where the receiver speaks it.
    pub grpc: Option<bool>,
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Attributes of its one resource, values as they are written: `3`, `true`, `"3"`, text.
    pub resource: Vec<(String, String)>,
    /// Attributes of its one span, data point or log record.
    pub item: Vec<(String, String)>,
    /// The client's address.
    pub peer: IpAddr,
}

/// Says what becomes of a request.
///
/// # Errors
/// Why the question has no answer: no such receiver, or nobody takes the signal.
pub fn explain(plan: &Plan, question: &Question) -> Result<String, String> {
    let receiver = receiver(plan, question)?;
    let flow = flow(receiver, question.signal).ok_or_else(|| {
        format!("no pipeline takes {} from `{}`", question.signal.name(), receiver.id)
    })?;
    let (transport, metadata, routing) = seen(receiver, question);
    let bytes = request::encode(question);
    let mut scanned = Request::new();
    let unreadable = |error| format!("the request cannot be read: {error}");
    scanned.scan(question.signal, &bytes).map_err(unreadable)?;
    let headers = metadata.then_some(&question.headers);
    let slots = Slots::resolve(&flow.slots, headers, Some(question.peer));
    let slots = slots.views();
    let seen = routing.then_some(&question.headers);
    let facts = Facts { headers: seen, metadata: headers, slots: &slots };
    let body = scanned.groups.first().map_or(&[][..], |group| group.body.of(&bytes));
    let resource = if flow.by_request { Resource::of(&[]) } else { Resource::of(body) };
    let input = Input { signal: question.signal, bytes: &bytes, scanned: &scanned, slots: &slots };
    let mut story = Story { plan, flow, facts, input, out: String::new(), tables: 0 };
    let signal = question.signal.name();
    story.out.push_str(&format!("{signal} to `{}` over {transport}\n", receiver.id));
    if !routing && !question.headers.is_empty() {
        story.out.push_str("  its headers are not seen: `include_metadata` is off\n");
    }
    let before = Attributes::of(Resource::of(body));
    story.out.push_str("resource as it comes\n");
    story.out.push_str(&before.lines());
    for entry in &flow.entry {
        story.stage(*entry, resource);
    }
    let mut taken = Vec::new();
    walk(flow, &story.facts, resource, |branch| taken.push(branch));
    for branch in &taken {
        if let Some(branch) = flow.branches.get(*branch) {
            story.branch(branch).map_err(unreadable)?;
        }
    }
    if taken.is_empty() {
        story.out.push_str("dropped: no row takes it and there is no default pipeline\n");
    }
    Ok(story.out)
}

/// The receiver that is asked about.
fn receiver<'a>(plan: &'a Plan, question: &Question) -> Result<&'a Receiver, String> {
    let listed = |receivers: &[&Receiver]| {
        let ids: Vec<&str> = receivers.iter().map(|receiver| receiver.id.as_str()).collect();
        ids.join(", ")
    };
    if let Some(id) = &question.receiver {
        let all: Vec<&Receiver> = plan.receivers.iter().collect();
        let found = all.iter().find(|receiver| receiver.id == *id).copied();
        return found.ok_or_else(|| format!("no receiver `{id}`; there are: {}", listed(&all)));
    }
    let takes = |receiver: &&Receiver| flow(receiver, question.signal).is_some();
    let able: Vec<&Receiver> = plan.receivers.iter().filter(takes).collect();
    match able.as_slice() {
        [one] => Ok(one),
        [] => Err(format!("no pipeline takes {}", question.signal.name())),
        several => Err(format!("name one with --receiver: {}", listed(several))),
    }
}

fn flow(receiver: &Receiver, signal: Signal) -> Option<&Flow> {
    receiver.flows.get(signal.index()).and_then(Option::as_ref)
}

/// The transport, whether edits see its headers, whether routing does.
fn seen(receiver: &Receiver, question: &Question) -> (&'static str, bool, bool) {
    let http = receiver.http.as_ref().map(|http| http.include_metadata);
    let grpc = receiver.grpc.as_ref().map(|grpc| grpc.include_metadata);
    let over_grpc = question.grpc.unwrap_or_else(|| http.is_none());
    if over_grpc {
        return ("gRPC", grpc.unwrap_or(false), true);
    }
    let metadata = http.unwrap_or(false);
    ("HTTP", metadata, metadata)
}

/// The request, read.
struct Input<'a> {
    signal: Signal,
    bytes: &'a [u8],
    scanned: &'a Request,
    slots: &'a [Option<&'a [u8]>],
}

/// The answer while it is being written.
struct Story<'a> {
    input: Input<'a>,
    plan: &'a Plan,
    flow: &'a Flow,
    facts: Facts<'a>,
    out: String,
    tables: usize,
}

impl Story<'_> {
    /// Tells of the routing tables on the way, in the order of the walk.
    fn stage(&mut self, id: StageId, resource: Resource<'_>) {
        if let Some(Stage::Switch(switch)) = self.flow.stages.get(id.0) {
            self.tables = self.tables.saturating_add(1);
            for next in self.table(switch, resource) {
                self.stage(next, resource);
            }
        }
    }

    /// Tells of one table; returns where the request goes on.
    fn table(&mut self, switch: &Switch, resource: Resource<'_>) -> Vec<StageId> {
        self.out.push_str(&format!("routing table {}\n", self.tables));
        let mut next = Vec::new();
        let (mut taken_by, mut copied) = (None, false);
        for (index, row) in switch.rows.iter().enumerate() {
            let number = index.saturating_add(1);
            let when = condition::text(&row.when);
            let to = self.names(&row.to);
            self.out.push_str(&format!("  row {number}: {when}\n"));
            if let Some(earlier) = taken_by {
                self.out.push_str(&format!("    not asked: row {earlier} took it\n"));
                continue;
            }
            let found = condition::found(&row.when, &self.facts, resource, &switch.edits);
            if self.facts.hold(&row.when, resource, &switch.edits) {
                let copies = if row.copy { " (a copy; the rows below are asked too)" } else { "" };
                self.out.push_str(&format!("    matches{found}: to {to}{copies}\n"));
                next.extend_from_slice(&row.to);
                taken_by = (!row.copy).then_some(number);
                copied = true;
            } else {
                self.out.push_str(&format!("    does not match{found}\n"));
            }
        }
        if !(taken_by.is_some() || copied && switch.default_if_none) {
            let to = self.names(&switch.default);
            let what = if switch.default.is_empty() { "none: dropped" } else { to.as_str() };
            self.out.push_str(&format!("  default pipelines: {what}\n"));
            next.extend_from_slice(&switch.default);
        }
        next
    }

    /// The pipelines that stages stand for.
    fn names(&self, stages: &[StageId]) -> String {
        let name = |stage: &StageId| match self.flow.stages.get(stage.0) {
            Some(Stage::Leaf(branch)) => {
                let branch = self.flow.branches.get(*branch);
                branch.map(|branch| branch.pipeline.clone()).unwrap_or_default()
            }
            Some(Stage::Switch(_)) => "another routing table".to_owned(),
            None => String::new(),
        };
        stages.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// Tells what a branch changes and who gets the result.
    fn branch(&mut self, branch: &Branch) -> Result<(), WireError> {
        self.out.push_str(&format!("pipeline {}\n", branch.pipeline));
        let mut before = self.input.behind(branch, 0, 0)?;
        for (index, edit) in branch.edits.iter().enumerate() {
            let number = index.saturating_add(1);
            let after = self.input.behind(branch, number, 0)?;
            let keys = match &edit.keys {
                Keys::One(key) => format!("`{}`", String::from_utf8_lossy(key)),
                Keys::Matching(_) => "keys by pattern".to_owned(),
            };
            self.change(&format!("edit {number} of {keys}"), &before.0, &after.0);
            before = after;
        }
        if !branch.edits.is_empty() {
            self.out.push_str("  resource as it leaves\n");
            self.out.push_str(&before.0.lines());
        }
        for number in 1..=branch.items.len() {
            let after = self.input.behind(branch, branch.edits.len(), number)?;
            let item = self.input.signal.items();
            self.change(&format!("`attributes` processor {number} on {item}"), &before.1, &after.1);
            before = after;
        }
        if !branch.items.is_empty() && !before.1.is_empty() {
            self.out.push_str(&format!("  {} as they leave\n", self.input.signal.items()));
            self.out.push_str(&before.1.lines());
        }
        for leg in &branch.legs {
            if let Some(destination) = self.plan.destination(leg.destination) {
                self.out.push_str(&send::lines(destination, leg, self.facts.metadata));
            }
        }
        Ok(())
    }

    fn change(&mut self, who: &str, before: &Attributes, after: &Attributes) {
        let what = before.changes_to(after);
        let what = if what.is_empty() { "no effect".to_owned() } else { what };
        self.out.push_str(&format!("  {who}: {what}\n"));
    }
}

impl Input<'_> {
    /// Attributes of resource and item behind the first so many edits of each, by way of the bytes
    /// that would leave.
    fn behind(
        &self,
        branch: &Branch,
        edits: usize,
        items: usize,
    ) -> Result<(Attributes, Attributes), WireError> {
        let part = Branch {
            pipeline: branch.pipeline.clone(),
            edits: branch.edits.iter().take(edits).cloned().collect(),
            items: branch.items.iter().take(items).cloned().collect(),
            legs: Vec::new(),
        };
        let mut selection = Selection { groups: vec![0], ..Selection::default() };
        selection.build(self.bytes, self.scanned, self.signal, &part, self.slots)?;
        let mut out = Vec::new();
        selection.splice.write_to(self.bytes, &mut out);
        let mut again = Request::new();
        again.scan(self.signal, &out)?;
        let group = again.groups.first().map_or(&[][..], |group| group.body.of(&out));
        let resource = Attributes::of(Resource::of(group));
        Ok((resource, Attributes::of_items(self.signal, group)?))
    }
}
