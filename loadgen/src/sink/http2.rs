//! HTTP/2 in front of a sink: OTLP/gRPC framed by hand, and OTLP/HTTP over h2c.
//!
//! Each stream is a task; it ends when the client resets its stream, so a held request does not
//! outlive the one who sent it.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::http1;
use super::shared::{Answer, Arrival, Protocol, Shared};
use crate::coding::Coding;
use crate::grpc_frame::{BINARY, GRPC_DETAILS, GRPC_MESSAGE, GRPC_STATUS, PREFIX_BYTES, frame};
use crate::gzip::INFLATED_BYTES_MAX;
use crate::otlp::{self, Signal};

/// Bytes a client may have under way: in one stream, and in the connection.
const WINDOW_BYTES: u32 = 4 << 20;
const FRAME_BYTES_MAX: u32 = 1 << 20;

pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let handshake = h2::server::Builder::new()
        .initial_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_concurrent_streams(4_096)
        .handshake::<_, Bytes>(stream)
        .await;
    let Ok(mut connection) = handshake else {
        return;
    };
    let close = Arc::new(Notify::new());
    loop {
        let next = tokio::select! {
            next = connection.accept() => next,
            () = close.notified() => return,
        };
        let Some(Ok((request, respond))) = next else {
            return;
        };
        let (shared, close) = (Arc::clone(&shared), Arc::clone(&close));
        let _task = tokio::spawn(async move {
            if let Err(Ended::CloseConnection) = exchange(request, respond, &shared).await {
                close.notify_one();
            }
        });
    }
}

/// Why a stream ended without its answer.
enum Ended {
    CloseConnection,
    ByClient,
}

impl From<h2::Error> for Ended {
    fn from(_: h2::Error) -> Self {
        Self::ByClient
    }
}

async fn exchange(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    shared: &Shared,
) -> Result<(), Ended> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if let Some(signal) = Signal::at_grpc_path(path) {
        let (body, body_bytes) = read(body, PREFIX_BYTES * usize::from(shared.cheap())).await?;
        let answer = match message(&head.headers, body, shared.cheap()) {
            Ok((coding, body)) => {
                let headers = copy_if(shared.records(), &head.headers);
                let (protocol, path) = (Protocol::Grpc, path.to_owned());
                let arrival = Arrival { signal, protocol, path, headers, coding, body, body_bytes };
                hold(arrival, &mut respond, shared).await?
            }
            Err(message) => Answer::Refused { status: 400, retry_after: None, message },
        };
        return send_grpc(answer, &mut respond);
    }
    let (body, body_bytes) = read(body, 0).await?;
    let response = match (Signal::at_path(path), http1::encoding(&head.headers)) {
        (Some(signal), Ok(coding)) => {
            let headers = copy_if(shared.records(), &head.headers);
            let (protocol, path) = (Protocol::Http, path.to_owned());
            let arrival = Arrival { signal, protocol, path, headers, coding, body, body_bytes };
            let answer = hold(arrival, &mut respond, shared).await?;
            http1::answer(answer).map_err(|_| Ended::CloseConnection)?
        }
        _ => http1::control(&head.method, path, &body, shared),
    };
    let (head, body) = response.into_parts();
    let mut stream = respond.send_response(Response::from_parts(head, ()), false)?;
    let mut body = body;
    let data = body.frame().await.and_then(|frame| frame.ok()?.into_data().ok());
    stream.send_data(data.unwrap_or_default(), true)?;
    Ok(())
}

/// Waits for the answer unless the client gives up first.
async fn hold(
    arrival: Arrival,
    respond: &mut SendResponse<Bytes>,
    shared: &Shared,
) -> Result<Answer, Ended> {
    tokio::select! {
        biased;
        answer = shared.receive(arrival) => Ok(answer),
        _reset = poll_fn(|cx| respond.poll_reset(cx)) => Err(Ended::ByClient),
    }
}

