//! QUIC on one UDP socket of one shard: clients are validated, charged, and given to HTTP/3.
//!
//! ```text
//!  datagrams -> quinn::Endpoint -> Incoming -- many half open: Retry
//!                                           -- no room: refused
//!                                           -- handshake (10 s) -> h3::run
//! ```
//! The endpoint stays when its receiver gets another gate: packets of old and new connections come
//! by the same socket, which two endpoints cannot share. Clients may not move: another address is
//! another shard. Nothing is taken before the handshake is over (0-RTT): it could be replayed.
//!
//! Invariants: what the endpoint holds for all and for each client is bounded and charged; a
//! certificate that has changed holds from the next handshake on; an error ends nothing.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connecting, Endpoint, EndpointConfig, Incoming, TokioRuntime, TransportConfig};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::Gate;
use super::client::Client;
use super::guard::{HEAD_TIME, IDLE_TIME};
use super::h3::{self, STREAM_WINDOW, WINDOW_MIN};
use crate::buf::budget::Ticket;
use crate::runtime::task;
use crate::telemetry::names::Transport;
use crate::units::{KIB, MIB};

/// What an endpoint holds: quinn's buffer for datagrams (3 MiB, as the kernel hands out up to 64 of
/// 1,472 bytes at once, 32 times), and first datagrams of clients (1 MiB).
const ENDPOINT_BYTES: usize = 4 * MIB;
/// First datagrams that wait to be looked at.
const INCOMING_MAX: usize = 512;
/// What may follow a first datagram before it is looked at: for one client, and for all.
const FOLLOWING_BYTES: u64 = 16 << 10;
const FOLLOWING_BYTES_ALL: u64 = 256 << 10;
/// Handshakes under way above which a client must show first that its address is its own.
pub(super) const HALF_OPEN_MAX: usize = 64;
/// What a connection costs beside what every connection does: what it may send without a ticket,
/// and what has been sent and not been acknowledged.
const CONNECTION_BYTES: usize = WINDOW_MIN + SEND_BYTES;
/// What has been sent and not been acknowledged.
const SEND_BYTES: usize = 64 * KIB;
/// Requests of one connection at once.
const STREAMS_MAX: u32 = 100;
/// Streams that a client opens beside: three that HTTP/3 needs, and some that say nothing.
const ASIDES_MAX: u32 = 8;
/// The longest that quinn remembers a connection that has ended; a handshake that has failed.
const REMEMBERED_MAX: Duration = Duration::from_secs(3);
/// Before an endpoint that has ended is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// The endpoint of one socket.
#[derive(Debug)]
pub(super) struct Quic {
    address: SocketAddr,
    socket: UdpSocket,
    /// Whose clients come from now on.
    gate: RefCell<Weak<Gate>>,
    half_open: Cell<usize>,
    /// What clients are served with, and what it was made of.
    terms: RefCell<Option<Terms>>,
}

/// An endpoint and the task that serves it.
pub(super) type Serving = (Rc<Quic>, AbortHandle);

#[derive(Clone, Debug)]
struct Terms {
    tls: Arc<rustls::ServerConfig>,
    config: Arc<quinn::ServerConfig>,
}

/// Serves HTTP/3 on `socket` for `gate`, or has the endpoint that does so for another one change
/// over.
pub(super) fn serve(gate: &Rc<Gate>, socket: UdpSocket) -> io::Result<Serving> {
    let address = socket.local_addr()?;
    let mut endpoints = gate.supplies.endpoints.borrow_mut();
    endpoints.retain(|known| known.strong_count() > 0);
    let mut known = endpoints.iter().filter_map(Weak::upgrade);
    if let Some(quic) = known.find(|known| known.address == address) {
        let before = quic.gate.replace(Rc::downgrade(gate));
        if let Some(serving) = before.upgrade().and_then(|before| before.quic.take()) {
            return Ok(serving);
        }
    }
    let quic = Rc::new(Quic {
        address,
        socket,
        gate: RefCell::new(Rc::downgrade(gate)),
        half_open: Cell::new(0),
        terms: RefCell::default(),
    });
    endpoints.push(Rc::downgrade(&quic));
    let serving = task::spawn("quic", Rc::clone(&quic).run());
    Ok((quic, serving))
}

impl Quic {
    /// Accepts clients for as long as it is let.
    async fn run(self: Rc<Self>) {
        loop {
            match self.open() {
                Ok(opened) => {
                    while let Some(incoming) = opened.endpoint.accept().await {
                        self.take(incoming);
                    }
                    tracing::error!(address = %self.address, "QUIC broke off, it is opened again");
                }
                Err(error) => {
                    tracing::warn!(address = %self.address, %error, "no HTTP/3; trying again");
                }
            }
            sleep(PAUSE).await;
        }
    }

    fn open(&self) -> io::Result<Opened> {
        let gate = self.gate.borrow().upgrade().ok_or(io::ErrorKind::NotConnected)?;
        let terms = self.terms(&gate)?;
        let charge = gate.supplies.lease.ticket(ENDPOINT_BYTES);
        let charge = charge.map_err(|_| io::Error::other("no room in the byte budget"))?;
        let config = Some(quinn::ServerConfig::clone(&terms.config));
        let socket = self.socket.try_clone()?;
        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new(EndpointConfig::default(), config, socket, runtime)?;
        Ok(Opened { endpoint, _charge: charge })
    }

