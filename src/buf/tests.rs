//! Tests of the room: the books of the budget, blocks that come home, slices that read back.

use std::io::IoSlice;
use std::sync::Arc;
use std::thread;

use bytes::Buf;
use proptest::prelude::*;

use super::block::Block;
use super::budget::{Budget, Exhausted};
use super::payload::{Chunk, Payload, Prefix};
use super::pool::{BLOCK_BYTES_MIN, Pool, class_size};
use crate::units::{KIB, MIB};

#[test]
fn tickets_never_exceed_the_limit_and_all_come_back() {
    let budget = Budget::new(1000, 1000, 1, 16);
    let lease = budget.lease();
    let mut tickets = Vec::new();
    while let Ok(ticket) = lease.ticket(7) {
        tickets.push(ticket);
    }
    let held: usize = tickets.iter().map(super::budget::Ticket::amount).sum();
    assert_eq!((held, tickets.len()), (994, 142), "all but the remainder is handed out");
    drop(tickets);
    drop(lease);
    assert_eq!(budget.leased(), 0);
}

#[test]
fn new_work_stops_at_the_soft_bound_and_admitted_work_at_the_limit() {
    let budget = Budget::new(1000, 600, 1, 1);
    let lease = budget.lease();
    let mut first = lease.admit(600, usize::MAX).expect("up to the soft bound");
    assert!(lease.admit(1, usize::MAX).is_err());
    first.grow(399).expect("growth goes up to the limit");
    let refused = first.grow(2).expect_err("and not beyond");
    assert_eq!(refused, Exhausted { wanted: 2, leased: 999, ceiling: 1000 });
    assert_eq!(first.amount(), 999, "a refusal leaves the ticket as it was");
}

#[test]
fn a_flow_with_its_own_limiter_refuses_at_its_own_bound() {
    let budget = Budget::new(1000, 1000, 1, 1);
    let lease = budget.lease();
    let _held = lease.admit(300, 300).expect("exactly at the bound");
    assert!(lease.admit(1, 300).is_err());
    assert!(lease.admit(1, 301).is_ok(), "another flow's bound is its own");
}

#[test]
fn what_one_shard_hoards_comes_back_when_another_starves() {
    let budget = Budget::new(1600, 1600, 2, 1000);
    let (rich, poor) = (budget.lease(), budget.lease());
    drop(rich.ticket(1000).expect("there is room"));
    assert!(budget.leased() > 0, "the rich shard keeps a spare");
    assert!(poor.ticket(1600).is_err(), "the spare is missing");
    rich.sweep();
    assert!(poor.ticket(1600).is_ok(), "and is back after the sweep");
}

#[test]
fn a_limit_that_is_lowered_leaves_no_shard_hoarding_what_others_could_use() {
    let budget = Budget::new(100_000, 100_000, 2, 64);
    let (one, other) = (budget.lease(), budget.lease());
    budget.resize(10, 10);
    for _ in 0..20 {
        drop(one.ticket(1).expect("room"));
    }
    assert!(budget.leased() <= 2, "two strides: {}", budget.leased());
    assert!(other.ticket(8).is_ok());
}

#[test]
fn threads_that_take_and_give_leave_nothing_behind() {
    let budget = Budget::new(10_000, 10_000, 4, 64);
    let shards: Vec<_> = (0..4)
        .map(|shard: usize| {
            let lease = budget.lease();
            thread::spawn(move || {
                for turn in 0..20_000_usize {
                    let ticket = lease.ticket(1 + (turn * 31 + shard * 7) % 3000);
                    assert!(lease.budget().leased() <= 10_000);
                    drop(ticket);
                }
            })
        })
        .collect();
    for shard in shards {
        shard.join().expect("no assertion failed");
    }
    assert_eq!(budget.leased(), 0);
}

#[test]
fn tickets_absorb_and_shrink_without_loss() {
    let budget = Budget::new(100, 100, 1, 1);
    let lease = budget.lease();
    let mut ticket = lease.ticket(60).expect("room");
    ticket.absorb(lease.ticket(25).expect("room"));
    assert_eq!(ticket.amount(), 85);
    ticket.shrink_to(10);
    assert_eq!(ticket.amount(), 10);
    drop(ticket);
    drop(lease);
    assert_eq!(budget.leased(), 0);
}

proptest! {
    #[test]
    fn a_block_is_at_most_a_quarter_larger_than_asked_for(asked in 1..64 * MIB) {
        let size = class_size(asked);
        prop_assert!(size >= asked);
        prop_assert!(size == BLOCK_BYTES_MIN || size <= asked + asked / 4 + 1);
        prop_assert_eq!(class_size(size), size, "a class is its own class");
    }
}

