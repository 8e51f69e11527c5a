//! Answers over gRPC.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, HeaderValue, StatusCode};
use spanyard_wire::reply;

use super::{About, Partial, Verdict, accepted, explain};

/// The names of the codes, by number.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

const UNKNOWN: u8 = 2;
const RESOURCE_EXHAUSTED: u8 = 8;
const UNAVAILABLE: u8 = 14;

/// Padded or not: both are seen in `-bin` headers.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Judges an answer: `trailers` are those that hold `grpc-status`, which are the headers when the
/// answer has no body. `message` is the message without its prefix.
#[must_use]
pub fn judge(status: StatusCode, trailers: &HeaderMap, message: &[u8]) -> Verdict {
    let code = match trailers.get("grpc-status") {
        Some(value) => code_of(value),
        None if status == StatusCode::OK => UNKNOWN,
        None => code_of_http(status),
    };
    if code == 0 {
        let message_unread = || {
            let message = "accepted, with an answer that cannot be read".to_owned();
            Verdict::Accepted { partial: Some(Partial { rejected: 0, message }) }
        };
        return accepted(message).unwrap_or_else(message_unread);
    }
    let details = trailers.get("grpc-status-details-bin").and_then(decoded);
    let view = details.as_deref().and_then(|bytes| reply::read_status(bytes).ok());
    let after = view.as_ref().and_then(|view| view.retry_after);
    let name = CODES.get(usize::from(code)).copied().unwrap_or("UNKNOWN");
    let words = match trailers.get("grpc-message") {
        Some(value) => unescaped(value.as_bytes()),
        None if trailers.contains_key("grpc-status") => {
            view.map_or(Cow::Borrowed(""), |view| view.message)
        }
        None => Cow::Owned(format!("no grpc-status, http status {}", status.as_str())),
    };
    let why = explain(name, &words);
    if may_retry(code, after) {
        let throttled = code == RESOURCE_EXHAUSTED || after.is_some();
        return Verdict::Retry { after, throttled, code, why };
    }
    Verdict::Permanent { about: about(code), code, why }
}

/// OTLP's list; RESOURCE_EXHAUSTED only if the backend says when.
const fn may_retry(code: u8, after: Option<Duration>) -> bool {
    matches!(code, 1 | 4 | 10 | 11 | UNAVAILABLE | 15)
        || (code == RESOURCE_EXHAUSTED && after.is_some())
}

/// PERMISSION_DENIED, UNIMPLEMENTED and UNAUTHENTICATED hold for any content.
const fn about(code: u8) -> About {
    match code {
        7 | 12 | 16 => About::Request,
        _ => About::Content,
    }
}

fn code_of(value: &HeaderValue) -> u8 {
    let number = value.to_str().ok().and_then(|text| text.parse::<u8>().ok());
    number.filter(|code| usize::from(*code) < CODES.len()).unwrap_or(UNKNOWN)
}

/// The mapping of gRPC for answers that something else gave, a proxy mostly.
const fn code_of_http(status: StatusCode) -> u8 {
    match status.as_u16() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}

fn decoded(value: &HeaderValue) -> Option<Vec<u8>> {
    BASE64.decode(value.as_bytes()).ok()
}

/// Undoes the percent encoding of `grpc-message`; what is not an escape stays as it is.
fn unescaped(mut text: &[u8]) -> Cow<'_, str> {
    if !text.contains(&b'%') {
        return String::from_utf8_lossy(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    while let Some((first, rest)) = text.split_first() {
        let escaped = rest.first_chunk().filter(|_| *first == b'%').and_then(from_hex);
        match escaped {
            Some(byte) => {
                plain.push(byte);
                text = rest.get(2..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                text = rest;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

fn from_hex(digits: &[u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let [high, low] = *digits;
    Some(digit(high)?.wrapping_mul(16).wrapping_add(digit(low)?))
}

/// The verdict on an answer that is longer than OTLP lets a client read: not to be tried again.
#[must_use]
pub fn too_long() -> Verdict {
    let why = "the answer is longer than 4 MiB".to_owned();
    Verdict::Permanent { about: About::Request, code: UNKNOWN, why }
}
