//! A finished run in words for people and in JSON for programs.

use std::time::Duration;

use crate::dial::Carrier;
use crate::json::Object;
use crate::send::{Outcome, Plan, Progress};
use crate::sink::{Protocol, Report};
use crate::tally::{Latencies, Tally};
use crate::units::{count, rounded, span};
use crate::verify::Proof;

#[cfg(test)]
mod tests;

/// The report of a run, several lines.
#[must_use]
pub fn human(plan: &Plan, outcome: &Outcome, proof: Option<&Proof>) -> String {
    let tally = &outcome.tally;
    let seconds = outcome.elapsed.as_secs_f64().max(1e-9);
    let spans_per_request = outcome.acknowledged.spans_per_request;
    let spans = tally.accepted * spans_per_request;
    let rate = |number: u64| rounded(number as f64 / seconds);
    let mut lines = vec![
        title(plan, outcome),
        format!(
            "accepted    {} requests, {} spans in {}: {} requests/s, {} spans/s, {:.1} MB/s",
            count(tally.accepted),
            count(spans),
            span(outcome.elapsed),
            rate(tally.accepted),
            rate(spans),
            tally.bytes as f64 / seconds / 1e6,
        ),
        format!(
            "otherwise   {} refused, {} failed, {} broken, {} spans rejected; retried {} refusals, \
             {} breaks",
            count(tally.refused),
            count(tally.failed),
            count(tally.broken),
            count(tally.rejected_spans),
            count(tally.refusals_retried),
            count(tally.breaks_retried),
        ),
    ];
    if tally.refused + tally.refusals_retried > 0 {
        lines.push(refusals(tally));
        lines.push(latencies("refusal", tally.refusal()));
    }
    if tally.accepted > 0 {
        lines.push(latencies("latency", tally.latency()));
        lines.push(latencies("service", tally.service()));
    }
    if plan.schedule.requests_per_second.is_some() {
        lines.push(format!(
            "schedule    {} requests left more than 1 ms late, at most {}; {} were never sent",
            count(tally.late),
            span(tally.late_max),
            count(outcome.unsent),
        ));
    }
    if let Some(error) = &tally.first_error {
        lines.push(format!("first error {error}"));
    }
    if let Some(proof) = proof {
        lines.push(proof_line(proof));
        if !proof.first_lost.is_empty() {
            lines.push(format!("first lost  sequences {:?}", proof.first_lost));
        }
    }
    lines.join("\n") + "\n"
}

/// The report of a run as JSON; times in microseconds.
#[must_use]
pub fn json(plan: &Plan, outcome: &Outcome, proof: Option<&Proof>) -> String {
    let tally = &outcome.tally;
    let spans = tally.accepted * outcome.acknowledged.spans_per_request;
    let mut object = Object::default()
        .text("protocol", protocol(plan))
        .text("compression", plan.coding.name().unwrap_or("none"))
        .number("connections", plan.connections)
        .number("run", plan.shape.run)
        .number("spans_per_request", outcome.acknowledged.spans_per_request)
        .number("body_bytes", outcome.body_bytes)
        .number("elapsed_us", outcome.elapsed.as_micros())
        .number("requests", tally.requests())
        .number("accepted", tally.accepted)
        .number("accepted_spans", spans)
        .number("rejected_spans", tally.rejected_spans)
        .number("refused", tally.refused)
        .number("failed", tally.failed)
        .number("broken", tally.broken)
        .number("limited", tally.limited)
        .number("undated", tally.undated)
        .number("refusals_retried", tally.refusals_retried)
        .number("breaks_retried", tally.breaks_retried)
        .number("bytes", tally.bytes)
        .number("late", tally.late)
        .number("late_max_us", tally.late_max.as_micros())
        .number("unsent", outcome.unsent)
        .object("latency_us", &latency_object(tally.latency()))
        .object("service_us", &latency_object(tally.service()))
        .object("refusal_us", &latency_object(tally.refusal()));
    if let Some((least, most)) = tally.retry_after {
        object = object
            .number("retry_after_min_ms", least.as_millis())
            .number("retry_after_max_ms", most.as_millis());
    }
    if let Some(error) = &tally.first_error {
        object = object.text("first_error", error);
    }
    if let Some(proof) = proof {
        let proof = Object::default()
            .number("acknowledged", proof.acknowledged)
            .number("arrived", proof.arrived)
            .number("lost", proof.lost)
            .number("duplicated", proof.duplicated)
            .number("corrupted", proof.corrupted)
            .number("misrouted", proof.misrouted)
            .number("unacknowledged", proof.unacknowledged);
        object = object.object("proof", &proof);
    }
    object.to_text() + "\n"
}

