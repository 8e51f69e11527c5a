//! Connections over QUIC: who gets in, how they end, and what a flood costs.

use std::collections::HashSet;
use std::net::SocketAddr;

use bytes::Bytes;
use h3::error::Code;
use tokio::net::UdpSocket;

use super::h3::{
    Channel, LOCAL, answer, channel, connect, endpoint, export, listen, secured, shows,
};
use super::site::{spans, with_plan};
use crate::config::plan::Plan;
use crate::ingest::quic::HALF_OPEN_MAX;
use crate::ingest::{Gate, guard};
use crate::runtime::net;
use crate::units::{KIB, MIB};

async fn closed(client: &Channel) -> Option<u64> {
    match client.quic.closed().await {
        quinn::ConnectionError::ApplicationClosed(closed) => Some(closed.error_code.into_inner()),
        _ => None,
    }
}

#[test]
fn a_drain_finishes_requests_under_way_and_refuses_new_ones() {
    with_plan(secured, async |site| {
        let address = listen(&site);
        let idle = channel(address).await;
        let mut busy = channel(address).await;
        let body = spans(100);
        let mut stream = busy.begin(export()).await;
        stream.send_data(Bytes::copy_from_slice(&body[..200])).await.unwrap();
        while site.supplies.watch().taken() < 3 {
            tokio::task::yield_now().await;
        }
        site.gate.drain();
        assert_eq!(closed(&idle).await, Some(Code::H3_NO_ERROR.value()));
        let again = busy.requests.send_request(export().body(()).unwrap()).await;
        assert!(again.is_err(), "it has been told to go");
        stream.send_data(Bytes::copy_from_slice(&body[200..])).await.unwrap();
        stream.finish().await.unwrap();
        assert_eq!(answer(&mut stream).await.status, 200);
        assert_eq!(closed(&busy).await, Some(Code::H3_NO_ERROR.value()));
        site.gate.emptied().await;
        assert_eq!(site.next().await, body);
    });
}

#[test]
fn a_connection_of_its_age_is_told_to_go() {
    let aged = |plan: &mut Plan| {
        secured(plan);
        let times = &mut plan.receivers[0].http.as_mut().unwrap().times;
        times.age = Some(guard::TICK * 20);
    };
    with_plan(aged, async |site| {
        let mut client = channel(listen(&site)).await;
        assert_eq!(client.ask(export(), &spans(1)).await.status, 200);
        (0..24).for_each(|_| site.supplies.watch().turn());
        assert_eq!(closed(&client).await, Some(Code::H3_NO_ERROR.value()));
        site.gate.emptied().await;
    });
}

#[test]
fn a_handshake_without_http_3_fails_and_everything_is_given_back() {
    with_plan(secured, async |site| {
        let address = listen(&site);
        assert!(endpoint("h2").connect(address, "backend").unwrap().await.is_err());
        site.gate.emptied().await;
        assert_eq!(site.count("spanyard_shard_connections_refused_total"), 0);
    });
}

#[test]
fn without_room_a_connection_is_refused_at_once() {
    with_plan(secured, async |site| {
        let address = listen(&site);
        drop(connect(address).await);
        let full = site.fill(64 * KIB);
        let refused = endpoint("h3").connect(address, "backend").unwrap().await;
        assert!(matches!(refused, Err(quinn::ConnectionError::ConnectionClosed(_))), "{refused:?}");
        assert_eq!(site.count("spanyard_shard_connections_refused_total"), 1);
        drop(full);
        let mut client = channel(address).await;
        assert_eq!(client.ask(export(), b"").await.status, 200);
    });
}

