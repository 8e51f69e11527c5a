//! Endpoints of backends: URLs for `otlphttp`, `host:port` with an optional scheme for `otlp`.

use http::Uri;
use http::uri::Authority;

use crate::config::decode::Field;
use crate::config::problems::Code;
use crate::config::report::Fault;

/// A parsed `http://` or `https://` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) https: bool,
    /// Without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Host and port as written.
    pub(super) authority: String,
    /// Path and query, at least `/`.
    pub(super) path: String,
}

impl Url {
    /// The URL with a path appended; a query stays behind it.
    pub(super) fn join(&self, path: &str) -> Self {
        let (base, query) = match self.path.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (self.path.as_str(), String::new()),
        };
        let joined = format!("{}{path}{query}", base.trim_end_matches('/'));
        Self { path: joined, ..self.clone() }
    }
}

/// Parses the URL of an `otlphttp` backend.
pub(super) fn url(field: &Field<'_>) -> Option<Url> {
    let text = field.text()?;
    let expected = "a URL such as http://tempo:4318";
    let Some((scheme, _)) = text.split_once("://") else {
        let fault = Fault::new(Code::BadValue, "the scheme is missing").expected(expected);
        field.error(fault.found(field.node.shown()).hint("begin with http:// or https://"));
        return None;
    };
    let https = match scheme {
        "http" => false,
        "https" => true,
        _ => {
            field.bad_value("unknown scheme", "http:// or https://");
            return None;
        }
    };
    let Ok(uri) = text.parse::<Uri>() else {
        field.bad_value("not a URL", expected);
        return None;
    };
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        let reason = "set `headers: {Authorization: ...}`";
        field.not_supported("a user name or password in a URL", reason);
        return None;
    }
    let written_port = authority.as_str().rsplit_once(':').map(|(_, port)| port);
    let bad_port = authority.port_u16().is_none()
        && written_port.is_some_and(|port| !port.is_empty() && !port.ends_with(']'));
    if authority.host().is_empty() || bad_port {
        field.bad_value("no usable host and port", expected);
        return None;
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Some(Url {
        https,
        host: bare(authority.host()),
        port: authority.port_u16().unwrap_or(if https { 443 } else { 80 }),
        authority: authority.as_str().to_owned(),
        path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
    })
}

/// A parsed endpoint of an `otlp` backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grpc {
    pub(super) http: bool,
    pub(super) https: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) authority: String,
}

/// Parses the endpoint of an `otlp` backend; the port is required.
pub(super) fn grpc(field: &Field<'_>) -> Option<Grpc> {
    let text = field.text()?;
    let expected = "host:port, such as tempo:4317";
    let (scheme, rest) = match text.split_once("://") {
        None => ("", text.as_str()),
        Some((scheme, rest)) => (scheme, rest),
    };
    let rest = match scheme {
        "" | "http" | "https" => rest,
        "dns" if rest.starts_with('/') => rest.strip_prefix('/').unwrap_or(rest),
        "passthrough" if rest.starts_with('/') => rest.strip_prefix('/').unwrap_or(rest),
        _ => {
            field.not_supported(&format!("the scheme `{scheme}://`"), "use host:port");
            return None;
        }
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.parse::<Authority>().is_err() || authority.contains('@') {
        field.bad_value("not a host and a port", expected);
        return None;
    }
    let split = authority.rsplit_once(':').filter(|(host, _)| {
        // The last colon of a bare IPv6 address is no port's.
        !host.contains(':') || (host.starts_with('[') && host.ends_with(']'))
    });
    let Some((host, port)) = split else {
        let meant = format!("write the port: {authority}:4317");
        let fault = Fault::new(Code::BadValue, "the port is missing").expected(expected);
        field.error(fault.found(field.node.shown()).hint(meant));
        return None;
    };
    let port_number = port.parse::<u16>().ok().filter(|port| *port > 0);
    let (Some(port), false) = (port_number, bare(host).is_empty()) else {
        field.bad_value("no usable host and port", expected);
        return None;
    };
    Some(Grpc {
        http: scheme == "http",
        https: scheme == "https",
        host: bare(host),
        port,
        authority: authority.to_owned(),
    })
}

/// A host without the brackets of an IPv6 address.
fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}
