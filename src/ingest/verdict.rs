//! ONE TABLE: what happened to a request -> HTTP status, gRPC code, counter label; and the answers.
//!
//! An error's body is a `google.rpc.Status` in the request's own type (protobuf or JSON), plain
//! text when the type is not known. Refusals that a retry can help carry `Retry-After: 1` or `2`
//! over HTTP and a `RetryInfo` of one to two seconds over gRPC, taking turns so that clients do not
//! come back together; others carry neither. Invariant: texts are ours, without quotes or control
//! characters.
//!
//! Header maps of requests are emptied and used for their answers: hyper takes them back for the
//! next.

mod partial;
mod words;

use std::cell::Cell;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use spanyard_wire::error::{Reason, WireError};
use spanyard_wire::reply;
use spanyard_wire::schema::Signal;

use super::head::{JSON, Media, PROTOBUF};
use crate::config::plan::Codings;
use crate::frame::FrameError;
use crate::frame::grpc_prefix::BadCall;
use crate::frame::inflate::Damage;
use crate::frame::json::JsonError;
use crate::pipeline::{Failure, Refusal};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const GRPC_ACCEPT: HeaderName = HeaderName::from_static("grpc-accept-encoding");
/// Encodings of messages over gRPC.
const GRPC_ACCEPTED: &str = "identity,gzip,zstd,snappy,deflate";
/// Different delays that refusals over gRPC name: 1 s and then an eighth more each.
const DELAYS: u32 = 8;

/// Why a request is not answered with success.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No signal is taken at this path.
    UnknownPath,
    /// Not POST.
    Method,
    /// A content type that is not OTLP's.
    MediaType,
    /// JSON that is no request.
    Json(JsonError),
    /// A content coding that is not among those that are taken.
    Encoding(Codings),
    /// Damaged compressed bytes.
    Compression(FrameError),
    /// Damaged protobuf.
    Malformed(WireError),
    /// Not one gRPC message.
    Call(BadCall),
    /// More bytes than are taken.
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// There is no room now.
    Overloaded,
    /// Credentials are asked for, and there were none or wrong ones.
    Unauthenticated,
    /// The tenant has sent more than it may.
    Quota {
        /// When it is worth trying again, in seconds.
        seconds: u64,
    },
    /// A backend that is waited for did not take it.
    Backend(Failure),
    /// The chunks of the body are not in order.
    Framing,
    /// The body broke off.
    CutOff,
    /// The body did not arrive in time.
    Slow,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) http: StatusCode,
    /// The gRPC code.
    pub(super) grpc: i32,
    /// The counter's label `reason`; `None`: not the request's fault.
    pub(super) reason: Option<&'static str>,
}

impl Fault {
    /// The table.
    pub(super) const fn row(&self) -> Row {
        let (http, grpc, reason) = match self {
            Self::UnknownPath => (StatusCode::NOT_FOUND, UNIMPLEMENTED, Some("other")),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, UNIMPLEMENTED, Some("other")),
            Self::MediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, INVALID_ARGUMENT, Some("media_type"))
            }
            Self::Json(_) => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT, Some("json")),
            Self::Encoding(_) => (StatusCode::BAD_REQUEST, UNIMPLEMENTED, Some("encoding")),
            Self::Compression(FrameError::BadCompression { reason: Damage::Window(_), .. })
            | Self::TooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, RESOURCE_EXHAUSTED, Some("too_large"))
            }
            Self::Compression(_) => {
                (StatusCode::BAD_REQUEST, INVALID_ARGUMENT, Some("compression"))
            }
            Self::Malformed(WireError { reason: Reason::NestedTooDeep(_), .. }) => {
                (StatusCode::BAD_REQUEST, INVALID_ARGUMENT, Some("nesting"))
            }
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT, Some("protobuf")),
            Self::Call(_) => (StatusCode::BAD_REQUEST, INTERNAL, Some("grpc_frame")),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, None),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, UNAUTHENTICATED, None),
            Self::Quota { .. } => (StatusCode::TOO_MANY_REQUESTS, RESOURCE_EXHAUSTED, None),
            Self::Backend(failure) => (status_of(failure.code), failure.code as i32, None),
            Self::Framing => (StatusCode::BAD_REQUEST, INTERNAL, Some("http")),
            Self::CutOff => (StatusCode::BAD_REQUEST, INTERNAL, Some("truncated")),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, DEADLINE_EXCEEDED, Some("timeout")),
        };
        Row { http, grpc, reason }
    }

    /// The code in the body over HTTP: what cannot be decoded is the request's fault there.
    const fn http_code(&self) -> i32 {
        if matches!(self, Self::Encoding(_)) { INVALID_ARGUMENT } else { self.row().grpc }
    }
}

