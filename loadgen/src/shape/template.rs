//! One encoded request and the places in it that change from request to request.
//!
//! Lengths never change: ids and checksums have a fixed width. So a new request is the template's
//! bytes with `spans` small patches, and the enclosing lengths stay right.

use super::random::Random;
use super::{MAGIC, Shape, TRACE_SPANS_MAX};
use crate::checksum::{self, CHECKSUM_KEY, RESOURCE_KEY};
use crate::pb::{bytes_field, fixed64_field, int_attribute, string_attribute, varint_field};

/// An encoded `ExportTraceServiceRequest` whose ids can be set.
#[derive(Clone, Debug)]
pub struct Template {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    run: u32,
}

/// Where one span's changing fields lie, as offsets into the request.
#[derive(Clone, Debug)]
struct Slot {
    trace_id: usize,
    span_id: usize,
    /// Absent in the first span of a trace.
    parent_id: Option<usize>,
    checksum: usize,
    /// Spans between this one and the first of its trace.
    from_root: u64,
    /// The span's sum without its ids.
    base: u64,
    /// Number of its resource, which is part of the checksum.
    resource: usize,
}

impl Slot {
    const fn shift(&mut self, by: usize) {
        self.trace_id += by;
        self.span_id += by;
        self.checksum += by;
        if let Some(at) = &mut self.parent_id {
            *at += by;
        }
    }
}

impl Template {
    /// A request of this shape whose resources are numbered from `first_resource`.
    pub(super) fn new(shape: &Shape, first_resource: usize) -> Self {
        let mut random = Random::new(shape.seed ^ first_resource as u64);
        let mut whole = Part::default();
        let resources = shape.resources.max(1);
        for nth in 0..resources {
            let spans = share(shape.spans_per_request, resources, nth);
            let group = resource_spans(shape, first_resource + nth, spans, &mut random);
            whole.embed(1, group);
        }
        Self { bytes: whole.bytes, slots: whole.slots, run: shape.run }
    }

    /// Spans in the request.
    #[must_use]
    pub fn spans(&self) -> u64 {
        self.slots.len() as u64
    }

    /// Bytes of the request.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Replaces `out` by this request with the sequences from `first` on.
    pub fn write(&self, first: u64, out: &mut Vec<u8>) {
        out.clear();
        self.append(first, out);
    }

    /// Appends this request with the sequences from `first` on.
    pub fn append(&self, first: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        let Some(request) = out.get_mut(start..) else {
            return;
        };
        for (sequence, slot) in (first..).zip(&self.slots) {
            patch_span(request, self.run, sequence, slot);
        }
    }
}

fn patch_span(request: &mut [u8], run: u32, sequence: u64, slot: &Slot) {
    let root = sequence - slot.from_root;
    let trace_id = trace_id(run, root);
    let span_id = (sequence + 1).to_be_bytes();
    put(request, slot.trace_id, &trace_id);
    put(request, slot.span_id, &span_id);
    let mut sum = slot
        .base
        .wrapping_add(checksum::field_sum(1, &trace_id))
        .wrapping_add(checksum::field_sum(2, &span_id));
    if let Some(at) = slot.parent_id {
        let parent_id = (root + 1).to_be_bytes();
        put(request, at, &parent_id);
        sum = sum.wrapping_add(checksum::field_sum(4, &parent_id));
    }
    let mark = resource_mark(slot.resource);
    put(request, slot.checksum, &checksum::hex(checksum::finish(sum, mark.as_bytes())));
}

