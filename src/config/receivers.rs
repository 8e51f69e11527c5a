//! `receivers`: the `otlp` receiver, with its TLS, authentication and CORS.

mod auth;
mod cors;
mod tls;

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use spanyard_wire::schema::Signal;

use super::decode::{Field, Section};
use super::document::Component;
use super::headers::{self, Own};
use super::keys::{Key, Table, key};
use super::listen::{self, Listen};
use super::plan::{
    Address, Codings, GrpcIngest, HttpIngest, HttpTimes, ServerKeepalive, TlsVersion,
};
use super::problems::Code;
use super::report::Fault;
use super::service::Reference;
use crate::units::MIB;
pub(super) use auth::{applied, check as check_auth};
use tls::Tls;

/// Largest message over gRPC where the file names none, as in the Collector.
const GRPC_MESSAGE_MIB: u64 = 4;
/// Largest body over HTTP where the file names none, as in the Collector.
const HTTP_BODY_BYTES: u64 = 20 * MIB as u64;
/// Streams of one gRPC connection where the file names no limit: the Collector has none, and every
/// stream may hold a message.
const GRPC_STREAMS: u64 = 100;
/// How long an answer to a ping may take, and how often pings leave at most, as in grpc-go.
const PONG_TIME: Duration = Duration::from_secs(20);
const PING_MIN: Duration = Duration::from_secs(1);
/// Between pings of a client, where an `enforcement_policy` does not say.
const CLIENT_PING_MIN: Duration = Duration::from_secs(300);
/// The words of `compression_algorithms`.
pub(super) const ENCODINGS: [&str; 8] =
    ["", "gzip", "zstd", "zlib", "snappy", "deflate", "lz4", "x-snappy-framed"];
/// Largest message or body that may be configured: 2 GiB, the limit of protobuf itself.
const BYTES_MAX: u64 = 2048 * MIB as u64;

pub(super) const TABLES: [&Table; 12] = [
    &OTLP,
    &PROTOCOLS,
    &GRPC,
    &KEEPALIVE,
    &PARAMETERS,
    &ENFORCEMENT,
    &HTTP,
    &tls::TLS,
    &auth::GRPC,
    &auth::HTTP,
    &cors::CORS,
    &RESPONSE_HEADER,
];

const TLS_KEY: Key = key("tls", "mapping", "off", "towards the clients");
const AUTH_KEY: Key = key("auth", "mapping", "off", "the extension that says who may send");