/// Reads a body to its end; with `keep_max` above 0 only so many bytes are kept.
async fn read(mut body: RecvStream, keep_max: usize) -> Result<(Bytes, u64), Ended> {
    let mut kept = BytesMut::new();
    let mut length = 0;
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        length += data.len() as u64;
        if length > INFLATED_BYTES_MAX {
            return Err(Ended::CloseConnection);
        }
        if keep_max == 0 {
            kept.extend_from_slice(&data);
        } else if kept.len() < keep_max {
            kept.extend_from_slice(data.get(..keep_max).unwrap_or(&data));
        }
    }
    Ok((kept.freeze(), length))
}

/// Takes the one message out of its prefix; says how it is compressed.
fn message(headers: &HeaderMap, mut body: Bytes, cheap: bool) -> Result<(Coding, Bytes), String> {
    let Some(&[flag, a, b, c, d]) = body.first_chunk::<PREFIX_BYTES>() else {
        return Err(format!("gRPC prefix: {} of {PREFIX_BYTES} bytes", body.len()));
    };
    let length = u32::from_be_bytes([a, b, c, d]);
    let message = body.split_off(PREFIX_BYTES);
    if !cheap && message.len() as u64 != u64::from(length) {
        return Err(format!("gRPC prefix says {length} bytes, {} came", message.len()));
    }
    let encoding = headers.get("grpc-encoding").map_or(&b""[..], HeaderValue::as_bytes);
    match (flag, Coding::named(encoding)) {
        (0, _) => Ok((Coding::Identity, message)),
        (1, Some(coding)) if coding != Coding::Identity => Ok((coding, message)),
        (1, _) => {
            let found = String::from_utf8_lossy(encoding);
            Err(format!("grpc-encoding {found:?}: expected gzip, zstd, zlib or snappy"))
        }
        _ => Err(format!("gRPC prefix flag {flag}: expected 0 or 1")),
    }
}

fn send_grpc(answer: Answer, respond: &mut SendResponse<Bytes>) -> Result<(), Ended> {
    let mut head = Response::new(());
    let grpc = HeaderValue::from_static("application/grpc");
    let _old = head.headers_mut().insert(http::header::CONTENT_TYPE, grpc);
    match answer {
        Answer::Accepted { rejected } => {
            let mut stream = respond.send_response(head, false)?;
            let body = otlp::success(rejected, "rejected by the sink's mode");
            stream.send_data(frame(false, &body), false)?;
            let mut trailers = HeaderMap::new();
            let _old = trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
            stream.send_trailers(trailers)?;
        }
        Answer::Refused { status, retry_after, message } => {
            refusal(head.headers_mut(), status, retry_after, &message);
            let _stream = respond.send_response(head, true)?;
        }
        Answer::Close => {
            respond.send_reset(Reason::INTERNAL_ERROR);
            return Err(Ended::CloseConnection);
        }
    }
    Ok(())
}

fn refusal(headers: &mut HeaderMap, status: u16, retry_after: Option<u32>, message: &str) {
    let code = grpc_code(status);
    let _old = headers.insert(GRPC_STATUS, HeaderValue::from(code));
    if let Ok(message) = HeaderValue::from_str(message) {
        let _old = headers.insert(GRPC_MESSAGE, message);
    }
    if let Some(seconds) = retry_after {
        let delay = Duration::from_secs(u64::from(seconds));
        let details = otlp::status(u64::from(code), message, Some(delay));
        if let Ok(details) = HeaderValue::from_str(&BINARY.encode(details)) {
            let _old = headers.insert(GRPC_DETAILS, details);
        }
    }
}

/// The gRPC code that corresponds to an HTTP status.
const fn grpc_code(status: u16) -> u16 {
    match status {
        401 => 16,
        403 => 7,
        404 => 12,
        413 | 429 => 8,
        400..=499 => 3,
        502..=504 => 14,
        _ => 13,
    }
}

fn copy_if(wanted: bool, headers: &HeaderMap) -> Vec<(String, String)> {
    if wanted { http1::copy(headers) } else { Vec::new() }
}
