//! One accepted socket: charged, its protocol found out, and driven to its end. What drives it is
//! made when the protocol is known: a connection that has sent nothing has no place for it.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use rustls::ServerConfig;

use super::client::Client;
use super::handshake::{self, until};
use super::io::Io;
use super::sniff::{self, Protocol};
use super::socket::Socket;
use super::{Gate, h2, http};
use crate::runtime::net::Stream;
use crate::telemetry::names::Transport;

/// Serves a connection until it ends, or closes it at once when there is no room for its buffers.
pub(super) async fn serve(gate: Rc<Gate>, stream: Stream, peer: Option<IpAddr>, side: Transport) {
    let tls = gate.front().tls(side);
    let lease = &gate.supplies.lease;
    let bytes = if tls.is_some() { handshake::CHARGE } else { 0 };
    let room = lease.ticket(bytes).ok();
    let admitted = room.and_then(|room| Some((Client::admit(&gate, peer, side)?, room)));
    let Some((client, _room)) = admitted else {
        gate.supplies.meter.connections_refused.increment(1);
        return;
    };
    let Ok(stream) = stream.carried_by(gate.supplies.carrier) else { return };
    let known = match tls {
        None => plain(&client, stream).await,
        Some(config) => secure(&client, config, stream).await,
    };
    match known {
        None => {}
        Some((Protocol::Http1, io)) => {
            Box::pin(http::run(&client, io.reading_strictly())).await;
        }
        Some((Protocol::Http2, io)) => Box::pin(h2::run(&client, io)).await,
    }
}

/// What a connection without TLS speaks: its first bytes tell.
async fn plain(client: &Rc<Client>, mut stream: Stream) -> Option<(Protocol, Io<Socket>)> {
    client.guard.allow(client.head_time());
    let (protocol, first) = until(client, sniff::protocol(&mut stream)).await?.ok().flatten()?;
    Some((protocol, Io::new(Socket::Plain(stream), first, Rc::clone(client))))
}

/// What a connection with TLS speaks: what was agreed on, or else its first bytes tell.
async fn secure(
    client: &Rc<Client>,
    config: Arc<ServerConfig>,
    stream: Stream,
) -> Option<(Protocol, Io<Socket>)> {
    let mut shaken = Box::new(Box::pin(handshake::shake(client, config, stream)).await?);
    shaken.get_mut().0.read_ahead();
    let (protocol, first) = match handshake::agreed(&shaken) {
        Some(protocol) => (protocol, Vec::new()),
        None => until(client, sniff::protocol(&mut *shaken)).await?.ok().flatten()?,
    };
    Some((protocol, Io::new(Socket::Tls(shaken), first, Rc::clone(client)).above_tls()))
}
