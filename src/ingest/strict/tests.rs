//! The scanner alone: verdicts whatever the pieces.

use super::*;
use proptest::prelude::*;

const HEAD: &str = "POST /v1/traces HTTP/1.1\r\nHost: x\r\n";
const SETTINGS: &str = "HTTP2-Settings: AAEA\r\n";
const TWICE: &str = "a field that may come once and came twice";

/// The verdict on `bytes` in pieces of `size`: how many bytes pass, and why no more do.
fn verdict(bytes: &[u8], size: usize) -> (usize, Option<&'static str>) {
    let mut strict = Strict::default();
    let mut passed = 0;
    for piece in bytes.chunks(size) {
        match strict.scan(piece) {
            Ok(()) => passed += piece.len(),
            Err(breach) => return (passed + breach.at, Some(breach.why)),
        }
    }
    (passed, None)
}

fn assert_passes(bytes: &[u8]) {
    for size in 1..=bytes.len() {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(verdict(bytes, size), (bytes.len(), None), "{text:?} in pieces of {size}");
    }
}

fn assert_breaks(bytes: &[u8], at: usize, why: &str) {
    for size in 1..=bytes.len() {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(verdict(bytes, size), (at, Some(why)), "{text:?} in pieces of {size}");
    }
}

#[test]
fn requests_that_follow_the_rules_pass_and_leave_nothing_open() {
    let chunks = "5;a=b\r\nhello\r\n00A\r\n0123456789\r\n0\r\nx-trailer: 1\r\n\r\n";
    let cases = [
        format!("{HEAD}\r\n"),
        format!("\r\n{HEAD}content-length: 3\r\n\r\nabc"),
        format!("{HEAD}Content-Length:\t 0 \t\r\nX: \t a b \x7c\u{e9} \r\nEmpty:\r\n\r\n"),
        format!("{HEAD}TRANSFER-encoding: Chunked \r\n\r\n{chunks}"),
        format!("{HEAD}expect: 100-Continue\r\ncontent-length: 1\r\n\r\n0"),
        format!("{HEAD}{SETTINGS}Upgrade: h2c\r\n\r\n"),
        format!("{HEAD}{SETTINGS}\r\n"),
        "GET / HTTP/1.0\r\n\r\n".to_owned(),
        "OPTIONS * HTTP/1.1\r\nhost:\r\n\r\n".to_owned(),
        "POST http://Shop:4318/v1/traces?a HTTP/1.1\r\nhost: shop:4318\r\n\r\n".to_owned(),
        "POST https://shop HTTP/1.1\r\nhost: SHOP\r\n\r\n".to_owned(),
    ];
    for case in &cases {
        assert_passes(case.as_bytes());
        assert_passes(format!("{case}{case}").as_bytes());
        let mut strict = Strict::default();
        strict.scan(case.as_bytes()).unwrap();
        assert!(strict.is_between(), "{case:?}");
        assert_eq!(strict.heads(), 1);
    }
    let whole: String = cases.concat();
    assert_passes(whole.as_bytes());
}

#[test]
fn only_whole_requests_leave_nothing_open() {
    let request = format!("{HEAD}content-length: 3\r\n\r\nabc");
    for end in 1..request.len() {
        let mut strict = Strict::default();
        strict.scan(&request.as_bytes()[..end]).unwrap();
        assert!(!strict.is_between(), "{end} bytes");
    }
}

#[test]
fn a_breach_names_its_byte_and_its_reason_however_the_bytes_come() {
    let head = HEAD.len();
    let cases: [(String, usize, &str); 18] = [
        (format!("{HEAD}a : b\r\n\r\n"), head + 1, "a blank before a colon"),
        (format!("{HEAD}a: b\r\n c: d\r\n\r\n"), head + 6, "a folded line"),
        (format!("{HEAD}a: b\nc: d\r\n\r\n"), head + 4, "a control character in a value"),
        (format!("{HEAD}a: b\rc: d\r\n\r\n"), head + 5, "a CR without its LF"),
        (format!("{HEAD}: b\r\n\r\n"), head, "a field without a name"),
        (format!("{HEAD}content-length: 1,1\r\n\r\n"), head + 17, "a length that is no number"),
        (format!("{HEAD}upgrade: h2c\r\n\r\n"), head + 15, "an upgrade"),
        (format!("{HEAD}{SETTINGS}upgrade: h2c\r\nUpgrade: h2c\r\n"), head + 43, TWICE),
        (format!("{HEAD}upgrade: websocket\r\n\r\n"), head + 18, "an upgrade"),
        (format!("{HEAD}{SETTINGS}upgrade: h2c,h2c\r\n"), head + 38, "an upgrade"),
        (format!("{HEAD}{SETTINGS}upgrade: h2\r\n"), head + 33, "an upgrade"),
        (format!("{HEAD}{SETTINGS}upgrade:\r\n"), head + 30, "an upgrade"),
        (format!("{HEAD}{SETTINGS}{SETTINGS}"), head + 36, TWICE),
        ("GET /\0 HTTP/1.1\r\n".to_owned(), 5, "a target with a byte that none has"),
        ("GET  / HTTP/1.1\r\n".to_owned(), 4, "a target that is neither a path nor a URL"),
        ("GET / HTTP/2.0\r\n".to_owned(), 11, "a version but 1.0 and 1.1"),
        (
            "GET / HTTP/1.1 \r\n".to_owned(),
            14,
            "a request line that does not end after its version",
        ),
        ("GET / HTTP/1.1\r\na: b\r\n\r\n".to_owned(), 23, "no host"),
    ];
    for (case, at, why) in cases {
        assert_breaks(case.as_bytes(), at, why);
        let before = format!("{HEAD}content-length: 2\r\n\r\nab");
        assert_breaks(format!("{before}{case}").as_bytes(), before.len() + at, why);
    }
}

