//! Random valid requests, as odd as protobuf allows: fields in any order, unknown fields of every
//! wire type at every level, padded keys and lengths, resources last, repeated or absent, the
//! deprecated field 1000, values in parts. Items have attributes of the same kind as resources.

use crate::draw::{Draw, KEYS, NAMES};
use spanyard_wire::encode::{self, encoded};
use spanyard_wire::field::{self, Key};
use spanyard_wire::schema::{self, Signal};
use spanyard_wire::varint;

/// Field numbers that no message of OTLP uses.
const UNKNOWN: [u32; 6] = [50, 15_000, 999, 1001, 2047, (1 << 29) - 1];

/// An encoded request.
pub(crate) fn request(draw: &mut Draw<'_>, signal: Signal) -> Vec<u8> {
    let groups = draw.pick(4);
    let fields = (0..groups).map(|_| group(draw, signal)).collect();
    message(draw, fields)
}

fn group(draw: &mut Draw<'_>, signal: Signal) -> Vec<u8> {
    let mut fields = Vec::new();
    for _ in 0..draw.of(&[1, 1, 1, 0, 2, 3]) {
        let body = resource(draw);
        fields.push(field(draw, schema::RESOURCE, &body));
    }
    for _ in 0..draw.pick(3) {
        let body = scope(draw, signal);
        let number = if draw.one_in(5) { schema::SCOPES_DEPRECATED } else { schema::SCOPES };
        fields.push(field(draw, number, &body));
    }
    for _ in 0..draw.pick(2) {
        fields.push(field(draw, schema::SCHEMA_URL, b"https://opentelemetry.io/schemas/1.27.0"));
    }
    let body = message(draw, fields);
    field(draw, schema::GROUP, &body)
}

fn resource(draw: &mut Draw<'_>) -> Vec<u8> {
    let mut fields = Vec::new();
    for _ in 0..draw.pick(6) {
        let body = attribute(draw);
        fields.push(field(draw, schema::ATTRIBUTE, &body));
    }
    if draw.one_in(4) {
        fields.push(encoded(|out| out.uint(2, 3)));
    }
    if draw.one_in(4) {
        let entity = encoded(|out| out.string(2, "service"));
        fields.push(field(draw, 3, &entity));
    }
    message(draw, fields)
}

fn attribute(draw: &mut Draw<'_>) -> Vec<u8> {
    let mut fields = Vec::new();
    for _ in 0..draw.of(&[1, 1, 1, 1, 0, 2]) {
        let key = draw.of(&KEYS);
        fields.push(field(draw, schema::ATTRIBUTE_KEY, key.as_bytes()));
    }
    for _ in 0..draw.of(&[1, 1, 1, 1, 0, 2, 3]) {
        let value = draw.any_value();
        let value = message(draw, vec![value]);
        fields.push(field(draw, schema::ATTRIBUTE_VALUE, &value));
    }
    if draw.one_in(8) {
        fields.push(encoded(|out| out.int(3, -1)));
    }
    message(draw, fields)
}

fn scope(draw: &mut Draw<'_>, signal: Signal) -> Vec<u8> {
    let mut fields = Vec::new();
    for _ in 0..draw.of(&[1, 0, 2]) {
        let scope = encoded(|out| {
            out.string(1, draw.of(&["library", ""]));
            out.string(2, draw.of(&["", "1.0"]));
        });
        fields.push(field(draw, schema::SCOPE, &scope));
    }
    for _ in 0..draw.pick(5) {
        let body = item(draw, signal);
        fields.push(field(draw, schema::ITEM, &body));
    }
    if draw.one_in(3) {
        fields.push(field(draw, schema::SCHEMA_URL, b"s"));
    }
    message(draw, fields)
}

