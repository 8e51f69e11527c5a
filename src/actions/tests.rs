//! Tests of the room: the Collector's results, value by value.

mod numbers;

use regex::bytes::Regex;
use spanyard_wire::edit::{Extract, Pattern, Transform};
use spanyard_wire::encode::{
    any_value_array, any_value_bool, any_value_bytes, any_value_double, any_value_int,
    any_value_map, any_value_string,
};
use spanyard_wire::value::{Kind, Value};

use super::convert::Convert;
use super::extract::Groups;
use super::hash::Hash;
use super::pattern::KeyPattern;
use super::select::same;
use super::text::{self, NoText};
use super::{json, regexp};

fn text(value: &str) -> Vec<u8> {
    any_value_string(value)
}

fn applied(transform: &dyn Transform, value: &[u8]) -> Option<Vec<u8>> {
    let mut out = b"before".to_vec();
    transform.apply(Value::new(value), &mut out).then(|| out.split_off(6))
}

/// One of each type: a list, a map with unsorted keys, and an unset value included.
fn nested() -> Vec<u8> {
    let list = any_value_array(&[any_value_int(1), text("<&>"), any_value_bytes(&[1, 2])]);
    any_value_map(&[
        ("z", list),
        ("a", any_value_double(1e21)),
        ("e", Vec::new()),
        ("a", any_value_bool(true)),
    ])
}

const NESTED: &str = r#"{"a":true,"e":null,"z":[1,"\u003c\u0026\u003e","AQI="]}"#;

