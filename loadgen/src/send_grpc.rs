//! gRPC over one HTTP/2 connection that several workers share.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use http::Request;
use tokio::sync::Mutex;

use crate::dial::Dial;
use crate::grpc_frame::{Outcome, PREFIX_BYTES, outcome, read_body};
use crate::otlp;
use crate::tally::Verdict;

/// A connection that is made when it is needed; clones share it.
#[derive(Clone)]
pub(crate) struct Grpc {
    dial: Dial,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    client: Option<SendRequest<Bytes>>,
    /// How many connections there have been: a late failure must not close the next one.
    generation: u64,
}

impl Grpc {
    pub(crate) fn new(dial: Dial) -> Self {
        Self { dial, shared: Arc::default() }
    }

    /// Sends one framed message and reads the status.
    pub(crate) async fn send(&self, request: &Request<()>, framed: Bytes) -> Verdict {
        let (client, generation) = match self.client().await {
            Ok(client) => client,
            Err(e) => {
                return Verdict::Broken { message: format!("{}: {e}", self.dial.endpoint()) };
            }
        };
        match call(client, request.clone(), framed).await {
            Ok((Outcome { code: 0, .. }, rejected_spans)) => Verdict::Accepted { rejected_spans },
            Ok((outcome, _)) => refusal(outcome),
            Err(e) => {
                let mut shared = self.shared.lock().await;
                if shared.generation == generation {
                    shared.client = None;
                }
                Verdict::Broken { message: format!("{}: {e}", self.dial.endpoint()) }
            }
        }
    }

    async fn client(&self) -> io::Result<(SendRequest<Bytes>, u64)> {
        let mut shared = self.shared.lock().await;
        if let Some(client) = &shared.client {
            return Ok((client.clone(), shared.generation));
        }
        let stream = self.dial.stream().await?;
        let (client, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
        let _driver = tokio::spawn(connection);
        shared.client = Some(client.clone());
        shared.generation += 1;
        Ok((client, shared.generation))
    }
}

async fn call(
    client: SendRequest<Bytes>,
    request: Request<()>,
    framed: Bytes,
) -> io::Result<(Outcome, u64)> {
    let mut client = client.ready().await.map_err(io::Error::other)?;
    let (response, mut stream) = client.send_request(request, false).map_err(io::Error::other)?;
    // A server that answers early resets the stream; its answer is what counts.
    let _sent = stream.send_data(framed, true);
    let (head, mut body) = response.await.map_err(io::Error::other)?.into_parts();
    let mut content = BytesMut::new();
    let trailers = read_body(&mut body, |data| content.extend_from_slice(&data)).await;
    let trailers = trailers.map_err(io::Error::other)?;
    let status = if trailers.is_empty() { &head.headers } else { &trailers };
    let outcome = outcome(head.status, status)?;
    let message = content.get(PREFIX_BYTES..).unwrap_or_default();
    Ok((outcome, otlp::read_rejected(message).unwrap_or(0)))
}

/// Which codes allow another attempt is OTLP's table.
fn refusal(outcome: Outcome) -> Verdict {
    let Outcome { code, message, retry_after } = outcome;
    let message = format!("gRPC {code}: {message}");
    match code {
        1 | 4 | 10 | 11 | 14 | 15 => Verdict::Refused { limited: false, retry_after, message },
        8 if retry_after.is_some() => Verdict::Refused { limited: true, retry_after, message },
        _ => Verdict::Failed { message },
    }
}
