//! What a request's head says: media type, content coding, how long the client waits.
//!
//! Reading only, but for the host of a request over HTTP/2, which is put where HTTP/1 has it. Names
//! of types and codings are compared without regard to case, parameters of a media type are passed
//! over.

use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use super::verdict::Fault;
use crate::config::plan::Codings;
use crate::frame::inflate::Coding;

/// The protobuf media type of OTLP/HTTP.
pub(super) const PROTOBUF: &str = "application/x-protobuf";
/// The JSON media type of OTLP/HTTP.
pub(super) const JSON: &str = "application/json";
const GRPC: &[u8] = b"application/grpc";
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The kind of body a client sends, and reads in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// OTLP as protobuf.
    Protobuf,
    /// OTLP as JSON.
    Json,
    /// Something else, or not said.
    Other,
}

/// What the body is said to be encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoded {
    /// As it is.
    Identity,
    /// One of the codings.
    With(Coding),
    /// Something that is not known here.
    Unknown,
}

impl Encoded {
    /// The coding, if `taken` has it; `None` for plain bytes.
    ///
    /// # Errors
    /// [`Fault::Encoding`].
    pub(super) fn among(self, taken: Codings) -> Result<Option<Coding>, Fault> {
        match self {
            Self::Identity => Ok(None),
            Self::With(coding) if is_on(taken, coding) => Ok(Some(coding)),
            Self::With(_) | Self::Unknown => Err(Fault::Encoding(taken)),
        }
    }
}

/// Encodings that messages over gRPC may have.
pub(super) const GRPC_CODINGS: Codings =
    Codings { gzip: true, zstd: true, snappy: true, deflate: true, ..Codings::NONE };

/// Whether a coding is among those that are taken.
pub(super) const fn is_on(taken: Codings, coding: Coding) -> bool {
    match coding {
        Coding::Gzip => taken.gzip,
        Coding::Zstd => taken.zstd,
        Coding::Zlib => taken.zlib,
        Coding::Deflate => taken.deflate,
        Coding::Snappy => taken.snappy,
        Coding::SnappyFramed => taken.snappy_framed,
        Coding::Lz4 => taken.lz4,
    }
}

/// The media type of an OTLP/HTTP request.
pub(super) fn media(headers: &HeaderMap) -> Media {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Media::Other };
    let essence = essence(value.as_bytes());
    if essence.eq_ignore_ascii_case(PROTOBUF.as_bytes()) {
        Media::Protobuf
    } else if essence.eq_ignore_ascii_case(JSON.as_bytes()) {
        Media::Json
    } else {
        Media::Other
    }
}

/// What a header costs beside its name and its value: places in the map, whose tables double as it
/// grows, and the allocations' own.
const HEADER_BYTES: usize = 256;

/// What a head over HTTP/2 occupies: twice its text, of which h2 keeps more than it hands out (42
/// KiB a stream measured with one value of 15 KiB, 62 KiB with 300 small ones).
pub(super) fn bytes(headers: &HeaderMap) -> usize {
    headers.iter().fold(0, |sum: usize, (name, value)| {
        let text = name.as_str().len().saturating_add(value.len());
        sum.saturating_add(text.saturating_mul(2)).saturating_add(HEADER_BYTES)
    })
}

/// Whether a request over HTTP/2 is a gRPC call with protobuf messages.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return false };
    let essence = essence(value.as_bytes());
    let Some((base, format)) = essence.split_at_checked(GRPC.len()) else { return false };
    base.eq_ignore_ascii_case(GRPC) && (format.is_empty() || format.eq_ignore_ascii_case(b"+proto"))
}

fn essence(value: &[u8]) -> &[u8] {
    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
    value.get(..end).unwrap_or_default().trim_ascii()
}

/// The coding of an OTLP/HTTP body.
pub(super) fn content_coding(headers: &HeaderMap) -> Encoded {
    coding(headers, &CONTENT_ENCODING)
}

/// The coding of a gRPC message whose compression flag is set.
pub(super) fn grpc_coding(headers: &HeaderMap) -> Encoded {
    coding(headers, &GRPC_ENCODING)
}

