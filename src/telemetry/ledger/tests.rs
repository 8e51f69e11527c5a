//! What the ledger guarantees, each test one sentence.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

const fn weight(items: u64, requests: u64, bytes: u64) -> Weight {
    Weight { items, requests, bytes }
}

#[test]
fn each_verb_moves_its_weight_and_the_two_sides_stay_equal() {
    let ledger = Ledger::new(1);
    let row = ledger.shard(0).row("otlp/a", Signal::Traces);
    row.routed(weight(10, 5, 1000));
    row.delivered(weight(1, 1, 100));
    row.rejected(weight(2, 1, 200));
    row.dropped(DropReason::QueueFull, weight(3, 1, 300));
    let snapshot = ledger.snapshot();
    let totals = snapshot.account(Some("otlp/a"), Signal::Traces);
    assert_eq!(totals.routed, weight(10, 5, 1000));
    assert_eq!(totals.delivered, weight(1, 1, 100));
    assert_eq!(totals.rejected, weight(2, 1, 200));
    assert_eq!(totals.dropped_for(DropReason::QueueFull), weight(3, 1, 300));
    assert_eq!(totals.dropped_in_all(), weight(3, 1, 300));
    assert_eq!(totals.queued, weight(4, 2, 400));
    assert_eq!(snapshot.imbalance(), Weight::default());
    assert_eq!(snapshot.totals(), totals);
}

#[test]
fn a_group_without_a_route_is_routed_and_dropped_at_once() {
    let ledger = Ledger::new(1);
    ledger.shard(0).no_route(Signal::Logs, weight(7, 1, 70));
    let snapshot = ledger.snapshot();
    let totals = snapshot.account(None, Signal::Logs);
    assert_eq!(totals.routed, weight(7, 1, 70));
    assert_eq!(totals.dropped_for(DropReason::NoRoute), weight(7, 1, 70));
    assert_eq!(totals.queued, Weight::default());
    assert_eq!(snapshot.imbalance(), Weight::default());
}

#[test]
fn the_same_identity_has_the_same_cells_and_shards_are_added_up() {
    let ledger = Ledger::new(2);
    for shard in [0, 0, 1, 2] {
        let shard = ledger.shard(shard);
        shard.row("otlp", Signal::Traces).routed(weight(1, 1, 1));
        shard.row("otlp", Signal::Metrics).routed(weight(5, 1, 1));
    }
    let snapshot = ledger.snapshot();
    assert_eq!(snapshot.account(Some("otlp"), Signal::Traces).queued, weight(4, 4, 4));
    assert_eq!(snapshot.account(Some("otlp"), Signal::Metrics).queued, weight(20, 4, 4));
    let named = snapshot.accounts().filter(|account| account.exporter.is_some()).count();
    assert_eq!(named, 2);
}

#[test]
fn what_was_finished_twice_shows_as_an_imbalance_and_no_other_fault_hides_it() {
    let ledger = Ledger::new(2);
    for shard in [0, 1] {
        let row = ledger.shard(shard).row("otlp", Signal::Traces);
        row.routed(weight(3, 1, 30));
        row.delivered(weight(3, 1, 30));
        row.delivered(weight(3, 1, 30));
    }
    assert_eq!(ledger.snapshot().imbalance(), weight(6, 2, 60));
}

#[test]
fn an_abandoned_shard_books_what_it_had_queued_and_nothing_else() {
    let ledger = Ledger::new(2);
    let (lost, kept) = (ledger.shard(0), ledger.shard(1));
    lost.row("a", Signal::Traces).routed(weight(5, 2, 50));
    lost.row("a", Signal::Traces).delivered(weight(1, 1, 10));
    lost.row("b", Signal::Logs).routed(weight(2, 1, 20));
    kept.row("a", Signal::Traces).routed(weight(9, 1, 90));
    assert_eq!(ledger.book_abandoned(0, DropReason::ShardPanic), weight(6, 2, 60));
    assert_eq!(ledger.book_abandoned(0, DropReason::ShardPanic), Weight::default());
    let snapshot = ledger.snapshot();
    let totals = snapshot.account(Some("a"), Signal::Traces);
    assert_eq!(totals.dropped_for(DropReason::ShardPanic), weight(4, 1, 40));
    assert_eq!(totals.queued, weight(9, 1, 90));
    assert_eq!(snapshot.imbalance(), Weight::default());
    assert_eq!(ledger.book_abandoned(1, DropReason::Shutdown), weight(9, 1, 90));
    assert_eq!(ledger.snapshot().totals().queued, Weight::default());
}

#[test]
fn every_reason_has_a_place_and_a_name_of_its_own() {
    let ledger = Ledger::new(1);
    let row = ledger.shard(0).row("a", Signal::Traces);
    for (count, reason) in (1..).zip(DropReason::ALL) {
        row.routed(weight(count, 1, 1));
        row.dropped(reason, weight(count, 1, 1));
    }
    let totals = ledger.snapshot().account(Some("a"), Signal::Traces);
    for (count, reason) in (1..).zip(DropReason::ALL) {
        assert_eq!(totals.dropped_for(reason), weight(count, 1, 1));
    }
    let names: BTreeSet<_> = DropReason::ALL.map(DropReason::name).into_iter().collect();
    assert_eq!(names.len(), DropReason::ALL.len());
}

#[test]
fn every_snapshot_balances_and_never_goes_back_while_a_writer_writes() {
    let ledger = Ledger::new(1);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let shard = ledger.shard(0);
        let _writer = scope.spawn(|| {
            write_every_verb(shard);
            done.store(true, Ordering::Release);
        });
        let mut last = Totals::default();
        while !done.load(Ordering::Acquire) {
            let snapshot = ledger.snapshot();
            assert_eq!(snapshot.imbalance(), Weight::default());
            let totals = snapshot.totals();
            let rises = totals.routed.items >= last.routed.items;
            assert!(rises && totals.delivered.items >= last.delivered.items);
            let bytes = totals.routed.items.wrapping_mul(10);
            assert_eq!(totals.routed.bytes, bytes, "units move together");
            last = totals;
        }
    });
    let totals = ledger.snapshot().totals();
    assert_eq!(totals.routed, weight(21 * ROUNDS, 6 * ROUNDS, 210 * ROUNDS));
    assert_eq!(totals.queued, Weight::default());
}

const ROUNDS: u64 = 200_000;

fn write_every_verb(shard: ShardLedger) {
    let rows = ["a", "b"].map(|exporter| shard.row(exporter, Signal::Traces));
    for _ in 0..ROUNDS {
        for row in &rows {
            row.routed(weight(10, 2, 100));
            row.delivered(weight(7, 1, 70));
            row.rejected(weight(2, 0, 20));
            row.dropped(DropReason::RetryExhausted, weight(1, 1, 10));
        }
        shard.no_route(Signal::Metrics, weight(1, 2, 10));
    }
}
