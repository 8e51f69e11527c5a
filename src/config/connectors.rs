//! `connectors`: `routing` and `forward`.

use std::collections::BTreeMap;

use super::condition;
use super::decode::{Field, Section};
use super::document::Component;
use super::keys::{Table, key};
use super::plan::Condition;
use super::problems::Code;
use super::report::Fault;
use super::service::{Reference, references};

pub(super) const TABLES: [&Table; 3] = [&ROUTING, &ROW, &FORWARD];

/// Rows of one table.
const ROWS_MAX: usize = 10_000;

const ROUTING: Table = Table {
    scope: "connectors.routing",
    keys: &[
        key("table", "list of rows", "required", "the first row that matches takes the group"),
        key("default_pipelines", "list of ids", "[]", "for what no row took; none: it is dropped"),
        key(
            "error_mode",
            "word",
            "propagate",
            "`propagate`, `ignore` or `silent`; a condition that cannot be decided does not match",
        ),
        key(
            "match_once",
            "boolean",
            "true",
            "`false`: every row that matches takes the group, as before the Collector 0.120",
        ),
    ],
};
const ROW: Table = Table {
    scope: "connectors.routing.table",
    keys: &[
        key("context", "word", "resource", "`resource` or `request`"),
        key("condition", "condition", "", "this or `statement`"),
        key("statement", "text", "", "`route()` or `route() where <condition>`"),
        key("pipelines", "list of ids", "required", "where the group goes"),
        key("action", "word", "move", "`copy`: the rows below are still tried"),
    ],
};

const FORWARD: Table = Table { scope: "connectors.forward", keys: &[] };

/// A decoded connector.
#[derive(Debug)]
pub(super) enum Connector {
    Routing(Routing),
    /// Whatever feeds it goes to every pipeline that takes from it.
    Forward,
}

/// A decoded routing connector.
#[derive(Debug)]
pub(super) struct Routing {
    pub(super) rows: Vec<Row>,
    pub(super) default: Vec<Reference>,
    /// `match_once: false`: the default takes what no row took at all.
    pub(super) default_if_none: bool,
}

/// One row of its table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) when: Condition,
    pub(super) pipelines: Vec<Reference>,
    pub(super) copy: bool,
}

impl Routing {
    /// Every pipeline that the table names.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Reference> {
        self.rows.iter().flat_map(|row| &row.pipelines).chain(&self.default)
    }
}

/// Decodes one connector; `None` when its type is unknown or something in it is wrong.
pub(super) fn decode(component: &Component<'_>) -> Option<Connector> {
    match component.id.kind() {
        "routing" => routing(&component.field).map(Connector::Routing),
        "forward" => component.field.section(&FORWARD).map(|_| Connector::Forward),
        _ => {
            component.unknown_type("connectors", &["routing", "forward"]);
            None
        }
    }
}

fn routing(field: &Field<'_>) -> Option<Routing> {
    let section = field.section(&ROUTING)?;
    let _ = section
        .get("error_mode")
        .and_then(|field| field.one_of(&["propagate", "ignore", "silent"]));
    let every = takes_every_match(&section);
    let default = references(&section, "default_pipelines");
    let table = section.required("table")?;
    let mut rows = rows(&table)?;
    if every {
        rows.iter_mut().for_each(|row| row.copy = true);
    }
    let all = |row: &Row| matches!(row.when, Condition::Always(true)) && (every || !row.copy);
    if default.is_empty() && !rows.iter().any(all) {
        let message = "what no row takes is dropped, and counted as `no_route`";
        let fault = Fault::new(Code::Surprising, message);
        let fault = fault.hint("name `default_pipelines`, or `debug` in one, to see what it is");
        table.report.warning(table.key, &table.path, fault);
    }
    Some(Routing { rows, default, default_if_none: every })
}

