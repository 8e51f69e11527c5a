//! `debug` and `nop`.

use super::*;

#[tokio::test(start_paused = true)]
async fn debug_and_nop_take_everything() {
    on_shard(async {
        for (kind, target) in [(Kind::Nop, Target::Nop), (Kind::Debug, Target::Debug)] {
            let bench = bench(&Wish::default(), target, kind);
            for _ in 0..100 {
                bench.send(b"spans");
            }
            let totals = bench.settled().await;
            assert_eq!(totals.delivered.requests, 100);
            tokio::time::advance(Duration::from_secs(2)).await;
            bench.send(b"spans");
            bench.destination.close();
            assert_eq!(bench.settled().await.delivered.requests, 101);
        }
    })
    .await;
}
