//! `tls` of an exporter. Files are named here and read when the exporter starts.

use std::path::PathBuf;

use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::plan::{Pem, Secret, TlsClient, TlsVersion};
use crate::config::problems::Code;
use crate::config::report::Fault;

pub(in crate::config) const TLS: Table = Table {
    scope: "exporters.*.tls",
    keys: &[
        key("insecure", "boolean", "false", "plain text (gRPC; over HTTP the scheme decides)"),
        key("insecure_skip_verify", "boolean", "false", "accept any certificate"),
        key("server_name_override", "text", "the host", "name that the certificate must have"),
        key("ca_file", "path", "the system's store", "authorities to trust, PEM"),
        key("ca_pem", "text", "", "the same, as text"),
        key("include_system_ca_certs_pool", "boolean", "false", "the system's store as well"),
        key("cert_file", "path", "", "own certificate, PEM; with a key"),
        key("cert_pem", "text", "", "the same, as text"),
        key("key_file", "path", "", "own key, PEM; with a certificate"),
        key("key_pem", "text", "", "the same, as text"),
        key("min_version", "text", "1.2", "`1.2` or `1.3`; lower ones are taken for 1.2"),
        key("max_version", "text", "1.3", "`1.2` or `1.3`"),
        key("cipher_suites", "list of text", "all", "of TLS 1.2; those of 1.3 are always offered"),
        key("curve_preferences", "list of text", "all", "`X25519`, `P256`, `P384`, in order"),
        key("reload_interval", "duration", "never", "read the files again after this long"),
    ],
};

/// Suites of TLS 1.2 that exist here.
const SUITES: [&str; 6] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];
/// Curves that exist here.
const CURVES: [&str; 3] = ["X25519", "P256", "P384"];
/// Curves that the Collector knows beside them.
const OTHER_CURVES: [&str; 4] =
    ["P521", "X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"];

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
    let ca = pem(&section, "ca_file", "ca_pem");
    let identity =
        match (pem(&section, "cert_file", "cert_pem"), pem(&section, "key_file", "key_pem")) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (cert, _) => {
                let missing = if cert.is_some() { "key_file" } else { "cert_file" };
                let fault = Fault::new(Code::Missing, format!("`{missing}` is required"));
                section.error(fault.hint("certificate and key belong together"));
                None
            }
        };
    let (min, max) = (version(&section, "min_version"), version(&section, "max_version"));
    if min == TlsVersion::V13 && max == TlsVersion::V12 {
        let mark = section.mark_of("max_version");
        let fault = Fault::new(Code::Conflict, "must not be below `min_version`");
        section.report.error(mark, &section.path, fault);
    }
    let reload = section.get("reload_interval").and_then(|field| field.duration());
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
            suites: suites(&section),
            curves: curves(&section),
            reload: reload.filter(|interval| !interval.is_zero()),
        },
    }
}

/// A file or its text; both is a conflict, as in the Collector.
fn pem(section: &Section<'_>, file: &str, text: &str) -> Option<Pem> {
    let path = section.text(file).filter(|path| !path.is_empty()).map(PathBuf::from);
    let given = section.get(text).map(|field| (field.secret_text(), field));
    match (path, given) {
        (Some(_), Some((_, field))) => {
            let message = format!("`{file}` and `{text}` exclude each other");
            field.report.error(field.key, &field.path, Fault::new(Code::Conflict, message));
            None
        }
        (Some(path), None) => Some(Pem::File(path)),
        (None, Some((text, _))) => {
            text.filter(|text| !text.is_empty()).map(|text| Pem::Text(Secret::Plain(text)))
        }
        (None, None) => None,
    }
}

fn version(section: &Section<'_>, key: &str) -> TlsVersion {
    let Some(field) = section.get(key) else { return TlsVersion::Any };
    match field.one_of(&["", "1.0", "1.1", "1.2", "1.3"]) {
        Some("1.3") => TlsVersion::V13,
        Some("1.2") => TlsVersion::V12,
        Some(old @ ("1.0" | "1.1")) => {
            let message = format!("TLS {old} is never spoken");
            if key == "max_version" {
                field.error(Fault::new(Code::BadValue, message).expected("1.2 or 1.3"));
            } else {
                let fault = Fault::new(Code::Ignored, message);
                field.warning(fault.hint("the lowest version is 1.2"));
            }
            TlsVersion::V12
        }
        _ => TlsVersion::Any,
    }
}

fn listed<'a>(section: &Section<'a>, key: &str) -> Vec<(String, Field<'a>)> {
    section.get(key).and_then(|field| field.texts()).unwrap_or_default()
}

fn suites(section: &Section<'_>) -> Vec<String> {
    let mut taken = Vec::new();
    let all = listed(section, "cipher_suites");
    for (name, field) in &all {
        if SUITES.contains(&name.as_str()) {
            taken.push(name.clone());
        } else if name.starts_with("TLS_") {
            let fault = Fault::new(Code::Ignored, format!("`{name}` is not offered"));
            field.warning(fault.hint(format!("offered: {}", SUITES.join(", "))));
        } else {
            field.unknown_word(name, &SUITES);
        }
    }
    if taken.is_empty()
        && let Some((_, field)) = all.first()
        && all.iter().all(|(name, _)| name.starts_with("TLS_"))
    {
        let fault = Fault::new(Code::Surprising, "none of these is offered: only TLS 1.3 is left");
        field.warning(fault);
        return vec![String::new()];
    }
    taken
}

fn curves(section: &Section<'_>) -> Vec<String> {
    let mut taken = Vec::new();
    let all = listed(section, "curve_preferences");
    for (name, field) in &all {
        if CURVES.contains(&name.as_str()) {
            taken.push(name.clone());
        } else if OTHER_CURVES.contains(&name.as_str()) {
            let fault = Fault::new(Code::Ignored, format!("`{name}` is not offered"));
            field.warning(fault.hint(format!("offered: {}", CURVES.join(", "))));
        } else {
            field.unknown_word(name, &CURVES);
        }
    }
    if taken.is_empty()
        && let Some((_, field)) = all.first()
        && all.iter().all(|(name, _)| OTHER_CURVES.contains(&name.as_str()))
    {
        field.error(Fault::new(Code::Conflict, "none of these curves is offered"));
    }
    taken
}
