//! What both sides of TLS are made of: the provider, versions, certificates from PEM.
//!
//! The provider is ring, named explicitly: nothing depends on a process-wide default. A foundation:
//! configurations for backends are made in `export`, those for clients in `ingest`.

use std::fs;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use rustls::{NamedGroup, SupportedProtocolVersion};

use crate::config::plan::{Pem, Secret, TlsVersion};

const NEWER: &[&SupportedProtocolVersion] = &[&TLS13];
const OLDER: &[&SupportedProtocolVersion] = &[&TLS12];
const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Versions from `min` to `max`.
#[must_use]
pub const fn versions(
    min: TlsVersion,
    max: TlsVersion,
) -> &'static [&'static SupportedProtocolVersion] {
    match (min, max) {
        (TlsVersion::V13, _) => NEWER,
        (_, TlsVersion::V12) => OLDER,
        _ => BOTH,
    }
}

/// ring with these suites of TLS 1.2 and these curves, in order; none named: all.
#[must_use]
pub fn provider(suites: &[String], curves: &[String]) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if !suites.is_empty() {
        provider.cipher_suites.retain(|suite| {
            let name = format!("{:?}", suite.suite());
            suite.tls13().is_some() || suites.contains(&name)
        });
    }
    if !curves.is_empty() {
        let place = |group: NamedGroup| {
            let name = match group {
                NamedGroup::X25519 => "X25519",
                NamedGroup::secp256r1 => "P256",
                NamedGroup::secp384r1 => "P384",
                _ => "",
            };
            curves.iter().position(|curve| curve == name)
        };
        provider.kx_groups.retain(|group| place(group.name()).is_some());
        provider.kx_groups.sort_by_key(|group| place(group.name()));
    }
    provider
}

/// The certificates of a PEM text; `what` and `named` say whose it is.
///
/// # Errors
/// It is not PEM, or holds none.
pub fn certificates(
    what: &str,
    named: &Pem,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = read.map_err(|error| blame(what, named, &error))?;
    if found.is_empty() {
        return Err(blame(what, named, &"holds no certificate"));
    }
    Ok(found)
}

/// The PEM text that a setting names or holds.
///
/// # Errors
/// The file cannot be read.
pub fn read(what: &str, pem: &Pem) -> Result<Vec<u8>, String> {
    match pem {
        Pem::Text(Secret::Plain(text)) => Ok(text.as_bytes().to_vec()),
        Pem::File(path) | Pem::Text(Secret::File(path)) => {
            fs::read(path).map_err(|error| blame(what, pem, &error))
        }
    }
}

/// A complaint about the file or the text of a setting.
#[must_use]
pub fn blame(what: &str, named: &Pem, error: &dyn std::fmt::Display) -> String {
    match named {
        Pem::File(path) | Pem::Text(Secret::File(path)) => {
            format!("tls: {what} {}: {error}", path.display())
        }
        Pem::Text(Secret::Plain(_)) => format!("tls: {what} in the configuration: {error}"),
    }
}
