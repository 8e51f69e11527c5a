//! `headers` of an exporter, and its `Host`, which is the authority of its requests.

use http::{HeaderName, HeaderValue};

use crate::config::decode::Section;
use crate::config::headers::{self, Own};
use crate::config::keys::{Table, key};
use crate::config::problems::Code;
use crate::config::report::Fault;

/// Headers of HTTP requests.
pub(super) const HTTP_OWN: &Own = &Own {
    writer: "exporter",
    written: &["content-type", "upgrade"],
    ignored: &["connection", "content-encoding", "content-length", "te", "transfer-encoding"],
    item: &ITEM,
};
/// Headers of gRPC requests.
pub(super) const GRPC_OWN: &Own = &Own {
    writer: "exporter",
    written: &["content-type", "grpc-encoding", "grpc-accept-encoding", "grpc-timeout"],
    ignored: &[
        "connection",
        "content-encoding",
        "content-length",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ],
    item: &ITEM,
};

pub(in crate::config) const ITEM: Table = Table {
    scope: "exporters.*.headers",
    keys: &[key("name", "text", "required", "header"), key("value", "text", "required", "value")],
};

/// Reads the headers in order; a name that is given twice is sent twice.
pub(super) fn decode(section: &Section<'_>, own: &Own) -> Vec<(HeaderName, HeaderValue)> {
    headers::decode(section, "headers", own)
}

/// Takes a `Host` header out: it is the authority of the request.
pub(super) fn take_host(
    section: &Section<'_>,
    headers: &mut Vec<(HeaderName, HeaderValue)>,
) -> Option<String> {
    let place = headers.iter().position(|(name, _)| name == http::header::HOST)?;
    let (_, value) = headers.remove(place);
    headers.retain(|(name, _)| name != http::header::HOST);
    let host = value.to_str().ok().and_then(authority);
    if host.is_none() {
        let fault = Fault::new(Code::BadValue, "the `Host` header names no host");
        section.report.error(section.mark_of("headers"), &section.path, fault);
    }
    host
}

/// A text that can stand for host and port in a request.
pub(super) fn authority(text: &str) -> Option<String> {
    let parsed = text.parse::<http::uri::Authority>().ok()?;
    (!parsed.host().is_empty()).then(|| text.to_owned())
}
