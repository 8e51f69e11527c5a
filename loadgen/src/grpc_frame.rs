//! gRPC over h2 by hand, as a client sees it: the prefix, the body, the status.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::PAD;
use base64::{alphabet, engine};
use bytes::{BufMut, Bytes, BytesMut};
use h2::RecvStream;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::otlp;

/// Bytes before each message: a flag and a length.
pub(crate) const PREFIX_BYTES: usize = 5;
pub(crate) const GRPC_STATUS: &str = "grpc-status";
pub(crate) const GRPC_MESSAGE: &str = "grpc-message";
pub(crate) const GRPC_DETAILS: &str = "grpc-status-details-bin";

/// Binary metadata: written without padding, read either way.
pub(crate) const BINARY: GeneralPurpose = {
    let config = PAD
        .with_encode_padding(false)
        .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, config)
};

/// The status of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: u32,
    pub(crate) message: String,
    pub(crate) retry_after: Option<Duration>,
}

/// A message with its prefix. Messages above 4 GiB do not occur: bodies are bounded before.
pub(crate) fn frame(gzip: bool, message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(u8::from(gzip));
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.extend_from_slice(message);
    framed.freeze()
}

/// Reads a body to its end, giving the window back; returns the trailers.
pub(crate) async fn read_body(
    body: &mut RecvStream,
    mut take: impl FnMut(Bytes),
) -> Result<HeaderMap, h2::Error> {
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        take(data);
    }
    Ok(body.trailers().await?.unwrap_or_default())
}

/// Reads the status out of the headers that carry it.
pub(crate) fn outcome(http: StatusCode, headers: &HeaderMap) -> io::Result<Outcome> {
    let text = |name| headers.get(name).map(HeaderValue::as_bytes).map(String::from_utf8_lossy);
    let code = text(GRPC_STATUS).and_then(|code| code.parse().ok()).ok_or_else(|| {
        io::Error::other(format!("gRPC answer without a status, HTTP status {http}"))
    })?;
    let details = headers.get(GRPC_DETAILS).and_then(|value| BINARY.decode(value).ok());
    let retry_after = details.and_then(|details| otlp::read_retry_delay(&details));
    let message = text(GRPC_MESSAGE).unwrap_or_default().into_owned();
    Ok(Outcome { code, message, retry_after })
}
