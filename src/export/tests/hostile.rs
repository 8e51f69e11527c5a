//! Backends that break the protocol or play with it: bounds hold, and what they say is still heard.

use std::rc::Rc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::server::pipes;
use super::*;
use crate::runtime::task;
use crate::telemetry::ledger::DropReason;

/// A backend that reads a request's head and then does as `script` says.
fn raw<F: Future<Output = ()> + 'static>(
    script: impl Fn(DuplexStream) -> F + 'static,
) -> Arc<dyn Dial> {
    let (dial, mut incoming) = pipes();
    let script = Rc::new(script);
    let _accepting = task::spawn("test server", async move {
        while let Some(mut stream) = incoming.recv().await {
            let script = Rc::clone(&script);
            let _serving = task::spawn("test connection", async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { return };
                    head.push(byte);
                }
                script(stream).await;
            });
        }
    });
    dial
}

/// Writes the same bytes until nobody reads them.
async fn repeat(mut stream: DuplexStream, bytes: &'static [u8]) {
    while stream.write_all(bytes).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_given_before_the_body_was_read_is_heard() {
    on_shard(async {
        let dial = raw(|mut stream| async move {
            let answer =
                b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.expect("open");
        });
        let bench = http(&Wish::default(), dial);
        bench.send_large(&vec![1; MIB]);
        let totals = bench.settled().await;
        assert_eq!(totals.rejected.requests, 1);
        assert_eq!(bench.figure("spanyard_exporter_attempts_total"), 1.0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn no_end_of_heads_or_headers_outlasts_the_timeout() {
    let endless: [&'static [u8]; 3] = [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"x-bomb: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n",
        b"garbage ",
    ];
    for bytes in endless {
        on_shard(async {
            let dial = raw(move |mut stream| async move {
                if bytes.starts_with(b"x-bomb") {
                    stream.write_all(b"HTTP/1.1 200 OK\r\n").await.expect("open");
                }
                repeat(stream, bytes).await;
            });
            let bench = http(&Wish { retry: None, ..Wish::default() }, dial);
            bench.send(b"spans");
            let totals = bench.settled().await;
            assert_eq!(totals.dropped_for(DropReason::RetryExhausted).requests, 1);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_whose_body_never_ends_is_a_success() {
    // One that comes without end, and one that does not come at all.
    for endless in [true, false] {
        on_shard(async move {
            let dial = raw(move |mut stream| async move {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
                stream.write_all(head).await.expect("open");
                if endless {
                    repeat(stream, &[0; 4096]).await;
                } else {
                    std::future::pending::<()>().await;
                }
            });
            let bench = http(&Wish { retry: None, ..Wish::default() }, dial);
            bench.send(b"spans");
            let totals = bench.settled().await;
            assert_eq!(totals.delivered.requests, 1);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_speak_http2_is_a_failing_backend() {
    on_shard(async {
        let dial = raw(|mut stream| async move {
            let answer = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";
            let _gone = stream.write_all(answer).await;
        });
        let bench = grpc(&Wish { retry: None, ..Wish::default() }, dial);
        bench.send(b"spans");
        let totals = bench.settled().await;
        assert_eq!(totals.dropped_for(DropReason::RetryExhausted).requests, 1);
    })
    .await;
}