#[test]
fn chunks_break_at_the_byte_that_is_wrong() {
    let head = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
    let long = format!("1;{}\r\n", "a".repeat(256));
    let cases = [
        ("+1\r\n", 0, "a chunk size that is none"),
        (" 1\r\n", 0, "a chunk size that is none"),
        ("0x1\r\n", 1, "a chunk size that is none"),
        ("1 \r\n", 1, "a chunk size that is none"),
        ("\r\n", 0, "a chunk size that is none"),
        ("1\n", 1, "a chunk size that is none"),
        ("ffffffffffffffff\r\n", 15, "a chunk size that is too large"),
        ("0000000000000001\r\n", 15, "a chunk size that is too large"),
        ("1;a\n", 3, "a control character in a chunk extension"),
        (&long, 257, "a chunk extension that is too long"),
        ("1\r\r", 2, "a chunk with CR but no LF"),
        ("1\r\nabc", 4, "a chunk that is longer than its size"),
        ("1\r\na\r\r", 5, "a chunk with CR but no LF"),
        ("0\r\nHost: x\r\n", 7, "a trailer that belongs in a head"),
        ("0\r\nContent-Length: 1\r\n", 17, "a trailer that belongs in a head"),
        ("0\r\n\n", 3, "a name with a byte that none has"),
    ];
    for (chunks, at, why) in cases {
        assert_breaks(format!("{head}{chunks}").as_bytes(), head.len() + at, why);
    }
}

/// A request that follows the rules: fields, and a body with its length or in chunks.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let field = ("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}", "[\t -~\u{80}-\u{ff}]{0,60}");
    let fields = proptest::collection::vec(field, 0..6);
    let body = proptest::collection::vec(any::<u8>(), 0..200);
    let target = "/[!\"$-~]{0,40}";
    (target, fields, body, any::<Option<u8>>(), any::<bool>()).prop_map(
        |(target, fields, body, chunk, blank)| {
            let mut head = if blank { "\r\n".to_owned() } else { String::new() };
            head.push_str(&format!("PUT {target} HTTP/1.1\r\nhost: a.b:1\r\n"));
            let known = [
                "host",
                "expect",
                "upgrade",
                "http2-settings",
                "content-length",
                "transfer-encoding",
            ];
            for (name, value) in fields {
                if !known.contains(&name.to_ascii_lowercase().as_str()) {
                    head.push_str(&format!("{name}:{value}\r\n"));
                }
            }
            let Some(chunk) = chunk else {
                let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
                return [head.as_bytes(), &body].concat();
            };
            let mut all = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
            for piece in body.chunks(usize::from(chunk).max(1)) {
                all.extend_from_slice(format!("{:X};a=\"b\"\r\n", piece.len()).as_bytes());
                all.extend_from_slice(piece);
                all.extend_from_slice(b"\r\n");
            }
            all.extend_from_slice(b"0\r\nA-Trailer: b\r\n\r\n");
            all
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn good_requests_pass_whole_however_many_and_however_they_come(
        requests in proptest::collection::vec(request(), 1..5),
        pieces in proptest::collection::vec(1_usize..90, 1..20),
    ) {
        let bytes = requests.concat();
        let (mut strict, mut rest) = (Strict::default(), &bytes[..]);
        for piece in pieces.iter().cycle() {
            let (now, later) = rest.split_at((*piece).min(rest.len()));
            prop_assert_eq!(strict.scan(now), Ok(()));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert!(strict.is_between());
        prop_assert_eq!(strict.heads() as usize, requests.len());
    }

    #[test]
    fn the_verdict_on_damaged_requests_does_not_depend_on_the_pieces(
        good in request(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        piece in 1_usize..50,
    ) {
        let mut bytes = good;
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let whole = verdict(&bytes, usize::MAX);
        prop_assert_eq!(verdict(&bytes, piece), whole);
        prop_assert_eq!(verdict(&bytes, 1), whole);
    }
}
