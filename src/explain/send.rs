//! Who gets the request, and how it is sent. Names of headers are shown, values are not.

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue};

use crate::config::plan::{Batching, Compression, Destination, Leg, Peer, Target};

/// The lines about one destination.
pub(super) fn lines(destination: &Destination, leg: &Leg) -> String {
    let mut out = format!("  to {}: ", destination.exporter);
    match &destination.target {
        Target::Http(target) => {
            let scheme = if target.peer.tls.is_some() { "https" } else { "http" };
            let _ = write!(out, "POST {scheme}://{}{}", place(&target.peer), target.path);
            finish(&mut out, target.compression, &target.headers);
        }
        Target::Grpc(target) => {
            let tls = if target.peer.tls.is_some() { "TLS" } else { "plain text" };
            let _ = write!(out, "gRPC to {}, {tls}", place(&target.peer));
            finish(&mut out, target.compression, &target.headers);
        }
        Target::Debug => out.push_str("counted and summarised on the terminal\n"),
        Target::Nop => out.push_str("thrown away\n"),
    }
    if let Some(batch) = &leg.batch {
        out.push_str(&waits(batch));
    }
    out
}

fn finish(out: &mut String, compression: Compression, headers: &[(HeaderName, HeaderValue)]) {
    match compression {
        Compression::None => out.push_str(", not compressed\n"),
        Compression::Gzip(level) => {
            let _ = writeln!(out, ", gzip level {level}");
        }
    }
    for (name, _) in headers {
        let _ = writeln!(out, "    {name}: ****");
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
        let _ = write!(out, ", apart by {}", batch.metadata_keys.join(", "));
    }
    out.push('\n');
    out
}
