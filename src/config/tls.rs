//! What the `tls` of exporters and that of receivers have in common.
//!
//! Files are named here and read when the plan is put to use. The tables of keys stand with the two
//! readers; the keys that both have are here.

use std::path::PathBuf;
use std::time::Duration;

use super::decode::{Field, Section};
use super::keys::{Key, key};
use super::plan::{Pem, Secret, TlsVersion};
use super::problems::Code;
use super::report::Fault;

pub(super) const CERT_FILE: Key = key("cert_file", "path", "", "own certificate, PEM; with a key");
pub(super) const CERT_PEM: Key = key("cert_pem", "text", "", "the same, as text");
pub(super) const KEY_FILE: Key = key("key_file", "path", "", "own key, PEM; with a certificate");
pub(super) const KEY_PEM: Key = key("key_pem", "text", "", "the same, as text");
pub(super) const MIN_VERSION: Key =
    key("min_version", "text", "1.2", "`1.2` or `1.3`; lower ones are taken for 1.2");
pub(super) const MAX_VERSION: Key = key("max_version", "text", "1.3", "`1.2` or `1.3`");
pub(super) const CIPHER_SUITES: Key =
    key("cipher_suites", "list of text", "all", "of TLS 1.2; those of 1.3 are always offered");
pub(super) const CURVE_PREFERENCES: Key =
    key("curve_preferences", "list of text", "all", "`X25519`, `P256`, `P384`, in order");
pub(super) const RELOAD_INTERVAL: Key =
    key("reload_interval", "duration", "never", "read the files again after this long");

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

/// What both sides say alike.
#[derive(Debug)]
pub(super) struct Common {
    /// `cert_file` or `cert_pem`, and `key_file` or `key_pem`.
    pub(super) identity: Option<(Pem, Pem)>,
    pub(super) min: TlsVersion,
    pub(super) max: TlsVersion,
    pub(super) suites: Vec<String>,
    pub(super) curves: Vec<String>,
    pub(super) reload: Option<Duration>,
}

/// Reads the keys that both sides have; a certificate without a key is a mistake, and so is their
/// absence where they are `required`.
pub(super) fn common(section: &Section<'_>, required: bool) -> Common {
    let (min, max) = (version(section, "min_version"), version(section, "max_version"));
    if min == TlsVersion::V13 && max == TlsVersion::V12 {
        let mark = section.mark_of("max_version");
        let fault = Fault::new(Code::Conflict, "must not be below `min_version`");
        section.report.error(mark, &section.path, fault);
    }
    let reload = section.get("reload_interval").and_then(|field| field.duration());
    Common {
        identity: identity(section, required),
        min,
        max,
        suites: suites(section),
        curves: curves(section),
        reload: reload.filter(|interval| !interval.is_zero()),
    }
}

fn identity(section: &Section<'_>, required: bool) -> Option<(Pem, Pem)> {
    let cert = pem(section, "cert_file", "cert_pem");
    let key = pem(section, "key_file", "key_pem");
    let (missing, hint) = match (cert?, key?) {
        (Some(cert), Some(key)) => return Some((cert, key)),
        (None, None) if !required => return None,
        (None, None) => {
            ("`cert_file` and `key_file` are required", "without `tls` clients come in plain text")
        }
        (Some(_), None) => ("`key_file` is required", "certificate and key belong together"),
        (None, Some(_)) => ("`cert_file` is required", "certificate and key belong together"),
    };
    section.error(Fault::new(Code::Missing, missing).hint(hint));
    None
}

/// A file or its text, if any; `None` for both, which is a conflict, as in the Collector.
pub(super) fn pem(section: &Section<'_>, file: &str, text: &str) -> Option<Option<Pem>> {
    let path = section.text(file).filter(|path| !path.is_empty()).map(PathBuf::from);
    let given = section.get(text).map(|field| (field.secret_text(), field));
    match (path, given) {
        (Some(_), Some((_, field))) => {
            let message = format!("`{file}` and `{text}` exclude each other");
            field.report.error(field.key, &field.path, Fault::new(Code::Conflict, message));
            None
        }
        (Some(path), None) => Some(Some(Pem::File(path))),
        (None, Some((text, _))) => {
            let text = text.filter(|text| !text.is_empty());
            Some(text.map(|text| Pem::Text(Secret::Plain(text))))
        }
        (None, None) => Some(None),
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