const OTLP: Table = Table {
    scope: "receivers.otlp",
    keys: &[key("protocols", "mapping", "required", "at least one of `grpc` and `http`")],
};
const PROTOCOLS: Table = Table {
    scope: "receivers.otlp.protocols",
    keys: &[
        key("grpc", "mapping", "off", "OTLP over gRPC; `grpc:` alone turns it on"),
        key("http", "mapping", "off", "OTLP over HTTP; `http:` alone turns it on"),
    ],
};
const GRPC: Table = Table {
    scope: "receivers.otlp.protocols.grpc",
    keys: &[
        key("enabled", "boolean", "true", "false turns the protocol off"),
        key("endpoint", "host:port", "localhost:4317", "address to listen on, or a path"),
        key("transport", "word", "tcp", "`tcp`, `tcp4`, `tcp6` or `unix`"),
        key("max_recv_msg_size_mib", "whole number", "4", "largest message, after decompression"),
        key("max_concurrent_streams", "whole number", "100", "requests of one connection at once"),
        key("include_metadata", "boolean", "false", "whether `from_context` sees request headers"),
        key("keepalive", "mapping", "", "how long connections live"),
        TLS_KEY,
        AUTH_KEY,
    ],
};
const KEEPALIVE: Table = Table {
    scope: "receivers.otlp.protocols.grpc.keepalive",
    keys: &[
        key("enabled", "boolean", "true", "false: as if it were not named"),
        key("server_parameters", "mapping", "", "the gateway's side of it"),
        key("enforcement_policy", "mapping", "", "how often clients may ping"),
    ],
};
const ENFORCEMENT: Table = Table {
    scope: "receivers.otlp.protocols.grpc.keepalive.enforcement_policy",
    keys: &[
        key("enabled", "boolean", "true", "false: as if it were not named"),
        key("min_time", "duration", "5m", "who pings more often three times is told to go"),
        key("permit_without_stream", "boolean", "false", "whether pings may come between requests"),
    ],
};
const PARAMETERS: Table = Table {
    scope: "receivers.otlp.protocols.grpc.keepalive.server_parameters",
    keys: &[
        key("enabled", "boolean", "true", "false: as if they were not named"),
        key("max_connection_idle", "duration", "10m", "told to go without a request for so long"),
        key("max_connection_age", "duration", "none", "told to go at this age, within a tenth"),
        key("max_connection_age_grace", "duration", "none", "cut off so long after that age"),
        key("time", "duration", "none", "pinged when silent for so long, 1s at least"),
        key("timeout", "duration", "20s", "closed when silent so long after a ping"),
    ],
};
const HTTP: Table = Table {
    scope: "receivers.otlp.protocols.http",
    keys: &[
        key("enabled", "boolean", "true", "false turns the protocol off"),
        key("endpoint", "host:port", "localhost:4318", "address to listen on, or a path"),
        key("transport", "word", "tcp", "`tcp`, `tcp4`, `tcp6` or `unix`"),
        key("max_request_body_size", "bytes", "20971520", "largest body, also after decompression"),
        key("traces_url_path", "path", "/v1/traces", "path for traces"),
        key("metrics_url_path", "path", "/v1/metrics", "path for metrics"),
        key("logs_url_path", "path", "/v1/logs", "path for logs"),
        key(
            "include_metadata",
            "boolean",
            "false",
            "whether routing and edits see request headers",
        ),
        key("read_timeout", "duration", "10s and 1s a MiB", "for a body to arrive"),
        key("read_header_timeout", "duration", "`read_timeout`, or 10s", "for a head to arrive"),
        key("write_timeout", "duration", "none", "from the end of a head to that of its answer"),
        key("idle_timeout", "duration", "`read_timeout`, or 3m", "between two requests"),
        key("keep_alives_enabled", "boolean", "true", "false: closed after each answer"),
        key(
            "max_connection_age",
            "duration",
            "none",
            "not in the Collector: told to go at this age, within a tenth",
        ),
        key(
            "max_connection_age_grace",
            "duration",
            "none",
            "not in the Collector: cut off so long after that age",
        ),
        key("compression_algorithms", "list of text", "all", "encodings taken; plain always is"),
        key("response_headers", "mapping, or list of name and value", "", "added to every answer"),
        TLS_KEY,
        AUTH_KEY,
        key("cors", "mapping", "off", "pages of which origins may send"),
        key(
            "http3",
            "boolean",
            "false",
            "not in the Collector: HTTP/3 on the same port over UDP; needs `tls`",
        ),
    ],
};
const RESPONSE_HEADER: Table = Table {
    scope: "receivers.otlp.protocols.http.response_headers",
    keys: &[key("name", "text", "required", "header"), key("value", "text", "required", "value")],
};
/// Headers of answers.
const ANSWER_OWN: &Own = &Own {
    writer: "gateway",
    written: &[],
    ignored: &[
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ],
    item: &RESPONSE_HEADER,
};

/// A decoded `otlp` receiver.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) grpc: Option<GrpcIngest>,
    pub(super) http: Option<HttpIngest>,
    /// `grpc.auth`.
    pub(super) grpc_auth: Option<Reference>,
    /// `http.auth`.
    pub(super) http_auth: Option<Reference>,
    pub(super) listens: Vec<Listen<Address>>,
}

/// Decodes one receiver; `None` when its type is unknown or something in it is wrong.
pub(super) fn decode(component: &Component<'_>) -> Option<Receiver> {
    match component.id.kind() {
        "otlp" => otlp(&component.field),
        _ => {
            component.unknown_type("receivers", &["otlp"]);
            None
        }
    }
}

