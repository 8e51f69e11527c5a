//! The end: accepted requests are finished, clients are told to go, nobody new is let in.

use super::site::{on_shard, post, spans};

#[test]
fn a_drain_closes_idle_connections_and_finishes_requests_under_way() {
    on_shard(async |site| {
        let mut idle = site.connect().await;
        idle.send(&post("", &spans(1))).await;
        assert_eq!(idle.answer().await.status, 200);
        let _ = site.next().await;

        let body = spans(100);
        let request = post("", &body);
        let (first, second) = request.split_at(200);
        let mut busy = site.connect().await;
        busy.send(first).await;
        while site.gate.connections() < 2 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }

        site.gate.drain();
        assert!(idle.is_closed().await);
        busy.send(second).await;
        let answer = busy.answer().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(busy.is_closed().await);
        site.gate.emptied().await;
        assert_eq!(site.next().await, body);
    });
}

#[test]
fn a_new_front_holds_from_the_next_request_on_for_connections_that_are_open() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
        site.gate.swap(site.empty_front());
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 404);
    });
}

#[test]
fn errors_of_the_accept_call_do_not_end_the_loop() {
    on_shard(async |site| {
        use std::rc::Rc;
        let listener = crate::runtime::net::listen("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = crate::runtime::net::Listener::from(listener).register().unwrap();
        let gate = Rc::clone(&site.gate);
        let mut failures = 3;
        let accepting = crate::runtime::task::spawn("accept", async move {
            let accept = async || {
                if failures > 0 {
                    failures -= 1;
                    return Err(std::io::Error::from_raw_os_error(24));
                }
                acceptor.accept().await
            };
            let side = crate::telemetry::names::Transport::Http;
            crate::ingest::accept::run(&gate, side, accept).await;
        });
        let mut client = site.connect_to(address).await;
        client.send(&post("", b"")).await;
        assert_eq!(client.answer().await.status, 200);
        accepting.abort();
    });
}
