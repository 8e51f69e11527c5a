//! What is taken: the specification's rules, and the liberties that the Collector allows.

use super::*;
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};

#[test]
fn ids_are_hex_in_either_case_and_may_be_empty() {
    let ids = span(
        "\"traceId\":\"5B8EFFF798038103D269B633813FC60C\",\"spanId\":\"eee19b7ec3c1b174\",\
         \"parentSpanId\":\"\"",
    );
    let trace = [
        0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6,
        0x0c,
    ];
    assert_eq!(ids.trace_id, trace);
    assert_eq!(ids.span_id, [0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74]);
    assert!(ids.parent_span_id.is_empty());
    let escaped = span("\"spanId\":\"\\u0065ee19b7ec3c1b174\"");
    assert_eq!(escaped.span_id, ids.span_id);
    let zeros = span("\"spanId\":\"0000000000000000\"");
    assert_eq!(zeros.span_id, [0; 8], "zeros are kept as they are");
}

#[test]
fn integers_of_64_bits_are_numbers_or_strings_and_exact() {
    for (text, expected) in [
        ("\"1544712660300000001\"", 1_544_712_660_300_000_001),
        ("1544712660300000001", 1_544_712_660_300_000_001),
        ("\"18446744073709551615\"", u64::MAX),
        ("18446744073709551615", u64::MAX),
        ("\"00000000000000000000000000042\"", 42),
        ("0", 0),
        ("-0", 0),
        ("42 ", 42),
        ("1e3", 1000),
        ("1E+19", 10_000_000_000_000_000_000),
        ("12.50e1", 125),
        ("7.000", 7),
        ("\"7.0\"", 7),
        ("1000e-3", 1),
        ("0e99999999999999999999", 0),
        ("1844674407370955161.5e1", u64::MAX),
        ("\"\\u0034\\u0032\"", 42),
    ] {
        let found = span(&format!("\"startTimeUnixNano\":{text}"));
        assert_eq!(found.start_time_unix_nano, expected, "{text}");
    }
    for (text, expected) in [
        ("\"-9223372036854775808\"", i64::MIN),
        ("-9223372036854775808", i64::MIN),
        ("9223372036854775807", i64::MAX),
        ("-1", -1),
        ("-1e2", -100),
    ] {
        assert_eq!(value(&format!("{{\"intValue\":{text}}}")), Some(Value::IntValue(expected)));
    }
}

