//! What guards a connection holds through TLS as well: the rules of HTTP/1, the frame guard, rest
//! between requests, the time to take what is written.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::{ANY, Offer, ask, both, export_over, server};
use crate::ingest::client::Client;
use crate::ingest::io::Io;
use crate::ingest::tests::grpc::assert_success;
use crate::ingest::tests::raw::{Frame, Raw};
use crate::ingest::tests::site::{on_shard, post, spans, with_plan};
use crate::ingest::tests::times::pass;
use crate::telemetry::names::Transport;

const CALM: u32 = 11;
const H2: Offer<'_> = Offer { protocols: &["h2"], ..ANY };

#[test]
fn requests_that_two_readers_could_take_apart_are_refused_and_the_session_is_closed_in_order() {
    let cases = [
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 0\r\nContent-Length: 3\r\n",
        "Transfer-Encoding : chunked\r\n",
        "A: b\nContent-Length: 3\r\n",
        "A: b\r\n Content-Length: 3\r\n",
    ];
    with_plan(both(server()), async |site| {
        for lines in cases {
            let head = "POST /v1/traces HTTP/1.1\r\nHost: x\r\n\
                        Content-Type: application/x-protobuf\r\n";
            let bad = format!("{head}{lines}\r\n0\r\n\r\n");
            let bytes = [bad.as_bytes(), &post("", &spans(1))].concat();
            for piece in [bytes.len(), 1] {
                let mut stream = ANY.connect(site.address).await.unwrap();
                for piece in bytes.chunks(piece) {
                    stream.write_all(piece).await.unwrap();
                    stream.flush().await.unwrap();
                }
                let mut answer = Vec::new();
                // An end without a word of TLS would be an error.
                let _ = stream.read_to_end(&mut answer).await.unwrap();
                let text = String::from_utf8_lossy(&answer);
                assert!(text.starts_with("HTTP/1.1 400 "), "{lines}: {text}");
                assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{lines}: {text}");
            }
        }
    });
}

/// The frames of a flood's turn of this number.
type Turn = fn(u32) -> Vec<Frame>;

#[test]
fn floods_over_tls_are_told_to_calm_down() {
    let floods: [(&str, Turn); 3] = [
        ("pings", |_| vec![Frame::new(6, 0, 0, &[0; 8])]),
        ("requests without a body", |at| vec![Frame::request(2 * at + 1, true)]),
        ("rapid reset", |at| {
            let stream = 2 * at + 1;
            vec![Frame::request(stream, false), Frame::new(3, 0, stream, &[0, 0, 0, 8])]
        }),
    ];
    with_plan(both(server()), async |site| {
        for (name, next) in floods {
            let stream = H2.connect(site.address).await.unwrap();
            let mut raw = Raw::over(stream).greeted().await;
            for at in 0..20_000 {
                if !raw.try_send(&next(at)).await {
                    break;
                }
            }
            assert_eq!(raw.goaway().await, Some(CALM), "{name}");
        }
        assert_success(&export_over(H2.connect(site.address).await.unwrap()).await);
    });
}

#[test]
fn a_connection_over_tls_goes_on_after_a_rest_and_a_drain_closes_it_in_order() {
    with_plan(both(server()), async |site| {
        let mut stream = ANY.connect(site.address).await.unwrap();
        for count in [1, 2_000, 3] {
            let body = spans(count);
            stream.write_all(&post("", &body)).await.unwrap();
            stream.flush().await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
            }
            assert!(answer.starts_with(b"HTTP/1.1 200 OK"), "{count} spans");
            assert_eq!(site.next().await, body, "{count} spans");
            pass(&site, 5).await;
        }
        assert_eq!(site.gate.connections(), 1);
        site.gate.drain();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        site.gate.emptied().await;
    });
}

#[test]
fn requests_that_come_in_one_record_are_all_answered() {
    with_plan(both(server()), async |site| {
        let first = post("", &spans(1));
        let last = post("connection: close\r\n", &spans(1));
        let mut stream = ANY.connect(site.address).await.unwrap();
        stream.write_all(&[&first[..], &first, &last].concat()).await.unwrap();
        stream.flush().await.unwrap();
        let mut answers = Vec::new();
        let _ = stream.read_to_end(&mut answers).await.unwrap();
        let text = String::from_utf8_lossy(&answers);
        assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3, "{text}");
        assert!(ask(ANY.connect(site.address).await.unwrap()).await.is_ok());
    });
}

/// A session that takes what is written while its socket takes nothing.
struct Stuck;

impl AsyncRead for Stuck {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Stuck {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[test]
fn what_a_session_holds_for_a_client_that_does_not_read_has_its_time() {
    on_shard(async |site| {
        let client = Client::admit(&site.gate, None, Transport::Grpc).unwrap();
        let mut io = Io::new(Stuck, Vec::new(), Rc::clone(&client)).reading_ahead();
        let flushed = poll_fn(|context| Poll::Ready(Pin::new(&mut io).poll_flush(context))).await;
        assert!(flushed.is_pending());
        let over = || poll_fn(|context| Poll::Ready(client.unread.poll_over(context).is_ready()));
        pass(&site, 10).await;
        assert!(!over().await);
        pass(&site, 50).await;
        assert!(over().await);
    });
}
