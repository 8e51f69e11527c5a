//! `sending_queue` and `retry_on_failure`, the same for every exporter.

use std::time::Duration;

use crate::config::decode::Section;
use crate::config::keys::{Table, key};
use crate::config::plan::{Batching, QueuePlan, RetryPlan, Sizer};
use crate::config::problems::Code;
use crate::config::processors::{check_sizes, metadata_keys};
use crate::config::report::Fault;

/// `queue_size` where the file names none.
pub(super) const QUEUE_REQUESTS: u64 = 1000;
/// `num_consumers` where the file names none.
pub(super) const CONSUMERS: usize = 10;
/// Requests in flight at once without a queue; further ones wait for one of them.
const UNQUEUED: usize = 100;
/// Largest size of a queue or batch that may be configured.
const SIZE_MAX: u64 = 1 << 53;
/// Largest `num_consumers`: each may hold a connection.
const CONSUMERS_MAX: u64 = 65_536;

pub(in crate::config) const RETRY: Table = Table {
    scope: "exporters.*.retry_on_failure",
    keys: &[
        key("enabled", "boolean", "true", "false: a failed request is dropped at once"),
        key("initial_interval", "duration", "5s", "wait before the second attempt"),
        key("randomization_factor", "0 to 1", "0.5", "how far waits are spread"),
        key("multiplier", "at least 1", "1.5", "how waits grow"),
        key("max_interval", "duration", "30s", "longest wait"),
        key("max_elapsed_time", "duration", "5m", "give up after this; 0: never"),
    ],
};
pub(in crate::config) const QUEUE: Table = Table {
    scope: "exporters.*.sending_queue",
    keys: &[
        key(
            "enabled",
            "boolean",
            "true",
            "false: one request in, one out, and the client's answer waits for the backend's",
        ),
        key("num_consumers", "whole number", "10", "requests in flight at once"),
        key("queue_size", "in units of `sizer`", "1000", "what may wait, in flight included"),
        key("sizer", "word", "requests", "`requests`, `items` or `bytes`"),
        key(
            "block_on_overflow",
            "boolean",
            "false",
            "the destination is required: a request it has no room for is refused",
        ),
        key(
            "wait_for_result",
            "boolean",
            "false",
            "the client's answer waits for the backend's; the destination is required",
        ),
        key("batch", "mapping", "off", "wait for more before sending"),
    ],
};
pub(in crate::config) const BATCH: Table = Table {
    scope: "exporters.*.sending_queue.batch",
    keys: &[
        key("enabled", "boolean", "true", "false: off"),
        key("flush_timeout", "duration", "200ms", "longest wait"),
        key("min_size", "in units of `sizer`", "8192", "send as soon as this much waits"),
        key("max_size", "in units of `sizer`", "0", "largest batch; 0: no limit"),
        key("sizer", "word", "that of the queue if it is set, else items", "`items` or `bytes`"),
        key("partition", "mapping", "", "what must not be merged"),
    ],
};
pub(in crate::config) const PARTITION: Table = Table {
    scope: "exporters.*.sending_queue.batch.partition",
    keys: &[key("metadata_keys", "list of text", "[]", "requests that differ in these headers")],
};

const SIZERS: [&str; 3] = ["requests", "items", "bytes"];

/// `sending_queue` and `merge`; `None` when what it asks for is not supported.
pub(super) fn queue(exporter: &Section<'_>) -> Option<QueuePlan> {
    let merge = exporter.boolean("merge", true);
    let mut plan = QueuePlan {
        capacity: QUEUE_REQUESTS,
        sizer: Sizer::Requests,
        consumers: CONSUMERS,
        required: false,
        waits: false,
        merge,
        batch: None,
    };
    let Some(field) = exporter.get("sending_queue") else {
        return Some(plan);
    };
    let section = field.section(&QUEUE)?;
    if !section.boolean("enabled", true) {
        // What else the section says has no meaning then.
        let storage = section.has_unsupported();
        plan = QueuePlan { consumers: UNQUEUED, required: true, waits: true, merge: false, ..plan };
        return (!storage).then_some(plan);
    }
    plan.waits = section.boolean("wait_for_result", false);
    let consumers = section.whole("num_consumers", CONSUMERS as u64, 1, CONSUMERS_MAX);
    plan.consumers = usize::try_from(consumers).unwrap_or(CONSUMERS);
    plan.capacity = section.whole("queue_size", QUEUE_REQUESTS, 1, SIZE_MAX);
    plan.required = section.boolean("block_on_overflow", false) || plan.waits;
    let sizer = section.get("sizer").and_then(|field| field.one_of(&SIZERS)).map(sizer);
    plan.sizer = sizer.unwrap_or(Sizer::Requests);
    plan.batch = batch(&section, sizer);
    if let Some(batch) = &plan.batch
        && batch.sizer == plan.sizer
        && batch.size_min > plan.capacity
    {
        let message = "`queue_size` is below `batch.min_size`: no batch would ever be full";
        let fault = Fault::new(Code::Conflict, message);
        let found = plan.capacity.to_string();
        let fault = fault.expected(format!("at least {}", batch.size_min)).found(found);
        exporter.report.error(section.mark_of("queue_size"), &section.path, fault);
    }
    Some(plan)
}