/// Before 0.120 `match_once: false`, the default then, sent a group to every row that matched. It
/// is done only where a file says so.
fn takes_every_match(section: &Section<'_>) -> bool {
    let Some(field) = section.get("match_once") else {
        return false;
    };
    match field.boolean() {
        Some(false) => {
            let message = "every row that matches takes the group; Collectors from 0.120 on \
                           refuse the key";
            let hint = "use `action: copy` in the rows instead";
            field.warning(Fault::new(Code::Surprising, message).hint(hint));
            true
        }
        Some(true) => {
            let message = "`match_once: true` has no effect; Collectors from 0.120 on refuse it";
            let fault = Fault::new(Code::Ignored, message);
            field.warning(fault.hint("the first row that matches takes the group anyway"));
            false
        }
        None => false,
    }
}

fn rows(field: &Field<'_>) -> Option<Vec<Row>> {
    let items = field.items()?;
    if items.is_empty() {
        let fault = Fault::new(Code::Missing, "the routing table is empty");
        field.error(fault.expected("at least one row"));
    }
    if items.len() > ROWS_MAX {
        field.error(Fault::new(Code::BadValue, format!("more than {ROWS_MAX} rows")));
        return None;
    }
    let mut known = BTreeMap::new();
    let mut rows = Vec::new();
    for item in &items {
        let section = item.section(&ROW);
        let seen = section.as_ref().and_then(|section| repeated(section, &mut known));
        if let Some(line) = seen {
            let message = "the row repeats an earlier condition and never takes anything";
            let fault = Fault::new(Code::Surprising, message);
            item.warning(fault.hint(format!("the first one is at line {line}; merge the two")));
        }
        let row = section.and_then(|section| row(&section));
        // The first row with a condition is the one that counts.
        if seen.is_none() || row.is_none() {
            rows.push(row);
        }
    }
    rows.into_iter().collect()
}

/// The line of an earlier row with the same context and condition.
fn repeated(section: &Section<'_>, known: &mut BTreeMap<String, usize>) -> Option<usize> {
    let plain = |key| section.get(key).map(|field| field.plain_text()).unwrap_or_default();
    let (context, condition) = (plain("context"), plain("condition"));
    let statement = match condition.as_str() {
        "" => plain("statement"),
        condition => format!("route() where {condition}"),
    };
    let context = if context == "resource" { "" } else { &context };
    let line = section.key.line;
    let earlier = known.insert(format!("{context} {statement}"), line);
    if let Some(earlier) = earlier {
        let _ = known.insert(format!("{context} {statement}"), earlier);
    }
    earlier
}

fn row(section: &Section<'_>) -> Option<Row> {
    let pipelines = references(section, "pipelines");
    if pipelines.is_empty() && section.get("pipelines").is_none_or(|f| f.is_empty_list()) {
        section.error(Fault::new(Code::Missing, "the row names no pipelines"));
    }
    let copy = section.get("action").and_then(|field| field.one_of(&["move", "copy"]));
    let when = when(section)?;
    Some(Row { when, pipelines, copy: copy == Some("copy") })
}

fn when(section: &Section<'_>) -> Option<Condition> {
    let context = match section.get("context").filter(|field| !field.plain_text().is_empty()) {
        None => "resource",
        Some(field) => {
            let words = ["resource", "request", "span", "metric", "datapoint", "log"];
            let context = field.one_of(&words)?;
            if !["resource", "request"].contains(&context) {
                let reason = "a group of one resource goes one way: route by what the resource or \
                              the request says";
                field.not_supported(&format!("the context `{context}`"), reason);
                return None;
            }
            context
        }
    };
    let text = |key| section.get(key).filter(|field: &Field<'_>| !field.plain_text().is_empty());
    let (condition, statement) = (text("condition"), text("statement"));
    match (context, condition, statement) {
        (_, None, None) => {
            let fault = Fault::new(Code::Missing, "the row has no condition");
            section.error(fault.expected("`condition` or `statement`"));
            None
        }
        (_, Some(_), Some(field)) => {
            let message = "the row has both a condition and a statement";
            field.error(Fault::new(Code::Conflict, message));
            None
        }
        ("request", None, Some(field)) => {
            let fault = Fault::new(Code::Conflict, "the context `request` takes no statement");
            field.error(fault.expected("`condition: request[\"Name\"] == \"value\"`"));
            None
        }
        ("request", Some(field), None) => condition::request(&field),
        (_, Some(field), None) => condition::resource(&field),
        (_, None, Some(field)) => condition::statement(&field),
    }
}
