//! TLS towards clients: settings of a receiver made into a rustls configuration.
//!
//! TLS 1.2 with AEAD suites and 1.3, `h2` and `http/1.1` by ALPN. With `client_ca_file` a client
//! has to show a certificate in every handshake: such connections are never resumed, so that one
//! that has expired, or whose authority is no longer trusted, does not get in by an old ticket.
//! Without it, tickets are encrypted and kept by clients; nothing is stored here. No early data.
//!
//! Files are read again as often as `reload_interval` says, and the authority of clients every
//! second if `client_ca_file_reload` asks for it. What cannot be read or does not fit together
//! keeps what is there ([`Kept`]).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::Ticketer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use crate::config::plan::{Pem, TlsServer};
use crate::runtime::clock;
use crate::runtime::kept::{Kept, LOOK_INTERVAL};
use crate::tls::{self, blame, certificates, read};

/// A configuration and the bytes it was made of, by which a changed one is known.
pub(super) struct Server {
    config: Arc<ServerConfig>,
    made_of: Material,
}

/// What the settings name, read.
#[derive(Clone, PartialEq, Eq)]
struct Material {
    chain: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        self.made_of == other.made_of
    }
}

impl Server {
    /// The configuration.
    pub(super) const fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }
}

/// Whether files are ever read again.
pub(super) const fn changes(settings: &TlsServer) -> bool {
    settings.reload.is_some() || (settings.client_ca_reload && settings.client_ca.is_some())
}

/// Reads what the settings name, and can read it again. `whose` names the port in logs.
///
/// # Errors
/// Which file cannot be used and why.
pub(super) fn kept(whose: &str, settings: &TlsServer) -> Result<Arc<Kept<Server>>, String> {
    let own = settings.clone();
    let looks = settings.client_ca_reload && settings.client_ca.is_some();
    let interval = if looks { LOOK_INTERVAL } else { settings.reload.unwrap_or_default() };
    let schedule = Schedule::default();
    Kept::new(format!("{whose}: the certificates"), interval, move || {
        let made_of = schedule.read(&own)?;
        let config = Arc::new(config(&own, &made_of)?);
        Ok(Server { config, made_of })
    })
}

/// When the certificate and its key were read, and what they were: they have an interval of their
/// own beside that of the client's authority.
#[derive(Default)]
struct Schedule(Mutex<Option<(Instant, Material)>>);

impl Schedule {
    fn read(&self, settings: &TlsServer) -> Result<Material, String> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        let file = settings.client_ca.clone().map(Pem::File);
        let client_ca = file.map(|file| read("client_ca_file", &file)).transpose()?;
        let due = |at: Instant| settings.reload.is_some_and(|after| is_over(at, after, now));
        if let Some((_, known)) = last.as_ref().filter(|(at, _)| !due(*at)) {
            return Ok(Material { client_ca, ..known.clone() });
        }
        let (chain, key) = &settings.identity;
        let chain = read("cert_file", chain)?;
        let made_of = Material { chain, key: read("key_file", key)?, client_ca };
        *last = Some((now, made_of.clone()));
        Ok(made_of)
    }
}

/// Half a look early is on time: looks drift, and a whole interval must not be missed for it.
fn is_over(at: Instant, after: Duration, now: Instant) -> bool {
    now.saturating_duration_since(at).saturating_add(LOOK_INTERVAL / 2) >= after
}

fn config(settings: &TlsServer, made_of: &Material) -> Result<ServerConfig, String> {
    let (chain, key) = &settings.identity;
    let provider = Arc::new(tls::provider(&settings.suites, &settings.curves));
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(tls::versions(settings.min, settings.max))
        .map_err(|error| format!("tls: {error}"))?;
    let builder = match &made_of.client_ca {
        Some(pem) => builder.with_client_cert_verifier(verifier(settings, pem, provider)?),
        None => builder.with_no_client_auth(),
    };
    let own = PrivateKeyDer::from_pem_slice(&made_of.key)
        .map_err(|error| blame("key_file", key, &error))?;
    let mut config = builder
        .with_single_cert(certificates("cert_file", chain, &made_of.chain)?, own)
        .map_err(|error| blame("cert_file", chain, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if made_of.client_ca.is_some() {
        config.send_tls13_tickets = 0;
    } else {
        config.send_tls13_tickets = 1;
        config.ticketer = Ticketer::new().map_err(|error| format!("tls: tickets: {error}"))?;
    }
    Ok(config)
}

/// Every client has to show a certificate of one of these authorities, made for clients.
fn verifier(
    settings: &TlsServer,
    pem: &[u8],
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let named = Pem::File(settings.client_ca.clone().unwrap_or_default());
    let mut roots = RootCertStore::empty();
    for certificate in certificates("client_ca_file", &named, pem)? {
        roots.add(certificate).map_err(|error| blame("client_ca_file", &named, &error))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| blame("client_ca_file", &named, &error))
}
