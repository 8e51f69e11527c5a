//! `tls` of an exporter. Files are named here and read by the exporter.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;

/// `tls` of an exporter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsClient {
    /// `ca_file` or `ca_pem`; the system's store when absent.
    pub ca: Option<Pem>,
    /// `include_system_ca_certs_pool`: the system's store beside `ca`.
    pub system_too: bool,
    /// `cert_file` or `cert_pem`, and `key_file` or `key_pem`.
    pub identity: Option<(Pem, Pem)>,
    /// `server_name_override`.
    pub server_name: Option<String>,
    /// `insecure_skip_verify`.
    pub skip_verify: bool,
    /// `min_version`, at least 1.2.
    pub min: TlsVersion,
    /// `max_version`.
    pub max: TlsVersion,
    /// `cipher_suites` of TLS 1.2 by their IANA names; empty: all.
    pub suites: Vec<String>,
    /// `curve_preferences` by their names in the Collector, in order; empty: all.
    pub curves: Vec<String>,
    /// `reload_interval`: files are read again after this long; `None`: never.
    pub reload: Option<Duration>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    V12,
    /// TLS 1.3.
    V13,
    /// What the setting that is absent stands for: the lowest as `min`, the highest as `max`.
    #[default]
    Any,
}

/// Certificates or a key in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pem {
    /// In a file.
    File(PathBuf),
    /// In the configuration.
    Text(Secret),
}
