//! Seeds about the numbers in front of a field: its key, its length, and the varints they are.

use crate::seeds::{SCHEMA, Seed, group, scopes, traces, with_pair};
use crate::shapes::{pad, plain};

pub(crate) fn varints() -> Vec<Seed> {
    // As an engine that reserves four bytes for every length writes it, zeros and empties included.
    let four = |number: u8, body: &[u8]| {
        [vec![number << 3 | 2], pad(body.len() as u64, 4), body.to_vec()].concat()
    };
    let pair = [four(1, b"a"), four(2, &four(1, b"x"))].concat();
    let resource = four(1, &[four(1, &pair), vec![0x10, 0]].concat());
    let scope = four(2, &[four(1, &[]), four(2, &[]), four(2, &[0x30, 0]), four(3, &[])].concat());
    let padded = four(1, &[resource, scope, four(3, &[])].concat());
    let ten =
        |bytes: &[u8], len: usize| [pad(0x0a, len), pad(bytes.len() as u64, 10), bytes.to_vec()];
    let mut eleven = vec![0x0a];
    eleven.extend([0x80; 10]);
    eleven.push(0);
    vec![
        traces("padded lengths", padded, Some(2)),
        traces("ten-byte lengths", ten(&scopes(1), 1).concat(), Some(1)),
        traces("ten-byte keys", ten(&scopes(1), 10).concat(), Some(1)),
        traces("eleven-byte length", eleven, None),
        traces("varint of 65 bits", [vec![0x28], vec![0xff; 9], vec![2]].concat(), None),
        traces("varint of 64 bits", [vec![0x28], vec![0xff; 9], vec![1]].concat(), Some(0)),
    ]
}

pub(crate) fn lengths() -> Vec<Seed> {
    let length = |length: u64| [vec![0x0a], pad(length, 1), vec![0]].concat();
    vec![
        traces("group past the end", vec![0x0a, 5, 0x12, 0], None),
        traces("resource past its group", group(&[&[0x0a, 9, 0]]), None),
        traces("scope past its group", group(&[&[0x12, 9, 0]]), None),
        traces("attribute past its resource", group(&[&[0x0a, 3, 0x0a, 2, 0]]), None),
        traces("key past its attribute", with_pair(&[0x0a, 2, b'a']), None),
        traces("value past its attribute", with_pair(&[0x12, 2, 0]), None),
        traces("item past its scope", group(&[&[0x12, 3, 0x12, 2, 0]]), None),
        traces("schema_url past its group", group(&[&[0x1a, 2, b's']]), None),
        traces(
            "item past its scope, inside the group",
            group(&[&[0x12, 2, 0x12, 1], SCHEMA]),
            None,
        ),
        traces("length of 4 GiB", length(1 << 32), None),
        traces("length of 2 to the 63", length(1 << 63), None),
        traces("length of 64 bits", length(u64::MAX), None),
        traces("length missing", vec![0x0a], None),
        traces("length cut", vec![0x0a, 0x80], None),
    ]
}

pub(crate) fn keys() -> Vec<Seed> {
    vec![
        traces("field number 0", vec![0x02, 0], None),
        traces("field number 0, padded", vec![0x82, 0x00, 0], None),
        traces("field number 0 in a group", group(&[&[0x00, 0]]), None),
        traces("field number 0 in a scope", group(&[&[0x12, 2, 0x02, 0]]), None),
        traces("trailing zero", [plain(1, 1), vec![0]].concat(), None),
        traces("wire type 6", vec![0x2e, 0], None),
        traces("wire type 7 in a resource", group(&[&[0x0a, 2, 0x2f, 0]]), None),
        traces("key of 33 bits", vec![0xa8, 0x80, 0x80, 0x80, 0x10, 0], None),
        traces("key of 32 bits", vec![0xf8, 0xff, 0xff, 0xff, 0x0f, 0], Some(0)),
        traces("group as a varint", vec![0x08, 1], None),
        traces("item as a varint", group(&[&[0x12, 2, 0x10, 1]]), None),
        traces("deprecated scopes as a varint", group(&[&[0xc0, 0x3e, 1]]), None),
        traces("attribute key as fixed32", with_pair(&[0x0d, 0, 0, 0, 0]), None),
    ]
}
