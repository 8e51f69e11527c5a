//! The bodies of the fuzz targets. Each takes the fuzzer's bytes and panics on a bug.
//!
//! `request` and `splice_roundtrip` need no oracle and are fast; `oracle_diff` runs the comparisons
//! of the wire crate's oracle, whose files are included from its tests, against prost.
//!
//! The first byte chooses the signal. Where edits are wanted, the second says how many bytes choose
//! them; the rest is the request. [`corpus`] writes the oracle's seeds in these forms.
#![expect(clippy::expect_used, clippy::panic, reason = "a fuzz target reports a bug by panicking")]

#[path = "../../src/wire/tests/oracle/check.rs"]
mod check;
#[path = "../../src/wire/tests/oracle/draw.rs"]
mod draw;
#[path = "../../src/wire/tests/oracle/full.rs"]
mod full;
mod glue;
mod inflating;
#[path = "../../src/wire/tests/oracle/items.rs"]
mod items;
#[path = "../../src/wire/tests/oracle/numbers.rs"]
mod numbers;
#[path = "../../src/wire/tests/oracle/seeds.rs"]
mod seeds;
#[path = "../../src/wire/tests/oracle/shapes.rs"]
mod shapes;
#[path = "../../src/wire/tests/oracle/skeleton.rs"]
mod skeleton;
#[path = "../../src/wire/tests/oracle/survival.rs"]
mod survival;
#[path = "../../src/wire/tests/oracle/tools.rs"]
mod tools;

use draw::{Draw, Plan};
use full::Full;
pub use glue::h1_glue;
use spanyard::frame::json::{Transcoder, transcode};
use spanyard_wire::count::count_items;
use spanyard_wire::edit::lookup;
use spanyard_wire::prefix::{self, Prefix};
use spanyard_wire::reply;
use spanyard_wire::request::Request;
use spanyard_wire::resource::Resource;
use spanyard_wire::schema::Signal;
use spanyard_wire::splice::Splice;
use spanyard_wire::split::split;

/// How many bytes may choose edits.
const PLAN_MAX: usize = 64;

/// Any bytes as a request: nothing panics, offsets stay inside, a group counts alone what it counts
/// in the request, and its views never fail after a scan.
pub fn request(data: &[u8]) {
    let Some((&head, bytes)) = data.split_first() else {
        return;
    };
    let signal = signal(head);
    let mut request = Request::new();
    if let Err(error) = request.scan(signal, bytes) {
        assert!(error.offset <= bytes.len() && !error.to_string().is_empty());
        return;
    }
    for group in &request.groups {
        let body = group.body.of(bytes);
        assert_eq!(count_items(signal, body), Ok(group.items));
        for attribute in Resource::of(body).attributes() {
            let attribute = attribute.expect("a scanned resource");
            let found = Resource::of(body).find(attribute.key).expect("a key that is there");
            assert!(found.raw().len() <= body.len());
            drop(format!("{:?}", attribute.value.kind()));
        }
    }
    let parts = split(signal, bytes, bytes.len() / 3).expect("a scanned request can be cut");
    assert!(parts.len() <= bytes.len().max(1));
}

/// Any bytes as a request, with any edits of resources and items: what comes out is accepted, holds
/// the same items, and the attributes of its resources are what a look-up through the edits found
/// before.
pub fn splice_roundtrip(data: &[u8]) {
    let Some((signal, plan, bytes)) = planned(data) else {
        return;
    };
    let mut before = Request::new();
    if before.scan(signal, bytes).is_err() {
        return;
    }
    let slots = plan.slots();
    let steps: Vec<_> = plan.steps.iter().collect();
    let mut splice = Splice::new();
    let mut changed = false;
    for group in &before.groups {
        let edited = splice.rewrite_group(bytes, signal, group, &plan.edits, &steps, &slots);
        changed |= edited.expect("a scanned group can be edited");
    }
    let mut out = Vec::new();
    splice.write_to(bytes, &mut out);
    assert_eq!(out.len(), splice.len());

    let mut after = Request::new();
    after.scan(signal, &out).expect("an edited request is accepted");
    assert_eq!((before.groups.len(), before.items), (after.groups.len(), after.items));
    assert!(
        changed
            || before
                .groups
                .iter()
                .zip(&after.groups)
                .all(|(old, new)| { old.field.of(bytes) == new.field.of(&out) })
    );
    for (old, new) in before.groups.iter().zip(&after.groups) {
        for key in draw::KEYS {
            let key = key.as_bytes();
            let ahead = lookup(Resource::of(old.body.of(bytes)), &plan.edits, &slots, key);
            let found = Resource::of(new.body.of(&out)).find(key);
            assert_eq!(ahead.is_some(), found.is_some());
        }
    }
}

/// Any bytes, or a valid request made from them, against prost: scanned, edited, split, joined.
pub fn oracle_diff(data: &[u8]) {
    let Some((signal, plan, bytes)) = planned(data) else {
        return;
    };
    let made = data.first().is_some_and(|head| head / 3 % 2 == 1);
    let bytes = if made { shapes::request(&mut Draw::new(bytes), signal) } else { bytes.to_vec() };
    check::edit(signal, &bytes, &plan);
    check::cut(signal, &bytes, bytes.len() / 2);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    check::join(signal, first, second);
    check::join(signal, &bytes, &bytes);
}

/// Any bytes as a stream of gRPC messages, whose bodies are read as replies.
pub fn grpc_prefix(data: &[u8]) {
    let mut rest = data;
    while let Some((head, behind)) = rest.split_first_chunk::<{ prefix::LEN }>() {
        let Ok(parsed) = Prefix::parse(head) else {
            assert!(head.first().is_some_and(|&flag| flag > 1));
            return;
        };
        assert_eq!(parsed.to_bytes(), *head);
        let Some((body, next)) = behind.split_at_checked(parsed.len as usize) else {
            return;
        };
        replies(body);
        rest = next;
    }
}

