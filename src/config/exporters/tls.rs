//! `tls` of an exporter. Files are named here and read when the exporter starts.

use std::path::PathBuf;

use crate::config::decode::Section;
use crate::config::keys::{Table, key};
use crate::config::plan::TlsClient;
use crate::config::problems::Code;
use crate::config::report::Fault;

pub(in crate::config) const TLS: Table = Table {
    scope: "exporters.*.tls",
    keys: &[
        key("insecure", "boolean", "false", "plain text (gRPC; over HTTP the scheme decides)"),
        key("insecure_skip_verify", "boolean", "false", "accept any certificate"),
        key("server_name_override", "text", "the host", "name that the certificate must have"),
        key("ca_file", "path", "the system's store", "authorities to trust, PEM"),
        key("cert_file", "path", "", "own certificate, PEM; with `key_file`"),
        key("key_file", "path", "", "own key, PEM; with `cert_file`"),
        key("min_version", "text", "1.2", "`1.2` or `1.3`; lower ones are taken for 1.2"),
    ],
};

/// The decoded section.
#[derive(Debug, Default)]
pub(super) struct Tls {
    pub(super) insecure: bool,
    pub(super) client: TlsClient,
}

pub(super) fn decode(exporter: &Section<'_>) -> Tls {
    let Some(section) = exporter.get("tls").and_then(|field| field.section(&TLS)) else {
        return Tls::default();
    };
    let path = |key| section.text(key).filter(|path| !path.is_empty()).map(PathBuf::from);
    let identity = match (path("cert_file"), path("key_file")) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        (cert, _) => {
            let missing = if cert.is_some() { "key_file" } else { "cert_file" };
            let fault = Fault::new(Code::Missing, format!("`{missing}` is required"));
            section.error(fault.hint("`cert_file` and `key_file` belong together"));
            None
        }
    };
    Tls {
        insecure: section.boolean("insecure", false),
        client: TlsClient {
            ca_file: path("ca_file"),
            identity,
            server_name: section.text("server_name_override").filter(|name| !name.is_empty()),
            skip_verify: section.boolean("insecure_skip_verify", false),
            tls13_only: tls13_only(&section),
        },
    }
}

fn tls13_only(section: &Section<'_>) -> bool {
    let Some(field) = section.get("min_version") else {
        return false;
    };
    match field.one_of(&["", "1.0", "1.1", "1.2", "1.3"]) {
        Some("1.3") => true,
        Some(old @ ("1.0" | "1.1")) => {
            let fault = Fault::new(Code::Ignored, format!("TLS {old} is never spoken"));
            field.warning(fault.hint("the lowest version is 1.2"));
            false
        }
        _ => false,
    }
}