fn coding(headers: &HeaderMap, name: &HeaderName) -> Encoded {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Encoded::Identity };
    let value = value.as_bytes().trim_ascii();
    if values.next().is_some() {
        return Encoded::Unknown;
    }
    if value.is_empty() || value.eq_ignore_ascii_case(b"identity") {
        return Encoded::Identity;
    }
    if value.eq_ignore_ascii_case(b"x-gzip") {
        return Encoded::With(Coding::Gzip);
    }
    let named = |coding: &Coding| value.eq_ignore_ascii_case(coding.name().as_bytes());
    Coding::ALL.into_iter().find(named).map_or(Encoded::Unknown, Encoded::With)
}

/// Whether a request over HTTP/2 breaks a rule of RFC 9113 that the protocol library does not
/// keep: blanks around a value, a `Host` that is not the authority, CONNECT without a host.
pub(super) fn is_malformed(head: &Parts) -> bool {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let around = |value: &[u8]| blank(value.first()) || blank(value.last());
    let authority = head.uri.authority().map(|authority| host(authority.as_str().as_bytes()));
    let named = head.headers.get(HOST).map(|named| host(named.as_bytes()));
    let elsewhere = authority.zip(named).is_some_and(|(a, b)| !a.eq_ignore_ascii_case(b));
    let nowhere = head.method == Method::CONNECT && authority.is_none();
    elsewhere || nowhere || head.headers.values().any(|value| around(value.as_bytes()))
}

/// A host without a port that says nothing.
fn host(authority: &[u8]) -> &[u8] {
    let http = authority.strip_suffix(b":80");
    http.or_else(|| authority.strip_suffix(b":443")).unwrap_or(authority)
}

/// Has the headers say which host is asked, as they do over HTTP/1; HTTP/2 says it beside them.
pub(super) fn name_host(head: &mut Parts) {
    let authority = head.uri.authority().filter(|_| !head.headers.contains_key(HOST));
    if let Some(Ok(host)) = authority.map(|host| HeaderValue::try_from(host.as_str())) {
        let _ = head.headers.insert(HOST, host);
    }
}

/// A path without its detours: doubled slashes, `.` and `..`; `None`: it has none.
pub(super) fn direct(path: &str) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    let mut clean = String::with_capacity(path.len());
    for name in &names {
        clean.push('/');
        clean.push_str(name);
    }
    if path.ends_with('/') || names.is_empty() {
        clean.push('/');
    }
    (clean != path).then_some(clean)
}

/// The declared length of an HTTP/2 body, if there is one; over HTTP/1 the protocol library knows
/// it.
pub(super) fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the client holds its body back until it is asked for it.
pub(super) fn expects_continue(headers: &HeaderMap) -> bool {
    headers.contains_key(EXPECT)
}

