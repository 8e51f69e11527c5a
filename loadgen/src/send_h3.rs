//! OTLP/HTTP over HTTP/3: one QUIC connection that several workers share.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use h3::client::SendRequest;
use h3_quinn::OpenStreams;
use http::Request;
use tokio::sync::Mutex;

use crate::dial::Dial;
use crate::send_http::{Answer, verdict};
use crate::tally::Verdict;

/// Answers above this are not read further.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A connection that is made when it is needed; clones share it.
#[derive(Clone)]
pub(crate) struct Http3 {
    dial: Dial,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    client: Option<SendRequest<OpenStreams, Bytes>>,
    /// How many connections there have been: a late failure must not close the next one.
    generation: u64,
}

impl Http3 {
    pub(crate) fn new(dial: Dial) -> Self {
        Self { dial, shared: Arc::default() }
    }

    /// Sends a request with its body and reads the answer.
    pub(crate) async fn send(&self, request: &Request<()>, body: Bytes) -> Verdict {
        let (client, generation) = match self.client().await {
            Ok(client) => client,
            Err(e) => return self.broken(&e),
        };
        match exchange(client, request.clone(), body).await {
            Ok(answer) => verdict(&answer),
            Err(e) => {
                let mut shared = self.shared.lock().await;
                if shared.generation == generation {
                    shared.client = None;
                }
                self.broken(&e)
            }
        }
    }

    fn broken(&self, error: &io::Error) -> Verdict {
        Verdict::Broken { message: format!("{}: {error}", self.dial.endpoint()) }
    }

    async fn client(&self) -> io::Result<(SendRequest<OpenStreams, Bytes>, u64)> {
        let mut shared = self.shared.lock().await;
        if let Some(client) = &shared.client {
            return Ok((client.clone(), shared.generation));
        }
        let connection = h3_quinn::Connection::new(self.dial.quic().await?);
        let (mut driver, client) = h3::client::new(connection).await.map_err(io::Error::other)?;
        let _driver = tokio::spawn(async move { poll_fn(|cx| driver.poll_close(cx)).await });
        shared.client = Some(client.clone());
        shared.generation += 1;
        Ok((client, shared.generation))
    }
}

async fn exchange(
    mut client: SendRequest<OpenStreams, Bytes>,
    request: Request<()>,
    body: Bytes,
) -> io::Result<Answer> {
    let mut stream = client.send_request(request).await.map_err(io::Error::other)?;
    // A server that answers early stops reading; its answer is what counts.
    if stream.send_data(body).await.is_ok() {
        let _ended = stream.finish().await;
    }
    let head = stream.recv_response().await.map_err(io::Error::other)?;
    let mut content = Vec::new();
    while let Some(mut data) = stream.recv_data().await.map_err(io::Error::other)? {
        content.extend_from_slice(&data.copy_to_bytes(data.remaining()));
        if content.len() > ANSWER_BYTES_MAX {
            return Err(io::Error::other("answer above 1 MiB"));
        }
    }
    let after = head.headers().get("retry-after").and_then(|text| text.to_str().ok());
    Ok(Answer {
        status: head.status().as_u16(),
        close: false,
        retry_after: after.and_then(|text| text.parse().ok()),
        body: content,
    })
}