#[test]
fn a_block_comes_home_and_is_lent_again() {
    let pool = Pool::install(1, MIB);
    let taken = pool.home().take(20 * KIB);
    let address = taken.as_ptr();
    pool.home().give(taken);
    assert_eq!(Pool::spare(), (20 * KIB, 1));
    let again = pool.home().take(17 * KIB + 1);
    assert_eq!(again.as_ptr(), address, "the same memory");
    assert!(again.is_empty(), "without the last owner's bytes");
}

#[test]
fn a_block_dropped_on_another_thread_comes_home_too() {
    let pool = Pool::install(2, MIB);
    let home = Arc::clone(pool.home());
    let taken = home.take(64 * KIB);
    let address = taken.as_ptr() as usize;
    thread::spawn(move || home.give(taken)).join().expect("no panic");
    let again = pool.home().take(64 * KIB);
    assert_eq!(again.as_ptr() as usize, address);
}

#[test]
fn of_blocks_dropped_on_another_thread_few_and_small_ones_are_kept() {
    let pool = Pool::install(6, 64 * MIB);
    let give_elsewhere = |blocks: Vec<Vec<u8>>| {
        let home = Arc::clone(pool.home());
        let giving = thread::spawn(move || blocks.into_iter().for_each(|block| home.give(block)));
        giving.join().expect("no panic");
        // The way home is looked at when a block is wanted that does not lie free.
        drop(pool.home().take(8 * MIB));
        Pool::spare().0
    };
    assert_eq!(give_elsewhere(vec![pool.home().take(2 * MIB)]), 0);
    assert_eq!(give_elsewhere((0..40).map(|_| pool.home().take(MIB)).collect()), 16 * MIB);
}

#[test]
fn the_pool_keeps_no_more_than_it_may() {
    let pool = Pool::install(3, 100 * KIB);
    let taken: Vec<_> = (0..8).map(|_| pool.home().take(32 * KIB)).collect();
    for block in taken {
        pool.home().give(block);
    }
    assert_eq!(Pool::spare(), (96 * KIB, 3));
}

#[test]
fn a_growing_block_keeps_its_bytes_and_pays_for_its_size() {
    let pool = Pool::install(4, MIB);
    let budget = Budget::new(MIB, MIB, 1, 1);
    let lease = budget.lease();
    let mut block = Block::new(pool.home(), 10, lease.empty()).expect("room");
    let mut expected = Vec::new();
    for turn in 0..200_u8 {
        let piece = [turn; 777];
        block.reserve(piece.len()).expect("room");
        block.put(&piece);
        expected.extend_from_slice(&piece);
        assert!(block.ticket().amount() >= block.capacity());
    }
    assert_eq!(&*block, expected.as_slice());
    assert!(block.reserve(2 * MIB).is_err(), "the budget bounds the growth");
    assert_eq!(&*block, expected.as_slice(), "a refusal loses nothing");
    drop(block);
    drop(lease);
    assert_eq!(budget.leased(), 0);
}

fn block_of(pool: &Pool, bytes: &[u8]) -> Arc<Block> {
    let lease = Budget::new(MIB, MIB, 1, 1).lease();
    let mut block = Block::new(pool.home(), bytes.len(), lease.empty()).expect("room");
    block.put(bytes);
    Arc::new(block)
}

proptest! {
    #[test]
    fn a_reader_gives_the_chunks_in_order_whatever_the_steps(
        pieces in prop::collection::vec((0..40_usize, 0..40_usize), 0..8),
        steps in prop::collection::vec(1..50_usize, 1..40),
        prefixed: bool,
        slots in 1..5_usize,
    ) {
        let pool = Pool::install(5, MIB);
        let source: Vec<u8> = (0..80).collect();
        let block = block_of(&pool, &source);
        let mut payload = Payload::default();
        for (start, len) in pieces {
            payload.push(Chunk::new(Arc::clone(&block), start, start + len));
        }
        let prefix = if prefixed { Prefix::grpc([0, 1, 2, 3, 4]) } else { Prefix::default() };
        let mut expected = if prefixed { vec![0, 1, 2, 3, 4] } else { Vec::new() };
        expected.extend(payload.to_vec());
        let mut reader = Arc::new(payload).reader(prefix);
        let mut read = Vec::new();
        let mut steps = steps.into_iter().cycle();
        while reader.has_remaining() {
            let mut io: Vec<_> = (0..slots).map(|_| IoSlice::new(&[])).collect();
            let filled = reader.chunks_vectored(&mut io);
            let seen: Vec<u8> = io[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
            prop_assert!(!seen.is_empty());
            let step = steps.next().unwrap_or(1).min(seen.len());
            read.extend_from_slice(&seen[..step]);
            reader.advance(step);
            prop_assert_eq!(reader.remaining(), expected.len() - read.len());
        }
        prop_assert_eq!(read, expected);
    }
}
