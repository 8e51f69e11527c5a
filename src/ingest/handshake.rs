//! From a socket on a TLS port to a connection whose client has shown what it must.
//!
//! ```text
//!  first bytes -- letters --> plain HTTP: 400, closed
//!              -- else -----> rustls: hello, certificates --> ALPN: h2 | http/1.1 | none: sniff
//! ```
//! The connection's guard bounds its time, its charge its memory ([`CHARGE`]). Every failure is
//! counted by its reason; a client that goes away before its first byte is none.

use std::error::Error as _;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::client::Client;
use super::guard::HEAD_TIME;
use super::io::Io;
use super::sniff::Protocol;
use crate::runtime::clock;
use crate::runtime::net::Stream;
use crate::units::KIB;

/// What TLS adds to a connection: rustls keeps a message of the handshake of up to 64 KiB while it
/// comes, or else a record in and, bounded by [`BUFFER_BYTES`], records out.
pub(super) const CHARGE: usize = 64 * KIB;
/// What rustls may hold of what is to be sent, before and after encryption each.
const BUFFER_BYTES: usize = 16 * KIB;
/// The first read: a hello of most clients fits.
const FIRST_READ: usize = KIB;
/// What Go's servers answer to plain HTTP on a port with TLS.
const PLAIN_HTTP: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\n\
    Client sent an HTTP request to an HTTPS server.\n";

/// A connection after its handshake.
pub(super) type Shaken = TlsStream<Io<Stream>>;

/// Shakes hands with a client; `None`: it failed and has been counted and logged.
pub(super) async fn shake(
    client: &Rc<Client>,
    config: Arc<ServerConfig>,
    mut stream: Stream,
) -> Option<Shaken> {
    client.guard.allow(HEAD_TIME);
    let mut first = Vec::with_capacity(FIRST_READ);
    let begun = until(client, stream.read_buf(&mut first)).await;
    match begun {
        Some(Ok(count)) if count > 0 => {}
        // It has not begun a handshake.
        Some(_) => return None,
        None => return fail(client, &Failed::Late),
    }
    let plain = first.first().is_some_and(u8::is_ascii_uppercase);
    let mut io = Io::new(stream, first, Rc::clone(client));
    if plain {
        count(client, &Failed::PlainHttp);
        let answer = async {
            io.write_all(PLAIN_HTTP).await?;
            io.shutdown().await
        };
        // Whether it hears the answer is its own affair.
        drop(until(client, answer).await);
        return None;
    }
    let bounded = |connection: &mut rustls::ServerConnection| {
        connection.set_buffer_limit(Some(BUFFER_BYTES));
    };
    match until(client, TlsAcceptor::from(config).accept_with(io, bounded)).await {
        Some(Ok(shaken)) => {
            client.guard.allow(client.head_time());
            Some(shaken)
        }
        Some(Err(error)) => fail(client, &Failed::Broken(error)),
        None => fail(client, &Failed::Late),
    }
}

/// What the two sides have agreed to speak, if they have.
pub(super) fn agreed(shaken: &Shaken) -> Option<Protocol> {
    match shaken.get_ref().1.alpn_protocol()? {
        b"h2" => Some(Protocol::Http2),
        _ => Some(Protocol::Http1),
    }
}

/// Waits for something of a client that is not served yet: until its time is up, or it is told to
/// go.
pub(super) async fn until<F: Future>(client: &Client, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if client.poll_expired(context).is_ready() {
            return Poll::Ready(None);
        }
        match future.as_mut().poll(context) {
            Poll::Pending if client.is_draining() => Poll::Ready(None),
            polled => polled.map(Some),
        }
    })
    .await
}

/// Why there is no connection.
#[derive(Debug)]
enum Failed {
    Late,
    PlainHttp,
    Broken(io::Error),
}

impl Failed {
    /// The label of the counter.
    fn reason(&self) -> &'static str {
        match self {
            Self::Late => "timeout",
            Self::PlainHttp => "protocol",
            Self::Broken(error) => reason(error),
        }
    }
}

fn reason(error: &io::Error) -> &'static str {
    use rustls::Error;
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::NoCertificatesPresented) => "no_certificate",
        Some(Error::InvalidCertificate(_)) => "bad_certificate",
        Some(
            Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. }
            | Error::InvalidMessage(_)
            | Error::PeerIncompatible(_)
            | Error::PeerMisbehaved(_)
            | Error::NoApplicationProtocol
            | Error::PeerSentOversizedRecord
            | Error::DecryptError,
        ) => "protocol",
        _ => "other",
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => out.write_str("the client did not finish it in time"),
            Self::PlainHttp => out.write_str("the client speaks plain HTTP"),
            Self::Broken(error) => match error.source() {
                Some(source) => write!(out, "{error}: {source}"),
                None => error.fmt(out),
            },
        }
    }
}

/// There is no connection, and that has been counted.
fn fail<T>(client: &Client, failed: &Failed) -> Option<T> {
    // One that is cut short by a drain has not failed.
    if !client.is_draining() || client.guard.is_expired() {
        count(client, failed);
    }
    None
}

/// Counts a failure, and logs one a while.
fn count(client: &Client, failed: &Failed) {
    let supplies = client.supplies();
    let reason = failed.reason();
    supplies.meter.handshake_failed(reason);
    if let Some(suppressed) = supplies.handshake_complaints.admit(clock::now()) {
        let peer = client.peer.map(tracing::field::display);
        tracing::warn!(
            peer,
            reason,
            suppressed,
            "a TLS handshake failed: {failed} (counted in shard_tls_failures_total)"
        );
    }
}
