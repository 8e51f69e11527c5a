//! Named requests: every way in which peers, old formats and attackers have tripped up a reader.
//! The tests run them all, and the fuzzer starts from them.

use crate::numbers;
use crate::shapes::plain;
use spanyard_wire::encode::{self, Encoder, encoded};
use spanyard_wire::field;
use spanyard_wire::schema::Signal;

/// A request by name.
pub(crate) struct Seed {
    pub(crate) name: &'static str,
    pub(crate) signal: Signal,
    pub(crate) bytes: Vec<u8>,
    /// Items in it, or `None` if it is to be refused.
    pub(crate) items: Option<u64>,
}

/// All seeds.
pub(crate) fn all() -> Vec<Seed> {
    [
        orders(),
        resources(),
        unknowns(),
        numbers::varints(),
        numbers::lengths(),
        numbers::keys(),
        signals(),
        unopened(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) fn traces(name: &'static str, bytes: Vec<u8>, items: Option<u64>) -> Seed {
    Seed { name, signal: Signal::Traces, bytes, items }
}

pub(crate) fn group(parts: &[&[u8]]) -> Vec<u8> {
    encoded(|out| out.bytes(1, &parts.concat()))
}

fn resource(pairs: &[(&str, &str)]) -> Vec<u8> {
    encoded(|out| {
        out.message(1, |resource| {
            pairs.iter().for_each(|(key, value)| resource.string_attribute(1, key, value));
        });
    })
}

pub(crate) fn with_pair(pair: &[u8]) -> Vec<u8> {
    group(&[&encoded(|out| out.message(1, |resource| resource.bytes(1, pair)))])
}

fn span(out: &mut Encoder<'_>) {
    out.message(2, |span| {
        span.bytes(1, &[1; 16]);
        span.bytes(2, &[2; 8]);
        span.string(5, "GET /");
    });
}

pub(crate) fn scopes(spans: usize) -> Vec<u8> {
    encoded(|out| out.message(2, |scope| (0..spans).for_each(|_| span(scope))))
}

pub(crate) const SCHEMA: &[u8] = &[0x1a, 1, b's'];

fn orders() -> Vec<Seed> {
    let gold = resource(&[("service.name", "shop"), ("a", "gold")]);
    let descending = encoded(|out| {
        out.message(2, |scope| {
            scope.string(3, "schema");
            span(scope);
            span(scope);
            scope.message(1, |inner| inner.string(1, "library"));
        });
    });
    vec![
        traces("plain", plain(3, 4), Some(12)),
        traces("fields in descending order", group(&[SCHEMA, &descending, &gold]), Some(2)),
        traces("schema_url before resource", group(&[SCHEMA, &gold, &scopes(1)]), Some(1)),
        traces("resource between scopes", group(&[&scopes(1), &gold, &scopes(2)]), Some(3)),
        traces("two requests joined", [plain(1, 2), plain(2, 1)].concat(), Some(4)),
    ]
}

fn resources() -> Vec<Seed> {
    let first = resource(&[("a", "1"), ("b", "2")]);
    let second = resource(&[("b", "3"), ("service.name", "late")]);
    let boundary = "v".repeat(90);
    vec![
        traces("empty request", Vec::new(), Some(0)),
        traces("empty groups", vec![0x0a, 0, 0x0a, 0], Some(0)),
        traces("resource absent", group(&[&scopes(2)]), Some(2)),
        traces("resource empty", group(&[&[0x0a, 0], &scopes(2)]), Some(2)),
        traces("resource repeated", group(&[&first, &scopes(1), &second, SCHEMA]), Some(1)),
        traces(
            "keys repeated",
            group(&[&resource(&[("a", "1"), ("a", "2"), ("a", "3")])]),
            Some(0),
        ),
        traces("lengths at 127", group(&[&resource(&[("a", &boundary), ("b", "")])]), Some(0)),
        traces("key absent", with_pair(&[0x12, 3, 0x0a, 1, b'x']), Some(0)),
        traces("value absent", with_pair(&[0x0a, 1, b'a']), Some(0)),
        traces("value unset", with_pair(&[0x0a, 1, b'a', 0x12, 0]), Some(0)),
        traces("key twice", with_pair(&[0x0a, 1, b'b', 0x12, 0, 0x0a, 1, b'a']), Some(0)),
        traces(
            "value in parts",
            with_pair(&[0x12, 3, 0x0a, 1, b'x', 0x0a, 1, b'a', 0x12, 2, 0x18, 7, 0x12, 0]),
            Some(0),
        ),
        traces(
            "array in parts",
            with_pair(&[0x12, 4, 0x2a, 2, 0x0a, 0, 0x0a, 1, b'a', 0x12, 4, 0x2a, 2, 0x0a, 0]),
            Some(0),
        ),
        traces("text that is no UTF-8", group(&[&resource(&[("a", "x")])]), Some(0)).broken_text(),
    ]
}

impl Seed {
    fn broken_text(mut self) -> Self {
        for byte in &mut self.bytes {
            if *byte == b'x' {
                *byte = 0xff;
            }
        }
        self
    }
}

/// A field of every wire type, none of them known anywhere.
fn strange() -> Vec<u8> {
    encoded(|out| {
        out.uint(99, u64::MAX);
        out.fixed64(99, 1);
        out.bytes(99, b"bytes");
        out.fixed32(99, 1);
        out.key(99, field::GROUP_START);
        out.key(7, field::GROUP_START);
        out.uint(1, 1);
        out.key(7, field::GROUP_END);
        out.key(99, field::GROUP_END);
    })
}

fn unknowns() -> Vec<Seed> {
    let strange = strange();
    let everywhere = encoded(|out| {
        out.raw(&strange);
        out.message(1, |group| {
            group.raw(&strange);
            group.message(1, |resource| {
                resource.raw(&strange);
                resource.message(1, |pair| {
                    pair.string(1, "a");
                    pair.raw(&strange);
                    pair.bytes(2, &[encode::any_value_int(1), strange.clone()].concat());
                });
                resource.raw(&strange);
                resource.string_attribute(1, "b", "x");
            });
            group.raw(&strange);
            group.message(2, |scope| {
                scope.raw(&strange);
                span(scope);
                scope.raw(&strange);
            });
        });
        out.raw(&strange);
    });
    let deprecated = encoded(|out| out.message(1000, |scope| (0..3).for_each(|_| span(scope))));
    let known = resource(&[("a", "1")]);
    vec![
        traces("unknown fields everywhere", everywhere, Some(1)),
        traces("only unknown fields", strange.clone(), Some(0)),
        traces("deprecated scopes", group(&[&known, &deprecated]), Some(3)),
        traces("both kinds of scopes", group(&[&deprecated, &scopes(2), &known]), Some(5)),
        traces("groups nested to the limit", [vec![0x2b; 64], vec![0x2c; 64]].concat(), Some(0)),
        traces("group not closed", vec![0x2b, 0x08, 1], None),
        traces("group closed by another", vec![0x2b, 0x34], None),
        traces("end of no group", vec![0x2c], None),
        traces("known field as a group", vec![0x0b, 0x0c], None),
        traces("resource as a group", group(&[&[0x0b, 0x0c]]), None),
    ]
}

fn signals() -> Vec<Seed> {
    let metric = |data: &[(u32, usize)]| {
        encoded(|out| {
            out.message(2, |scope| {
                scope.message(2, |metric| {
                    metric.string(1, "queue.size");
                    for &(number, points) in data {
                        metric.message(number, |data| {
                            (0..points).for_each(|_| data.message(1, |point| point.fixed64(3, 1)));
                        });
                    }
                });
            });
        })
    };
    let metrics = |name, data: &[(u32, usize)], items| Seed {
        name,
        signal: Signal::Metrics,
        bytes: group(&[&resource(&[("a", "1")]), &metric(data)]),
        items,
    };
    let cut = group(&[&[0x12, 6, 0x12, 4, 0x2a, 2, 0x0a, 9]]);
    let logs = encoded(|out| {
        out.message(2, |scope| {
            (0..3).for_each(|_| {
                scope.message(2, |log| log.bytes(5, &encode::any_value_string("text")));
            });
        });
    });
    let logs = group(&[&resource(&[("service.name", "shop")]), &logs]);
    vec![
        metrics("a gauge", &[(5, 3)], Some(3)),
        metrics(
            "every kind of data, the last counts",
            &[(5, 1), (7, 2), (9, 1), (10, 2), (11, 4)],
            Some(4),
        ),
        metrics("a sum in parts", &[(7, 2), (7, 3)], Some(5)),
        metrics("a gauge overwritten and set again", &[(5, 2), (7, 1), (5, 1)], Some(1)),
        metrics("a metric without data", &[], Some(0)),
        Seed { name: "point past its data", signal: Signal::Metrics, bytes: cut, items: None },
        Seed { name: "log records", signal: Signal::Logs, bytes: logs, items: Some(3) },
    ]
}

/// Malformed where the scan does not look: passed on as it came.
fn unopened() -> Vec<Seed> {
    vec![
        traces("malformed span", group(&[&[0x12, 4, 0x12, 2, 0x0a, 9]]), Some(1)),
        traces("malformed scope", group(&[&[0x12, 4, 0x0a, 2, 0x0a, 9]]), Some(0)),
        traces("malformed value", with_pair(&[0x0a, 1, b'a', 0x12, 2, 0x0a, 9]), Some(0)),
    ]
}