#[test]
fn enums_are_numbers_and_leniently_names() {
    assert_eq!(span("\"kind\":3").kind, 3);
    assert_eq!(span("\"kind\":\"SPAN_KIND_SERVER\"").kind, 2);
    assert_eq!(span("\"kind\":77").kind, 77, "an unknown number is kept");
    let status = span("\"status\":{\"code\":\"STATUS_CODE_ERROR\",\"message\":\"m\"}").status;
    assert_eq!(status.map(|status| status.code), Some(2));
    let record = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[\
                  {\"severityNumber\":\"SEVERITY_NUMBER_INFO\"},{\"severity_number\":24}]}]}]}";
    let found = logs(record);
    let records = &found.resource_logs[0].scope_logs[0].log_records;
    assert_eq!((records[0].severity_number, records[1].severity_number), (9, 24));
    let sum = "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"sum\":\
               {\"aggregationTemporality\":\"AGGREGATION_TEMPORALITY_CUMULATIVE\"}}]}]}]}";
    let found = metrics(sum);
    let Some(metric::Data::Sum(sum)) = &found.resource_metrics[0].scope_metrics[0].metrics[0].data
    else {
        panic!("no sum");
    };
    assert_eq!(sum.aggregation_temporality, 2);
}

#[test]
fn names_may_have_underscores_and_escapes() {
    let found = traces(
        "{\"resource_spans\":[{\"scope_spans\":[{\"spans\":[{\"start_time_unix_nano\":\"5\",\
         \"dropped_attributes_count\":3,\"trace\\u0053tate\":\"a=b\"}]}]}]}",
    );
    let span = &found.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!((span.start_time_unix_nano, span.dropped_attributes_count), (5, 3));
    assert_eq!(span.trace_state, "a=b");
}

#[test]
fn unknown_fields_are_passed_over_whatever_they_hold_and_nulls_are_absent() {
    let found = span(
        "\"zzz\":{\"name\":\"no\",\"spans\":[{\"a\":[[],{},1.5e-7,\"]}\",null]}]},\"name\":\"yes\",\
         \"a name that is longer than any of ours\":[true,false],\"status\":null,\"events\":null,\
         \"kind\":null,\"traceId\":null,\"links\":[]",
    );
    assert_eq!(found, Span { name: "yes".to_owned(), ..Span::default() });
    let lists = "\"events\":[null,{\"name\":\"e\"}]";
    assert_eq!(span(lists).events.len(), 2, "an element that is null is an empty one");
}

#[test]
fn doubles_are_numbers_or_strings() {
    for (text, expected) in [
        ("637.704", 637.704),
        ("-0.0", -0.0),
        ("1", 1.0),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("1e308", 1e308),
        ("\"12.5\"", 12.5),
        ("\"Infinity\"", f64::INFINITY),
        ("\"-Infinity\"", f64::NEG_INFINITY),
        ("\"NaN\"", f64::NAN),
        ("\"\\u0031\"", 1.0),
    ] {
        let Some(Value::DoubleValue(found)) = value(&format!("{{\"doubleValue\":{text}}}")) else {
            panic!("{text}");
        };
        assert!(found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan());
    }
}

#[test]
fn bytes_are_base64_of_either_alphabet_padded_or_not() {
    let all = [0xfb, 0xff, 0xfe, 0x00];
    for (text, expected) in [
        ("+//+AA==", &all[..]),
        ("-__-AA==", &all[..]),
        ("-__-AA", &all[..]),
        ("+\\/\\/+AA", &all[..]),
        ("+//+", &all[..3]),
        ("+/8=", &all[..2]),
        ("+/8", &all[..2]),
        ("", &[][..]),
    ] {
        let found = value(&format!("{{\"bytesValue\":\"{text}\"}}"));
        assert_eq!(found, Some(Value::BytesValue(expected.to_vec())), "{text}");
    }
    let long = "QUJD".repeat(100);
    let found = value(&format!("{{\"bytesValue\":\"{long}\"}}"));
    assert_eq!(found, Some(Value::BytesValue("ABC".repeat(100).into_bytes())));
}

#[test]
fn text_has_all_escapes_and_half_of_a_pair_is_replaced() {
    for (text, expected) in [
        (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r"caf\u00E9 \ud83d\ude00!", "caf\u{e9} \u{1f600}!"),
        (r"\ud800", "\u{fffd}"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83d\u0041", "\u{fffd}A"),
        (r"\ud83dx", "\u{fffd}x"),
        (r"\ud83d\n", "\u{fffd}\n"),
        (r"\u0000", "\0"),
        (
            "plain \u{1f600} caf\u{e9} behind it, much longer",
            "plain \u{1f600} caf\u{e9} behind it, much longer",
        ),
    ] {
        assert_eq!(span(&format!("\"name\":\"{text}\"")).name, expected);
    }
    let long = r"line\n".repeat(100);
    assert_eq!(span(&format!("\"name\":\"{long}\"")).name, "line\n".repeat(100));
}

#[test]
fn members_of_a_oneof_are_written_when_zero_and_other_zeros_are_not() {
    assert_eq!(value("{\"stringValue\":\"\"}"), Some(Value::StringValue(String::new())));
    assert_eq!(value("{\"intValue\":\"0\"}"), Some(Value::IntValue(0)));
    assert_eq!(value("{\"boolValue\":false}"), Some(Value::BoolValue(false)));
    assert_eq!(value("{}"), None);
    let zeros = "\"kind\":0,\"droppedLinksCount\":0,\"traceState\":\"\",\
                 \"startTimeUnixNano\":\"0\",\"attributes\":[],\"flags\":0";
    let whole = bytes(Signal::Traces, around(zeros).as_bytes()).unwrap();
    assert_eq!(whole, [0x0a, 4, 0x12, 2, 0x12, 0]);
}

#[test]
fn of_a_scalar_given_twice_the_last_holds_and_messages_are_merged() {
    assert_eq!(span("\"name\":\"a\",\"name\":\"b\"").name, "b");
    assert_eq!(span("\"name\":\"a\",\"name\":\"\"").name, "");
    assert_eq!(span("\"kind\":3,\"kind\":0").kind, 0);
    assert_eq!(span("\"kind\":3,\"kind\":null").kind, 3);
    assert!(span("\"spanId\":\"eee19b7ec3c1b174\",\"spanId\":\"\"").span_id.is_empty());
    let status = span("\"status\":{\"code\":2},\"status\":{\"message\":\"m\"}").status.unwrap();
    assert_eq!((status.code, &*status.message), (2, "m"));
    assert_eq!(span("\"events\":[{}],\"events\":[{},{}]").events.len(), 3);
    let last = value("{\"stringValue\":\"a\",\"intValue\":\"1\"}");
    assert_eq!(last, Some(Value::IntValue(1)));
}

#[test]
fn lists_of_numbers_are_packed() {
    let point = "\"bucketCounts\":[\"1\",2,300],\"explicitBounds\":[0.5,\"Infinity\"],\"sum\":0,\
                 \"exemplars\":[{\"asInt\":\"-7\"},{\"asDouble\":2}]";
    let found = metrics(&format!(
        "{{\"resourceMetrics\":[{{\"scopeMetrics\":[{{\"metrics\":[{{\"name\":\"h\",\"histogram\":\
         {{\"dataPoints\":[{{{point}}}]}}}},{{\"gauge\":{{\"dataPoints\":[{{\"asInt\":3}}]}}}}\
         ]}}]}}]}}"
    ));
    let all = &found.resource_metrics[0].scope_metrics[0].metrics;
    let (Some(metric::Data::Histogram(histogram)), Some(metric::Data::Gauge(gauge))) =
        (&all[0].data, &all[1].data)
    else {
        panic!("{all:?}");
    };
    let point = &histogram.data_points[0];
    assert_eq!(point.bucket_counts, [1, 2, 300]);
    assert_eq!(point.explicit_bounds, [0.5, f64::INFINITY]);
    assert_eq!((point.sum, point.min), (Some(0.0), None));
    assert_eq!(point.exemplars.len(), 2);
    assert_eq!(gauge.data_points[0].value, Some(number_data_point::Value::AsInt(3)));
}

#[test]
fn a_request_with_nothing_in_it_is_empty() {
    for json in
        ["{}", "null", " {} \n", "\t null ", "{\"resourceLogs\":[{}]}", "{\"resourceSpans\":null}"]
    {
        assert_eq!(bytes(Signal::Traces, json.as_bytes()), Ok(Vec::new()), "{json}");
    }
}
