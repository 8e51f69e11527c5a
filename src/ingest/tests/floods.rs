//! Hostile clients over HTTP/2: told to calm down, or bounded in what they make us do.

use std::time::Duration;

use super::grpc::{assert_success, call, channel, export, framed};
use super::raw::{Frame, Raw};
use super::site::{Site, on_shard, spans};

const CALM: u32 = 11;

/// Its name, what it begins with, and each frame after that.
type Flood = (&'static str, Vec<Frame>, fn(u32) -> Frame);

/// Floods a connection of its own until it is closed, for at most so many frames; the code of the
/// GOAWAY that comes.
async fn flood(
    site: &Site,
    begin: &[Frame],
    mut next: impl FnMut(u32) -> Vec<Frame>,
) -> Option<u32> {
    let mut raw = Raw::begin(site).await;
    raw.send(begin).await;
    for at in 0..20_000 {
        if !raw.try_send(&next(at)).await {
            break;
        }
    }
    raw.goaway().await
}

/// The shard still answers.
async fn assert_served(site: &Site) {
    let channel = channel(site).await;
    assert_success(&call(&channel, export(), framed(false, &spans(1))).await);
}

#[test]
fn floods_of_frames_that_ask_for_nothing_are_told_to_calm_down() {
    on_shard(async |site| {
        let open = || vec![Frame::request(1, false)];
        let floods: [Flood; 9] = [
            ("settings", vec![], |_| Frame::new(4, 0, 0, &[0, 4, 0, 1, 0, 0])),
            ("pings", vec![], |_| Frame::new(6, 0, 0, &[0; 8])),
            ("priorities", vec![], |at| Frame::new(2, 0, 2 * (at % 50) + 1, &[0, 0, 0, 0, 9])),
            ("window updates", vec![], |_| Frame::new(8, 0, 0, &[0, 0, 0, 1])),
            ("window updates of a stream", open(), |_| Frame::new(8, 0, 1, &[0, 0, 0, 1])),
            ("unknown frames", vec![], |_| Frame::new(0xbe, 0, 0, &[])),
            ("empty data", open(), |_| Frame::new(0, 0, 1, &[])),
            ("data of one byte", open(), |_| Frame::new(0, 0, 1, &[0])),
            ("answers to pings", open(), |at| Frame::new(6, 1, 0, &at.to_be_bytes().repeat(2))),
        ];
        let cases = floods.len();
        for (name, begin, next) in floods {
            let code = flood(&site, &begin, |at| vec![next(at)]).await;
            assert_eq!(code, Some(CALM), "{name}");
        }
        let closed = site.count("spanyard_shard_connections_closed_total");
        assert_eq!(closed, u64::try_from(cases).unwrap());
        assert_served(&site).await;
    });
}

#[test]
fn streams_that_are_given_up_at_once_or_never_had_a_body_are_told_to_calm_down() {
    on_shard(async |site| {
        let rapid = |at: u32| {
            let stream = 2 * at + 1;
            vec![Frame::request(stream, false), Frame::new(3, 0, stream, &[0, 0, 0, 8])]
        };
        assert_eq!(flood(&site, &[], rapid).await, Some(CALM), "rapid reset");
        let empty = |at: u32| vec![Frame::request(2 * at + 1, true)];
        assert_eq!(flood(&site, &[], empty).await, Some(CALM), "requests without a body");
        let stalled = |at: u32| vec![Frame::request(2 * at + 1, false)];
        assert_eq!(flood(&site, &[], stalled).await, Some(CALM), "streams that stall");
        assert_served(&site).await;
    });
}

#[test]
fn header_blocks_without_end_are_told_to_calm_down() {
    on_shard(async |site| {
        let begin = [Frame::new(1, 0, 1, &[0x83, 0x86])];
        let code = flood(&site, &begin, |_| vec![Frame::new(9, 0, 1, &[])]).await;
        assert_eq!(code, Some(CALM));
        assert_served(&site).await;
    });
}

#[test]
fn errors_that_a_client_provokes_are_bounded() {
    on_shard(async |site| {
        let provoke = |at: u32| {
            let stream = 2 * at + 1;
            vec![Frame::request(stream, false), Frame::new(8, 0, stream, &[0x7f, 255, 255, 255])]
        };
        let code = flood(&site, &[], provoke).await;
        assert_eq!(code, Some(CALM));
        assert_served(&site).await;
    });
}

#[test]
fn a_flood_is_closed_even_when_the_client_does_not_read() {
    on_shard(async |site| {
        let mut raw = Raw::begin(&site).await;
        for _ in 0..200_000 {
            if !raw.try_send(&[Frame::new(6, 0, 0, &[0; 8])]).await {
                break;
            }
        }
        for _ in 0..8 {
            site.supplies.watch().turn();
            tokio::task::yield_now().await;
        }
        tokio::time::timeout(Duration::from_secs(20), site.gate.emptied()).await.unwrap();
    });
}
