//! What is refused, with the place and the reason.

use super::*;

/// Where the members of [`around`] begin.
const AT: usize = 44;

#[test]
fn ids_of_a_wrong_length_or_not_in_hex_are_named_with_their_place() {
    assert_eq!(
        refusal("\"name\":\"n\",\"traceId\":\"5b8efff798038103d269b633813fc60\""),
        format!(
            "offset {}, resourceSpans[0].scopeSpans[0].spans[0].traceId: 31 hex digits, \
             expected 32",
            AT + 22
        )
    );
    for (members, reason) in [
        ("\"spanId\":\"eee19b7ec3c1b1740\"", "17 hex digits, expected 16"),
        ("\"spanId\":\"eee19b7ec3c1b17g\"", "not hex digits"),
        ("\"parentSpanId\":\"ee\"", "2 hex digits, expected 16"),
        ("\"traceId\":5", "expected a string of hex digits, found 5"),
        ("\"links\":[{},{\"traceId\":\"x\"}]", "1 hex digits, expected 32"),
    ] {
        let found = refusal(members);
        assert!(found.ends_with(&format!(": {reason}")), "{found}");
    }
    assert!(refusal("\"links\":[{},{\"traceId\":\"x\"}]").contains("spans[0].links[1].traceId:"));
}

#[test]
fn integers_that_are_none_or_out_of_range_are_refused() {
    for (members, reason) in [
        ("\"startTimeUnixNano\":\"-1\"", "out of the range of a uint64"),
        ("\"startTimeUnixNano\":18446744073709551616", "an integer of more than 64 bits"),
        ("\"startTimeUnixNano\":1.5", "not an integer"),
        ("\"startTimeUnixNano\":1e-1", "not an integer"),
        ("\"startTimeUnixNano\":1e99999999999999999999", "an integer of more than 64 bits"),
        ("\"startTimeUnixNano\":\"\"", "not an integer"),
        ("\"startTimeUnixNano\":\"12a\"", "not an integer"),
        ("\"startTimeUnixNano\":\" 12\"", "not an integer"),
        ("\"startTimeUnixNano\":\"1.\"", "not an integer"),
        ("\"startTimeUnixNano\":true", "expected a number, found t"),
        ("\"startTimeUnixNano\":01", "expected a comma or }, found 1"),
        ("\"startTimeUnixNano\":-", "expected a digit, found }"),
        ("\"startTimeUnixNano\":1.e3", "expected a digit, found e"),
        ("\"droppedEventsCount\":4294967296", "out of the range of a uint32"),
        ("\"droppedEventsCount\":-1", "out of the range of a uint32"),
        ("\"flags\":\"4294967296\"", "out of the range of a uint32"),
        ("\"kind\":2147483648", "out of the range of an int32"),
        ("\"kind\":\"SPAN_KIND_BUTLER\"", "not a name of this enum"),
        ("\"kind\":\"2\"", "not a name of this enum"),
    ] {
        let found = refusal(members);
        assert!(found.ends_with(&format!(": {reason}")), "{members}: {found}");
    }
    for int in ["9223372036854775808", "\"-9223372036854775809\""] {
        let found = refusal(&format!("\"attributes\":[{{\"value\":{{\"intValue\":{int}}}}}]"));
        assert!(found.ends_with("attributes[0].value.intValue: out of the range of an int64"));
    }
}

#[test]
fn other_values_of_a_wrong_type_are_refused() {
    let in_value = |json: &str| refusal(&format!("\"attributes\":[{{\"value\":{json}}}]"));
    for (found, reason) in [
        (refusal("\"name\":5"), "spans[0].name: expected a string, found 5"),
        (refusal("\"status\":[]"), "spans[0].status: expected an object, found ["),
        (refusal("\"events\":{}"), "spans[0].events: expected an array, found {"),
        (refusal("\"events\":[7]"), "spans[0].events[0]: expected an object, found 7"),
        (refusal("\"status\":\"x\""), "status: expected an object, found a quote"),
        (in_value("{\"boolValue\":1}"), "boolValue: expected true or false, found 1"),
        (in_value("{\"boolValue\":tru}"), "boolValue: expected true, found t"),
        (in_value("{\"doubleValue\":1e400}"), "a number beyond the range of a double"),
        (in_value("{\"doubleValue\":\"1e400\"}"), "a number beyond the range of a double"),
        (in_value("{\"doubleValue\":\"x\"}"), "doubleValue: not a number"),
        (in_value("{\"doubleValue\":01}"), "expected a comma or }, found 1"),
        (in_value("{\"doubleValue\":NaN}"), "doubleValue: expected a number, found N"),
        (in_value("{\"bytesValue\":\"a\"}"), "bytesValue: not base64"),
        (in_value("{\"bytesValue\":\"QQ=\"}"), "bytesValue: not base64"),
        (in_value("{\"bytesValue\":\"Q?==\"}"), "bytesValue: not base64"),
        (in_value("{\"bytesValue\":7}"), "expected a string of base64, found 7"),
    ] {
        assert!(found.ends_with(reason), "{found}");
    }
}

