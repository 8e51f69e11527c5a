//! `tls` of an exporter. Files are named here and read when the exporter starts.

use crate::config::decode::Section;
use crate::config::keys::{Table, key};
use crate::config::plan::TlsClient;
use crate::config::tls::{self, Common};

pub(in crate::config) const TLS: Table = Table {
    scope: "exporters.*.tls",
    keys: &[
        key("insecure", "boolean", "false", "plain text (gRPC; over HTTP the scheme decides)"),
        key("insecure_skip_verify", "boolean", "false", "accept any certificate"),
        key("server_name_override", "text", "the host", "name that the certificate must have"),
        key("ca_file", "path", "the system's store", "authorities to trust, PEM"),
        key("ca_pem", "text", "", "the same, as text"),
        key("include_system_ca_certs_pool", "boolean", "false", "the system's store as well"),
        tls::CERT_FILE,
        tls::CERT_PEM,
        tls::KEY_FILE,
        tls::KEY_PEM,
        tls::MIN_VERSION,
        tls::MAX_VERSION,
        tls::CIPHER_SUITES,
        tls::CURVE_PREFERENCES,
        tls::RELOAD_INTERVAL,
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
    let ca = tls::pem(&section, "ca_file", "ca_pem").flatten();
    let Common { identity, min, max, suites, curves, reload } = tls::common(&section, false);
    Tls {
        insecure: section.boolean("insecure", false),
        client: TlsClient {
            ca,
            system_too: section.boolean("include_system_ca_certs_pool", false),
            identity,
            server_name: section.text("server_name_override").filter(|name| !name.is_empty()),
            skip_verify: section.boolean("insecure_skip_verify", false),
            min,
            max,
            suites,
            curves,
            reload,
        },
    }
}
