//! A connection with many streams beside many connections with one stream each.

use std::cell::Cell;
use std::rc::Rc;

use super::grpc::{assert_success, call, channel, export, framed};
use super::site::{on_shard, spans};
use crate::runtime::task;

const STREAMS: usize = 100;
const SINGLES: usize = 50;
/// Answers of the shard that are looked at.
const ANSWERS: usize = 4_000;

#[test]
fn a_connection_with_all_its_streams_in_use_leaves_the_others_half_their_share() {
    on_shard(async |site| {
        let total = Rc::new(Cell::new(0));
        let mut counts = Vec::new();
        let mut channels = vec![channel(&site).await; STREAMS];
        for _ in 0..SINGLES {
            channels.push(channel(&site).await);
        }
        for (at, channel) in channels.into_iter().enumerate() {
            let (count, total) = (Rc::new(Cell::new(0_usize)), Rc::clone(&total));
            if at >= STREAMS {
                counts.push(Rc::clone(&count));
            }
            let _ = task::spawn_connection("caller", async move {
                let body = framed(false, &spans(1));
                while total.get() < ANSWERS {
                    assert_success(&call(&channel, export(), body.clone()).await);
                    total.set(total.get() + 1);
                    count.set(count.get() + 1);
                }
            });
        }
        while total.get() < ANSWERS {
            let _ = site.next().await;
        }
        let share = ANSWERS / (SINGLES + 1);
        for (at, count) in counts.iter().enumerate() {
            assert!(2 * count.get() >= share, "{at}: {} of {share}", count.get());
        }
    });
}