fn put(request: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = request.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

fn trace_id(run: u32, root: u64) -> [u8; 16] {
    let [a, b, c, d] = MAGIC;
    let [e, f, g, h] = run.to_be_bytes();
    let [i, j, k, l, m, n, o, p] = root.to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

fn resource_mark(resource: usize) -> String {
    format!("r{resource:06}")
}

/// How many of `spans` the resource `nth` of `resources` gets.
const fn share(spans: usize, resources: usize, nth: usize) -> usize {
    spans / resources + if nth < spans % resources { 1 } else { 0 }
}

/// A message under construction with the places noted so far.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
}

impl Part {
    fn embed(&mut self, field: u32, inner: Self) {
        let at = bytes_field(&mut self.bytes, field, &inner.bytes);
        self.slots.extend(inner.slots.into_iter().map(|mut slot| {
            slot.shift(at);
            slot
        }));
    }
}

fn resource_spans(shape: &Shape, number: usize, spans: usize, random: &mut Random) -> Part {
    let mut scope_spans = Part::default();
    let mut scope = Vec::new();
    let _at = bytes_field(&mut scope, 1, b"@opentelemetry/instrumentation-http");
    let _at = bytes_field(&mut scope, 2, b"0.57.2");
    let _at = bytes_field(&mut scope_spans.bytes, 1, &scope);
    for nth in 0..spans as u64 {
        scope_spans.embed(2, span(shape, number, nth, random));
    }
    let mut group = Part::default();
    let _at = bytes_field(&mut group.bytes, 1, &resource(shape, number));
    group.embed(2, scope_spans);
    let _at = bytes_field(&mut group.bytes, 3, b"https://opentelemetry.io/schemas/1.30.0");
    group
}

fn resource(shape: &Shape, number: usize) -> Vec<u8> {
    let defaults = [
        ("service.name", format!("service-{number:02}")),
        ("service.namespace", "shop".to_owned()),
        ("service.instance.id", format!("6ba7b810-9dad-11d1-80b4-{number:012x}")),
        ("k8s.pod.name", format!("service-{number:02}-7d9f8c6b5d-x2k4q")),
        ("host.name", format!("node-{number:02}.eu-west-1.internal")),
        ("telemetry.sdk.name", "opentelemetry".to_owned()),
        ("telemetry.sdk.language", "nodejs".to_owned()),
        ("telemetry.sdk.version", "1.30.1".to_owned()),
        ("deployment.environment.name", "production".to_owned()),
        (RESOURCE_KEY, resource_mark(number)),
    ];
    let given = &shape.resource_attributes;
    let mut out = Vec::new();
    for (key, value) in &defaults {
        if !given.iter().any(|(other, _)| other == key) {
            let _at = bytes_field(&mut out, 1, &string_attribute(key, value));
        }
    }
    for (key, values) in given {
        let value = Shape::value(values, number);
        let _at = bytes_field(&mut out, 1, &string_attribute(key, value));
    }
    out
}

/// One span: its ids are zero until it is patched.
fn span(shape: &Shape, resource: usize, nth: u64, random: &mut Random) -> Part {
    let from_root = nth % TRACE_SPANS_MAX;
    let start = shape.start_unix_nanos + nth * 1_000;
    let mut rest = Vec::new();
    let _at = bytes_field(&mut rest, 5, if from_root == 0 { ROUTE } else { QUERY }.as_bytes());
    varint_field(&mut rest, 6, if from_root == 0 { 2 } else { 3 });
    fixed64_field(&mut rest, 7, start);
    fixed64_field(&mut rest, 8, start + 1_000 + random.below(50_000_000));
    for nth in 0..shape.attrs {
        let _at = bytes_field(&mut rest, 9, &span_attribute(shape, nth, random));
    }
    let base = checksum::span_sum(&rest).unwrap_or(0);

    let mut bytes = Vec::with_capacity(rest.len() + 96);
    let trace_id = bytes_field(&mut bytes, 1, &[0; 16]);
    let span_id = bytes_field(&mut bytes, 2, &[0; 8]);
    let parent_id = (from_root != 0).then(|| bytes_field(&mut bytes, 4, &[0; 8]));
    bytes.extend_from_slice(&rest);
    let carrier = string_attribute(CHECKSUM_KEY, "0000000000000000");
    let checksum = bytes_field(&mut bytes, 9, &carrier) + carrier.len() - 16;
    let slot = Slot { trace_id, span_id, parent_id, checksum, from_root, base, resource };
    Part { bytes, slots: vec![slot] }
}

fn span_attribute(shape: &Shape, nth: usize, random: &mut Random) -> Vec<u8> {
    match KEYS.get(nth) {
        Some(&STATUS) => int_attribute(STATUS, 200 + random.below(4) * 100),
        Some(key) => string_attribute(key, &random.text(shape.attr_size)),
        None => string_attribute(&format!("app.attribute.{nth:03}"), &random.text(shape.attr_size)),
    }
}

const STATUS: &str = "http.response.status_code";
const KEYS: [&str; 8] = [
    "http.request.method_original",
    "url.path",
    STATUS,
    "server.address",
    "user_agent.original",
    "network.peer.address",
    "client.address",
    "enduser.id",
];
const ROUTE: &str = "POST /api/v1/orders";
const QUERY: &str = "SELECT shop.orders";
