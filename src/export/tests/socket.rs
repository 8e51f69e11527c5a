//! From a plan to a real socket and back, in real time.

use std::net::SocketAddr;

use super::server::{Reply, Server, serve};
use super::*;
use crate::export::prepare;
use crate::runtime::{net, task};

#[tokio::test]
async fn requests_of_many_pieces_arrive_over_tcp() {
    on_shard(async {
        let listener = net::listen(SocketAddr::from(([127, 0, 0, 1], 0)), false).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let listener = tokio::net::TcpListener::from_std(listener).expect("non-blocking");
        let server = Server::default();
        let seen = server.clone();
        let _accepting = task::spawn("test server", async move {
            while let Ok((socket, _)) = listener.accept().await {
                let answer = Rc::new(|_: &_| Reply::status(200));
                let _serving = task::spawn("test connection", serve(socket, seen.clone(), answer));
            }
        });
        let peer = Peer { host: "127.0.0.1".to_owned(), port, tls: None };
        let target = Target::Http(HttpTarget { peer, ..Wish::default().http() });
        let Backend(kind) = prepare(&Wish::default().plan(target.clone())).expect("usable");
        let bench = bench(&Wish { workers: 3, ..Wish::default() }, target, kind);
        // 9,000 bytes are above what is gathered: each request stays a slice of its own.
        let piece = |at: u8| vec![at; 9_000];
        for at in 0..100 {
            bench.send_large(&piece(at));
        }
        bench.destination.close();
        bench.destination.emptied().await;
        assert_eq!(bench.ledger.snapshot().totals().delivered.requests, 100);
        let mut all = server.bodies().concat();
        all.sort_unstable();
        assert!(all == (0..100).flat_map(piece).collect::<Vec<u8>>(), "each byte once");
    })
    .await;
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_named() {
    let mut target = Wish::default().http();
    target.authority = "back\nend".to_owned();
    let plan = Wish::default().plan(Target::Http(target));
    let Err(error) = prepare(&plan) else { panic!("not an authority") };
    assert_eq!(error.to_string(), "exporter otlp/test: not a host: back\nend");
}