fn otlp(field: &Field<'_>) -> Option<Receiver> {
    let section = field.section(&OTLP)?;
    let protocols = section.get("protocols").and_then(|field| field.section(&PROTOCOLS));
    let named = |key| protocols.as_ref().and_then(|protocols| protocols.present(key));
    let (grpc, http) = (named("grpc"), named("http"));
    if grpc.is_none() && http.is_none() {
        let hint = "protocols: {grpc: {}, http: {}} listens on localhost:4317 and localhost:4318";
        let fault = Fault::new(Code::Missing, "no protocol is named");
        section.error(fault.expected("`grpc`, `http` or both under `protocols`").hint(hint));
        return None;
    }
    let (mut listens, mut grpc_auth, mut http_auth) = (Vec::new(), None, None);
    let grpc = grpc.and_then(|field| field.optional_section(&GRPC)).and_then(|section| {
        grpc_auth = auth::decode(&section, &auth::GRPC);
        let listen = listen::receiver(&section, 4317)?;
        let ingest = grpc_ingest(&section, &listen);
        listens.push(listen);
        Some(ingest)
    });
    let http = http.and_then(|field| field.optional_section(&HTTP)).and_then(|section| {
        http_auth = auth::decode(&section, &auth::HTTP);
        let listen = listen::receiver(&section, 4318)?;
        let ingest = http_ingest(&section, &listen);
        listens.push(listen);
        Some(ingest)
    });
    Some(Receiver { grpc, http, grpc_auth, http_auth, listens })
}

fn grpc_ingest(section: &Section<'_>, listen: &Listen<Address>) -> GrpcIngest {
    let mib = section.whole("max_recv_msg_size_mib", GRPC_MESSAGE_MIB, 0, BYTES_MAX / MIB as u64);
    let mib = if mib == 0 { GRPC_MESSAGE_MIB } else { mib };
    let streams = section.whole("max_concurrent_streams", GRPC_STREAMS, 0, u64::from(u32::MAX));
    let streams = if streams == 0 { GRPC_STREAMS } else { streams };
    GrpcIngest {
        endpoint: listen.address.clone(),
        message_bytes_max: bytes(mib.saturating_mul(MIB as u64)),
        streams_max: u32::try_from(streams).unwrap_or(u32::MAX),
        include_metadata: section.boolean("include_metadata", false),
        keepalive: keepalive(section).unwrap_or_default(),
        tls: tls::decode(section).on(),
        auth: None,
    }
}

/// `keepalive`; `None`: not named.
fn keepalive(grpc: &Section<'_>) -> Option<ServerKeepalive> {
    let keepalive = grpc.get("keepalive")?.optional_section(&KEEPALIVE)?;
    let enforcement = keepalive.get("enforcement_policy").and_then(|policy| {
        let section = policy.optional_section(&ENFORCEMENT)?;
        let least = time(&section, "min_time").unwrap_or(CLIENT_PING_MIN);
        Some((least, section.boolean("permit_without_stream", false)))
    });
    let parameters = keepalive.get("server_parameters");
    let Some(section) = parameters.and_then(|field| field.optional_section(&PARAMETERS)) else {
        return Some(ServerKeepalive { enforcement, ..ServerKeepalive::default() });
    };
    let timeout = time(&section, "timeout").unwrap_or(PONG_TIME);
    Some(ServerKeepalive {
        idle: time(&section, "max_connection_idle"),
        age: time(&section, "max_connection_age"),
        grace: time(&section, "max_connection_age_grace"),
        ping: time(&section, "time").map(|time| (time.max(PING_MIN), timeout)),
        enforcement,
    })
}

/// A time; `None` when it is absent or 0.
fn time(section: &Section<'_>, key: &str) -> Option<Duration> {
    Some(section.duration(key, Duration::ZERO)).filter(|time| !time.is_zero())
}

