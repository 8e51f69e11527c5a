//! The health door: the Collector's `health_check`, and three probes that give reasons.
//!
//! | path | answer |
//! |---|---|
//! | the configured one; with `/` any other | 200 or 503 by readiness, in the Collector's JSON |
//! | with `use_v2` the status page | what [`super::status`] says |
//! | `/readyz` | 200, or 503 and why not |
//! | `/startupz` | 503 until it was ready once, then 200 for good |
//! | `/livez` | 200 |
//!
//! The Collector answers on every path when `/` is configured, the probes' included. We keep that
//! for all but the three, which answer by status code as a probe expects: whoever asks `/readyz` of
//! either gets 200 when ready and 503 when not. A path configured as one of the three has the JSON.
//! Liveness says only that the process answers: a restart would lose what is queued, and mends no
//! backend. Methods do not matter, and queries only to the status page. `response_body` takes the
//! place of the JSON and is no JSON itself.

use std::time::{Duration, SystemTime};

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

use super::Page;
use super::readiness::View;
use super::spelling::{go_duration, rfc3339};
use crate::config::plan::HealthBody;

/// The answer to a request for `path`; `up` is when the process started and how long ago.
pub(super) fn answer(
    configured: &str,
    body: Option<&HealthBody>,
    path: &str,
    view: &View,
    up: (SystemTime, Duration),
) -> Page {
    if path == configured {
        return status(body, view, up);
    }
    match probe(path, view) {
        Some(page) => page,
        None if configured == "/" => status(body, view, up),
        None => not_found(),
    }
}

/// The three probes.
pub(super) fn probe(path: &str, view: &View) -> Option<Page> {
    match path {
        "/livez" => Some(text(StatusCode::OK, "alive\n".to_owned())),
        "/startupz" if view.was_ready => Some(text(StatusCode::OK, "started\n".to_owned())),
        "/startupz" => Some(reasons("not started", view)),
        "/readyz" if view.is_ready() => Some(text(StatusCode::OK, "ready\n".to_owned())),
        "/readyz" => Some(reasons("not ready", view)),
        _ => None,
    }
}

/// The Collector's words, or the file's.
fn status(body: Option<&HealthBody>, view: &View, up: (SystemTime, Duration)) -> Page {
    let ready = view.is_ready();
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if let Some(HealthBody { healthy, unhealthy }) = body {
        return text(code, if ready { healthy.clone() } else { unhealthy.clone() });
    }
    if !ready {
        return page(code, "application/json", NOT_AVAILABLE.to_owned());
    }
    let (since, uptime) = (rfc3339(up.0), go_duration(up.1));
    let said = format!(r#""upSince":"{since}","uptime":"{uptime}""#);
    page(code, "application/json", format!(r#"{{"status":"Server available",{said}}}"#))
}

/// What is said of a path that is not there.
pub(super) fn not_found() -> Page {
    text(StatusCode::NOT_FOUND, "404 page not found\n".to_owned())
}

const NOT_AVAILABLE: &str =
    r#"{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}"#;

fn reasons(what: &str, view: &View) -> Page {
    let lines = view.reasons().into_iter().map(|reason| format!("{what}: {reason}\n"));
    text(StatusCode::SERVICE_UNAVAILABLE, lines.collect())
}

/// A page of plain text.
pub(super) fn text(code: StatusCode, body: String) -> Page {
    page(code, "text/plain; charset=utf-8", body)
}

/// A page.
pub(super) fn page(code: StatusCode, content_type: &'static str, body: String) -> Page {
    let mut page = Response::new(Full::from(body));
    *page.status_mut() = code;
    let _ = page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    page
}