#[test]
fn bad_utf8_is_refused_where_it_stands() {
    for (bad, at) in
        [(&b"ab\xffcd"[..], 2), (b"\xc3", 0), (b"long text before it \xed\xa0\x80", 20)]
    {
        let name = [b"\"name\":\"".as_slice(), bad, b"\""].concat();
        let json = around("@").into_bytes();
        let place = json.iter().position(|byte| *byte == b'@').unwrap();
        let json = [&json[..place], &name, &json[place + 1..]].concat();
        let path = "resourceSpans[0].scopeSpans[0].spans[0].name";
        assert_eq!(refused(&json), format!("offset {}, {path}: bad UTF-8", AT + 8 + at));
    }
    assert!(refused(b"{\"unknown\":\"\xff\"}").starts_with("offset 12: bad UTF-8"));
    assert!(refused(b"{\"unk\xffnown\":1}").starts_with("offset 5: bad UTF-8"));
    assert!(refused(b"{\xff}").ends_with("expected a name or }, found byte 0xff"));
}

#[test]
fn what_is_no_json_is_refused() {
    for (json, reason) in [
        (&b""[..], "offset 0: expected an object, found the end"),
        (b" \n", "offset 2: expected an object, found the end"),
        (b"[]", "offset 0: expected an object, found ["),
        (b"\"x\"", "offset 0: expected an object, found a quote"),
        (b"\xef\xbb\xbf{}", "offset 0: a byte order mark, expected an object"),
        (b"{} {}", "offset 3: expected the end, found {"),
        (b"{}x", "offset 2: expected the end, found x"),
        (b"null,", "offset 4: expected the end, found ,"),
        (b"nul", "offset 3: expected null, found the end"),
        (b"nulll", "offset 0: expected null, found n"),
        (b"{,}", "offset 1: expected a name or }, found ,"),
        (b"{\"a\":1,}", "offset 7: expected a name, found }"),
        (b"{\"a\" 1}", "offset 5: expected a colon, found 1"),
        (b"{\"a\":}", "offset 5: expected a value, found }"),
        (b"{\"a\":1 \"b\":2}", "offset 7: expected a comma or }, found a quote"),
        (b"{\"a\":[1,]}", "offset 8: expected a value, found ]"),
        (b"{\"a\":[1}", "offset 7: expected a comma or ], found }"),
        (b"{\"a\":'b'}", "offset 5: expected a value, found '"),
        (b"{\"a\":\"\n\"}", "offset 6: a control character in a string, expected an escape"),
        (b"{\"a\":\"\\x\"}", "offset 7: expected an escape, found x"),
        (b"{\"a\":\"\\u12g4\"}", "offset 10: an escape of fewer than four hex digits"),
        (b"{\"a\":\"\\\\", "offset 8: expected a closing quote, found the end"),
        (b"{\"a\":1", "offset 6: expected }, found the end"),
        (
            b"{\"resourceSpans\":[{\"x\":1},]}",
            "offset 26, resourceSpans[1]: expected an object, found ]",
        ),
        (b"\xff", "offset 0: expected an object, found byte 0xff"),
    ] {
        assert_eq!(refused(json), reason, "{}", String::from_utf8_lossy(json));
    }
}

#[test]
fn a_hundred_levels_are_taken_and_one_more_is_not() {
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        format!("{{\"unknown\":{open}{close}}}")
    };
    assert_eq!(bytes(Signal::Traces, nested(100).as_bytes()), Ok(Vec::new()));
    assert_eq!(refused(nested(101).as_bytes()), "offset 110: more than 100 levels of nesting");
    let known = |levels: usize| {
        let open = "{\"arrayValue\":{\"values\":[".repeat(levels);
        format!("{open}{}", "]}}".repeat(levels))
    };
    assert!(matches!(value(&known(30)), Some(Value::ArrayValue(_))));
    let members = format!("\"attributes\":[{{\"value\":{}}}]", known(31));
    assert!(refusal(&members).ends_with("more than 100 levels of nesting"));
}

#[test]
fn texts_of_refusals_need_no_escaping() {
    for byte in 0..=255_u8 {
        for json in [vec![byte], vec![b'{', byte], [b"{\"a\":", &[byte][..]].concat()] {
            let Err(FrameError::BadJson(error)) = bytes(Signal::Logs, &json) else { continue };
            let text = error.to_string();
            assert!(text.chars().all(|c| (' '..='~').contains(&c) && c != '"' && c != '\\'));
        }
    }
}
