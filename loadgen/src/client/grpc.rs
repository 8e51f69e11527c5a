//! One unary gRPC call over cleartext HTTP/2, blocking.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, Version};

use super::PATIENCE;
use crate::coding::Coding;
use crate::grpc_frame::{Outcome, frame, outcome, read_body};
use crate::net;

/// What came back from a call.
#[derive(Clone, Debug, Default)]
pub struct GrpcReply {
    /// The status code; 0 is success.
    pub code: u32,
    /// The status message.
    pub message: String,
    /// The delay of the `RetryInfo` in the status details.
    pub retry_after: Option<Duration>,
    /// The response message without its prefix; empty when there was none.
    pub body: Vec<u8>,
    /// The response headers.
    pub headers: HeaderMap,
    /// The trailers; empty when the status came in the headers.
    pub trailers: HeaderMap,
}

/// Calls the method at `path` with one message; a `grpc-encoding` header of a coding that is known
/// here compresses it.
///
/// # Errors
/// When there is no connection, the stream is reset, or no status comes within [`PATIENCE`].
pub fn grpc(
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    message: &[u8],
) -> io::Result<GrpcReply> {
    let encoding = headers.iter().find(|(name, _)| *name == "grpc-encoding");
    let coding = encoding.and_then(|(_, name)| Coding::named(name.as_bytes())).unwrap_or_default();
    let message = coding.compress(message.to_vec())?;
    let body = frame(coding != Coding::Identity, &message);
    let mut request = Request::builder()
        .method("POST")
        .version(Version::HTTP_2)
        .uri(format!("http://{addr}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let patience = tokio::time::timeout(PATIENCE, call(addr, request, body));
        patience.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    })
}

async fn call(addr: SocketAddr, request: Request<()>, body: Bytes) -> io::Result<GrpcReply> {
    let stream = net::connect(addr).await?;
    let (client, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
    let _driver = tokio::spawn(connection);
    let mut client = client.ready().await.map_err(io::Error::other)?;
    let (response, mut stream) = client.send_request(request, false).map_err(io::Error::other)?;
    // A server that answers early resets the stream; its answer is what counts.
    let _sent = stream.send_data(body, true);
    let response = response.await.map_err(io::Error::other)?;
    let (head, mut body) = response.into_parts();
    let mut content = BytesMut::new();
    let trailers =
        read_body(&mut body, |data| content.put(data)).await.map_err(io::Error::other)?;
    let status = if trailers.is_empty() { &head.headers } else { &trailers };
    let Outcome { code, message, retry_after } = outcome(head.status, status)?;
    let body = content.get(5..).unwrap_or_default().to_vec();
    Ok(GrpcReply { code, message, retry_after, body, headers: head.headers, trailers })
}
