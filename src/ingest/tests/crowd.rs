//! Connections that all come to one shard, and a second one beside it.

use super::site::{on_shard, post, spans};

const HANDED: &str = "spanyard_shard_handed_connections_total";

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
fn a_connection_stays_where_there_is_no_way_for_it() {
    on_shard(async |site| {
        // A neighbour that takes nothing in: its channel fills.
        let _place = crate::ingest::Place::new(&site.crowd, 1);
        let mut clients = Vec::new();
        for _ in 0..200 {
            clients.push(site.connect().await);
        }
        while site.gate.connections() + 64 < 200 {
            tokio::task::yield_now().await;
        }
        assert!(site.count(HANDED) <= 64);
        let mut last = clients.pop().unwrap();
        if site.count(HANDED) == 64 {
            last.send(&post("", &spans(1))).await;
            assert_eq!(last.answer().await.status, 200);
        }
    });
}