/// The status that stands for a backend's code, as the Collector has it.
const fn status_of(code: u8) -> StatusCode {
    match code {
        1 | 4 | 10 | 11 | 14 | 15 => StatusCode::SERVICE_UNAVAILABLE,
        3 => StatusCode::BAD_REQUEST,
        7 => StatusCode::FORBIDDEN,
        8 => StatusCode::TOO_MANY_REQUESTS,
        12 => StatusCode::NOT_FOUND,
        16 => StatusCode::UNAUTHORIZED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

const INVALID_ARGUMENT: i32 = 3;
const DEADLINE_EXCEEDED: i32 = 4;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;
const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;

impl From<FrameError> for Fault {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooLarge { limit } => Self::TooLarge { limit },
            FrameError::Overloaded => Self::Overloaded,
            FrameError::BadCompression { .. } => Self::Compression(error),
            FrameError::BadJson(error) => Self::Json(error),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed(error) => Self::Malformed(error),
            Refusal::Overloaded => Self::Overloaded,
            Refusal::Quota { seconds } => Self::Quota { seconds },
        }
    }
}

impl From<BadCall> for Fault {
    fn from(error: BadCall) -> Self {
        Self::Call(error)
    }
}

/// Answers of one shard: what can be made beforehand, and whose turn it is.
#[derive(Debug)]
pub(super) struct Answers {
    turn: Cell<u32>,
    overloaded: Bytes,
    details: Vec<HeaderValue>,
    message: HeaderValue,
}

impl Default for Answers {
    fn default() -> Self {
        let text = Fault::Overloaded.to_string();
        let details = (0..DELAYS).map(|step| {
            let delay = Duration::from_millis(1000).saturating_add(step * DELAY_STEP);
            details(UNAVAILABLE, &text, Some(delay))
        });
        Self {
            turn: Cell::new(0),
            overloaded: Bytes::from(reply::status(UNAVAILABLE, &text, None)),
            details: details.collect(),
            message: percent_encoded(&text),
        }
    }
}

/// What the delays of refusals differ by.
const DELAY_STEP: Duration = Duration::from_millis(125);

impl Answers {
    fn turn(&self) -> u32 {
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        turn
    }

