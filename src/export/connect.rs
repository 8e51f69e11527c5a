//! Opening a connection to a backend: TCP without delay, then TLS if the file asks for it.
//!
//! The name is looked up for each connection, so that a backend that moves is found again. Bounds:
//! look-up, TCP and TLS together take at most [`CONNECT_MAX`], however long an attempt may be. What
//! comes out is one stream of bytes; which protocol runs on it is decided by [`super::otlp_http`]
//! and [`super::otlp_grpc`]. [`Dial`] is the seam at which tests put a pipe in place of a socket.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::tls::{self, Alpn};
use crate::config::plan::Peer;
use crate::runtime::kept::{Kept, Renew};
use crate::runtime::{clock, net};

/// The longest a connection may take to open.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(10);

/// The bound for attempts of at most `timeout`; zero: they have none. A little less than the
/// attempt itself, so that the error that names the address comes first.
pub(super) fn bound(timeout: Duration) -> Duration {
    let most = timeout.saturating_sub(timeout / 20);
    if most.is_zero() { CONNECT_MAX } else { most.min(CONNECT_MAX) }
}

/// A stream of bytes to a backend.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

/// What opens connections.
pub(super) trait Dial: Send + Sync {
    /// Opens one. The error names the address and what went wrong.
    fn dial(&self, within: Duration) -> Dialing<'_>;
}

/// A connection that is being opened.
#[expect(clippy::type_complexity, reason = "written once, here")]
pub(super) struct Dialing<'a>(
    pub(super) Pin<Box<dyn Future<Output = Result<Box<dyn Io>, String>> + 'a>>,
);

/// Opens TCP connections to one peer.
pub(super) struct Dialer {
    host: String,
    port: u16,
    tls: Option<(Arc<Kept<tls::Client>>, ServerName<'static>)>,
}

impl Dialer {
    /// Reads the certificates that the file names; nothing is connected yet. `files` gets what is
    /// to be read again.
    ///
    /// # Errors
    /// What is wrong with the TLS settings, with the path of the file to blame.
    pub(super) fn new(
        peer: &Peer,
        alpn: Alpn,
        files: &mut Vec<Arc<dyn Renew>>,
    ) -> Result<Self, String> {
        let tls = match &peer.tls {
            None => None,
            Some(settings) => {
                let kept = tls::kept(settings, alpn)?;
                if settings.reload.is_some() {
                    files.push(Arc::clone(&kept) as Arc<dyn Renew>);
                }
                let name = settings.server_name.as_deref().unwrap_or(&peer.host);
                let name = ServerName::try_from(name.to_owned())
                    .map_err(|_| format!("tls: not a server name: {name}"))?;
                Some((kept, name))
            }
        };
        Ok(Self { host: peer.host.clone(), port: peer.port, tls })
    }

    async fn open(&self, within: Duration) -> Result<Box<dyn Io>, String> {
        let until = clock::now() + within;
        let opened = net::connect(&self.host, self.port, within);
        let socket = opened.await.map_err(|error| self.blame(&error.to_string()))?;
        let Some((kept, name)) = &self.tls else {
            return Ok(Box::new(socket));
        };
        let connector = TlsConnector::from(Arc::clone(kept.get().config()));
        let handshake = connector.connect(name.clone(), socket);
        match tokio::time::timeout_at(until.into(), handshake).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(self.blame(&format!("tls: {error}"))),
            Err(_) => Err(self.blame(&format!("tls: timed out after {within:?}"))),
        }
    }

    /// Puts the place before an error that does not name it yet.
    fn blame(&self, error: &str) -> String {
        if error.starts_with("connect ") {
            return error.to_owned();
        }
        format!("connect {}:{}: {error}", self.host, self.port)
    }
}

impl Dial for Dialer {
    fn dial(&self, within: Duration) -> Dialing<'_> {
        Dialing(Box::pin(self.open(within)))
    }
}
