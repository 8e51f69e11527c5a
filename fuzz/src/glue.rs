//! The strict reading of HTTP/1 against any bytes: the verdict does not depend on the pieces, and
//! of what passes, the library behind it (httparse) sees as many heads and the same bodies.
//!
//! The first byte chooses the pieces; the rest is what a client sends.

use httparse::{EMPTY_HEADER, Request, Status, parse_chunk_size, parse_headers};
use spanyard::ingest::strict::Strict;

/// Heads with more fields are left alone: so does hyper.
const FIELDS_MAX: usize = 256;

/// Any bytes as a connection over HTTP/1, in any pieces.
pub fn h1_glue(data: &[u8]) {
    let Some((&seed, bytes)) = data.split_first() else {
        return;
    };
    let whole = verdict(bytes, |_| usize::MAX);
    assert_eq!(whole, verdict(bytes, |_| 1), "byte by byte");
    let drawn = |at: usize| usize::from(seed).wrapping_mul(at.wrapping_add(7)) % 13 + 1;
    assert_eq!(whole, verdict(bytes, drawn), "in pieces");
    let (passed, heads, _) = whole;
    let passed = bytes.get(..passed).expect("no more passes than came");
    if let Some(theirs) = heads_of(passed) {
        assert_eq!(heads, theirs, "heads in {:?}", String::from_utf8_lossy(passed));
    }
}

/// How many bytes pass, how many heads are in them, and why no more pass.
fn verdict(bytes: &[u8], piece: impl Fn(usize) -> usize) -> (usize, u32, Option<&'static str>) {
    let mut strict = Strict::default();
    let (mut at, mut rest) = (0, bytes);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(piece(at).min(rest.len()));
        if let Err(breach) = strict.scan(now) {
            assert!(breach.at < now.len() && !breach.why.is_empty());
            return (at + breach.at, strict.heads(), Some(breach.why));
        }
        at += now.len();
        rest = later;
    }
    (at, strict.heads(), None)
}

/// The heads that the library sees; `None`: there is one with too many fields.
fn heads_of(mut bytes: &[u8]) -> Option<u32> {
    let mut heads = 0;
    loop {
        let mut fields = [EMPTY_HEADER; FIELDS_MAX];
        let mut request = Request::new(&mut fields);
        let len = match request.parse(bytes) {
            Ok(Status::Complete(len)) => len,
            Ok(Status::Partial) => return Some(heads),
            Err(httparse::Error::TooManyHeaders) => return None,
            Err(error) => panic!("{error}: {:?}", String::from_utf8_lossy(bytes)),
        };
        heads += 1;
        let value = |name: &str| {
            let mut values =
                request.headers.iter().filter(|one| one.name.eq_ignore_ascii_case(name));
            let value =
                values.next().map(|field| String::from_utf8_lossy(field.value).into_owned());
            assert!(values.next().is_none(), "{name} twice");
            value
        };
        let (length, coding) = (value("content-length"), value("transfer-encoding"));
        let body = bytes.get(len..).expect("a head is no longer than what is there");
        let rest = match (length, coding) {
            (Some(_), Some(_)) => panic!("a length and a coding"),
            (None, Some(coding)) => {
                assert!(coding.trim().eq_ignore_ascii_case("chunked"), "{coding}");
                after_chunks(body)
            }
            (length, None) => {
                let length = length.map_or(0, |text| text.trim().parse().expect("a number"));
                body.get(length..)
            }
        };
        match rest {
            Some(rest) => bytes = rest,
            None => return Some(heads),
        }
    }
}

/// What follows a chunked body; `None`: it is not all there.
fn after_chunks(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let read = parse_chunk_size(bytes);
        let Status::Complete((start, size)) = read.expect("a chunk's size that passed") else {
            return None;
        };
        let data = bytes.get(start..)?;
        if size == 0 {
            let mut fields = [EMPTY_HEADER; FIELDS_MAX];
            return match parse_headers(data, &mut fields) {
                Ok(Status::Complete((len, _))) => data.get(len..),
                _ => None,
            };
        }
        let size = usize::try_from(size).ok()?;
        let end = data.get(size..)?;
        assert!(b"\r\n".starts_with(end.get(..end.len().min(2))?), "a chunk and its end");
        bytes = end.get(2..)?;
    }
}

/// The first inputs.
pub(crate) fn corpus() -> Vec<(&'static str, String, Vec<u8>)> {
    const HEAD: &str = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let cases = [
        ("length", format!("{HEAD}Content-Length: 3\r\n\r\nabc")),
        (
            "chunks",
            format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nA: b\r\n\r\n"),
        ),
        (
            "url",
            "GET http://x:1/a HTTP/1.1\r\nHost: X:1\r\nExpect: 100-continue\r\n\r\n".to_owned(),
        ),
        ("old", "\r\nGET / HTTP/1.0\r\nA:\t b \r\n\r\n".to_owned()),
        ("both", format!("{HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n")),
        ("folded", format!("{HEAD}A: b\r\n c\r\n\r\n")),
        ("upgrade", format!("{HEAD}Upgrade: h2c\r\n\r\n")),
    ];
    let seed = |(name, text): &(&str, String)| {
        ("h1_glue", (*name).to_owned(), [b"\x05", text.as_bytes()].concat())
    };
    let all: String = cases.iter().take(4).map(|(_, text)| text.as_str()).collect();
    let mut seeds: Vec<_> = cases.iter().map(seed).collect();
    seeds.push(seed(&("pipelined", all)));
    seeds
}