/// The report of a sink, several lines; counts of 0 that nobody expects are left out.
#[must_use]
pub fn sink(report: &Report) -> String {
    let always = ["requests", "spans", "unique", "duplicated", "corrupted", "misrouted"];
    let mut text = String::new();
    for (name, number) in report.rows() {
        if number > 0 || always.contains(&name) {
            text.push_str(&format!("{name:<16}{:>15}\n", count(number)));
        }
    }
    for (pair, spans) in &report.spans.attributes {
        text.push_str(&format!("  {:>15}  {pair}\n", count(*spans)));
    }
    text
}

/// One line about a run under way.
#[must_use]
pub fn progress(now: Progress) -> String {
    let seconds = now.elapsed.as_secs_f64().max(1e-9);
    let spans = now.accepted * now.spans_per_request;
    let rate = rounded(spans as f64 / seconds);
    let mut line = format!("{seconds:>5.0} s  {} spans  {rate} spans/s", count(spans));
    if now.troubled > 0 {
        line.push_str(&format!("  {} not accepted at once", count(now.troubled)));
    }
    if now.late > 0 {
        line.push_str(&format!("  {} behind schedule", count(now.late)));
    }
    line
}

/// The proof in one line.
#[must_use]
pub fn proof_line(proof: &Proof) -> String {
    format!(
        "proof       {} acknowledged, {} arrived: {} lost, {} duplicated, {} corrupted, \
         {} misrouted",
        count(proof.acknowledged),
        count(proof.arrived),
        count(proof.lost),
        count(proof.duplicated),
        count(proof.corrupted),
        count(proof.misrouted),
    )
}

fn title(plan: &Plan, outcome: &Outcome) -> String {
    let path = if plan.protocol == Protocol::Http { plan.path.as_str() } else { "" };
    let pace = plan
        .schedule
        .requests_per_second
        .map_or_else(|| "closed loop".to_owned(), |rate| format!("{rate:.1} requests/s intended"));
    format!(
        "load        {} to {}{path}: {} spans, {} bytes a request, {}, {pace}, {} connections",
        protocol(plan),
        plan.authority,
        count(outcome.acknowledged.spans_per_request),
        count(outcome.body_bytes as u64),
        plan.coding.name().unwrap_or("plain"),
        plan.connections,
    )
}

const fn protocol(plan: &Plan) -> &'static str {
    match (plan.protocol, &plan.carrier) {
        (Protocol::Http, Carrier::Tcp) => "http",
        (Protocol::Http, Carrier::Tls(_)) => "https",
        (Protocol::Http, Carrier::Quic(_)) => "h3",
        (Protocol::Grpc, Carrier::Tcp) => "grpc",
        (Protocol::Grpc, _) => "grpcs",
    }
}

/// What refused attempts were told, one line.
fn refusals(tally: &Tally) -> String {
    let delay = match tally.retry_after {
        Some((least, most)) => format!("retry after {} to {}", span(least), span(most)),
        None => "none says when to retry".to_owned(),
    };
    let undated = match tally.undated {
        0 => String::new(),
        some => format!(", {} without a delay", count(some)),
    };
    format!("refusals    {} because of a quota; {delay}{undated}", count(tally.limited))
}

/// One line with the points of a latency distribution.
#[must_use]
pub fn latencies(name: &str, points: Latencies) -> String {
    let Latencies { p50, p90, p99, p999, max } = points;
    let [p50, p90, p99, p999, max] = [p50, p90, p99, p999, max].map(span);
    format!("{name:<12}p50 {p50}, p90 {p90}, p99 {p99}, p99.9 {p999}, max {max}")
}

fn latency_object(points: Latencies) -> Object {
    let us = |duration: Duration| format!("{:.1}", duration.as_secs_f64() * 1e6);
    Object::default()
        .number("p50", us(points.p50))
        .number("p90", us(points.p90))
        .number("p99", us(points.p99))
        .number("p999", us(points.p999))
        .number("max", us(points.max))
}
