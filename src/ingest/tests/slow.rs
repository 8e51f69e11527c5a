//! Clients that keep us waiting, one for each phase they can do it in: all are closed in time.

use std::rc::Rc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::site::{Client, Site, on_shard, post, spans};
use super::times::pass;
use crate::ingest::{client, http, io};
use crate::runtime::task;
use crate::telemetry::names::Transport;

/// Sends a byte a second for so long, or until nobody reads any more.
async fn trickle(site: &Site, client: &mut Client, bytes: &[u8]) {
    for byte in bytes {
        if client.try_send(&[*byte]).await.is_err() {
            break;
        }
        pass(site, 2).await;
    }
}

#[test]
fn whoever_does_not_get_a_head_out_is_closed_after_ten_seconds() {
    on_shard(async |site| {
        for first in ["", "PRI * HT", "POST /v1/tr", "POST / HTTP/1.1\r\nhost: x\r\n"] {
            let mut slow = site.connect().await;
            slow.send(first.as_bytes()).await;
            pass(&site, 18).await;
            assert_eq!(site.gate.connections(), 1, "{first:?}: closed too soon");
            pass(&site, 6).await;
            assert!(slow.is_closed().await, "{first:?}");
            site.gate.emptied().await;
        }
    });
}

#[test]
fn a_head_that_comes_byte_by_byte_has_no_more_time_than_one_that_does_not() {
    on_shard(async |site| {
        let mut slow = site.connect().await;
        trickle(&site, &mut slow, &post("", b"")[..12]).await;
        site.gate.emptied().await;
    });
}

#[test]
fn a_body_of_a_byte_a_second_is_answered_with_408_and_closed() {
    on_shard(async |site| {
        let request = post("", &spans(1));
        let (head, body) = request.split_at(request.len() - 200);
        let mut slow = site.connect().await;
        slow.send(head).await;
        trickle(&site, &mut slow, &body[..13]).await;
        let answer = slow.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
        assert_eq!(site.malformed("timeout"), 1);
        pass(&site, 8).await;
        site.gate.emptied().await;
    });
}

#[test]
fn a_connection_without_a_request_is_closed_after_three_minutes() {
    on_shard(async |site| {
        let mut idle = site.connect().await;
        idle.send(&post("", &spans(1))).await;
        assert_eq!(idle.answer().await.status, 200);
        pass(&site, 355).await;
        assert_eq!(site.gate.connections(), 1, "closed too soon");
        pass(&site, 10).await;
        assert!(idle.is_closed().await);
    });
}

#[test]
fn an_answer_that_nobody_reads_is_given_up_after_half_a_minute() {
    on_shard(async |site| {
        let (mut near, far) = duplex(64);
        let client = client::Client::admit(&site.gate, None, Transport::Http).unwrap();
        let io = io::Io::new(far, Vec::new(), Rc::clone(&client)).reading_strictly();
        let _ = task::spawn("connection", async move { http::run(&client, io).await });
        near.write_all(&post("", &spans(1))).await.unwrap();
        pass(&site, 58).await;
        assert_eq!(site.gate.connections(), 1, "closed too soon");
        pass(&site, 6).await;
        site.gate.emptied().await;
        let mut read = Vec::new();
        let _ = near.read_to_end(&mut read).await.unwrap();
        assert!(read.len() <= 64, "an answer that nobody reads is not written");
    });
}
