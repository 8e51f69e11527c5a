//! The smuggling matrix: requests that two readers could take apart differently, each with a good
//! request behind it that nobody may see.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::site::{Site, on_shard, post, spans};
use super::times::pass;
use crate::runtime::net;

const TYPE: &str = "content-type: application/x-protobuf\r\n";
/// What Java's HTTP client sends with every request in clear text.
const OFFER: &str = "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n\
    Upgrade: h2c\r\n";

/// A head of a POST with further lines, and what follows it.
fn head(lines: &str, rest: &str) -> Vec<u8> {
    format!("POST /v1/traces HTTP/1.1\r\nHost: x\r\n{TYPE}{lines}\r\n{rest}").into_bytes()
}

/// A request line and the usual fields.
fn line(line: &str) -> Vec<u8> {
    format!("{line}\r\nHost: x\r\n{TYPE}Content-Length: 0\r\n\r\n").into_bytes()
}

fn chunks(chunks: &str) -> Vec<u8> {
    head("Transfer-Encoding: chunked\r\n", chunks)
}

/// Lengths and codings that contradict each other or themselves.
fn framing() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("CL.TE", head("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG")),
        ("TE.CL", head("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "5c\r\nGPOST")),
        ("TE.TE", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n", "0\r\n\r\n")),
        ("TE twice", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "")),
        ("TE list", head("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
        ("TE chunked, chunked", head("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")),
        ("TE identity", head("Transfer-Encoding: identity\r\n", "")),
        ("TE xchunked", head("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
        ("TE quoted", head("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")),
        ("TE with a vertical tab", head("Transfer-Encoding: \u{b}chunked\r\n", "0\r\n\r\n")),
        ("TE with parameters", head("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n")),
        ("TE empty", head("Transfer-Encoding:\r\n", "")),
        ("TE before a blank", head("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
        ("TE folded", head("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")),
        ("CL twice, same", head("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")),
        ("CL twice, other", head("Content-Length: 0\r\nContent-Length: 3\r\n", "abc")),
        ("CL list", head("Content-Length: 3, 3\r\n", "abc")),
        ("CL +", head("Content-Length: +3\r\n", "abc")),
        ("CL -", head("Content-Length: -3\r\n", "abc")),
        ("CL hex", head("Content-Length: 0x3\r\n", "abc")),
        ("CL with a blank", head("Content-Length: 1 0\r\n", "abc")),
        ("CL too large", head("Content-Length: 18446744073709551619\r\n", "abc")),
        ("CL empty", head("Content-Length: \r\n", "abc")),
        ("CL with a point", head("Content-Length: 3.0\r\n", "abc")),
        (
            "TE in 1.0",
            b"POST /v1/traces HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        ),
        (
            "CL.TE in 1.0",
            b"POST / HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                .into(),
        ),
    ]
}

/// Lines, names and values that one reader cuts elsewhere than the next.
fn lines() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("folded value", head("A: b\r\n Content-Length: 3\r\n", "")),
        ("folded with a tab", head("A: b\r\n\tc\r\n", "")),
        ("bare LF after a value", head("A: b\nContent-Length: 3\r\n", "")),
        ("bare LF at the end", b"POST / HTTP/1.1\r\nHost: x\r\n\n".into()),
        ("bare LF in the first line", b"POST / HTTP/1.1\nHost: x\r\n\r\n".into()),
        ("bare CR in a value", head("A: b\rContent-Length: 3\r\n", "")),
        ("NUL in a value", head("A: b\0c\r\n", "")),
        ("NUL in a name", head("A\0: b\r\n", "")),
        ("NUL in the target", line("POST /v1/traces\0 HTTP/1.1")),
        ("DEL in a value", head("A: b\u{7f}\r\n", "")),
        ("blank before a colon", head("Content-Length : 3\r\n", "abc")),
        ("no name", head(": b\r\n", "")),
        ("a line without a colon", head("Content-Length\r\n", "")),
        ("a name with a bracket", head("A(b): c\r\n", "")),
        ("a name beyond ASCII", head("\u{e9}: c\r\n", "")),
        ("two blanks", line("POST  /v1/traces HTTP/1.1")),
        ("a blank at the end", line("POST /v1/traces HTTP/1.1 ")),
        ("a tab for a blank", line("POST\t/v1/traces HTTP/1.1")),
        ("a blank in front", line(" POST /v1/traces HTTP/1.1")),
        ("a blank in the target", line("POST /v1/tra ces HTTP/1.1")),
        ("no version", line("POST /v1/traces")),
        ("version 1.2", line("POST /v1/traces HTTP/1.2")),
        ("version 2.0", line("POST /v1/traces HTTP/2.0")),
        ("version in lower case", line("POST /v1/traces http/1.1")),
        ("two empty lines in front", b"\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\n\r\n".into()),
    ]
}

/// Requests for something else than an answer, hosts, and chunks.
fn others() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("Upgrade", head("Connection: upgrade\r\nUpgrade: websocket\r\n", "")),
        ("h2c", head("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", "")),
        ("h2c and more", head(&OFFER.replace("h2c", "h2c, websocket"), "")),
        (
            "a length in an offer",
            head(&OFFER.replace("AAEA", "A\nContent-Length: 4\nB: A"), "0\r\n"),
        ),
        ("NUL in an expectation", head("Expect: 1\0\r\nContent-Length: 0\r\n", "")),
        ("h2c in HTTP/1.0", format!("POST / HTTP/1.0\r\n{OFFER}\r\n").into_bytes()),
        ("CONNECT", line("CONNECT x:80 HTTP/1.1")),
        ("CONNECT to a path", line("CONNECT /v1/traces HTTP/1.1")),
        ("Expect", head("Expect: 200-ok\r\nContent-Length: 3\r\n", "abc")),
        ("no Host", b"POST /v1/traces HTTP/1.1\r\nContent-Length: 0\r\n\r\n".into()),
        ("two Hosts", head("Host: x\r\n", "")),
        ("Host of two words", b"POST / HTTP/1.1\r\nHost: x y\r\n\r\n".into()),
        ("Host with a slash", b"POST / HTTP/1.1\r\nHost: x/y\r\n\r\n".into()),
        ("Host that differs", line("POST http://y/v1/traces HTTP/1.1")),
        ("a fragment", line("POST /v1/traces#a HTTP/1.1")),
        ("chunk +", chunks("+3\r\nabc\r\n0\r\n\r\n")),
        ("chunk 0x", chunks("0x3\r\nabc\r\n0\r\n\r\n")),
        ("chunk with a blank", chunks("3 \r\nabc\r\n0\r\n\r\n")),
        ("chunk too large", chunks("10000000000000003\r\nabc\r\n0\r\n\r\n")),
        ("chunk of no digit", chunks("\r\nabc\r\n0\r\n\r\n")),
        ("chunk with a bare LF", chunks("3\nabc\r\n0\r\n\r\n")),
        ("chunk longer than said", chunks("3\r\nabcd\r\n0\r\n\r\n")),
        ("chunk that ends with LF", chunks("3\r\nabc\n0\r\n\r\n")),
        ("extension with a bare LF", chunks("3;a\nabc\r\n0\r\n\r\n")),
        ("extension with NUL", chunks("3;a\0\r\nabc\r\n0\r\n\r\n")),
        ("end with a bare LF", chunks("0\r\n\n")),
        ("trailer Content-Length", chunks("0\r\nContent-Length: 3\r\n\r\n")),
        ("trailer Transfer-Encoding", chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n")),
        ("trailer Host", chunks("0\r\nHost: y\r\n\r\n")),
    ]
}

/// Everything that comes back on a connection of its own, to its end.
async fn everything(site: &Site, bytes: &[u8], piece: usize) -> String {
    let port = site.address.port();
    let stream = net::connect("127.0.0.1", port, Duration::from_secs(60)).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let sending = async {
        for piece in bytes.chunks(piece) {
            // The gateway may have closed: what counts is what it says.
            if writing.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    let mut answers = Vec::new();
    let (_, read) = tokio::join!(sending, reading.read_to_end(&mut answers));
    let _ = read.expect("the connection is closed in good order");
    String::from_utf8(answers).unwrap()
}

/// Sends what is bad, with good requests before and behind it.
async fn assert_refused(site: &Site, name: &str, bad: &[u8], before: usize) {
    let good = post("", &spans(1));
    let bytes = [good.repeat(before), bad.to_vec(), good].concat();
    for piece in [bytes.len(), 1] {
        assert_answers(site, name, &bytes, piece, before).await;
    }
}

/// So many requests are taken, the next is refused, and that is all.
async fn assert_answers(site: &Site, name: &str, bytes: &[u8], piece: usize, before: usize) {
    let taken = site.count("otelcol_receiver_accepted_spans");
    let text = everything(site, bytes, piece).await;
    let statuses: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)).collect();
    let mut expected = vec!["200"; before];
    expected.push("400");
    assert_eq!(statuses, expected, "{name} in pieces of {piece}: {text}");
    let last = text.rsplit("HTTP/1.1 400").next().unwrap();
    assert!(last.contains("\r\nconnection: close\r\n"), "{name}: {text}");
    let more = site.count("otelcol_receiver_accepted_spans") - taken;
    assert_eq!(more, before as u64, "{name} in pieces of {piece}");
}

fn matrix() -> Vec<(&'static str, Vec<u8>)> {
    [framing(), lines(), others()].concat()
}

#[test]
fn what_can_be_read_in_two_ways_is_refused_and_nothing_behind_it_is_read() {
    on_shard(async |site| {
        let cases = matrix();
        assert!(cases.len() >= 40);
        for (name, bad) in &cases {
            assert_refused(&site, name, bad, 0).await;
        }
        let counted = site.count("spanyard_shard_malformed_heads_total") + site.malformed("http");
        assert_eq!(counted, 2 * cases.len() as u64);
    });
}

#[test]
fn requests_before_one_that_is_refused_are_answered_in_their_order() {
    on_shard(async |site| {
        for (name, bad) in &matrix() {
            assert_refused(&site, name, bad, 3).await;
        }
    });
}

#[test]
fn the_rules_hold_and_connections_end_in_good_order_behind_offers_of_h2c() {
    on_shard(async |site| {
        let offers = post(OFFER, &spans(1)).repeat(2);
        for (name, bad) in matrix() {
            let bytes = [&offers[..], &bad, &b"x".repeat(300_000)].concat();
            assert_answers(&site, name, &bytes, bytes.len(), 2).await;
        }
    });
}

#[test]
fn an_offer_of_h2c_is_passed_over_also_on_a_connection_that_rests() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        for _ in 0..3 {
            client.send(&post(OFFER, &spans(1))).await;
            let answer = client.answer().await;
            assert_eq!((answer.status, answer.header("upgrade")), (200, None));
            pass(&site, 5).await;
        }
    });
}

#[test]
fn what_the_rules_allow_is_not_refused() {
    on_shard(async |site| {
        let close = "Connection: close\r\n";
        let cases = [
            ("an empty line in front", [b"\r\n", &post(close, b"")[..]].concat()),
            ("an offer of h2c", post(&format!("{close}{OFFER}"), b"")),
            ("HTTP/1.0", format!("POST /v1/traces HTTP/1.0\r\n{TYPE}\r\n").into_bytes()),
            ("a URL", line(&format!("POST http://X/v1/traces HTTP/1.1\r\n{close}A: b"))),
            ("extensions and trailers", {
                head(
                    &format!("Transfer-Encoding: CHUNKED\r\n{close}"),
                    "0;a=\"b c\"\r\nA: b\r\nExpires: never\r\n\r\n",
                )
            }),
        ];
        for (name, bytes) in cases {
            for piece in [bytes.len(), 1] {
                let text = everything(&site, &bytes, piece).await;
                assert!(text.starts_with("HTTP/1.") && text.contains(" 200 OK"), "{name}: {text}");
            }
        }
        assert_eq!(site.count("spanyard_shard_malformed_heads_total"), 0);
    });
}
