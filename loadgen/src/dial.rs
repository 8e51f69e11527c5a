//! Connections of the sender: TCP, TLS on it, or QUIC, made when they are needed.
//!
//! The provider is ring and the versions are 1.2 and 1.3. Only the authorities of one file are
//! trusted; certificates are checked against one server name.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use quinn::crypto::rustls::QuicClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::net;

/// What HTTP runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// TCP in clear text.
    #[default]
    Tcp,
    /// TLS on TCP.
    Tls(Tls),
    /// QUIC on UDP: OTLP/HTTP becomes HTTP/3.
    Quic(Tls),
}

/// Whom to trust and who to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM file with the authorities that may have signed the server's certificate.
    pub ca: PathBuf,
    /// PEM files of our certificate and its key, for a server that asks for them.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The name or address the server's certificate must be for.
    pub server_name: String,
}

/// Where to connect to, and how.
#[derive(Clone)]
pub(crate) struct Dial {
    endpoint: SocketAddr,
    secure: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

impl Dial {
    /// Reads the files that `carrier` names; `alpn` is the protocol to agree on.
    ///
    /// # Errors
    /// A file is missing or is no PEM, or the server name is none.
    pub(crate) fn new(endpoint: SocketAddr, carrier: &Carrier, alpn: &[u8]) -> io::Result<Self> {
        let tls = match carrier {
            Carrier::Tcp => return Ok(Self { endpoint, secure: None }),
            Carrier::Tls(tls) | Carrier::Quic(tls) => tls,
        };
        let mut config = config(tls)?;
        config.alpn_protocols = vec![alpn.to_vec()];
        let name = ServerName::try_from(tls.server_name.clone())
            .map_err(|e| bad(&format!("server name {:?}", tls.server_name), &e))?;
        Ok(Self { endpoint, secure: Some((Arc::new(config), name)) })
    }

    pub(crate) const fn endpoint(&self) -> SocketAddr {
        self.endpoint
    }

    /// A connection over TCP, through the handshake.
    pub(crate) async fn stream(&self) -> io::Result<Stream> {
        let socket = net::connect(self.endpoint).await?;
        let Some((config, name)) = &self.secure else {
            return Ok(Stream::Plain(socket));
        };
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = connector.connect(name.clone(), socket).await;
        stream.map(|stream| Stream::Tls(Box::new(stream))).map_err(|e| bad("TLS handshake", &e))
    }

    /// A connection over QUIC from a port of its own, through the handshake.
    pub(crate) async fn quic(&self) -> io::Result<quinn::Connection> {
        let Some((config, name)) = &self.secure else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "QUIC without TLS"));
        };
        let config = QuicClientConfig::try_from(ClientConfig::clone(config));
        let config = config.map_err(|e| bad("QUIC", &e))?;
        let config = quinn::ClientConfig::new(Arc::new(config));
        let socket = net::quic(self.endpoint)?;
        let connecting = socket.connect_with(config, self.endpoint, &name.to_str());
        connecting.map_err(|e| bad("QUIC", &e))?.await.map_err(|e| bad("QUIC handshake", &e))
    }
}

fn config(tls: &Tls) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&tls.ca)? {
        roots.add(certificate).map_err(|e| at(&tls.ca, &e))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots);
    let Some((certificate, key)) = &tls.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| at(key, &e))?;
    let chain = certificates(certificate)?;
    builder.with_client_auth_cert(chain, private).map_err(|e| at(certificate, &e))
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).map_err(|e| at(file, &e))?.collect();
    let found = found.map_err(|e| at(file, &e))?;
    if found.is_empty() {
        return Err(at(file, &"no certificate in it"));
    }
    Ok(found)
}

fn at(file: &Path, fault: &dyn std::fmt::Display) -> io::Error {
    bad(&file.display().to_string(), fault)
}

fn bad(place: &str, fault: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{place}: {fault}"))
}

/// A connection over TCP, with TLS or without.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
