//! One accepted socket: charged, its protocol found out, and driven to its end.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::client::Client;
use super::io::Io;
use super::sniff::{self, Protocol};
use super::{Gate, h2, http};
use crate::runtime::net::Stream;
use crate::telemetry::names::Transport;

/// Serves a connection until it ends, or closes it at once when there is no room for its buffers.
pub(super) async fn serve(
    gate: Rc<Gate>,
    mut stream: Stream,
    peer: Option<IpAddr>,
    side: Transport,
) {
    let Some(client) = Client::admit(&gate, peer, side) else {
        gate.supplies.meter.connections_refused.increment(1);
        return;
    };
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
            http::run(&client, Io::new(stream, first, Rc::clone(&client))).await;
        }
        Some((Protocol::Http2, first)) => {
            h2::run(&client, Io::new(stream, first, Rc::clone(&client))).await;
        }
    }
}