#[test]
fn hashes_are_those_of_the_collector() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let cases = [
        (text(""), empty),
        (text("a"), "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        (any_value_bool(true), "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"),
        (any_value_bool(false), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (any_value_int(1), "7c9fa136d4413fa6173637e883b6998d32e1d675f88cddff9dcbcf331820f4b8"),
        (any_value_double(1.0), "6c3c396ed6b5c36dcae172271f462051b1266b851e92df3deea8ac65478fd712"),
        (any_value_bytes(b"a"), ""),
        (any_value_array(&[text("a")]), ""),
        (nested(), ""),
        (Vec::new(), ""),
    ];
    for (value, expected) in cases {
        assert_eq!(applied(&Hash, &value), Some(text(expected)), "{value:02x?}");
    }
}

#[test]
fn values_are_converted_as_the_collector_converts_them() {
    let (int, double) = (any_value_int, any_value_double);
    let cases = [
        (Convert::Int, text("+5"), Some(int(5))),
        (Convert::Int, text(" 7"), None),
        (Convert::Int, double(-2.7), Some(int(-2))),
        (Convert::Int, double(1e19), None),
        (Convert::Int, any_value_bool(true), Some(int(1))),
        (Convert::Int, int(5), None),
        (Convert::Int, any_value_bytes(b"5"), None),
        (Convert::Int, Vec::new(), None),
        (Convert::Double, text("0x1p-2"), Some(double(0.25))),
        (Convert::Double, text("1e400"), None),
        (Convert::Double, int(3), Some(double(3.0))),
        (Convert::Double, any_value_bool(false), Some(double(0.0))),
        (Convert::Double, double(3.0), None),
        (Convert::Double, any_value_array(&[int(3)]), None),
        (Convert::Text, text("as it is"), None),
        (Convert::Text, int(-3), Some(text("-3"))),
        (Convert::Text, double(1.0), Some(text("1"))),
        (Convert::Text, double(1e-7), Some(text("1e-7"))),
        (Convert::Text, double(f64::NAN), Some(text("NaN"))),
        (Convert::Text, any_value_bool(true), Some(text("true"))),
        (Convert::Text, any_value_bytes(&[0, 255, 7]), Some(text("AP8H"))),
        (Convert::Text, Vec::new(), Some(text(""))),
        (Convert::Text, nested(), Some(text(NESTED))),
        (Convert::Text, any_value_array(&[double(f64::INFINITY)]), Some(text(""))),
    ];
    for (to, value, expected) in cases {
        assert_eq!(applied(&to, &value), expected, "{to:?} {value:02x?}");
    }
}

/// Go's `json.Marshal`, with its escapes.
#[test]
fn json_is_written_as_go_writes_it() {
    let json = |value: &[u8]| json::text(Value::new(value).kind());
    let cases = [
        (text("q\"b\\s/"), r#""q\"b\\s/""#),
        (text("<a>&b"), r#""\u003ca\u003e\u0026b""#),
        (text("\u{2028}\u{2029}"), r#""\u2028\u2029""#),
        (text("\0\u{1f}\u{8}\u{c}\n\r\t\u{7f}"), "\"\\u0000\\u001f\\b\\f\\n\\r\\t\u{7f}\""),
        (text("\u{e9}\u{1f600}"), "\"\u{e9}\u{1f600}\""),
        (any_value_double(1.5), "1.5"),
        (any_value_bytes(&[]), "null"),
        (any_value_array(&[]), "[]"),
        (any_value_map(&[]), "{}"),
        (Vec::new(), "null"),
    ];
    for (value, expected) in cases {
        assert_eq!(json(&value).as_deref(), Some(expected));
    }
    let broken = any_value_array(&[vec![0x0a, 2, 0xff, 0xc3]]);
    assert_eq!(json(&broken).as_deref(), Some(r#"["\ufffd\ufffd"]"#));
    assert_eq!(json(&any_value_double(f64::NAN)), None);
    let deep = (0..100).fold(any_value_int(1), |inner, _| any_value_array(&[inner]));
    assert_eq!(json(&deep), None, "levels are bounded");
}

/// Three forms of text, since the Collector has three.
#[test]
fn the_text_that_a_pattern_sees_depends_on_who_asks() {
    let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let matched = |value: &[u8]| -> Result<Option<String>, NoText> {
        Ok(text::matched(Value::new(value).kind())?.map(|text| shown(&text)))
    };
    let scalar = |value: &[u8]| text::scalar(Value::new(value).kind()).map(|text| shown(&text));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(matched(&any_value_bytes(&[0xab, 1])), Ok(some("ab01")));
    assert_eq!(scalar(&any_value_bytes(&[0xab, 1])), None);
    assert_eq!(matched(&any_value_double(1e21)), Ok(some("1e+21")));
    assert_eq!(scalar(&any_value_double(1e21)), some("1000000000000000000000"));
    assert_eq!(matched(&any_value_double(f64::NAN)), Err(NoText));
    assert_eq!(scalar(&any_value_double(f64::NAN)), some("NaN"));
    assert_eq!(matched(&nested()), Ok(some(NESTED)));
    assert_eq!(scalar(&nested()), None);
    assert_eq!(matched(&[]), Ok(None));
}

#[test]
fn groups_that_took_no_part_are_extracted_as_empty_text() {
    let pattern = Regex::new("/(?P<tenant>[a-z]+)(/(?P<rest>.*))?").expect("a pattern");
    assert!(Groups::of(pattern).is_none(), "a group has no name");
    let pattern = Regex::new("/(?P<tenant>[a-z]+)(?:/(?P<rest>.*))?").expect("a pattern");
    let groups = Groups::of(pattern).expect("all have names");
    let extracted = |text: &[u8]| {
        let mut out = Vec::new();
        groups.extract(text, &mut |key, value| {
            out.push(format!("{}={}", key.escape_ascii(), value.escape_ascii()));
        });
        out
    };
    assert_eq!(extracted(b"x/acme/a b"), ["tenant=acme", "rest=a b"]);
    assert_eq!(extracted(b"x/acme"), ["tenant=acme", "rest="]);
    assert_eq!(extracted(b"/1"), Vec::<String>::new());
    assert_eq!(groups.targets().len(), 2);
    assert!(Groups::of(Regex::new("a").expect("a pattern")).is_none());
}

/// Where Go's syntax and the crate's part ways, Go's holds.
#[test]
fn patterns_mean_what_they_mean_in_go() {
    let cases = [
        (r"^\d+$", "12", true),
        (r"^\d+$", "\u{663}", false),
        (r"^\w+$", "\u{e9}", false),
        (r"^\W$", "\u{e9}", true),
        (r"^[\w.]+$", "a.b_1", true),
        (r"^[^\s]$", "\u{a0}", true),
        (r"^[\S]$", "\u{a0}", true),
        (r"\bb\b", "\u{e9}b\u{e9}", true),
        (r"^[[]$", "[", true),
        (r"^[[:alpha:]-]+$", "a-b", true),
        (r"^[]a]+$", "]a", true),
        (r"^[^]a]$", "b", true),
        (r"^[a&&b]+$", "&ab", true),
        (r"^a{2}$", "aa", true),
        (r"^a{,2}$", "a{,2}", true),
        (r"^{x}$", "{x}", true),
        (r"^\Qa.b\E+$", "a.bb", true),
        (r"^\.$", ".", true),
        (r"(?i)ABC", "xabcx", true),
        (r"^(?P<name>a|b)$", "b", true),
        ("a$", "a\n", false),
        (r"^\p{Lu}\pL+$", "\u{c9}t\u{e9}", true),
        (r"^\p{Greek}$", "a", false),
        (r"^\P{^Greek}[\p{Greek}]$", "\u{3b1}\u{3b2}", true),
        (r"^\p{^L}$", "a", false),
        (r"^\141\0$", "a\0", true),
        (r"^[\141-\143]\1411$", "ba1", true),
        (r"^\x{1F600}\x41$", "\u{1f600}A", true),
        (r"^\<a\>$", "<a>", true),
        (r"^[\-\]]+\{$", "-]{", true),
    ];
    for (pattern, text, expected) in cases {
        let compiled = regexp::compile(pattern).expect(pattern);
        assert_eq!(KeyPattern(compiled).matches(text.as_bytes()), expected, "{pattern} {text}");
    }
    for refused in ["(", r"a\1", r"\p{Nothing}", r"\p{L", r"\x{110000}"] {
        assert!(regexp::compile(refused).is_err(), "{refused}");
    }
    assert!(regexp::compile(&format!("(x{{1000}}){{{}}}", 1000)).is_err(), "size is bounded");
}

/// Types count; the order of a map does not.
#[test]
fn values_are_the_same_when_type_and_content_are() {
    let kind = |value: &'static str| Kind::String(value.as_bytes());
    assert!(same(kind("a"), kind("a")));
    assert!(!same(Kind::Int(1), Kind::Double(1.0)));
    assert!(!same(Kind::Int(500), kind("500")));
    let one = any_value_map(&[("a", any_value_int(1)), ("b", text("x"))]);
    let other = any_value_map(&[("b", text("x")), ("a", any_value_int(1))]);
    let third = any_value_map(&[("b", text("x")), ("a", any_value_double(1.0))]);
    let kinds = [&one, &other, &third].map(|value| Value::new(value).kind());
    assert!(same(kinds[0], kinds[1]));
    assert!(!same(kinds[0], kinds[2]));
    let lists =
        [any_value_array(&[text("a"), text("b")]), any_value_array(&[text("b"), text("a")])];
    assert!(!same(Value::new(&lists[0]).kind(), Value::new(&lists[1]).kind()));
}