/// Any bytes as a request in JSON: nothing panics; what is taken is a valid request, with pauses
/// the same; and where serde's types take it too, they read the same.
pub fn json(data: &[u8]) {
    let [head, step, text @ ..] = data else {
        return;
    };
    let signal = signal(*head);
    let mut bytes = Vec::new();
    let whole = transcode(signal, text, usize::MAX, &mut bytes);
    let mut paused = Vec::new();
    let mut transcoder = Transcoder::new(signal, text, usize::MAX);
    let mut again = Ok(false);
    while again == Ok(false) {
        again = transcoder.step(&mut paused, usize::from(*step).max(1));
    }
    assert_eq!(again.map(drop), whole);
    if whole.is_err() {
        return;
    }
    assert_eq!(paused, bytes);
    Request::new().scan(signal, &bytes).expect("what is written can be scanned");
    let ours = Full::decode(signal, &bytes).expect("and decoded");
    if let Some(theirs) = through_serde(signal, text) {
        assert!(ours.meaning() == theirs.meaning(), "{}", String::from_utf8_lossy(text));
    }
}

/// Any bytes in any coding: nothing panics, nothing passes the limit, and what an encoder makes of
/// them comes out again.
pub fn inflate(data: &[u8]) {
    inflating::inflate(data);
}

/// What serde's types read, where they mean to read the same: they know no underscores, and of two
/// members of a `oneof` they keep one where protobuf merges or keeps the other.
fn through_serde(signal: Signal, text: &[u8]) -> Option<Full> {
    let count = |name: &[u8]| text.windows(name.len()).filter(|part| *part == name).count();
    let several = [&b"arrayValue"[..], b"kvlistValue"].iter().any(|name| count(name) > 1);
    if several || text.contains(&b'_') || text.contains(&b'\\') {
        return None;
    }
    match signal {
        Signal::Traces => serde_json::from_slice(text).ok().map(Full::Traces),
        Signal::Logs => serde_json::from_slice(text).ok().map(Full::Logs),
        Signal::Metrics => None,
    }
}

/// What is read of a reply, written again, reads the same.
fn replies(body: &[u8]) {
    if let Ok(Some(partial)) = reply::read_partial_success(body) {
        let again = reply::partial_success(partial.rejected, &partial.message);
        assert_eq!(reply::read_partial_success(&again), Ok(Some(partial)));
    }
    if let Ok(status) = reply::read_status(body) {
        let again = reply::status(status.code, &status.message, status.retry_after);
        assert_eq!(reply::read_status(&again), Ok(status));
    }
}

fn signal(head: u8) -> Signal {
    let [traces, metrics, logs] = Signal::ALL;
    match head % 3 {
        0 => traces,
        1 => metrics,
        _ => logs,
    }
}

fn planned(data: &[u8]) -> Option<(Signal, Plan, &[u8])> {
    let [head, len, rest @ ..] = data else {
        return None;
    };
    let (choices, bytes) = rest.split_at_checked(usize::from(*len) % (PLAN_MAX + 1))?;
    Some((signal(*head), Draw::new(choices).plan(), bytes))
}

/// Requests in JSON to begin with.
const EXAMPLES: [(Signal, &str); 3] = [
    (Signal::Traces, include_str!("../../src/frame/json/tests/examples/trace.json")),
    (Signal::Metrics, include_str!("../../src/frame/json/tests/examples/metrics.json")),
    (Signal::Logs, include_str!("../../src/frame/json/tests/examples/logs.json")),
];

/// The first inputs: target, name, bytes.
#[must_use]
pub fn corpus() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut all = Vec::new();
    for (at, seed) in seeds::all().into_iter().enumerate() {
        let accepted = check::scan(seed.signal, &seed.bytes).map(|request| request.items);
        assert_eq!(accepted, seed.items, "{}", seed.name);
        let head = u8::try_from(seed.signal.index()).unwrap_or_default();
        let step = u8::try_from(at % 251).unwrap_or_default();
        let plan: Vec<u8> = (1..=32_u8).map(|n| n.wrapping_mul(step)).collect();
        let planned = [&[head, 32], plan.as_slice(), &seed.bytes].concat();
        let made = [&[head + 3, 32], plan.as_slice(), &plan, &seed.bytes].concat();
        all.push(("request", seed.name.to_owned(), [&[head], seed.bytes.as_slice()].concat()));
        all.push(("splice_roundtrip", seed.name.to_owned(), planned.clone()));
        all.push(("oracle_diff", seed.name.to_owned(), planned));
        all.push(("oracle_diff", format!("made {}", seed.name), made));
    }
    for (signal, text) in EXAMPLES {
        let head = u8::try_from(signal.index()).unwrap_or_default();
        let seed = [&[head, 7], text.as_bytes()].concat();
        all.push(("json", signal.name().to_owned(), seed));
    }
    all.extend(inflating::seeds());
    all.extend(glue::corpus());
    let delay = std::time::Duration::from_millis(1500);
    let bodies = [
        ("nothing", Vec::new()),
        ("partial success", reply::partial_success(3, "no route")),
        ("status", reply::status(14, "queue full", Some(delay))),
        ("plain status", reply::status(3, "malformed", None)),
    ];
    for (name, body) in bodies {
        let len = u32::try_from(body.len()).unwrap_or_default();
        let prefix = Prefix { compressed: false, len }.to_bytes();
        let message = [&prefix, body.as_slice()].concat();
        all.push(("grpc_prefix", format!("two of {name}"), message.repeat(2)));
        all.push(("grpc_prefix", name.to_owned(), message));
    }
    all
}
