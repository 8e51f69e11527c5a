//! `exporters`: `otlp`, `otlphttp`, `debug` and `nop`, with their authentication, compression,
//! queue, retry and TLS settings.

mod auth;
mod compression;
mod connection;
mod delivery;
mod endpoint;
mod headers;
mod tls;

use std::time::Duration;

use spanyard_wire::schema::Signal;

use super::decode::Field;
use super::document::Component;
use super::keys::{Key, Table, key};
use super::plan::{
    ConnectionPlan, GrpcTarget, HttpTarget, Peer, QueuePlan, RetryPlan, Sizer, Target,
};
use super::problems::Code;
use super::report::Fault;
use super::service::Reference;
pub(super) use auth::{applied, check as check_auth, check_context};

pub(super) const TABLES: [&Table; 12] = [
    &GRPC,
    &HTTP,
    &compression::PARAMS,
    &connection::KEEPALIVE,
    &auth::AUTH,
    &headers::ITEM,
    &tls::TLS,
    &delivery::RETRY,
    &delivery::QUEUE,
    &delivery::BATCH,
    &delivery::PARTITION,
    &DEBUG,
];

const AUTH_KEY: Key = key("auth", "mapping", "", "the extension that signs the requests");
const HEADERS: Key =
    key("headers", "mapping, or list of name and value", "", "sent with every request");
const TLS_KEY: Key = key("tls", "mapping", "", "towards the backend");
const RETRY_KEY: Key = key("retry_on_failure", "mapping", "on", "when and how often to try again");
const QUEUE_KEY: Key = key("sending_queue", "mapping", "on", "what waits, and how much");
const MERGE: Key = key(
    "merge",
    "boolean",
    "true",
    "not in the Collector: what waits together leaves as one request; false: one in, one out",
);

const GRPC: Table = Table {
    scope: "exporters.otlp",
    keys: &[
        key("endpoint", "host:port", "required", "TLS is on unless `tls.insecure` is true"),
        key("authority", "text", "the endpoint", "`:authority` of every request"),
        key("compression", "word", "gzip", "`gzip`, `zstd`, `snappy` or `none`"),
        HEADERS,
        AUTH_KEY,
        key("timeout", "duration", "5s", "of one attempt; 0: none"),
        key("keepalive", "mapping", "off", "pings that find a dead connection"),
        TLS_KEY,
        RETRY_KEY,
        QUEUE_KEY,
        MERGE,
    ],
};
const HTTP: Table = Table {
    scope: "exporters.otlphttp",
    keys: &[
        key("endpoint", "URL", "", "base; `/v1/<signal>` is appended"),
        key("traces_endpoint", "URL", "", "for traces, used as it is"),
        key("metrics_endpoint", "URL", "", "for metrics, used as it is"),
        key("logs_endpoint", "URL", "", "for logs, used as it is"),
        key(
            "compression",
            "word",
            "gzip",
            "`gzip`, `zstd`, `snappy`, `x-snappy-framed`, `zlib`, `deflate` or `none`",
        ),
        key("compression_params", "mapping", "", "level of the compression"),
        HEADERS,
        AUTH_KEY,
        key("timeout", "duration", "30s", "of one attempt; 0: none"),
        key("disable_keep_alives", "boolean", "false", "a connection for each request"),
        key("max_conns_per_host", "whole number", "0", "at most so many `num_consumers`; 0: all"),
        TLS_KEY,
        RETRY_KEY,
        QUEUE_KEY,
        MERGE,
    ],
};
const DEBUG: Table = Table {
    scope: "exporters.debug",
    keys: &[key("verbosity", "word", "basic", "`basic`; more is taken for basic, with a warning")],
};
const NOP: Table = Table { scope: "exporters.nop", keys: &[] };

/// Types by which exporters are named, both dialects.
pub(super) const KINDS: [&str; 7] =
    ["otlp", "otlp_grpc", "otlphttp", "otlp_http", "debug", "logging", "nop"];

/// A decoded exporter.
#[derive(Clone, Debug)]
pub(super) struct Exporter {
    pub(super) reach: Reach,
    pub(super) queue: QueuePlan,
    pub(super) retry: Option<RetryPlan>,
    /// `auth`.
    pub(super) auth: Option<Reference>,
    /// An endpoint is missing or unusable, and that has been reported.
    pub(super) endpoint_reported: bool,
}

/// How an exporter reaches its backend.
#[derive(Clone, Debug)]
pub(super) enum Reach {
    /// One target a signal, where the file gives one.
    Http(Box<[Option<HttpTarget>; 3]>),
    Grpc(Box<GrpcTarget>),
    Debug,
    Nop,
}

impl Exporter {
    /// Where a signal goes; `None`: the file names no endpoint for it.
    pub(super) fn target(&self, signal: Signal) -> Option<Target> {
        match &self.reach {
            Reach::Http(targets) => targets.get(signal.index())?.clone().map(Target::Http),
            Reach::Grpc(target) => Some(Target::Grpc(GrpcTarget::clone(target))),
            Reach::Debug => Some(Target::Debug),
            Reach::Nop => Some(Target::Nop),
        }
    }

    /// Whether anything of it leaves without TLS.
    fn is_plain(&self) -> bool {
        match &self.reach {
            Reach::Http(targets) => targets.iter().flatten().any(|to| to.peer.tls.is_none()),
            Reach::Grpc(target) => target.peer.tls.is_none(),
            Reach::Debug | Reach::Nop => false,
        }
    }
}

