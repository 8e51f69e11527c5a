//! The metrics door: `/metrics` is the page, anything else is not found.

use std::time::Instant;

use http::StatusCode;

use super::health::{not_found, page};
use super::{AdminState, Page};
use crate::config::plan::MetricsPage;
use crate::telemetry::scrape::{self, Process, Sources};

/// The answer to a request for `path`.
pub(super) fn answer(spelling: &MetricsPage, path: &str, state: &AdminState, now: Instant) -> Page {
    if path != "/metrics" {
        return not_found();
    }
    let view = state.readiness.view();
    let body = scrape::render(&Sources {
        page: spelling,
        registry: &state.registry,
        ledger: &state.ledger,
        identity: &state.identity,
        process: Process::read(),
        budget: (state.budget)(),
        uptime: now.saturating_duration_since(state.started.0),
        ready: view.is_ready(),
        shards_up: view.shards_up(),
        plans: (state.plans)(),
    });
    page(StatusCode::OK, scrape::CONTENT_TYPE, body)
}