/// `sending_queue.batch`; `of_queue` is the queue's sizer where the file sets it.
fn batch(queue: &Section<'_>, of_queue: Option<Sizer>) -> Option<Batching> {
    let section = queue.get("batch")?.optional_section(&BATCH)?;
    let own = section.get("sizer").and_then(|field| field.one_of(&SIZERS));
    let sizer = own.map(sizer).or(of_queue).unwrap_or(Sizer::Items);
    if sizer == Sizer::Requests {
        let fault = Fault::new(Code::BadValue, "a batch is measured in items or bytes");
        let expected = "`sizer: items` or `sizer: bytes` under `batch`";
        queue.report.error(section.mark_of("sizer"), &section.path, fault.expected(expected));
        return None;
    }
    let delay_max = section.duration("flush_timeout", Duration::from_millis(200));
    if delay_max.is_zero()
        && let Some(field) = section.get("flush_timeout")
    {
        field.bad_value("must be positive", "a duration such as 200ms");
    }
    let size_min = section.whole("min_size", 8192, 0, SIZE_MAX);
    let size_max = section.whole("max_size", 0, 0, SIZE_MAX);
    check_sizes(&section, size_min, size_max, "max_size", "min_size");
    let partition = section.get("partition").and_then(|field| field.section(&PARTITION));
    let metadata_keys = partition.map(|section| metadata_keys(&section)).unwrap_or_default();
    Some(Batching { delay_max, size_min, size_max, sizer, metadata_keys })
}

/// `retry_on_failure`; `None` when it is off.
pub(super) fn retry(exporter: &Section<'_>) -> Option<RetryPlan> {
    let mut plan = RetryPlan {
        initial: Duration::from_secs(5),
        jitter: 0.5,
        multiplier: 1.5,
        interval_max: Duration::from_secs(30),
        elapsed_max: Duration::from_secs(300),
    };
    let Some(field) = exporter.get("retry_on_failure") else {
        return Some(plan);
    };
    let Some(section) = field.section(&RETRY) else {
        return Some(plan);
    };
    let enabled = section.boolean("enabled", true);
    plan.initial = section.duration("initial_interval", plan.initial);
    plan.jitter = section.number("randomization_factor", plan.jitter, 0.0, 1.0);
    plan.multiplier = section.number("multiplier", plan.multiplier, 1.0, f64::INFINITY);
    plan.interval_max = section.duration("max_interval", plan.interval_max);
    plan.elapsed_max = section.duration("max_elapsed_time", plan.elapsed_max);
    if !enabled {
        return None;
    }
    let shortest = plan.initial.max(plan.interval_max);
    if !plan.elapsed_max.is_zero() && plan.elapsed_max < shortest {
        let fault = Fault::new(
            Code::Conflict,
            "`max_elapsed_time` must not be below `initial_interval` and `max_interval`",
        );
        let expected = format!("0 (never give up), or at least {}s", shortest.as_secs_f64());
        let mark = section.mark_of("max_elapsed_time");
        exporter.report.error(mark, &section.path, fault.expected(expected));
    }
    Some(plan)
}

fn sizer(word: &str) -> Sizer {
    match word {
        "items" => Sizer::Items,
        "bytes" => Sizer::Bytes,
        _ => Sizer::Requests,
    }
}
