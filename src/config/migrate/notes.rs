//! What a key does differently here. `docs/migrate-from-collector.md` says the same at length.

use crate::config::kinds::KINDS;
use crate::config::report::Mark;
use crate::config::yaml::{Node, Value};

/// The way to a key: component ids stand for their type, `*` for any step.
type Way = &'static str;

/// Said where the key stands.
const PRESENT: &[(Way, &str)] = &[
    (
        "processors.memory_limiter",
        "counts the bytes of requests from before a body is read until its last backend has \
         answered, not Go's heap; what does not fit gets 503 with Retry-After",
    ),
    (
        "processors.batch",
        "nothing waits in the processor: its sizes go to the queues of the exporters behind it, \
         and a client is answered once its data is queued there",
    ),
    (
        "connectors.routing",
        "what no row takes is counted as `no_route`; the Collector drops it in silence",
    ),
    (
        "receivers.otlp.protocols.http.max_request_body_size",
        "a body above it is answered with 413; the Collector answers 400",
    ),
    (
        "exporters.*.sending_queue.num_consumers",
        "requests in flight in the whole process, over all threads",
    ),
    (
        "exporters.*.sending_queue.block_on_overflow",
        "nobody is kept waiting: true makes the backend a required one, and a request for which it \
         has no room is refused",
    ),
    ("exporters.debug", "prints one summary line a second, whatever the verbosity"),
    (
        "exporters.*.retry_on_failure.max_elapsed_time",
        "what is given up is counted as `retry_exhausted`, in spans",
    ),
    (
        "service.pipelines.*.exporters",
        "with several exporters, one that fails does not make the client send again to the others: \
         what it could not take is counted with a reason",
    ),
];

/// Said at a mapping that lacks the key.
const ABSENT: &[(Way, &str, &str)] = &[
    (
        "receivers.otlp.protocols.grpc",
        "max_concurrent_streams",
        "a connection may have 100 requests open at once; in the Collector any number",
    ),
    (
        "exporters.otlphttp",
        "compression_params",
        "gzip runs at level 1, in the Collector at 6: more bytes, far less time",
    ),
];

/// Every note on a tree: the key's place, its path, the text.
pub(super) fn of(root: &Node) -> Vec<(Mark, String, &'static str)> {
    let mut notes = Vec::new();
    walk(root, Mark::default(), &mut Vec::new(), &mut notes);
    notes
}

fn walk(
    node: &Node,
    key: Mark,
    way: &mut Vec<String>,
    notes: &mut Vec<(Mark, String, &'static str)>,
) {
    let path = way.join(".");
    for (at, text) in PRESENT {
        if is_at(at, way) {
            notes.push((key, path.clone(), text));
        }
    }
    let entries = match &node.value {
        Value::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    for (at, missing, text) in ABSENT {
        if is_at(at, way) && !entries.iter().any(|entry| entry.key == *missing) {
            notes.push((key, path.clone(), text));
        }
    }
    if let Some(origin) = &node.origin
        && has_bare_default(&origin.written)
    {
        let text = "`${NAME:-default}` works here; the Collector wants `${env:NAME:-default}`";
        notes.push((node.mark, path, text));
    }
    for entry in entries {
        way.push(entry.key.clone());
        walk(&entry.node, entry.mark, way, notes);
        let _left = way.pop();
    }
    if let Value::List(items) = &node.value {
        way.push("[]".to_owned());
        for item in items {
            walk(item, item.mark, way, notes);
        }
        let _left = way.pop();
    }
}

/// Whether a way leads to a place of the tree.
fn is_at(pattern: &str, way: &[String]) -> bool {
    let steps: Vec<&str> = pattern.split('.').collect();
    steps.len() == way.len()
        && steps.iter().zip(way).enumerate().all(|(depth, (step, key))| {
            *step == "*" || *step == key.as_str() || depth == 1 && *step == kind_of(way, key)
        })
}

/// The type that an id stands for, aliases resolved.
fn kind_of<'a>(way: &[String], id: &'a str) -> &'a str {
    let name = id.split('/').next().unwrap_or_default().trim();
    let section = way.first().map_or("", String::as_str);
    let kind = KINDS.iter().find(|kind| kind.section == section && kind.name == name);
    kind.map_or(name, |kind| kind.table)
}

/// `${NAME:-` without a scheme.
fn has_bare_default(written: &str) -> bool {
    written.split("${").skip(1).any(|rest| {
        let inner = rest.split('}').next().unwrap_or_default();
        inner.split_once(":-").is_some_and(|(name, _)| !name.contains(':'))
    })
}
