//! Connections over HTTP/1 that were taken apart between two requests.

use super::site::{on_shard, post, spans};
use super::times::{http, pass, seconds};
use crate::ingest::tests::site::with_plan;

#[test]
fn requests_go_on_after_a_rest_and_each_is_what_was_sent() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        for count in [1, 500, 3, 40, 2000] {
            let body = spans(count);
            client.send(&post("", &body)).await;
            assert_eq!(client.answer().await.status, 200);
            assert_eq!(site.next().await, body, "{count} spans");
            pass(&site, 5).await;
        }
        let body = spans(7);
        for byte in post("", &body) {
            client.send(&[byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(client.answer().await.status, 200);
        assert_eq!(site.next().await, body);
        assert_eq!(site.gate.connections(), 1);
    });
}

#[test]
fn a_rest_gives_back_what_the_read_buffer_was_charged() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&post("", b"")).await;
        assert_eq!(client.answer().await.status, 200);
        let room = site.room();
        client.send(&post("", &spans(5000))).await;
        assert_eq!(client.answer().await.status, 200);
        drop(site.next().await);
        assert!(site.room() < room - 64 * 1024, "the buffer is charged while it is held");
        pass(&site, 5).await;
        assert!(site.room() >= room - 16 * 1024);
    });
}

#[test]
fn a_drain_closes_a_connection_at_rest() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
        pass(&site, 5).await;
        site.gate.drain();
        assert!(client.is_closed().await);
        site.gate.emptied().await;
    });
}

#[test]
fn a_client_that_leaves_a_connection_at_rest_is_let_go() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
        pass(&site, 5).await;
        drop(client);
        site.gate.emptied().await;
    });
}

#[test]
fn half_a_request_behind_another_is_no_rest_and_has_the_time_of_a_head() {
    let times = |times: &mut crate::config::plan::HttpIngest| times.times.head = seconds(3);
    with_plan(http(times), async |site| {
        let request = post("", &spans(2));
        let mut client = site.connect().await;
        client.send(&[&request[..], &request[..30]].concat()).await;
        assert_eq!(client.answer().await.status, 200);
        pass(&site, 4).await;
        client.send(&request[30..]).await;
        assert_eq!(client.answer().await.status, 200);
        client.send(&[&request[..], &request[..30]].concat()).await;
        assert_eq!(client.answer().await.status, 200);
        pass(&site, 9).await;
        assert!(client.is_closed().await);
    });
}

#[test]
fn the_rules_hold_behind_a_rest() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
        pass(&site, 5).await;
        client.send(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\n\r\n").await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (400, Some("close")));
        assert!(client.is_closed().await);
    });
}

#[test]
fn a_connection_beyond_the_number_that_may_be_open_is_closed_at_once() {
    on_shard(async |site| {
        site.supplies.limit_connections(2);
        let mut first = site.connect().await;
        let mut second = site.connect().await;
        second.send(&post("", &spans(1))).await;
        assert_eq!(second.answer().await.status, 200);
        let mut third = site.connect().await;
        assert!(third.is_closed().await);
        assert_eq!(site.count("spanyard_shard_connections_refused_total"), 1);
        first.send(&post("", &spans(1))).await;
        assert_eq!(first.answer().await.status, 200);
        drop(first);
        while site.gate.connections() > 1 {
            tokio::task::yield_now().await;
        }
        let mut fourth = site.connect().await;
        fourth.send(&post("", &spans(1))).await;
        assert_eq!(fourth.answer().await.status, 200);
    });
}
