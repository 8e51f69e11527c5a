//! Clients that wait for the backend's answer get it: their own, also out of a batch.

use super::server::{Reply, http as serve};
use super::*;
use crate::queue::receipt::{Answer, Failure, Receipt};
use crate::telemetry::ledger::DropReason;

/// Queues a request that somebody waits for.
fn send(bench: &Bench, body: &[u8]) -> Receipt {
    let receipt = Receipt::default();
    let joining = Joining { claim: Some(receipt.claim()), ..Joining::default() };
    let (now, weight) = (clock::now(), weight(body.len()));
    let room = bench.destination.reserve(now, &joining, weight, Form::Small, 0).expect("room");
    let write = |out: &mut Vec<u8>| out.extend_from_slice(body);
    bench.destination.push(now, room, &joining, weight, &Goods::Small(&write));
    receipt
}

fn failed(code: u8, after: Option<u64>) -> Answer {
    Answer::Failed(Failure { code, after: after.map(Duration::from_secs) })
}

#[tokio::test(start_paused = true)]
async fn each_client_of_a_joined_batch_is_told_what_became_of_its_own_request() {
    on_shard(async {
        let (dial, server) =
            serve(|seen| Reply::status(if seen.body.contains(&b'!') { 400 } else { 200 }));
        let bench = http(&Wish::default(), dial);
        let receipts: Vec<Receipt> =
            [b"a", b"b", b"c", b"!", b"d"].iter().map(|body| send(&bench, *body)).collect();
        let _ = bench.settled().await;
        assert!(server.bodies().iter().any(|body| body.len() > 1), "some were joined");
        let mut answers = Vec::new();
        for receipt in receipts {
            answers.push(receipt.answer().await);
        }
        let good = Answer::Delivered;
        assert_eq!(answers, [good.clone(), good.clone(), good.clone(), failed(3, None), good]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_backends_status_and_its_delay_are_passed_on() {
    on_shard(async {
        let cases = [(401, 16), (403, 7), (404, 12), (413, 2), (429, 8), (502, 14), (504, 14)];
        for (status, code) in cases {
            let (dial, _server) = serve(move |_| Reply::with(status, "retry-after", "7"));
            let bench = http(&Wish { retry: None, ..Wish::default() }, dial);
            let receipt = send(&bench, b"spans");
            let _ = bench.settled().await;
            let after = matches!(status, 429 | 502 | 504).then_some(7);
            assert_eq!(receipt.answer().await, failed(code, after), "status {status}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_client_waits_while_its_request_is_tried_again() {
    on_shard(async {
        let calls = std::cell::Cell::new(0);
        let (dial, server) = serve(move |_| {
            calls.set(calls.get() + 1);
            Reply::status(if calls.get() < 3 { 503 } else { 200 })
        });
        let bench = http(&Wish::default(), dial);
        let receipt = send(&bench, b"spans");
        let (answer, _) = tokio::join!(receipt.answer(), bench.settled());
        assert_eq!(answer, Answer::Delivered);
        assert_eq!(server.bodies().len(), 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_unsent_or_in_flight_is_told_as_unavailable() {
    on_shard(async {
        let (dial, _server) = serve(|_| Reply::Silence);
        let bench = http(&Wish { retry: None, ..Wish::default() }, dial);
        let in_flight = send(&bench, b"first");
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let waiting = send(&bench, b"second");
        let _lost = bench.destination.abandon(DropReason::Shutdown);
        assert_eq!(waiting.answer().await, failed(14, None));
        bench.workers.iter().for_each(AbortHandle::abort);
        assert_eq!(in_flight.answer().await, failed(14, None));
    })
    .await;
}
