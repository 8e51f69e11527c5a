//! The only place where sockets are made.
//!
//! Listeners carry `SO_REUSEPORT`, so that each shard accepts on its own; connections to backends
//! look a name up and try its addresses within one deadline. No protocol is spoken here.
#![expect(clippy::disallowed_methods, reason = "the home of socket creation")]

mod listener;
mod stream;

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::clock;
pub use listener::{Acceptor, Listener, Place, open};
pub use stream::Stream;

/// Connections the kernel keeps for a busy listener.
const BACKLOG: i32 = 1024;
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// What the kernel may keep of answers that a client does not read; it doubles the figure for its
/// own needs. Left alone it keeps up to `tcp_wmem`, 4 MiB and more, of every such connection.
/// Answers are small, so no client that reads them waits for it.
const UNREAD_BYTES: usize = 64 << 10;

/// A non-blocking listener. `shared`: others may listen on the same address, and the kernel spreads
/// connections among them.
///
/// # Errors
/// What the system says, for instance that the address is in use.
pub fn listen(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // What is accepted takes it over.
    socket.set_send_buffer_size(UNREAD_BYTES)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// What the kernel may keep of datagrams that have not been read, if the system allows for it.
const DATAGRAM_BYTES: usize = 2 << 20;

/// A non-blocking socket for datagrams. `shared`: as of [`listen`], where the kernel spreads
/// clients by their address and port.
///
/// # Errors
/// What the system says, for instance that the address is in use.
pub fn datagrams(address: SocketAddr, shared: bool) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_recv_buffer_size(DATAGRAM_BYTES)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Connects to a backend: looks the name up and tries every address in turn, each with its share of
/// what is left of `within`.
///
/// # Errors
/// The last address's error; `TimedOut` when the time is up; `NotFound` when the name has no
/// address.
pub async fn connect(host: &str, port: u16, within: Duration) -> io::Result<TcpStream> {
    let until = clock::now() + within;
    let resolved = timeout(within, lookup_host((host, port))).await??;
    let addresses: Vec<SocketAddr> = resolved.take(ADDRESSES_MAX).collect();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (untried, address) in (1..=addresses.len()).rev().zip(addresses) {
        match timeout(share(until, untried), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = annotated(address, error),
            Err(_) => last = annotated(address, io::ErrorKind::TimedOut.into()),
        }
    }
    Err(last)
}

/// What one of `untried` addresses gets of the time until then.
fn share(until: Instant, untried: usize) -> Duration {
    let left = until.saturating_duration_since(clock::now());
    left / u32::try_from(untried).unwrap_or(u32::MAX).max(1)
}

fn annotated(address: SocketAddr, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("connect {address}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::SockRef;

    #[tokio::test]
    async fn the_kernel_keeps_little_of_what_a_client_does_not_read() {
        let listener = listen("127.0.0.1:0".parse().expect("address"), false).expect("listen");
        let listener = tokio::net::TcpListener::from_std(listener).expect("listen");
        let address = listener.local_addr().expect("address");
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (_client, (stream, _)) = (client.expect("connect"), accepted.expect("accept"));
        let kept = SockRef::from(&stream).send_buffer_size().expect("an option");
        assert!((UNREAD_BYTES..=2 * UNREAD_BYTES).contains(&kept), "{kept}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_gets_its_share_of_the_time_that_is_left() {
        let until = clock::now() + Duration::from_secs(6);
        assert_eq!(share(until, 3), Duration::from_secs(2));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(share(until, 2), Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(share(until, 1), Duration::ZERO);
    }
}
