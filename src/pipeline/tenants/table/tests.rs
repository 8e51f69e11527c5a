//! Buckets at times that the test says.

use std::thread;
use std::time::Duration;

use super::*;
use crate::runtime::clock;

const SECOND: Duration = Duration::from_secs(1);

fn quota(rate: u64, burst: u64) -> Quota {
    Quota { rate, burst }
}

/// Sends `items` when the tenant is not in debt; says whether it was let through.
fn send(table: &Table, tenant: &str, quota: Quota, items: u64, now: Instant) -> bool {
    let print = table.print(tenant.as_bytes());
    let welcome = table.debt(print, quota, now) == 0;
    if welcome {
        table.pay(print, quota, items, now);
    }
    welcome
}

#[test]
fn a_bucket_that_is_used_up_fills_again_at_its_rate() {
    let now = clock::now();
    let table = Table::new(now);
    let quota = quota(100, 200);
    assert!(send(&table, "x", quota, 199, now), "a full bucket");
    assert!(send(&table, "x", quota, 51, now), "one is left: taken whole, and 50 in debt");
    assert!(!send(&table, "x", quota, 1, now));
    assert_eq!(table.debt(table.print(b"x"), quota, now), 500_000_001);
    assert!(!send(&table, "x", quota, 1, now + SECOND / 2));
    assert!(send(&table, "x", quota, 1, now + SECOND / 2 + Duration::from_nanos(1)));
    assert!(send(&table, "x", quota, 200, now + 10 * SECOND), "never more than the burst");
    assert!(!send(&table, "x", quota, 1, now + 10 * SECOND));
}

#[test]
fn a_tenant_at_ten_times_its_quota_gets_its_quota_and_takes_nothing_from_another() {
    let start = clock::now();
    let table = Table::new(start);
    let quota = quota(1000, 1000);
    let (mut taken, mut refused) = (0, 0);
    for step in 0..60_000_u32 {
        let now = start + Duration::from_millis(1) * step;
        if send(&table, "x", quota, 10, now) {
            taken += 10;
        }
        if step % 10 == 0 && !send(&table, "y", quota, 1, now) {
            refused += 1;
        }
    }
    assert_eq!(refused, 0, "at a tenth of its quota all is taken");
    assert!((61_000..=61_020).contains(&taken), "a minute's worth and the burst: {taken}");
}

#[test]
fn shards_that_pay_at_once_pay_into_one_bucket() {
    let now = clock::now();
    let table = Table::new(now);
    let quota = quota(1000, 1);
    let print = table.print(b"x");
    table.pay(print, quota, 0, now);
    thread::scope(|scope| {
        for _ in 0..2 {
            let _ = scope.spawn(|| (0..5000).for_each(|_| table.pay(print, quota, 1, now)));
        }
    });
    assert_eq!(table.debt(print, quota, now), 10_000_000_000 - 1_000_000 + 1);
}

#[test]
fn a_bucket_that_is_full_again_is_taken_over_by_another_tenant() {
    let now = clock::now();
    let table = Table::of(1, now);
    let quota = quota(10, 10);
    assert!(send(&table, "x", quota, 30, now));
    assert!(!send(&table, "y", quota, 1, now), "no room: it shares the one that there is");
    let later = now + 4 * SECOND;
    assert!(send(&table, "y", quota, 30, later));
    assert_eq!(table.slots[0].print.load(Ordering::Relaxed), table.print(b"y"));
    assert!(!send(&table, "y", quota, 1, later));
}

#[test]
fn a_full_table_limits_newcomers_together_and_holds_no_more() {
    let now = clock::now();
    let table = Table::of(PROBES, now);
    let quota = quota(1, 1);
    let let_in = (0..1000_u32).filter(|at| send(&table, &at.to_string(), quota, 100, now)).count();
    assert_eq!(let_in, PROBES);
    assert_eq!(table.slots.len(), PROBES);
}

#[test]
fn prices_neither_vanish_nor_overflow() {
    assert_eq!(cost(quota(1, 1), u64::MAX), u64::MAX);
    assert_eq!(cost(quota(u64::MAX, 1), 1), 1);
    assert_eq!(cost(quota(3, 1), 1), 333_333_334);
    let now = clock::now();
    let table = Table::new(now);
    let quota = quota(1, 1);
    let print = table.print(b"x");
    table.pay(print, quota, u64::MAX, now);
    table.pay(print, quota, u64::MAX, now);
    assert!(table.debt(print, quota, now) > u64::MAX / 2);
}