fn item(draw: &mut Draw<'_>, signal: Signal) -> Vec<u8> {
    let mut fields = match signal {
        Signal::Traces => vec![
            encoded(|out| out.bytes(1, &[7; 16])),
            encoded(|out| out.string(5, draw.of(&NAMES))),
            encoded(|out| out.uint(6, draw.of(&[1, 0, 2, 1 << 32 | 2]))),
            encoded(|out| out.fixed64(7, u64::MAX)),
            encoded(|out| out.fixed32(16, 1)),
        ],
        Signal::Logs => {
            let mut fields = vec![
                encoded(|out| out.fixed64(1, 1)),
                encoded(|out| out.uint(2, draw.of(&[0, 1, 2]))),
                encoded(|out| out.string(3, draw.of(&["", "WARN"]))),
            ];
            for _ in 0..draw.of(&[1, 1, 0, 2]) {
                let body = draw.any_value();
                fields.push(field(draw, schema::LOG_BODY, &body));
            }
            fields
        }
        Signal::Metrics => return metric(draw),
    };
    let number = match signal {
        Signal::Traces => schema::SPAN_ATTRIBUTE,
        _ => schema::LOG_ATTRIBUTE,
    };
    attributes(draw, number, &mut fields);
    message(draw, fields)
}

fn metric(draw: &mut Draw<'_>) -> Vec<u8> {
    let mut fields = vec![encoded(|out| out.string(1, draw.of(&NAMES)))];
    for _ in 0..draw.pick(4) {
        let number = draw.of(&schema::METRIC_DATA);
        let mut points = Vec::new();
        for _ in 0..draw.pick(4) {
            let mut point = vec![encoded(|out| out.fixed64(3, 9))];
            attributes(draw, schema::point_attribute(number), &mut point);
            let point = message(draw, point);
            points.push(field(draw, schema::METRIC_POINT, &point));
        }
        let data = message(draw, points);
        fields.push(field(draw, number, &data));
    }
    message(draw, fields)
}

fn attributes(draw: &mut Draw<'_>, number: u32, fields: &mut Vec<Vec<u8>>) {
    for _ in 0..draw.pick(5) {
        let body = attribute(draw);
        fields.push(field(draw, number, &body));
    }
}

/// The fields in some order, with unknown ones among them.
fn message(draw: &mut Draw<'_>, mut fields: Vec<Vec<u8>>) -> Vec<u8> {
    for _ in 0..draw.of(&[0, 0, 0, 1, 2]) {
        fields.push(unknown(draw, 2));
    }
    draw.shuffle(&mut fields);
    fields.concat()
}

fn unknown(draw: &mut Draw<'_>, depth: usize) -> Vec<u8> {
    let number = draw.of(&UNKNOWN);
    match draw.pick(6) {
        0 => encoded(|out| out.uint(number, u64::from(draw.byte()) << 50)),
        1 => encoded(|out| out.fixed64(number, 1)),
        2 => {
            let body = draw.bytes(5);
            field(draw, number, &body)
        }
        3 => encoded(|out| out.fixed32(number, 1)),
        4 if depth > 0 => {
            let inner = unknown(draw, depth - 1);
            encoded(|out| {
                out.key(number, field::GROUP_START);
                out.raw(&inner);
                out.key(number, field::GROUP_END);
            })
        }
        _ => encoded(|out| out.message(number, |inner| inner.string(1, "text"))),
    }
}

/// A length-delimited field, its key and its length now and then longer than they need to be.
fn field(draw: &mut Draw<'_>, number: u32, body: &[u8]) -> Vec<u8> {
    let mut out = padded(draw, u64::from(Key::new(number, field::LEN).raw()));
    out.extend(padded(draw, body.len() as u64));
    out.extend(body);
    out
}

fn padded(draw: &mut Draw<'_>, value: u64) -> Vec<u8> {
    let len = if draw.one_in(6) { 1 + draw.pick(varint::LEN_MAX) } else { 1 };
    pad(value, len)
}

/// The varint `value` in at least `len` bytes.
pub(crate) fn pad(value: u64, len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    varint::write(value, &mut out);
    while out.len() < len {
        if let Some(last) = out.last_mut() {
            *last |= 0x80;
        }
        out.push(0);
    }
    out
}

/// A request of the plainest kind: what an SDK sends.
pub(crate) fn plain(groups: usize, items: usize) -> Vec<u8> {
    encoded(|out| {
        for group in 0..groups {
            out.message(1, |out| {
                out.message(1, |resource| {
                    resource.string_attribute(1, "service.name", &format!("service-{group}"));
                    resource.string_attribute(1, "a", "production");
                    resource.attribute(1, "b", &encode::any_value_int(7));
                });
                out.message(2, |scope| {
                    scope.message(1, |inner| inner.string(1, "library"));
                    (0..items).for_each(|_| scope.message(2, |span| span.string(5, "GET /")));
                });
            });
        }
    })
}
