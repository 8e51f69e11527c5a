//! Tests of the room: what batches hold, who is woken, and that every copy is settled once.

mod rules;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use spanyard_wire::schema::Signal;

use super::batch::{Batch, Encoding};
use super::ring::{MergeKey, OPEN_BATCHES_MAX};
use super::{DeadOn, Destination, Fate, Form, Full, Goods, Joining, SOFT_BYTES, Supplies};
use crate::buf::block::Block;
use crate::buf::budget::Budget;
use crate::buf::payload::{Chunk, Payload};
use crate::buf::pool::Pool;
use crate::config::plan::{self, Batching, QueuePlan, Sizer, Target};
use crate::runtime::clock;
use crate::telemetry::cells::Registry;
use crate::telemetry::ledger::{DropReason, Ledger};
use crate::telemetry::names::ExporterMeter;
use crate::units::{MIB, Weight};

fn weight(bytes: usize) -> Weight {
    Weight { items: 10, requests: 1, bytes: bytes as u64 }
}

fn batching(delay_max: Duration, size_min: u64, size_max: u64) -> Rc<Batching> {
    let metadata_keys = Vec::new();
    Rc::new(Batching { delay_max, size_min, size_max, sizer: Sizer::Items, metadata_keys })
}

fn payload(pool: &Pool, bytes: &[u8]) -> Payload {
    let lease = Budget::new(64 * MIB, 64 * MIB, 1, 1).lease();
    let mut block = Block::new(pool.home(), bytes.len(), lease.empty()).expect("room");
    block.put(bytes);
    Chunk::whole(Arc::new(block)).into()
}

#[test]
fn a_batch_is_its_copies_joined_and_can_be_taken_apart_again() {
    let pool = Pool::install(12, MIB);
    let lease = Budget::new(MIB, MIB, 1, 1).lease();
    let mut batch = Batch::new(clock::now());
    for (at, text) in ["aa", "bbb", "c", "dddd", "ee"].iter().enumerate() {
        let weight = Weight { items: at as u64, requests: 1, bytes: text.len() as u64 };
        if at % 2 == 0 {
            batch.reserve(pool.home(), lease.empty(), text.len()).expect("room");
            batch.gather(weight, |out| out.extend_from_slice(text.as_bytes()));
        } else {
            batch.attach(weight, &payload(&pool, text.as_bytes()), None);
        }
    }
    let (sealed, _) = batch.seal();
    assert_eq!(sealed.payload().to_vec(), b"aaceebbbdddd", "gathered first, then the slices");
    let mut parts = Vec::new();
    let mut rest = vec![sealed];
    while let Some(sealed) = rest.pop() {
        match sealed.halves() {
            Some((left, right)) => rest.extend([right, left]),
            None => parts.push((sealed.payload().to_vec(), sealed.weight().items)),
        }
    }
    let expected: Vec<(Vec<u8>, u64)> = vec![
        (b"aa".to_vec(), 0),
        (b"bbb".to_vec(), 1),
        (b"c".to_vec(), 2),
        (b"dddd".to_vec(), 3),
        (b"ee".to_vec(), 4),
    ];
    assert_eq!(parts, expected);
}

#[test]
fn a_waiting_slice_stops_pinning_a_block_much_larger_than_itself() {
    let pool = Pool::install(13, MIB);
    let budget = Budget::new(4 * MIB, 4 * MIB, 1, 1);
    let lease = budget.lease();
    let mut block = Block::new(pool.home(), MIB, lease.empty()).expect("room");
    block.put(&vec![9; MIB]);
    let block = Arc::new(block);
    let slice: Payload = Chunk::new(Arc::clone(&block), 100, 1100).into();
    let mut batch = Batch::new(clock::now());
    batch.attach(weight(1000), &slice, None);
    drop((block, slice));
    assert!(budget.leased() >= MIB);
    batch.detach(pool.home()).expect("room for a copy");
    assert!(budget.leased() < 64 * 1024, "the large block is free: {}", budget.leased());
    assert_eq!(batch.seal().0.payload().to_vec(), vec![9; 1000]);
}

struct Bench {
    destination: Rc<Destination>,
    ledger: Arc<Ledger>,
    pool: Pool,
}

fn bench(capacity: u64, merge: bool) -> Bench {
    bench_with_share(capacity, merge, 1 << 30)
}

fn bench_with_share(capacity: u64, merge: bool, share: usize) -> Bench {
    let pool = Pool::install(14, MIB);
    let queue = QueuePlan {
        capacity,
        sizer: Sizer::Requests,
        consumers: 2,
        required: false,
        waits: false,
        merge,
        batch: None,
    };
    let plan = plan::Destination {
        exporter: "nop/test".to_owned(),
        signal: Signal::Traces,
        target: Target::Nop,
        queue,
        retry: None,
    };
    let slots = usize::try_from(capacity).expect("small");
    let ledger = Ledger::new(1);
    let recorder = Registry::new(1).shard(0);
    let supplies = Supplies {
        home: Arc::clone(pool.home()),
        bytes: Budget::new(64 * MIB, 64 * MIB, 1, MIB).lease(),
        slots: Budget::new(slots, slots, 1, 1).lease(),
        share: Budget::new(share, share, 1, 1).lease(),
        dead_on: DeadOn::default(),
        meter: ExporterMeter::new(&recorder, "nop/test", Signal::Traces),
        row: ledger.shard(0).row("nop/test", Signal::Traces),
    };
    Bench { destination: Destination::new(plan, supplies, 2), ledger, pool }
}

