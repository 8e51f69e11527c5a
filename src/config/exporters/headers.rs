//! `headers` of an exporter: a mapping, or a list of `{name, value}`. Values are kept out of
//! messages.

use http::{HeaderName, HeaderValue};

use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::problems::Code;
use crate::config::report::Fault;
use crate::config::yaml::Value;

/// What an exporter does with a header that the file may not set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    /// The exporter's own say: two would contradict each other.
    written: &'static [&'static str],
    /// Headers of the connection and the framing: the file's are left out, with a warning.
    ignored: &'static [&'static str],
}

/// Headers of HTTP requests.
pub(super) const HTTP_OWN: &Own = &Own {
    written: &["content-type", "upgrade"],
    ignored: &["connection", "content-encoding", "content-length", "te", "transfer-encoding"],
};
/// Headers of gRPC requests.
pub(super) const GRPC_OWN: &Own = &Own {
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
};

pub(in crate::config) const ITEM: Table = Table {
    scope: "exporters.*.headers",
    keys: &[key("name", "text", "required", "header"), key("value", "text", "required", "value")],
};

/// Reads the headers in order; a name that is given twice is sent twice.
pub(super) fn decode(section: &Section<'_>, own: &Own) -> Vec<(HeaderName, HeaderValue)> {
    let Some(field) = section.get("headers") else {
        return Vec::new();
    };
    if matches!(field.node.value, Value::List(_)) {
        let items = field.items().unwrap_or_default();
        return items.iter().filter_map(|item| listed(item, own)).collect();
    }
    let children = field.children().unwrap_or_default();
    children.iter().filter_map(|(name, value)| header(name, value, value, own)).collect()
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

fn listed(item: &Field<'_>, own: &Own) -> Option<(HeaderName, HeaderValue)> {
    let section = item.section(&ITEM)?;
    let (name, value) = (section.required("name"), section.required("value"));
    let (name, value) = (name?, value?);
    header(&name.text()?, &name, &value, own)
}

fn header(
    name: &str,
    at: &Field<'_>,
    value: &Field<'_>,
    own: &Own,
) -> Option<(HeaderName, HeaderValue)> {
    let text = value.secret_text();
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        let fault =
            Fault::new(Code::BadValue, format!("`{}` is no header name", name.escape_debug()));
        at.report.error(at.key, &at.path, fault);
        return None;
    };
    if own.ignored.contains(&parsed.as_str()) {
        let fault = Fault::new(Code::Ignored, format!("the header `{parsed}` is not sent"));
        let hint = "it belongs to the connection or the framing, which are the exporter's";
        at.report.warning(at.key, &at.path, fault.hint(hint));
        return None;
    }
    if own.written.contains(&parsed.as_str()) {
        let message = format!("`{parsed}` is written by the exporter itself");
        at.report.error(at.key, &at.path, Fault::new(Code::Conflict, message));
        return None;
    }
    let text = text?;
    let Ok(mut header) = HeaderValue::from_str(&text) else {
        let fault =
            Fault::new(Code::BadValue, "a header's value holds a line break or control character");
        let hint = "a variable that was read from a file often ends in a line break";
        value.error(fault.hint(hint));
        return None;
    };
    header.set_sensitive(true);
    Some((parsed, header))
}
