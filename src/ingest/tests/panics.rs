//! A panic in the pipeline: what it ends, what it counts, and what goes on.

use std::sync::atomic::Ordering;

use super::site::{on_shard, post, spans};

#[test]
fn a_panic_over_a_request_closes_its_connection_and_counts_its_items_as_failed() {
    on_shard(async |site| {
        let mut other = site.connect().await;
        other.send(&post("", &spans(1))).await;
        assert_eq!(other.answer().await.status, 200);

        site.fuse.store(true, Ordering::Relaxed);
        let mut client = site.connect().await;
        client.send(&post("", &spans(7))).await;
        assert!(client.is_closed().await);
        assert_eq!(site.count("otelcol_receiver_failed_spans"), 7);

        other.send(&post("", &spans(2))).await;
        assert_eq!(other.answer().await.status, 200, "the others go on");
        assert_eq!(site.count("otelcol_receiver_accepted_spans"), 3);
        assert_eq!(site.gate.connections(), 1);
    });
}