fn send(bench: &Bench, bytes: usize) -> Result<(), Full> {
    let joining = Joining::default();
    let room = bench.destination.reserve(clock::now(), &joining, weight(bytes), Form::Small, 0)?;
    let write = |out: &mut Vec<u8>| out.extend(std::iter::repeat_n(1, bytes));
    bench.destination.push(clock::now(), room, &joining, weight(bytes), &Goods::Small(&write));
    Ok(())
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_full_queue_says_so_and_has_room_again_after_the_answer() {
    let bench = bench(2, true);
    send(&bench, 10).expect("room");
    send(&bench, 10).expect("room");
    assert_eq!(send(&bench, 10), Err(Full::Slots));
    let (_, mut flight) = bench.destination.next(0).await.expect("open");
    assert_eq!(send(&bench, 10), Err(Full::Slots), "what is in flight counts");
    flight.settle(weight(20), Fate::Delivered);
    drop(flight);
    send(&bench, 10).expect("the slots are back");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_destination_holds_no_more_than_its_share_of_the_bytes() {
    let bench = bench_with_share(10, true, 1000);
    let (now, joining) = (clock::now(), Joining::default());
    let large = payload(&bench.pool, &[1; 600]);
    let reserve = || bench.destination.reserve(now, &joining, weight(600), Form::Large, 600);
    let room = reserve().expect("room");
    bench.destination.push(now, room, &joining, weight(600), &Goods::Large(&large, None));
    assert_eq!(reserve().err(), Some(Full::Share));
    let (_, mut flight) = bench.destination.next(0).await.expect("open");
    assert_eq!(reserve().err(), Some(Full::Share), "what is in flight counts");
    flight.settle(weight(600), Fate::Delivered);
    drop(flight);
    assert!(reserve().is_ok(), "the share is free again");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn two_copies_of_one_request_that_counted_on_the_same_room_both_fit() {
    let bench = bench(10, true);
    let (now, joining) = (clock::now(), Joining::default());
    let copies = [1500, 3000].map(|bytes| {
        let room = bench.destination.reserve(now, &joining, weight(bytes), Form::Small, 0);
        (bytes, room.expect("room"))
    });
    for (bytes, room) in copies {
        let write = |out: &mut Vec<u8>| out.extend(std::iter::repeat_n(1, bytes));
        bench.destination.push(now, room, &joining, weight(bytes), &Goods::Small(&write));
    }
    let (sealed, _flight) = bench.destination.next(0).await.expect("open");
    assert_eq!((sealed.requests(), sealed.payload().len()), (2, 4500));
    let block = sealed.payload().chunks()[0].block();
    assert!(block.ticket().amount() >= block.capacity());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_batch_with_a_nearer_deadline_is_not_kept_waiting_by_one_with_a_later() {
    let bench = bench(10, true);
    let joining = |index, delay| Joining {
        key: MergeKey { batching: index, metadata: None },
        batching: Some(batching(delay, 1000, 0)),
        ..Joining::default()
    };
    let (slow, fast) = (Duration::from_secs(10), Duration::from_millis(200));
    let put = |joining: &Joining| {
        let now = clock::now();
        let room =
            bench.destination.reserve(now, joining, weight(10), Form::Small, 0).expect("room");
        let write = |out: &mut Vec<u8>| out.extend_from_slice(&[1; 10]);
        bench.destination.push(now, room, joining, weight(10), &Goods::Small(&write));
    };
    let begun = clock::now();
    put(&joining(1, slow));
    let second = async {
        tokio::task::yield_now().await;
        put(&joining(2, fast));
    };
    let (taken, ()) = tokio::join!(bench.destination.next(0), second);
    assert!(taken.is_some());
    assert!(clock::now() - begun < Duration::from_secs(1), "the worker's timer was set anew");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn too_many_sets_of_metadata_are_refused_before_anything_is_queued() {
    let bench = bench(10_000, true);
    let joining = |index: usize| Joining {
        key: MergeKey { batching: 1, metadata: Some(index.to_le_bytes().as_slice().into()) },
        batching: Some(batching(Duration::from_secs(10), 1000, 0)),
        ..Joining::default()
    };
    let large = payload(&bench.pool, &[1; 100]);
    for index in 0..OPEN_BATCHES_MAX {
        let (now, joining) = (clock::now(), joining(index));
        let room = bench.destination.reserve(now, &joining, weight(100), Form::Large, 0);
        let goods = Goods::Large(&large, None);
        bench.destination.push(now, room.expect("room"), &joining, weight(100), &goods);
    }
    let refused = bench.destination.reserve(
        clock::now(),
        &joining(OPEN_BATCHES_MAX),
        weight(100),
        Form::Large,
        0,
    );
    assert_eq!(refused.err(), Some(Full::Keys));
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn without_merging_one_in_is_one_out() {
    let bench = bench(10, false);
    for _ in 0..3 {
        send(&bench, 10).expect("room");
    }
    for _ in 0..3 {
        let (sealed, _flight) = bench.destination.next(0).await.expect("open");
        assert_eq!(sealed.requests(), 1);
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_closed_queue_empties_and_then_ends_its_workers() {
    let bench = bench(10, true);
    send(&bench, 10).expect("room");
    bench.destination.close();
    assert_eq!(send(&bench, 10), Err(Full::Closed));
    assert!(bench.destination.next(0).await.is_some());
    assert!(bench.destination.next(0).await.is_none());
    assert!(bench.destination.is_idle());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn every_copy_is_settled_once_and_the_ledger_balances() {
    let bench = bench(10, true);
    send(&bench, 10).expect("room");
    let (_, mut flight) = bench.destination.next(0).await.expect("open");
    flight.settle(Weight { items: 4, requests: 0, bytes: 0 }, Fate::Rejected);
    flight.settle(flight.unsettled(), Fate::Delivered);
    drop(flight);
    send(&bench, 20).expect("room");
    drop(bench.destination.next(0).await);
    send(&bench, 30).expect("room");
    assert_eq!(bench.destination.abandon(DropReason::Removed), weight(30));
    let totals = bench.ledger.snapshot().account(Some("nop/test"), Signal::Traces);
    assert_eq!(totals.routed, Weight { items: 30, requests: 3, bytes: 60 });
    assert_eq!(totals.rejected.items, 4);
    assert_eq!(totals.delivered, Weight { items: 6, requests: 1, bytes: 10 });
    assert_eq!(totals.dropped_for(DropReason::Shutdown), weight(20));
    assert_eq!(totals.dropped_for(DropReason::Removed), weight(30));
    assert_eq!(totals.queued, Weight::default());
    assert_eq!(bench.ledger.snapshot().imbalance(), Weight::default());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn clients_are_held_back_while_megabytes_wait_and_let_go_on_landing() {
    let bench = bench(1000, true);
    bench.destination.answered();
    let large = payload(&bench.pool, &vec![1; SOFT_BYTES + 1]);
    let joining = Joining::default();
    let room = bench
        .destination
        .reserve(clock::now(), &joining, weight(large.len()), Form::Large, 0)
        .expect("room");
    bench.destination.push(
        clock::now(),
        room,
        &joining,
        weight(large.len()),
        &Goods::Large(&large, None),
    );
    assert!(bench.destination.is_pressed());
    let (_, mut flight) = bench.destination.next(0).await.expect("open");
    assert!(bench.destination.is_pressed(), "what is in flight counts");
    let relieved = async {
        bench.destination.relieved().await;
        true
    };
    let landing = async {
        tokio::task::yield_now().await;
        flight.settle(flight.unsettled(), Fate::Delivered);
        drop(flight);
        true
    };
    assert_eq!(tokio::join!(relieved, landing), (true, true));
    bench.destination.set_health(true, false);
    assert!(!bench.destination.is_pressed(), "a failing backend slows nobody");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn clients_are_held_back_while_half_of_the_slots_are_taken_and_let_go_on_landing() {
    let bench = bench(8, true);
    bench.destination.answered();
    for _ in 0..4 {
        send(&bench, 10).expect("room");
    }
    assert!(!bench.destination.is_pressed(), "half of them is not too many");
    send(&bench, 10).expect("room");
    assert!(bench.destination.is_pressed());
    let (_, mut flight) = bench.destination.next(0).await.expect("open");
    assert!(bench.destination.is_pressed(), "what is in flight counts");
    let landing = async {
        tokio::task::yield_now().await;
        flight.settle(flight.unsettled(), Fate::Delivered);
        drop(flight);
    };
    tokio::join!(bench.destination.relieved(), landing);
    assert!(!bench.destination.is_pressed());
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn compressed_originals_are_never_joined() {
    let bench = bench(10, true);
    let original = payload(&bench.pool, b"gz");
    let joining = Joining::default();
    for _ in 0..2 {
        let room = bench
            .destination
            .reserve(clock::now(), &joining, weight(2), Form::Alone, 0)
            .expect("room");
        let goods = Goods::Original(&original, Encoding::Gzip);
        bench.destination.push(clock::now(), room, &joining, weight(2), &goods);
    }
    for _ in 0..2 {
        let (sealed, _flight) = bench.destination.next(1).await.expect("open");
        assert_eq!((sealed.requests(), sealed.encoding()), (1, Encoding::Gzip));
    }
}
