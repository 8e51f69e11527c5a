//! TLS settings of an exporter, turned into a rustls configuration when the plan is loaded, and
//! again as often as `reload_interval` says.
//!
//! The provider is ring, named explicitly: nothing depends on a process-wide default. Certificates
//! come from `ca_file` or `ca_pem` or, without them, from the system's store, as in the Collector.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::config::plan::TlsClient;
use crate::runtime::kept::Kept;
use crate::tls::{self, blame, certificates, read};

/// The protocol that is offered in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpn {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    H2,
}

impl Alpn {
    fn names(self) -> Vec<Vec<u8>> {
        match self {
            Self::Http1 => vec![b"http/1.1".to_vec()],
            Self::H2 => vec![b"h2".to_vec()],
        }
    }
}

/// A configuration and the bytes it was made of, by which a changed one is known.
pub(super) struct Client {
    config: Arc<ClientConfig>,
    made_of: Material,
}

/// What the settings name, read.
#[derive(PartialEq, Eq)]
struct Material {
    ca: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        self.made_of == other.made_of
    }
}

impl Client {
    /// The configuration.
    pub(super) const fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }
}

/// Reads what the settings name, and can read it again.
///
/// # Errors
/// Which file cannot be used and why.
pub(super) fn kept(settings: &TlsClient, alpn: Alpn) -> Result<Arc<Kept<Client>>, String> {
    let own = settings.clone();
    let interval = settings.reload.unwrap_or_default();
    Kept::new("tls: the certificates".to_owned(), interval, move || {
        let (config, made_of) = client(&own, alpn)?;
        Ok(Client { config: Arc::new(config), made_of })
    })
}

fn client(settings: &TlsClient, alpn: Alpn) -> Result<(ClientConfig, Material), String> {
    let ca = settings.ca.as_ref().map(|pem| read("ca_file", pem)).transpose()?;
    let identity = match &settings.identity {
        None => None,
        Some((certificate, key)) => {
            Some((read("certificate", certificate)?, read("key_file", key)?))
        }
    };
    let made_of = Material { ca, identity };
    let provider = Arc::new(tls::provider(&settings.suites, &settings.curves));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(tls::versions(settings.min, settings.max))
        .map_err(|error| format!("tls: {error}"))?;
    let builder = if settings.skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
    } else {
        builder.with_root_certificates(roots(settings, made_of.ca.as_deref())?)
    };
    let mut config = match (&settings.identity, &made_of.identity) {
        (Some((certificate, key)), Some((certificate_pem, key_pem))) => {
            let chain = certificates("certificate", certificate, certificate_pem)?;
            let own = PrivateKeyDer::from_pem_slice(key_pem)
                .map_err(|error| blame("key_file", key, &error))?;
            builder
                .with_client_auth_cert(chain, own)
                .map_err(|error| blame("cert_file", certificate, &error))?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = alpn.names();
    Ok((config, made_of))
}

fn roots(settings: &TlsClient, pem: Option<&[u8]>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    if pem.is_none() || settings.system_too {
        let system = rustls_native_certs::load_native_certs();
        let (taken, _) = store.add_parsable_certificates(system.certs);
        if taken == 0 {
            let first = system.errors.first().map(ToString::to_string).unwrap_or_default();
            return Err(format!("tls: the system's trust store holds no certificate {first}"));
        }
    }
    if let (Some(pem), Some(named)) = (pem, &settings.ca) {
        for certificate in certificates("certificate", named, pem)? {
            store.add(certificate).map_err(|error| blame("ca_file", named, &error))?;
        }
    }
    Ok(store)
}

/// `insecure_skip_verify`: any certificate will do, but the peer must own the key of the one it
/// shows.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
