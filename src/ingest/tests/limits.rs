//! Bounds: sizes, the budget, deadlines, and answers that a client in trouble can still read.

use spanyard_wire::reply;

use super::site::{BYTES_MAX, gzip, on_shard, post, spans, with_budget};
use super::times::pass;
use crate::units::{KIB, MIB};

#[test]
fn a_body_declared_too_large_is_refused_and_the_client_can_read_why() {
    on_shard(async |site| {
        let answer = site.connect().await.exchange(&post("", &vec![0; BYTES_MAX + 1])).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(reply::read_status(&answer.body).unwrap().code, 8);
        assert_eq!(site.malformed("too_large"), 1);
    });
}

#[test]
fn a_bomb_is_refused_as_too_large() {
    on_shard(async |site| {
        let bomb = gzip(&vec![0; 8 * MIB]);
        let mut client = site.connect().await;
        client.send(&post("content-encoding: gzip\r\n", &bomb)).await;
        assert_eq!(client.answer().await.status, 413);
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
    });
}

#[test]
fn a_chunked_body_that_grows_too_large_is_refused() {
    on_shard(async |site| {
        let mut bytes = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\
                          content-type: application/x-protobuf\r\n\r\n"
            .to_vec();
        for _ in 0..=BYTES_MAX / (64 * KIB) {
            bytes.extend_from_slice(b"10000\r\n");
            bytes.extend_from_slice(&vec![0; 64 * KIB]);
            bytes.extend_from_slice(b"\r\n");
        }
        let answer = site.connect().await.exchange(&bytes).await;
        assert_eq!(answer.status, 413);
    });
}

#[test]
fn without_room_a_small_request_is_refused_and_its_connection_lives() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
        let full = site.fill(0);
        for _ in 0..3 {
            client.send(&post("", &spans(100))).await;
            let answer = client.answer().await;
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(matches!(answer.header("retry-after"), Some("1" | "2")));
            assert_eq!(reply::read_status(&answer.body).unwrap().code, 14);
            assert_eq!(answer.header("connection"), None);
        }
        drop(full);
        client.send(&post("", &spans(100))).await;
        assert_eq!(client.answer().await.status, 200);
    });
}

#[test]
fn without_room_a_large_request_gets_its_answer_before_the_connection_is_closed() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        let full = site.fill(96 * KIB);
        client.send(&post("", &spans(5000))).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(client.is_closed().await);
        drop(full);
    });
}

#[test]
fn a_refused_client_that_expects_to_be_asked_is_not_asked() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        let full = site.fill(96 * KIB);
        let body = spans(1000);
        let request = post("expect: 100-continue\r\n", &body);
        client.send(&request[..request.len() - body.len()]).await;
        assert_eq!(client.answer().await.status, 503);
        assert!(client.is_closed().await);
        drop(full);
    });
}

#[test]
fn a_connection_for_whose_buffers_there_is_no_room_is_closed() {
    with_budget(MIB, async |site| {
        let full = site.fill(0);
        assert!(site.connect().await.is_closed().await);
        assert_eq!(site.count("spanyard_shard_connections_refused_total"), 1);
        drop(full);
        let mut client = site.connect().await;
        client.send(&post("", b"")).await;
        assert_eq!(client.answer().await.status, 200);
    });
}

#[test]
fn everything_is_given_back_after_requests_of_every_kind() {
    with_budget(8 * MIB, async |site| {
        for _ in 0..50 {
            let mut client = site.connect().await;
            let large = spans(3000);
            client.send(&post("", &large)).await;
            assert_eq!(client.answer().await.status, 200);
            client.send(&post("content-encoding: gzip\r\n", &gzip(&large))).await;
            assert_eq!(client.answer().await.status, 200);
            client.send(&post("", &large[..large.len() - 1])).await;
            assert_eq!(client.answer().await.status, 400);
            drop(client);
            while site.gate.connections() > 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!([site.next().await, site.next().await], [&large[..], &large]);
        }
    });
}

#[test]
fn a_large_body_that_is_half_sent_pays_for_the_read_buffer_too() {
    on_shard(async |site| {
        let before = site.room();
        let whole = post("", &vec![0; MIB]);
        let mut client = site.connect().await;
        client.send(&whole[..whole.len() / 2]).await;
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let held = before - site.room();
        assert!(held >= MIB + (64 + 3 * 128) * KIB, "{held}");
        client.send(&whole[whole.len() / 2..]).await;
        assert_eq!(client.answer().await.status, 400);
        let held = before - site.room();
        assert!(((64 + 128) * KIB..(64 + 160) * KIB).contains(&held), "{held}");
    });
}

#[test]
fn a_head_larger_than_16_kib_is_refused() {
    on_shard(async |site| {
        let line = format!("x-large: {}\r\n", "a".repeat(17 * KIB));
        assert_eq!(site.ask(&post(&line, b"")).await.status, 431);
    });
}

#[test]
fn clients_that_stop_in_the_middle_are_closed_after_their_time_and_no_sooner() {
    on_shard(async |site| {
        let watch = site.supplies.watch();
        for start in [&b""[..], b"PRI * HT", b"POST /v1/tra"] {
            let mut client = site.connect().await;
            client.send(start).await;
            while site.gate.connections() == 0 {
                tokio::task::yield_now().await;
            }
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            (0..18).for_each(|_| watch.turn());
            tokio::task::yield_now().await;
            assert_eq!(site.gate.connections(), 1, "closed too soon: {start:?}");
            (0..10).for_each(|_| watch.turn());
            assert!(client.is_closed().await);
            site.gate.emptied().await;
        }
    });
}

#[test]
fn a_client_whose_body_does_not_come_is_told_so_and_counted() {
    on_shard(async |site| {
        let watch = site.supplies.watch();
        let small = post("", &spans(50));
        let large = post("", &spans(5000));
        for cut in [&small[..small.len() - 1], &small[..150], &large[..large.len() - 1]] {
            let mut client = site.connect().await;
            client.send(cut).await;
            while site.lease.budget().leased() == 0 || site.gate.connections() == 0 {
                tokio::task::yield_now().await;
            }
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            (0..18).for_each(|_| watch.turn());
            tokio::task::yield_now().await;
            assert_eq!(site.gate.connections(), 1, "closed too soon");
            (0..10).for_each(|_| watch.turn());
            let answer = client.answer().await;
            assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
            assert_eq!(reply::read_status(&answer.body).unwrap().code, 4);
            assert!(client.is_closed().await);
            drop(client);
            site.gate.emptied().await;
        }
        assert_eq!(site.malformed("timeout"), 3);
    });
}

#[test]
fn an_idle_connection_outlives_a_head_and_ends_after_its_own_time() {
    on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
        pass(&site, 200).await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 200);
        pass(&site, 400).await;
        assert!(client.is_closed().await);
    });
}
