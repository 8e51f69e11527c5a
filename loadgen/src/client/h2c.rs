//! One POST over cleartext HTTP/2 with prior knowledge, blocking.

use std::io;
use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use http::{Request, Version};

use super::{PATIENCE, Reply};
use crate::grpc_frame::read_body;
use crate::net;

/// Posts `body`. Unless given, an OTLP `Content-Type` is added; there is no `Content-Length`.
///
/// # Errors
/// When there is no connection, the stream is reset, or no whole answer comes within [`PATIENCE`].
pub fn post_h2(
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Reply> {
    let mut request = Request::builder()
        .method("POST")
        .version(Version::HTTP_2)
        .uri(format!("http://{addr}{path}"));
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        request = request.header("content-type", "application/x-protobuf");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).map_err(io::Error::other)?;
    let body = Bytes::copy_from_slice(body);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let patience = tokio::time::timeout(PATIENCE, exchange(addr, request, body));
        patience.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    })
}

async fn exchange(addr: SocketAddr, request: Request<()>, body: Bytes) -> io::Result<Reply> {
    let stream = net::connect(addr).await?;
    let (client, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
    let _driver = tokio::spawn(connection);
    let mut client = client.ready().await.map_err(io::Error::other)?;
    let (response, mut stream) = client.send_request(request, false).map_err(io::Error::other)?;
    // A server that answers early resets the stream; its answer is what counts.
    let _sent = stream.send_data(body, true);
    let (head, mut body) = response.await.map_err(io::Error::other)?.into_parts();
    let mut content = BytesMut::new();
    let _trailers =
        read_body(&mut body, |data| content.put(data)).await.map_err(io::Error::other)?;
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Ok(Reply { status: head.status.as_u16(), headers: headers.collect(), body: content.to_vec() })
}
