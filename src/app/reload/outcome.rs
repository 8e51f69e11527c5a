//! What came of a reload, as it is logged and answered.
//!
//! ```text
//!  Done        200  {"result":"ok","warnings":[...]}
//!  Faulty      422  {"result":"failed","errors":2,"problems":[...],"text":"..."}
//!  Impossible  422  the same with one problem, which has no place
//!  stopping    503  {"result":"refused","text":"..."}
//! ```
//! A problem is an object with `code`, `severity`, `message`, and where it is known `file`, `line`,
//! `column`, `path`, `expected`, `found`, `hint`.

use http::StatusCode;

use super::Cause;
use crate::admin::Told;
use crate::admin::json::Json;
use crate::config::{Problem, Problems, Severity};

/// What came of a reload.
#[derive(Debug)]
pub(in crate::app) enum Outcome {
    /// The new plan holds.
    Done {
        warnings: Vec<Problem>,
        /// What waits for the next start.
        held_over: Vec<String>,
        /// Shards that have not followed yet.
        late: Vec<usize>,
    },
    /// The files have problems.
    Faulty(Problems),
    /// The files are good, and cannot be followed here: a port, a certificate.
    Impossible(String),
}

impl Outcome {
    pub(in crate::app) const fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// Says it in the log, a line for each problem: a line has a bound.
    pub(super) fn log(&self, cause: Cause) {
        let cause = cause.words();
        match self {
            Self::Done { warnings, .. } => {
                for warning in warnings {
                    tracing::warn!("{warning}");
                }
                for (_, message) in self.unplaced() {
                    tracing::warn!("{message}");
                }
                tracing::info!(cause, "the configuration was reloaded");
            }
            Self::Faulty(problems) => {
                let list = problems.as_slice();
                let errors = problems.errors();
                tracing::error!(cause, errors, "the configuration was not reloaded");
                for problem in list {
                    match problem.severity {
                        Severity::Error => tracing::error!("{problem}"),
                        Severity::Warning => tracing::warn!("{problem}"),
                    }
                }
            }
            Self::Impossible(why) => {
                tracing::error!(cause, error = why, "the configuration was not reloaded");
            }
        }
    }

    /// The answer to a request.
    pub(in crate::app) fn told(&self) -> Told {
        match self {
            Self::Done { warnings, .. } => {
                let unplaced = self.unplaced();
                let listed = warnings.iter().map(placed);
                let listed = listed.chain(unplaced.iter().map(|(code, text)| warning(code, text)));
                let json = [("result", Json::text("ok")), ("warnings", Json::list(listed))];
                let mut text: String =
                    warnings.iter().map(|warning| format!("{warning}\n")).collect();
                for (_, message) in &unplaced {
                    text.push_str(&format!("warning: {message}\n"));
                }
                text.push_str("the configuration was reloaded\n");
                Told { status: StatusCode::OK, json: Json::object(json).into_string(), text }
            }
            Self::Faulty(problems) => {
                let listed = problems.as_slice().iter().map(placed);
                failed(problems.errors(), Json::list(listed), &problems.to_string())
            }
            Self::Impossible(why) => {
                let problem = unplaced("impossible", "error", why);
                failed(1, Json::list([problem]), &format!("error: {why}"))
            }
        }
    }

    /// (code, message) of the warnings that are not about a place in a file.
    fn unplaced(&self) -> Vec<(&'static str, String)> {
        let Self::Done { held_over, late, .. } = self else { return Vec::new() };
        let held_over = held_over.iter().map(|message| ("next-start", message.clone()));
        let late = late.iter().map(|shard| ("late", format!("shard {shard} has not followed yet")));
        held_over.chain(late).collect()
    }
}

/// The answer while the gateway stops.
pub(in crate::app) fn stopping() -> Told {
    let text = "the gateway is stopping: the configuration was not read";
    let json = [("result", Json::text("refused")), ("text", Json::text(text))];
    let json = Json::object(json).into_string();
    Told { status: StatusCode::SERVICE_UNAVAILABLE, json, text: format!("{text}\n") }
}

fn failed(errors: usize, problems: Json, text: &str) -> Told {
    let json = Json::object([
        ("result", Json::text("failed")),
        ("errors", Json::whole(errors)),
        ("problems", problems),
        ("text", Json::text(text)),
    ]);
    let text = format!("{text}\nthe configuration was not reloaded\n");
    Told { status: StatusCode::UNPROCESSABLE_ENTITY, json: json.into_string(), text }
}

fn warning(code: &str, message: &str) -> Json {
    unplaced(code, "warning", message)
}

fn unplaced(code: &str, severity: &str, message: &str) -> Json {
    let texts = [("code", code), ("severity", severity), ("message", message)];
    Json::object(texts.map(|(key, text)| (key, Json::text(text))))
}

fn placed(problem: &Problem) -> Json {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let place = &problem.place;
    let mut members = vec![
        ("code", Json::text(problem.code.as_str())),
        ("severity", Json::text(severity)),
        ("message", Json::text(&problem.message)),
        ("file", Json::text(&place.file)),
    ];
    if place.line > 0 {
        members.push(("line", Json::whole(place.line)));
        members.push(("column", Json::whole(place.column)));
    }
    if !problem.path.is_empty() {
        members.push(("path", Json::text(&problem.path)));
    }
    let optional =
        [("expected", &problem.expected), ("found", &problem.found), ("hint", &problem.hint)];
    for (key, text) in optional {
        members.extend(text.as_ref().map(|text| (key, Json::text(text))));
    }
    Json::object(members)
}

#[cfg(test)]
mod tests;
