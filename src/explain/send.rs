//! Who gets the request, and how it is sent. Names of headers are shown; of their values only
//! those that the request itself brought.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::plan::{
    Batching, Compression, Credential, Destination, HeaderStep, HeaderVerb, Leg, Peer, Target,
};

/// The lines about one destination; `headers` are those of the request, where they are kept.
pub(super) fn lines(destination: &Destination, leg: &Leg, headers: Option<&HeaderMap>) -> String {
    let mut out = format!("  to {}: ", destination.exporter);
    match &destination.target {
        Target::Http(target) => {
            let scheme = if target.peer.tls.is_some() { "https" } else { "http" };
            out.push_str(&format!("POST {scheme}://{}{}", place(&target.peer), target.path));
            finish(&mut out, target.compression, &target.headers);
        }
        Target::Grpc(target) => {
            let tls = if target.peer.tls.is_some() { "TLS" } else { "plain text" };
            out.push_str(&format!("gRPC to {}, {tls}", place(&target.peer)));
            finish(&mut out, target.compression, &target.headers);
        }
        Target::Debug => out.push_str("counted and summarised on the terminal\n"),
        Target::Nop => out.push_str("thrown away\n"),
    }
    for step in destination.target.auth() {
        out.push_str(&signed(step, leg.batch.as_ref(), headers));
    }
    if let Some(batch) = &leg.batch {
        out.push_str(&waits(batch));
    }
    out
}

fn finish(out: &mut String, compression: Compression, headers: &[(HeaderName, HeaderValue)]) {
    match compression {
        Compression::None => out.push_str(", not compressed\n"),
        Compression::Gzip(level) => end_level(out, "gzip", i64::from(level)),
        Compression::Zlib(level) => end_level(out, "zlib", i64::from(level)),
        Compression::Deflate(level) => end_level(out, "deflate", i64::from(level)),
        Compression::Zstd(level) => end_level(out, "zstd", i64::from(level)),
        Compression::Snappy => out.push_str(", snappy\n"),
        Compression::SnappyFramed => out.push_str(", framed snappy\n"),
    }
    for (name, _) in headers {
        out.push_str(&format!("    {name}: ****\n"));
    }
}

fn end_level(out: &mut String, format: &str, level: i64) {
    out.push_str(&format!(", {format} level {level}\n"));
}

/// What an authenticator does to one header.
fn signed(step: &HeaderStep, batch: Option<&Batching>, headers: Option<&HeaderMap>) -> String {
    let value = match &step.value {
        Credential::Context { header, .. } => {
            let kept = batch.is_none_or(|batch| batch.metadata_keys.contains(header));
            match headers.and_then(|headers| headers.get(header)) {
                Some(value) if kept => format!("{value:?}, from the request"),
                Some(_) => format!("its default: `{header}` does not pass the `batch`"),
                None => format!("its default: the request brings no `{header}`"),
            }
        }
        Credential::Text(_) | Credential::Basic { .. } | Credential::Bearer { .. } => {
            "****, by `auth`".to_owned()
        }
    };
    let name = &step.name;
    match step.verb {
        HeaderVerb::Delete => format!("    {name}: taken away\n"),
        HeaderVerb::Insert => format!("    {name}, if absent: {value}\n"),
        HeaderVerb::Update => format!("    {name}, if present: {value}\n"),
        HeaderVerb::Upsert => format!("    {name}: {value}\n"),
    }
}

fn place(peer: &Peer) -> String {
    let Peer { host, port, .. } = peer;
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn waits(batch: &Batching) -> String {
    let mut out =
        format!("    waits up to {:?} for {} {:?}", batch.delay_max, batch.size_min, batch.sizer)
            .to_lowercase();
    if !batch.metadata_keys.is_empty() {
        out.push_str(&format!(", apart by {}", batch.metadata_keys.join(", ")));
    }
    out.push('\n');
    out
}
