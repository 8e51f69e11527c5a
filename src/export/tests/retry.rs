//! Backends that fail, are slow, dead, or want to be left alone for a while.

use std::cell::Cell;

use tokio::task::AbortHandle;

use super::server::{Reply, http as serve, http_on, pipes};
use super::*;
use crate::telemetry::ledger::DropReason;

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_and_nothing_is_sent_early() {
    on_shard(async {
        let calls = Cell::new(0);
        let (dial, server) = serve(move |_| {
            calls.set(calls.get() + 1);
            match calls.get() {
                1 => Reply::with(503, "retry-after", "7"),
                _ => Reply::status(200),
            }
        });
        let bench = http(&Wish { workers: 2, ..Wish::default() }, dial);
        bench.send(b"first");
        tokio::time::advance(Duration::from_secs(2)).await;
        bench.send(b"second");
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 2);
        let times = server.times();
        assert_eq!(times.len(), 3);
        assert!(times[1..].iter().all(|ms| (7_000..7_100).contains(ms)), "sent at {times:?}");
        assert_eq!(bench.figure("spanyard_exporter_retries_total"), 1.0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn backoff_doubles_as_the_file_says() {
    on_shard(async {
        let calls = Cell::new(0);
        let (dial, server) = serve(move |_| {
            calls.set(calls.get() + 1);
            Reply::status(if calls.get() < 4 { 503 } else { 200 })
        });
        let bench = http(&Wish::default(), dial);
        bench.send(b"spans");
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 1);
        let seconds: Vec<_> = server.times().iter().map(|ms| ms / 1_000).collect();
        assert_eq!(seconds, [0, 1, 3, 7]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_backend_runs_into_the_timeout_and_the_batch_is_given_up_in_the_end() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::Silence);
        let bench = http(&Wish::default(), dial);
        bench.send(b"spans");
        let totals = bench.settled().await;
        assert_eq!(totals.dropped_for(DropReason::RetryExhausted), weight(5));
        let times = server.times();
        assert!(times.iter().all(|ms| *ms <= 60_000), "sent at {times:?}");
        assert_eq!(times.len(), server.connections.get(), "a connection in doubt is not kept");
        assert!(times[1] >= 6_000, "5 s of timeout and 1 s of backoff: {times:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn with_retries_off_a_batch_gets_one_attempt() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::status(503));
        let bench = http(&Wish { retry: None, ..Wish::default() }, dial);
        for _ in 0..10 {
            bench.send(b"spans");
            let _ = bench.settled().await;
        }
        let totals = bench.settled().await;
        assert_eq!(totals.dropped_for(DropReason::RetryExhausted).requests, 10);
        assert_eq!(server.bodies().len(), 10);
        assert!(bench.destination.is_dead(), "five failures in a row");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_is_down_gets_everything_once_it_is_up() {
    on_shard(async {
        let (dial, incoming) = pipes();
        drop(incoming);
        let (up, incoming) = pipes();
        let switch = Arc::new(Switch { down: dial, up, is_up: false.into() });
        let bench = http(&Wish { workers: 4, ..Wish::default() }, Arc::clone(&switch) as _);
        for at in 0..20_u8 {
            bench.send(&[at]);
            tokio::time::advance(Duration::from_millis(500)).await;
        }
        assert!(bench.destination.is_dead());
        assert_eq!(bench.figure("spanyard_exporter_breaker_open_shards"), 1.0);
        let server = http_on(incoming, |_| Reply::status(200));
        switch.is_up.store(true, std::sync::atomic::Ordering::Relaxed);
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 20);
        let mut all: Vec<u8> = server.bodies().concat();
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<u8>>(), "each once");
        assert!(!bench.destination.is_dead());
        assert_eq!(bench.figure("spanyard_exporter_breaker_open_shards"), 0.0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_backend_is_probed_by_one_worker_at_a_time() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::status(503));
        let bench = http(&Wish { workers: 8, ..Wish::default() }, dial);
        for at in 0..8_u8 {
            bench.send_original(&[at]);
        }
        tokio::time::advance(Duration::from_millis(1)).await;
        let at_first = server.bodies().len();
        assert_eq!(at_first, 8, "nobody knows yet");
        let totals = bench.settled().await;
        assert_eq!(totals.dropped_for(DropReason::RetryExhausted).requests, 8);
        let times = server.times();
        let later = &times[at_first..];
        assert!(later.len() < 30, "{} sends in a minute", later.len());
        assert!(later.windows(2).all(|pair| pair[1] - pair[0] >= 900), "sent at {times:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_closes_is_delivered_to_its_end() {
    on_shard(async {
        let calls = Cell::new(0);
        let (dial, server) = serve(move |_| {
            calls.set(calls.get() + 1);
            Reply::status(if calls.get() < 3 { 503 } else { 200 })
        });
        let bench = http(&Wish::default(), dial);
        bench.send(b"spans");
        tokio::time::advance(Duration::from_millis(10)).await;
        bench.destination.close();
        let totals = bench.settled().await;
        assert_eq!(totals.delivered.requests, 1);
        assert_eq!(server.bodies().len(), 3);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(bench.workers.workers.iter().all(AbortHandle::is_finished), "the workers end");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_at_the_drain_deadline_is_counted() {
    on_shard(async {
        let (dial, server) = serve(|_| Reply::Silence);
        let bench = http(&Wish::default(), dial);
        bench.send(b"spans");
        tokio::time::advance(Duration::from_millis(10)).await;
        assert_eq!(server.bodies().len(), 1);
        let (unsent, unanswered) = bench.destination.in_flight();
        assert_eq!((unsent, unanswered), (Weight::default(), weight(5)));
        bench.workers.abort();
        let totals = bench.settled().await;
        assert_eq!(totals.dropped_for(DropReason::Shutdown), weight(5));
    })
    .await;
}

/// A backend that is down until it is up.
struct Switch {
    down: Arc<dyn Dial>,
    up: Arc<dyn Dial>,
    is_up: std::sync::atomic::AtomicBool,
}

impl Dial for Switch {
    fn dial(&self, within: Duration) -> super::super::connect::Dialing<'_> {
        let up = self.is_up.load(std::sync::atomic::Ordering::Relaxed);
        if up { self.up.dial(within) } else { self.down.dial(within) }
    }
}