/// How long the caller of a gRPC method waits; `None` when it does not say.
pub(super) fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let (unit, digits) = headers.get(GRPC_TIMEOUT)?.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let count: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(count.saturating_mul(3600)),
        b'M' => Duration::from_secs(count.saturating_mul(60)),
        b'S' => Duration::from_secs(count),
        b'm' => Duration::from_millis(count),
        b'u' => Duration::from_micros(count),
        b'n' => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn with(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let _ = headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn media_types_are_read_without_case_and_parameters() {
        let cases = [
            ("application/x-protobuf", Media::Protobuf),
            ("Application/X-Protobuf; charset=utf-8", Media::Protobuf),
            ("application/json;charset=utf-8", Media::Json),
            ("application/x-protobuffer", Media::Other),
            ("text/plain", Media::Other),
            ("", Media::Other),
        ];
        for (value, media_type) in cases {
            assert_eq!(media(&with("content-type", value)), media_type, "{value}");
        }
        assert_eq!(media(&HeaderMap::new()), Media::Other);
    }

    #[test]
    fn only_protobuf_grpc_is_taken_as_grpc() {
        for value in ["application/grpc", "application/grpc+proto", "application/grpc;x=1"] {
            assert!(is_grpc(&with("content-type", value)), "{value}");
        }
        for value in ["application/grpc-web", "application/grpc+json", "application/x-protobuf"] {
            assert!(!is_grpc(&with("content-type", value)), "{value}");
        }
    }

    #[test]
    fn a_path_with_detours_has_a_direct_form_and_others_have_none() {
        let cases = [
            ("//v1/traces", Some("/v1/traces")),
            ("/v1//traces", Some("/v1/traces")),
            ("/v1/./traces", Some("/v1/traces")),
            ("/v2/../v1/traces", Some("/v1/traces")),
            ("/../../v1/traces//", Some("/v1/traces/")),
            ("//", Some("/")),
            ("/v1/traces", None),
            ("/v1/traces/", None),
            ("/", None),
        ];
        for (path, expected) in cases {
            assert_eq!(direct(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn the_host_that_http_2_names_beside_the_headers_is_put_among_them() {
        for (given, expected) in [(None, "shop:4317"), (Some("other"), "other")] {
            let request = http::Request::post("http://shop:4317/v1/traces");
            let request =
                given.into_iter().fold(request, |request, host| request.header(HOST, host));
            let (mut head, ()) = request.body(()).unwrap().into_parts();
            name_host(&mut head);
            assert_eq!(head.headers[HOST], expected);
        }
    }

    #[test]
    fn codings_are_known_by_the_collectors_names() {
        let cases = [
            ("gzip", Encoded::With(Coding::Gzip)),
            ("GZIP", Encoded::With(Coding::Gzip)),
            ("x-gzip", Encoded::With(Coding::Gzip)),
            ("zstd", Encoded::With(Coding::Zstd)),
            ("zlib", Encoded::With(Coding::Zlib)),
            ("deflate", Encoded::With(Coding::Deflate)),
            ("snappy", Encoded::With(Coding::Snappy)),
            ("x-snappy-framed", Encoded::With(Coding::SnappyFramed)),
            ("lz4", Encoded::With(Coding::Lz4)),
            ("identity", Encoded::Identity),
            ("", Encoded::Identity),
            ("br", Encoded::Unknown),
            ("gzip, gzip", Encoded::Unknown),
        ];
        for (value, expected) in cases {
            assert_eq!(content_coding(&with("content-encoding", value)), expected, "{value}");
            assert_eq!(grpc_coding(&with("grpc-encoding", value)), expected, "{value}");
        }
        let mut twice = with("content-encoding", "gzip");
        let _ = twice.append("content-encoding", HeaderValue::from_static("gzip"));
        assert_eq!(content_coding(&twice), Encoded::Unknown);
    }

    #[test]
    fn a_coding_is_taken_only_where_it_is_on() {
        for coding in Coding::ALL {
            let encoded = Encoded::With(coding);
            assert_eq!(encoded.among(Codings::ALL), Ok(Some(coding)));
            assert_eq!(encoded.among(Codings::NONE), Err(Fault::Encoding(Codings::NONE)));
        }
        assert_eq!(Encoded::Identity.among(Codings::NONE), Ok(None));
        assert!(Encoded::Unknown.among(Codings::ALL).is_err());
        let grpc = |coding| Encoded::With(coding).among(GRPC_CODINGS).is_ok();
        let taken = [Coding::Gzip, Coding::Zstd, Coding::Snappy, Coding::Deflate];
        assert!(Coding::ALL.into_iter().all(|coding| grpc(coding) == taken.contains(&coding)));
    }

    #[test]
    fn timeouts_of_grpc_are_read_in_every_unit() {
        let cases = [
            ("10S", Some(Duration::from_secs(10))),
            ("250m", Some(Duration::from_millis(250))),
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("7u", Some(Duration::from_micros(7))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("100000000n", None),
            ("S", None),
            ("10", None),
            ("-1S", None),
        ];
        for (value, expected) in cases {
            assert_eq!(grpc_timeout(&with("grpc-timeout", value)), expected, "{value}");
        }
    }
}
