//! One accepted socket: charged, its protocol found out, and driven to its end. What drives it is
//! made when the protocol is known: a connection that has sent nothing has no place for it.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use tokio::net::TcpStream;

use super::client::Client;
use super::io::Io;
use super::sniff::{self, Protocol};
use super::{Gate, h2, http};

/// Serves a connection until it ends, or closes it at once when there is no room for its buffers.
pub(super) async fn serve(gate: Rc<Gate>, mut stream: TcpStream, peer: SocketAddr) {
    let Some(client) = Client::admit(&gate, peer) else {
        gate.supplies.meter.connections_refused.increment(1);
        return;
    };
    // Without it the kernel may hold answers back; a socket that refuses is about to break anyway.
    drop(stream.set_nodelay(true));
    client.guard.allow(client.head_time());
    let guessed = {
        let mut sniffing = pin!(sniff::protocol(&mut stream));
        poll_fn(|context| {
            if client.poll_expired(context).is_ready() {
                return Poll::Ready(None);
            }
            match sniffing.as_mut().poll(context) {
                Poll::Pending if client.is_draining() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
                Poll::Ready(guessed) => Poll::Ready(guessed.ok().flatten()),
            }
        })
        .await
    };
    match guessed {
        None => {}
        Some((Protocol::Http1, first)) => {
            let io = Io::new(stream, first, Rc::clone(&client)).reading_strictly();
            Box::pin(http::run(&client, io)).await;
        }
        Some((Protocol::Http2, first)) => {
            let io = Io::new(stream, first, Rc::clone(&client));
            Box::pin(h2::run(&client, io)).await;
        }
    }
}
