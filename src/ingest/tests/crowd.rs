//! Connections that all come to one shard, and a second one beside it.

use super::site::{on_shard, post, spans};
use crate::ingest::Place;
use crate::ingest::crowd::WAITING_MAX;

const HANDED: &str = "spanyard_shard_handed_connections_total";
/// More than fill the way to another shard and still leave a difference.
const CONNECTIONS: usize = 200;

#[test]
fn connections_that_all_come_to_one_shard_are_served_by_both() {
    on_shard(async |site| {
        let neighbour = site.neighbour();
        let mut clients = Vec::new();
        for _ in 0..100 {
            let mut client = site.connect().await;
            client.send(&post("", &spans(1))).await;
            assert_eq!(client.answer().await.status, 200);
            assert_eq!(site.next().await, spans(1));
            clients.push(client);
        }
        let (ours, theirs) = (site.gate.connections(), neighbour.connections());
        assert_eq!(ours + theirs, 100);
        assert!(ours >= theirs && ours <= theirs + theirs / 4 + 9, "{ours} and {theirs}");
        assert_eq!(site.count(HANDED), u64::try_from(theirs).unwrap());
        drop(clients);
        site.gate.emptied().await;
        neighbour.emptied().await;
    });
}

#[test]
fn a_connection_stays_when_the_way_to_a_shard_with_fewer_is_full() {
    on_shard(async |site| {
        // A neighbour that takes nothing in.
        let _place = Place::new(&site.crowd, 1);
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(site.connect().await);
        }
        while site.gate.connections() < CONNECTIONS - WAITING_MAX {
            tokio::task::yield_now().await;
        }
        assert_eq!(site.count(HANDED), u64::try_from(WAITING_MAX).unwrap());
        let mut last = clients.pop().unwrap();
        last.send(&post("", &spans(1))).await;
        assert_eq!(last.answer().await.status, 200, "it is served where it was accepted");
        let waiting = std::iter::from_fn(|| site.crowd.waiting(1)).count();
        assert_eq!(waiting, WAITING_MAX, "none is lost on the way");
    });
}
