//! HTTP/1 in front of a sink: OTLP/HTTP and the control paths.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::shared::{Answer, Arrival, Protocol, Shared};
use crate::coding::Coding;
use crate::gzip::INFLATED_BYTES_MAX;
use crate::otlp::{self, Signal};

/// Why a connection ends without an answer.
#[derive(Debug)]
pub(super) struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed by the sink's mode")
    }
}

impl std::error::Error for Closed {}

pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { respond(request, &shared).await }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // It ends by a mode that closes, or because the client went away: both are counted elsewhere.
    let _ended = connection.await;
}

async fn respond(
    request: Request<Incoming>,
    shared: &Shared,
) -> Result<Response<Full<Bytes>>, Closed> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if head.method == Method::POST
        && let Some(signal) = Signal::at_path(path)
    {
        let coding = match encoding(&head.headers) {
            Ok(coding) => coding,
            Err(found) => return Ok(refuse(415, None, &format!("content encoding {found:?}"))),
        };
        let path = head.uri.path_and_query().map_or(path, |path| path.as_str()).to_owned();
        let (body, body_bytes) = read(body, shared.cheap()).await?;
        let headers = if shared.records() { copy(&head.headers) } else { Vec::new() };
        let protocol = Protocol::Http;
        let arrival = Arrival { signal, protocol, path, headers, coding, body, body_bytes };
        return answer(shared.receive(arrival).await);
    }
    let (body, _) = read(body, false).await?;
    Ok(control(&head.method, path, &body, shared))
}

/// Reads a body to its end, keeping it unless it is only to be counted.
async fn read(mut body: Incoming, count_only: bool) -> Result<(Bytes, u64), Closed> {
    let size = usize::try_from(body.size_hint().lower()).unwrap_or(0);
    let mut kept = BytesMut::with_capacity(if count_only { 0 } else { size.min(16 << 20) });
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Closed)?.into_data() else {
            continue;
        };
        length += data.len() as u64;
        if length > INFLATED_BYTES_MAX {
            return Err(Closed);
        }
        if !count_only {
            kept.extend_from_slice(&data);
        }
    }
    Ok((kept.freeze(), length))
}

/// The answer over plain HTTP, HTTP/1 or HTTP/2.
pub(super) fn answer(answer: Answer) -> Result<Response<Full<Bytes>>, Closed> {
    match answer {
        Answer::Accepted { rejected } => {
            let body = otlp::success(rejected, "rejected by the sink's mode");
            Ok(response(StatusCode::OK, "application/x-protobuf", body))
        }
        Answer::Refused { status, retry_after, message } => {
            Ok(refuse(status, retry_after, &message))
        }
        Answer::Close => Err(Closed),
    }
}

/// How a body is compressed; an error names an encoding that is not understood.
pub(super) fn encoding(headers: &HeaderMap) -> Result<Coding, String> {
    let name = headers.get(CONTENT_ENCODING).map_or(&b""[..], HeaderValue::as_bytes);
    Coding::named(name).ok_or_else(|| String::from_utf8_lossy(name).into_owned())
}

/// The headers as texts.
pub(super) fn copy(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}

pub(super) fn control(
    method: &Method,
    path: &str,
    body: &[u8],
    shared: &Shared,
) -> Response<Full<Bytes>> {
    let run = path.strip_prefix("/runs/").map(|run| u32::from_str_radix(run, 16));
    match (method, path, run) {
        (&Method::GET, "/report", _) => {
            let report = shared.report().to_json();
            response(StatusCode::OK, "application/json", report.into_bytes())
        }
        (&Method::GET, _, Some(Ok(run))) => {
            response(StatusCode::OK, "application/octet-stream", shared.run(run).to_bytes())
        }
        (&Method::POST | &Method::PUT, "/mode", _) => {
            match String::from_utf8_lossy(body).trim().parse() {
                Ok(mode) => {
                    shared.set_mode(mode);
                    response(StatusCode::OK, "text/plain", format!("{mode}\n").into_bytes())
                }
                Err(message) => refuse(400, None, &message),
            }
        }
        _ => refuse(404, None, "this sink has no such path"),
    }
}

fn refuse(status: u16, retry_after: Option<u32>, message: &str) -> Response<Full<Bytes>> {
    let body = otlp::status(0, message, None);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = response(status, "application/x-protobuf", body);
    if let Some(seconds) = retry_after {
        let _old = response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn response(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let _old = response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
