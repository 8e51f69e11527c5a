//! The health door: the Collector's `health_check`, and three probes that give reasons.
//!
//! | path | answer |
//! |---|---|
//! | the configured one; with `/` any other | 200 or 503 in the Collector's JSON, by readiness |
//! | `/readyz` | 200, or 503 and why not |
//! | `/startupz` | 503 until it was ready once, then 200 for good |
//! | `/livez` | 200 |
//!
//! The Collector answers on every path when `/` is configured, the probes' included. We keep that
//! for all but the three, which answer by status code as a probe expects: whoever asks `/readyz` of
//! either gets 200 when ready and 503 when not. A path configured as one of the three has the JSON.
//! Liveness says only that the process answers: a restart would lose what is queued, and mends no
//! backend. Methods and query do not matter.

use std::time::{Duration, SystemTime};

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

use super::Page;
use super::readiness::View;
use super::spelling::{go_duration, rfc3339};

/// The answer to a request for `path`; `up` is when the process started and how long ago.
pub(super) fn answer(
    configured: &str,
    path: &str,
    view: &View,
    up: (SystemTime, Duration),
) -> Page {
    match path {
        _ if path == configured => status(view, up),
        "/livez" => text(StatusCode::OK, "alive\n".to_owned()),
        "/startupz" if view.was_ready => text(StatusCode::OK, "started\n".to_owned()),
        "/startupz" => reasons("not started", view),
        "/readyz" if view.is_ready() => text(StatusCode::OK, "ready\n".to_owned()),
        "/readyz" => reasons("not ready", view),
        _ if configured == "/" => status(view, up),
        _ => text(StatusCode::NOT_FOUND, "404 page not found\n".to_owned()),
    }
}

/// The Collector's words.
fn status(view: &View, (since, uptime): (SystemTime, Duration)) -> Page {
    let (code, body) = if view.is_ready() {
        let (since, uptime) = (rfc3339(since), go_duration(uptime));
        let said = format!(r#""upSince":"{since}","uptime":"{uptime}""#);
        (StatusCode::OK, format!(r#"{{"status":"Server available",{said}}}"#))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, NOT_AVAILABLE.to_owned())
    };
    page(code, "application/json", body)
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
