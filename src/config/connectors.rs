//! `connectors`: the `routing` connector.

use super::condition;
use super::decode::{Field, Section};
use super::document::Component;
use super::keys::{Table, key};
use super::plan::Condition;
use super::problems::Code;
use super::report::Fault;
use super::service::{Reference, references};

pub(super) const TABLES: [&Table; 2] = [&ROUTING, &ROW];

/// Rows of one table.
const ROWS_MAX: usize = 10_000;

const ROUTING: Table = Table {
    scope: "connectors.routing",
    keys: &[
        key("table", "list of rows", "required", "the first row that matches takes the group"),
        key("default_pipelines", "list of ids", "[]", "for what no row took; none: it is dropped"),
        key("error_mode", "word", "propagate", "accepted; conditions here cannot fail"),
        key("match_once", "boolean", "true", "true has no effect any more; false is refused"),
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

/// A decoded routing connector.
#[derive(Debug)]
pub(super) struct Routing {
    pub(super) rows: Vec<Row>,
    pub(super) default: Vec<Reference>,
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
pub(super) fn decode(component: &Component<'_>) -> Option<Routing> {
    match component.id.kind() {
        "routing" => routing(&component.field),
        _ => {
            component.unknown_type("connectors", &["routing"]);
            None
        }
    }
}

fn routing(field: &Field<'_>) -> Option<Routing> {
    let section = field.section(&ROUTING)?;
    let _ = section
        .get("error_mode")
        .and_then(|field| field.one_of(&["propagate", "ignore", "silent"]));
    check_match_once(&section);
    let default = references(&section, "default_pipelines");
    let rows = section.required("table").and_then(|field| rows(&field));
    Some(Routing { rows: rows?, default })
}

/// Before 0.120 `false` sent a group to every row that matched; now there is `action: copy`.
fn check_match_once(section: &Section<'_>) {
    let Some(field) = section.get("match_once") else {
        return;
    };
    match field.boolean() {
        Some(false) => {
            let reason = "the first row that matches takes the group; use `action: copy`";
            field.not_supported("`match_once: false`", reason);
        }
        Some(true) => {
            let fault = Fault::new(Code::Ignored, "`match_once: true` has no effect");
            field.warning(fault.hint("the first row that matches takes the group anyway"));
        }
        None => {}
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
    let rows: Vec<Option<Row>> = items.iter().map(|item| row(&item.section(&ROW)?)).collect();
    rows.into_iter().collect()
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
    let context = match section.get("context") {
        None => "resource",
        Some(field) => {
            let words =
                ["resource", "request", "span", "metric", "datapoint", "log", "spanevent", "scope"];
            let context = field.one_of(&words)?;
            if !["resource", "request"].contains(&context) {
                let reason = "route by `resource` or `request`";
                field.not_supported(&format!("the context `{context}`"), reason);
                return None;
            }
            context
        }
    };
    let (condition, statement) = (section.get("condition"), section.get("statement"));
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
