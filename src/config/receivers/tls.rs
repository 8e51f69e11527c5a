//! `tls` of a receiver. Files are named here and read when the plan is put to use.

use std::path::PathBuf;

use crate::config::decode::Section;
use crate::config::keys::{Table, key};
use crate::config::plan::TlsServer;
use crate::config::problems::Code;
use crate::config::report::Fault;
use crate::config::tls::{self, Common};

pub(in crate::config) const TLS: Table = Table {
    scope: "receivers.otlp.protocols.*.tls",
    keys: &[
        key("enabled", "boolean", "true", "false: plain text"),
        tls::CERT_FILE,
        tls::CERT_PEM,
        tls::KEY_FILE,
        tls::KEY_PEM,
        key("client_ca_file", "path", "", "who signs clients' certificates, which are asked for"),
        key("client_ca_file_reload", "boolean", "false", "read that file again when it changes"),
        tls::MIN_VERSION,
        tls::MAX_VERSION,
        tls::CIPHER_SUITES,
        tls::CURVE_PREFERENCES,
        tls::RELOAD_INTERVAL,
    ],
};

/// What a protocol says of TLS.
#[derive(Debug)]
pub(super) enum Tls {
    /// Nothing, or that it is off.
    Plain,
    On(TlsServer),
    /// Something that has been reported.
    Wrong,
}

impl Tls {
    pub(super) fn on(self) -> Option<TlsServer> {
        match self {
            Self::On(tls) => Some(tls),
            Self::Plain | Self::Wrong => None,
        }
    }
}

pub(super) fn decode(protocol: &Section<'_>) -> Tls {
    let Some(field) = protocol.get("tls") else { return Tls::Plain };
    let Some(section) = field.section(&TLS) else { return Tls::Wrong };
    if !section.boolean("enabled", true) {
        return Tls::Plain;
    }
    let client_ca = section.text("client_ca_file").filter(|path| !path.is_empty());
    let client_ca_reload = section.boolean("client_ca_file_reload", false);
    if client_ca_reload && client_ca.is_none() {
        let fault = Fault::new(Code::Ignored, "there is no `client_ca_file` to read again");
        let mark = section.mark_of("client_ca_file_reload");
        section.report.warning(mark, &section.path, fault);
    }
    let Common { identity, min, max, suites, curves, reload } = tls::common(&section, true);
    let Some(identity) = identity else { return Tls::Wrong };
    let client_ca = client_ca.map(PathBuf::from);
    Tls::On(TlsServer { identity, client_ca, client_ca_reload, min, max, suites, curves, reload })
}