#[test]
fn another_certificate_holds_from_the_next_handshake_on() {
    with_plan(secured, async |site| {
        let address = listen(&site);
        let mut client = channel(address).await;
        let before = site.front(|_| {});
        site.gate.swap(site.front(|receiver| {
            let certificate = include_str!("../../export/tests/certificates/gateway.pem");
            shows(
                receiver,
                certificate,
                include_str!("../../export/tests/certificates/gateway.key"),
            );
        }));
        let stranger = endpoint("h3").connect(address, "backend").unwrap().await;
        assert!(stranger.is_err(), "it is made for another name");
        assert_eq!(client.ask(export(), b"").await.status, 200, "who is in stays in");
        site.gate.swap(before);
        drop(connect(address).await);
    });
}

#[test]
fn a_gate_that_takes_over_a_socket_gets_the_new_clients_and_the_old_one_keeps_its_own() {
    with_plan(secured, async |site| {
        let socket = net::datagrams((LOCAL, 0).into(), false).unwrap();
        let address = socket.local_addr().unwrap();
        site.gate.listen_quic(socket.try_clone().unwrap()).unwrap();
        let mut first = channel(address).await;
        let mut stream = first.begin(export()).await;
        let gate = Gate::new(site.front(|_| {}), std::rc::Rc::clone(&site.supplies));
        gate.listen_quic(socket).unwrap();
        while site.supplies.watch().taken() < 2 {
            tokio::task::yield_now().await;
        }
        site.gate.drain();
        let mut second = channel(address).await;
        assert_eq!(gate.connections(), 1);
        assert_eq!(second.ask(export(), b"").await.status, 200);
        stream.finish().await.unwrap();
        assert_eq!(answer(&mut stream).await.status, 200);
        site.gate.emptied().await;
        gate.drain();
        gate.emptied().await;
    });
}

/// The first bits of a packet that asks a client to come again (Retry).
const COME_AGAIN: u8 = 0xf0;

/// The name that a first datagram gives the connection: behind the flags and the version.
fn named(datagram: &[u8]) -> &[u8] {
    &datagram[6..][..usize::from(datagram[5])]
}

/// Begins so many handshakes from one address that says nothing more; returns once `refused` of
/// them have been asked to come again.
async fn begin(address: SocketAddr, count: usize, refused: usize) {
    let relay = UdpSocket::bind((LOCAL, 0)).await.unwrap();
    let spoofed = UdpSocket::bind((LOCAL, 0)).await.unwrap();
    let clients = endpoint("h3");
    let nowhere = relay.local_addr().unwrap();
    let mut begun = Vec::new();
    let mut datagram = [0; 2000];
    let mut told = 0;
    let mut known = HashSet::new();
    for _ in 0..count {
        begun.push(clients.connect(nowhere, "backend").unwrap());
        // A client that is not answered says the same again: what is wanted is the new one's word.
        let len = loop {
            let len = relay.recv(&mut datagram).await.unwrap();
            if known.insert(named(&datagram).to_vec()) {
                break len;
            }
        };
        let _ = spoofed.send_to(&datagram[..len], address).await.unwrap();
        while spoofed.try_recv(&mut datagram).is_ok() {
            told += usize::from(datagram[0] & COME_AGAIN == COME_AGAIN);
        }
    }
    while told < refused {
        let _ = spoofed.recv(&mut datagram).await.unwrap();
        told += usize::from(datagram[0] & COME_AGAIN == COME_AGAIN);
    }
}

#[test]
fn with_many_handshakes_under_way_a_client_shows_its_address_first_and_gets_in() {
    with_plan(secured, async |site| {
        let room = site.room();
        let address = listen(&site);
        begin(address, 3 * HALF_OPEN_MAX, 2 * HALF_OPEN_MAX).await;
        assert_eq!(site.gate.connections(), HALF_OPEN_MAX);
        let held = room - site.room();
        assert!(held <= 4 * MIB + HALF_OPEN_MAX * 256 * KIB, "{held}");
        let mut client = channel(address).await;
        assert_eq!(client.ask(export(), &spans(1)).await.status, 200);
        drop(client);
        (0..30).for_each(|_| site.supplies.watch().turn());
        site.gate.emptied().await;
    });
}