    /// What clients are served with now: with another certificate, it is made anew.
    fn terms(&self, gate: &Gate) -> io::Result<Terms> {
        let tls = gate.front().tls(Transport::Http);
        let tls = tls.ok_or_else(|| io::Error::other("the receiver has no tls"))?;
        let mut known = self.terms.borrow_mut();
        if let Some(terms) = known.as_ref().filter(|terms| Arc::ptr_eq(&terms.tls, &tls)) {
            return Ok(terms.clone());
        }
        let crypto = crypto(&tls)?;
        let config = match known.as_ref() {
            // With the key of the old one: who is about to show that an address is his own can.
            Some(terms) => {
                let mut config = quinn::ServerConfig::clone(&terms.config);
                config.crypto = crypto;
                config
            }
            None => config(crypto),
        };
        let terms = Terms { tls, config: Arc::new(config) };
        *known = Some(terms.clone());
        Ok(terms)
    }

    /// Lets a client in, or not.
    fn take(self: &Rc<Self>, incoming: Incoming) {
        let Some(gate) = self.gate.borrow().upgrade() else { return incoming.ignore() };
        let meter = &gate.supplies.meter;
        if self.half_open.get() >= HALF_OPEN_MAX && !incoming.remote_address_validated() {
            // One that has been asked already is not asked again; this one has not.
            return drop(incoming.retry());
        }
        let extra = gate.supplies.lease.ticket(CONNECTION_BYTES).ok();
        let client = extra.and_then(|extra| {
            let peer = incoming.remote_address().ip();
            let client = Client::admit(&gate, Some(peer), Transport::Http)?;
            Some((client, extra))
        });
        let Some((client, extra)) = client else {
            meter.connections_refused.increment(1);
            return incoming.refuse();
        };
        let terms = match self.terms(&gate) {
            Ok(terms) => terms,
            Err(error) => {
                tracing::warn!(address = %self.address, %error, "a client over QUIC is refused");
                return incoming.refuse();
            }
        };
        // What is no beginning of a handshake is answered by the library.
        if let Ok(connecting) = incoming.accept_with(terms.config) {
            let half_open = HalfOpen::new(self);
            let connection = connection(client, connecting, half_open, extra);
            let _ = task::spawn_connection("connection", connection);
        }
    }
}

/// An endpoint that takes no new clients any more when it is dropped; those it has stay.
struct Opened {
    endpoint: Endpoint,
    _charge: Ticket,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.endpoint.set_server_config(None);
    }
}

/// Counts a handshake under way.
struct HalfOpen(Rc<Quic>);

impl HalfOpen {
    fn new(quic: &Rc<Quic>) -> Self {
        quic.half_open.set(quic.half_open.get().saturating_add(1));
        Self(Rc::clone(quic))
    }
}

impl Drop for HalfOpen {
    fn drop(&mut self) {
        self.0.half_open.set(self.0.half_open.get().saturating_sub(1));
    }
}

/// Drives a connection from its handshake to its end.
async fn connection(client: Rc<Client>, connecting: Connecting, half: HalfOpen, extra: Ticket) {
    client.guard.allow(HEAD_TIME);
    let shaken = {
        let mut connecting = pin!(connecting);
        poll_fn(|context| match client.poll_expired(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => connecting.as_mut().poll(context).map(Result::ok),
        })
        .await
    };
    drop(half);
    let remembered = match shaken {
        None => REMEMBERED_MAX,
        Some(quic) => {
            h3::run(&client, &quic).await;
            remembered(quic.rtt())
        }
    };
    drop(client);
    // quinn holds on to a connection that has ended, so that late packets do not confuse it.
    sleep(remembered).await;
    drop(extra);
}

/// How long quinn remembers a connection that has ended: three times as long as it waits for an
/// acknowledgement before it asks again.
fn remembered(rtt: Duration) -> Duration {
    let asks_again = rtt.saturating_mul(3).saturating_add(Duration::from_millis(25));
    asks_again.saturating_mul(3).min(REMEMBERED_MAX)
}

/// The receiver's TLS, as QUIC has it.
fn crypto(tls: &rustls::ServerConfig) -> io::Result<Arc<QuicServerConfig>> {
    let mut tls = tls.clone();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    tls.max_early_data_size = 0;
    let tls = Arc::new(tls);
    let version = rustls::quic::Version::V1;
    let probed = rustls::quic::ServerConnection::new(Arc::clone(&tls), version, Vec::new());
    drop(probed.map_err(|error| io::Error::other(format!("tls cannot serve QUIC: {error}")))?);
    QuicServerConfig::try_from(tls).map(Arc::new).map_err(io::Error::other)
}

fn config(crypto: Arc<QuicServerConfig>) -> quinn::ServerConfig {
    let mut config = quinn::ServerConfig::with_crypto(crypto);
    let _ = config
        .transport_config(Arc::new(transport()))
        .migration(false)
        .max_incoming(INCOMING_MAX)
        .incoming_buffer_size(FOLLOWING_BYTES)
        .incoming_buffer_size_total(FOLLOWING_BYTES_ALL);
    config
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    let window = u32::try_from(WINDOW_MIN).unwrap_or(u32::MAX >> 2);
    let _ = transport
        .receive_window(window.into())
        .stream_receive_window(STREAM_WINDOW.into())
        .send_window(SEND_BYTES as u64)
        .datagram_receive_buffer_size(None)
        .max_concurrent_bidi_streams(STREAMS_MAX.into())
        .max_concurrent_uni_streams(ASIDES_MAX.into())
        .max_idle_timeout(IDLE_TIME.try_into().ok());
    transport
}
