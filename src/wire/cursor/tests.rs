//! The cursor on its own: keys, skipping, groups, offsets of errors.

use proptest::prelude::*;

use super::*;

fn skip_all(bytes: &[u8]) -> Result<usize, WireError> {
    let mut cursor = Cursor::new(bytes);
    let mut fields = 0;
    while let Some(key) = cursor.key()? {
        cursor.skip(key)?;
        fields += 1;
    }
    Ok(fields)
}

#[test]
fn fields_of_every_wire_type_are_skipped() {
    let mut bytes = vec![0x08, 0x96, 0x01]; // varint
    bytes.extend([0x11, 1, 2, 3, 4, 5, 6, 7, 8]); // fixed64
    bytes.extend([0x1a, 2, 0xff, 0xff]); // length-delimited
    bytes.extend([0x25, 1, 2, 3, 4]); // fixed32
    bytes.extend([0x2b, 0x33, 0x34, 0x08, 0x01, 0x2c]); // group 5 { group 6 {} 1: 1 }
    bytes.extend([0xc2, 0x3e, 0x00]); // field 1000
    assert_eq!(skip_all(&bytes), Ok(6));
}

#[test]
fn malformed_fields_are_refused_with_their_place() {
    let cases: &[(&[u8], usize, Reason)] = &[
        (&[0x08], 1, Reason::Truncated),
        (&[0x80], 0, Reason::Truncated),
        (&[0x02, 0x00], 0, Reason::FieldZero),
        (&[0x80, 0x00], 0, Reason::FieldZero),
        (&[0x0e], 1, Reason::UnknownWireType(6)),
        (&[0x0f], 1, Reason::UnknownWireType(7)),
        (&[0x0c], 1, Reason::GroupEnd(1)),
        (&[0x0b, 0x14], 2, Reason::GroupEnd(2)),
        (&[0x0b, 0x08, 0x01], 3, Reason::Truncated),
        (&[0x0b, 0x0f, 0x0c], 2, Reason::UnknownWireType(7)),
        (&[0x11, 1, 2, 3], 1, Reason::Truncated),
        (&[0x0d, 1, 2, 3], 1, Reason::Truncated),
        (&[0x0a, 0x05, 1, 2], 2, Reason::LengthPastEnd { length: 5, left: 2 }),
        (
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0],
            11,
            Reason::LengthPastEnd { length: u64::MAX, left: 1 },
        ),
        (&[0x88, 0x80, 0x80, 0x80, 0x10, 0x00], 0, Reason::KeyTooLarge(0x1_0000_0008)),
        (
            &[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
            1,
            Reason::VarintTooLong,
        ),
    ];
    assert!(!cases.is_empty());
    for &(bytes, offset, reason) in cases {
        assert_eq!(skip_all(bytes), Err(WireError::new(offset, reason)), "{bytes:02x?}");
    }
}

#[test]
fn groups_nest_to_the_limit_and_no_deeper() {
    let nested = |depth: usize| [vec![0x0b; depth], vec![0x0c; depth]].concat();
    assert_eq!(skip_all(&nested(GROUP_DEPTH_MAX)), Ok(1));
    let error = skip_all(&nested(GROUP_DEPTH_MAX + 1)).unwrap_err();
    assert_eq!(error.reason, Reason::GroupTooDeep);
}

#[test]
fn groups_end_in_the_order_in_which_they_began_however_many_are_open() {
    for depth in [1, 2, 8, 9, 10, 15] {
        let starts = (1..=depth).map(|number| number << 3 | 3);
        let ends = (1..=depth).rev().map(|number| number << 3 | 4);
        let mut bytes: Vec<u8> = starts.chain([0x0a, 1, 0xff]).chain(ends).collect();
        assert_eq!(skip_all(&bytes), Ok(1), "{depth}");
        for at in bytes.len() - usize::from(depth)..bytes.len() {
            bytes[at] ^= 0x40;
            let error = skip_all(&bytes).unwrap_err();
            let refused = matches!(error.reason, Reason::GroupEnd(_) | Reason::FieldZero);
            assert!(refused, "{depth}, {at}: {error}");
            bytes[at] ^= 0x40;
        }
    }
}

proptest! {
    #[test]
    fn what_is_skipped_in_one_go_is_what_is_skipped_field_by_field(
        bytes in proptest::collection::vec(
            prop_oneof![
                proptest::sample::select(vec![0x0a, 0x0b, 0x0c, 8, 9, 0x0d, 0x80, 0, 1, 2, 5]),
                any::<u8>(),
            ],
            0..60,
        ),
        size in 0..20_usize,
    ) {
        let (mut fast, mut slow) = (Cursor::new(&bytes), Cursor::new(&bytes));
        fast.skip_below(size);
        while slow.offset() < fast.offset() {
            prop_assert!(slow.rest().len() >= size);
            let key = slow.key().unwrap().unwrap();
            match key.wire() {
                field::LEN => prop_assert!(slow.message(key).unwrap().rest().len() < size),
                _ => slow.skip(key).unwrap(),
            }
        }
        prop_assert_eq!(slow.offset(), fast.offset());

        let (mut fast, mut slow) = (Cursor::new(&bytes), Cursor::new(&bytes));
        if let Some(length) = fast.plain_skip(0x0a) {
            let key = slow.key().unwrap().unwrap();
            prop_assert_eq!((key.raw(), slow.body(key).unwrap().len()), (0x0a, length));
        }
        prop_assert_eq!(slow.offset(), fast.offset());
    }
}

#[test]
fn offsets_inside_nested_messages_count_from_the_start_of_the_input() {
    let bytes = [0x08, 0x01, 0x12, 0x04, 0x0a, 0x02, 0xaa, 0xbb];
    let mut cursor = Cursor::new(&bytes);
    let key = cursor.key().unwrap().unwrap();
    cursor.skip(key).unwrap();
    let key = cursor.key().unwrap().unwrap();
    let mut inner = cursor.message(key).unwrap();
    assert_eq!(inner.span(), Span { start: 4, end: 8 });
    let key = inner.key().unwrap().unwrap();
    assert_eq!(inner.message(key).unwrap().span(), Span { start: 6, end: 8 });
    assert_eq!(inner.span_from(4), Span { start: 4, end: 8 });
    assert!(inner.is_empty() && cursor.is_empty());
}