fn http_times(section: &Section<'_>) -> HttpTimes {
    let body = time(section, "read_timeout");
    HttpTimes {
        head: time(section, "read_header_timeout").or(body),
        body,
        write: time(section, "write_timeout"),
        idle: time(section, "idle_timeout").or(body),
        single_use: !section.boolean("keep_alives_enabled", true),
        age: time(section, "max_connection_age"),
        grace: time(section, "max_connection_age_grace"),
    }
}

/// `compression_algorithms`.
fn codings(section: &Section<'_>) -> Codings {
    let Some(field) = section.get("compression_algorithms") else { return Codings::ALL };
    let mut codings = Codings::NONE;
    for (word, item) in field.texts().unwrap_or_default() {
        match word.as_str() {
            "" => {}
            "gzip" => codings.gzip = true,
            "zstd" => codings.zstd = true,
            "zlib" => codings.zlib = true,
            "deflate" => codings.deflate = true,
            "snappy" => codings.snappy = true,
            "x-snappy-framed" => codings.snappy_framed = true,
            "lz4" => codings.lz4 = true,
            _ => item.unknown_word(&word, &ENCODINGS),
        }
    }
    codings
}

/// `http3`, which is QUIC and thus TLS 1.3.
fn http3(section: &Section<'_>, tls: &Tls, address: &Address) -> bool {
    let Some(field) = section.get("http3").filter(|field| field.boolean() == Some(true)) else {
        return false;
    };
    if matches!(address, Address::Unix(_)) {
        let fault = Fault::new(Code::Conflict, "HTTP/3 needs a UDP port");
        field.error(fault.hint("leave `transport: unix` out"));
    }
    match tls {
        Tls::Plain => {
            let fault = Fault::new(Code::Missing, "HTTP/3 needs `tls`, which is not set");
            field.error(fault.hint("tls: {cert_file: ..., key_file: ...} beside it"));
        }
        Tls::On(tls) if tls.max == TlsVersion::V12 => {
            let fault = Fault::new(Code::Conflict, "HTTP/3 needs TLS 1.3");
            field.error(fault.hint("leave `tls.max_version` out"));
        }
        Tls::On(_) | Tls::Wrong => {}
    }
    true
}

/// `response_headers`.
fn response_headers(section: &Section<'_>) -> Vec<(HeaderName, HeaderValue)> {
    headers::decode(section, "response_headers", ANSWER_OWN)
}

fn http_ingest(section: &Section<'_>, listen: &Listen<Address>) -> HttpIngest {
    let limit = section.whole("max_request_body_size", HTTP_BODY_BYTES, 0, BYTES_MAX);
    let limit = if limit == 0 { HTTP_BODY_BYTES } else { limit };
    let paths = Signal::ALL.map(|signal| path(section, signal));
    for (index, second) in paths.iter().enumerate() {
        if paths.iter().take(index).any(|first| first == second) {
            let message = format!("two signals have the path {second}");
            section.error(Fault::new(Code::Conflict, message));
        }
    }
    let tls = tls::decode(section);
    let http3 = http3(section, &tls, &listen.address);
    HttpIngest {
        endpoint: listen.address.clone(),
        body_bytes_max: bytes(limit),
        paths,
        include_metadata: section.boolean("include_metadata", false),
        codings: codings(section),
        times: http_times(section),
        tls: tls.on(),
        auth: None,
        cors: cors::decode(section),
        response_headers: response_headers(section),
        http3,
    }
}

/// `traces_url_path` and its siblings, with a leading slash.
fn path(section: &Section<'_>, signal: Signal) -> String {
    let name = match signal {
        Signal::Traces => "traces_url_path",
        Signal::Metrics => "metrics_url_path",
        Signal::Logs => "logs_url_path",
    };
    match section.text(name) {
        None => signal.path().to_owned(),
        Some(text) if text.is_empty() => signal.path().to_owned(),
        Some(text) if text.starts_with('/') => text,
        Some(text) => format!("/{text}"),
    }
}

/// A size of this machine; what it cannot address is as good as no limit.
fn bytes(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
