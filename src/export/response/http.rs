//! Answers over HTTP.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use spanyard_wire::reply;

use super::{About, Verdict, accepted, explain};

/// Judges an answer. `wall` is needed for a `Retry-After` that is a date.
#[must_use]
pub fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8], wall: SystemTime) -> Verdict {
    let protobuf = is_protobuf(headers);
    if status.is_success() {
        return success(headers, body);
    }
    let why = explain(status.as_str(), &words(status, headers, body, protobuf));
    match status {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => {
            let after = headers.get(RETRY_AFTER).and_then(|value| retry_after(value, wall));
            let throttled = status == StatusCode::TOO_MANY_REQUESTS || after.is_some();
            Verdict::Retry { after, throttled, code: code(status), why }
        }
        _ => Verdict::Permanent { about: about(status), code: code(status), why },
    }
}

/// A success counts as none if its body is not what its type says, exactly as written: what answers
/// is no OTLP server then, or half of one.
fn success(headers: &HeaderMap, body: &[u8]) -> Verdict {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let unreadable = || {
        let why = "a success whose answer cannot be read".to_owned();
        Verdict::Retry { after: None, throttled: false, code: code(StatusCode::BAD_GATEWAY), why }
    };
    match (kind, body.is_empty()) {
        (b"application/x-protobuf", false) => accepted(body).unwrap_or_else(unreadable),
        (b"application/json", _) if !looks_like_json(body) => unreadable(),
        _ => Verdict::Accepted { partial: None },
    }
}

/// Whether a text may be an object, or nothing at all: its inside is not looked at.
fn looks_like_json(body: &[u8]) -> bool {
    let text = body.trim_ascii();
    matches!(text, [] | [b'{', .., b'}'] | b"null")
}

/// The gRPC code that stands for a status.
const fn code(status: StatusCode) -> u8 {
    match status.as_u16() {
        400 => 3,
        401 => 16,
        403 => 7,
        404 => 12,
        429 => 8,
        502..=504 => 14,
        _ => 2,
    }
}

const fn about(status: StatusCode) -> About {
    match status.as_u16() {
        100..=399 | 401..=407 | 411 | 414 | 415 | 417 | 421 | 426 | 431 | 501 | 505 | 511 => {
            About::Request
        }
        _ => About::Content,
    }
}

fn is_protobuf(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return false;
    };
    value.as_bytes().starts_with(b"application/x-protobuf")
}

/// The backend's words: the message of a `google.rpc.Status`, or text as it is.
fn words<'a>(
    status: StatusCode,
    headers: &'a HeaderMap,
    body: &'a [u8],
    protobuf: bool,
) -> Cow<'a, str> {
    if status.is_redirection() {
        let place = headers.get(LOCATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let place = String::from_utf8_lossy(place);
        return Cow::Owned(format!("redirects are not followed: set the endpoint to {place}"));
    }
    if protobuf && let Ok(view) = reply::read_status(body) {
        return view.message;
    }
    let text = String::from_utf8_lossy(body);
    if text.trim().is_empty() {
        return Cow::Borrowed(status.canonical_reason().unwrap_or_default());
    }
    text
}

/// Seconds or an HTTP date, as RFC 9110 has it; a date that has passed is zero, junk is `None`.
#[must_use]
pub fn retry_after(value: &HeaderValue, wall: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(wall).unwrap_or_default())
}
