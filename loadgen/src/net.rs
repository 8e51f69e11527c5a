//! Sockets: the one file of loadgen that opens them.
//!
//! Listeners are bound before anything is started, so whoever has the address can connect at once.
//! `TCP_NODELAY` is set on both sides: a request is written whole, waiting could only delay it.

#![expect(clippy::disallowed_methods, reason = "this file is where loadgen's sockets are opened")]

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A listener on `addr` (port 0: a free one), not blocking, ready for tokio.
pub(crate) fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A tokio connection to `addr`.
pub(crate) async fn connect(addr: SocketAddr) -> io::Result<tokio::net::TcpStream> {
    let stream = tokio::net::TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A QUIC client on a free UDP port of the family of `addr`.
pub(crate) fn quic(addr: SocketAddr) -> io::Result<quinn::Endpoint> {
    let any = if addr.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    quinn::Endpoint::client(any.parse().map_err(io::Error::other)?)
}

/// A blocking connection to `addr` whose reads and writes give up after `patience`.
pub(crate) fn connect_blocking(addr: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&addr, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// `N` loopback addresses whose ports are free now: all are held at once, so they differ.
pub(crate) fn free_ports<const N: usize>() -> io::Result<[SocketAddr; N]> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut held = Vec::with_capacity(N);
    let mut addrs = [any; N];
    for addr in &mut addrs {
        let listener = TcpListener::bind(any)?;
        *addr = listener.local_addr()?;
        held.push(listener);
    }
    Ok(addrs)
}