/// Decodes one exporter; `None` when its type is unknown or something in it is wrong.
pub(super) fn decode(component: &Component<'_>) -> Option<Exporter> {
    let field = &component.field;
    match component.id.kind() {
        "otlp" | "otlp_grpc" => grpc(field),
        "otlphttp" | "otlp_http" => http(field),
        "debug" | "logging" => debug(field),
        "nop" => {
            let _ = field.section(&NOP)?;
            Some(local(Reach::Nop))
        }
        _ => {
            component.unknown_type("exporters", &KINDS);
            None
        }
    }
}

fn grpc(field: &Field<'_>) -> Option<Exporter> {
    let section = field.section(&GRPC)?;
    let endpoint = section.required("endpoint").and_then(|field| endpoint::grpc(&field));
    let tls = tls::decode(&section);
    let headers = headers::decode(&section, headers::GRPC_OWN);
    let auth = auth::decode(&section);
    let compression = compression::grpc(&section);
    let keepalive = connection::keepalive(&section);
    let timeout = section.duration("timeout", Duration::from_secs(5));
    let authority = section.get("authority").and_then(|field| {
        let authority = headers::authority(&field.text()?);
        if authority.is_none() {
            field.bad_value("not an authority", "host, or host:port");
        }
        authority
    });
    let (queue, retry) = (delivery::queue(&section), delivery::retry(&section));
    let endpoint = endpoint?;
    let tls = if endpoint.https || !tls.insecure { Some(tls.client) } else { None };
    if endpoint.http && tls.is_some() {
        let message = "`http://` does not turn TLS off here, as in the Collector";
        let hint = "for plain text set `tls: {insecure: true}`; otherwise write https://";
        let fault = Fault::new(Code::Surprising, message).hint(hint);
        field.report.warning(section.mark_of("endpoint"), &section.path, fault);
    }
    let reach = Reach::Grpc(Box::new(GrpcTarget {
        peer: Peer { host: endpoint.host, port: endpoint.port, tls },
        authority: authority.unwrap_or(endpoint.authority),
        headers,
        auth: Vec::new(),
        compression,
        timeout,
        connection: ConnectionPlan { keepalive, ..ConnectionPlan::default() },
    }));
    Some(Exporter { reach, queue: queue?, retry, auth, endpoint_reported: false })
}

fn http(field: &Field<'_>) -> Option<Exporter> {
    let section = field.section(&HTTP)?;
    let names = ["traces_endpoint", "metrics_endpoint", "logs_endpoint"];
    let given = |key: &str| section.get(key).is_some();
    let none = !given("endpoint") && !names.iter().any(|name| given(name));
    if none {
        let fault = Fault::new(Code::Missing, "`endpoint` is required");
        let expected = "`endpoint` (a base URL), or an endpoint of each signal";
        section.error(fault.expected(expected).hint("endpoint: http://tempo:4318"));
    }
    let base = section.get("endpoint").and_then(|field| endpoint::url(&field));
    let own = names.map(|name| section.get(name).and_then(|field| endpoint::url(&field)));
    let wrong = |key: &str, url: &Option<endpoint::Url>| given(key) && url.is_none();
    let endpoint_reported = none
        || wrong("endpoint", &base)
        || names.iter().zip(&own).any(|(name, url)| wrong(name, url));
    let tls = tls::decode(&section).client;
    let mut headers = headers::decode(&section, headers::HTTP_OWN);
    let host = headers::take_host(&section, &mut headers);
    let auth = auth::decode(&section);
    let compression = compression::http(&section);
    let connection = connection::http(&section);
    let timeout = section.duration("timeout", Duration::from_secs(30));
    let (queue, retry) = (delivery::queue(&section), delivery::retry(&section));
    let queue = queue.map(|queue| connection::bounded(&section, queue));
    let [traces, metrics, logs] = own;
    let target = |url: Option<endpoint::Url>, signal: Signal| {
        let url = url.or_else(|| base.as_ref().map(|base| base.join(signal.path())))?;
        Some(HttpTarget {
            peer: Peer { host: url.host, port: url.port, tls: url.https.then(|| tls.clone()) },
            path: url.path,
            authority: host.clone().unwrap_or(url.authority),
            headers: headers.clone(),
            auth: Vec::new(),
            compression,
            timeout,
            connection,
        })
    };
    let targets = [
        target(traces, Signal::Traces),
        target(metrics, Signal::Metrics),
        target(logs, Signal::Logs),
    ];
    let reach = Reach::Http(Box::new(targets));
    Some(Exporter { reach, queue: queue?, retry, auth, endpoint_reported })
}

fn debug(field: &Field<'_>) -> Option<Exporter> {
    let section = field.section(&DEBUG)?;
    if let Some(field) = section.get("verbosity")
        && let Some(word) = field.one_of(&["basic", "normal", "detailed"])
        && word != "basic"
    {
        let fault = Fault::new(Code::Ignored, format!("`{word}` is taken for `basic`"));
        field.warning(fault.hint("the exporter prints one summary line a second"));
    }
    Some(local(Reach::Debug))
}

/// An exporter that reaches nobody: nothing waits, nothing is tried again.
fn local(reach: Reach) -> Exporter {
    let queue = QueuePlan {
        capacity: delivery::QUEUE_REQUESTS,
        sizer: Sizer::Requests,
        consumers: delivery::CONSUMERS,
        required: false,
        waits: false,
        merge: false,
        batch: None,
    };
    Exporter { reach, queue, retry: None, auth: None, endpoint_reported: false }
}

#[cfg(test)]
mod tests;