    /// The answer to a request that failed, over HTTP. `headers` is reused.
    pub(super) fn http_fault(
        &self,
        fault: &Fault,
        media: Media,
        mut headers: HeaderMap,
    ) -> Response<Bytes> {
        headers.clear();
        let (status, code) = (fault.row().http, fault.http_code());
        if *fault == Fault::Overloaded {
            let seconds = if self.turn().is_multiple_of(2) { "1" } else { "2" };
            let _ = headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if let Fault::Quota { seconds } = fault {
            // Those who wait for a moment only do not come back together.
            let late = u64::from(*seconds == 1 && !self.turn().is_multiple_of(2));
            let seconds = seconds.saturating_add(late);
            let _ = headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Fault::Backend(Failure { after: Some(after), .. }) = fault {
            let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0));
            let _ = headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if *fault == Fault::Method {
            let _ = headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        let (kind, body) = match media {
            Media::Protobuf if *fault == Fault::Overloaded => (PROTOBUF, self.overloaded.clone()),
            Media::Protobuf => (PROTOBUF, reply::status(code, &fault.to_string(), None).into()),
            Media::Json => (JSON, format!("{{\"code\":{code},\"message\":\"{fault}\"}}").into()),
            Media::Other => ("text/plain; charset=utf-8", format!("{fault}\n").into()),
        };
        let _ = headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        response(status, headers, body)
    }

    /// The answer to a call that failed, over gRPC: headers only, which end the stream.
    pub(super) fn grpc_fault(&self, fault: &Fault, mut headers: HeaderMap) -> Response<()> {
        headers.clear();
        let row = fault.row();
        let _ = headers.insert(CONTENT_TYPE, GRPC_TYPE);
        let _ = headers.insert(GRPC_STATUS, HeaderValue::from(row.grpc));
        if *fault == Fault::Overloaded {
            let index = self.turn() % DELAYS;
            let ready = usize::try_from(index).ok().and_then(|index| self.details.get(index));
            if let Some(details) = ready {
                let _ = headers.insert(GRPC_DETAILS, details.clone());
            }
            let _ = headers.insert(GRPC_MESSAGE, self.message.clone());
        } else {
            let text = fault.to_string();
            let _ = headers.insert(GRPC_MESSAGE, percent_encoded(&text));
            let after = match fault {
                Fault::Backend(failure) => failure.after,
                Fault::Quota { seconds } => {
                    let step = DELAY_STEP.saturating_mul(self.turn() % DELAYS);
                    Some(Duration::from_secs(*seconds).saturating_add(step))
                }
                _ => None,
            };
            let _ = headers.insert(GRPC_DETAILS, details(row.grpc, &text, after));
        }
        if matches!(fault, Fault::Encoding(_)) {
            let _ = headers.insert(GRPC_ACCEPT, HeaderValue::from_static(GRPC_ACCEPTED));
        }
        with_headers(headers, ())
    }
}

const GRPC_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");

/// Success over HTTP, in the request's own type: nothing to say, or what `partial` says of items
/// of `signal` that were not taken.
pub(super) fn http_success(
    mut headers: HeaderMap,
    media: Media,
    signal: Signal,
    partial: Option<(i64, String)>,
) -> Response<Bytes> {
    headers.clear();
    let (kind, body) = match (media, partial) {
        (Media::Json, None) => (JSON, Bytes::from_static(b"{}")),
        (Media::Json, Some((rejected, message))) => {
            (JSON, partial::json(signal, rejected, &message).into())
        }
        (_, None) => (PROTOBUF, Bytes::new()),
        (_, Some((rejected, message))) => {
            (PROTOBUF, reply::partial_success(rejected, &message).into())
        }
    };
    let _ = headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response(StatusCode::OK, headers, body)
}

/// Sends a client to another path.
pub(super) fn elsewhere(mut headers: HeaderMap, path: &str) -> Response<Bytes> {
    headers.clear();
    if let Ok(path) = HeaderValue::try_from(path) {
        let _ = headers.insert(LOCATION, path);
    }
    response(StatusCode::TEMPORARY_REDIRECT, headers, Bytes::new())
}

/// Has the connection closed after this answer.
pub(super) fn closing(mut answer: Response<Bytes>) -> Response<Bytes> {
    let _ = answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// The head of a successful gRPC answer.
pub(super) fn grpc_success(mut headers: HeaderMap) -> Response<()> {
    headers.clear();
    let _ = headers.insert(CONTENT_TYPE, GRPC_TYPE);
    with_headers(headers, ())
}

/// The end of a successful gRPC answer.
pub(super) fn grpc_trailers() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    let _ = trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    trailers
}

fn response(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Bytes> {
    let mut response = with_headers(headers, body);
    *response.status_mut() = status;
    response
}

fn with_headers<B>(headers: HeaderMap, body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

fn details(code: i32, text: &str, delay: Option<Duration>) -> HeaderValue {
    let encoded = STANDARD_NO_PAD.encode(reply::status(code, text, delay));
    HeaderValue::try_from(encoded).unwrap_or(HeaderValue::from_static(""))
}

/// A gRPC message: what is not printable ASCII, and `%`, as `%XX`.
fn percent_encoded(text: &str) -> HeaderValue {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::try_from(encoded).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests;
