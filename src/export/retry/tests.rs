//! What a batch waits between two attempts.

use super::*;
use crate::runtime::clock;

fn plan() -> RetryPlan {
    RetryPlan {
        initial: Duration::from_secs(5),
        jitter: 0.5,
        multiplier: 1.5,
        interval_max: Duration::from_secs(30),
        elapsed_max: Duration::from_secs(300),
    }
}

const MIDDLE: f64 = 0.5;

#[test]
fn intervals_grow_by_the_multiplier_up_to_the_maximum() {
    let now = clock::now();
    let mut backoff = Backoff::new(plan(), now);
    let waits: Vec<_> = (0..7)
        .map(|_| backoff.next(now, None, MIDDLE).expect("far from the end").as_millis())
        .collect();
    assert_eq!(waits, [5_000, 7_500, 11_250, 16_875, 25_312, 30_000, 30_000]);
}

#[test]
fn jitter_spreads_a_delay_over_the_stated_share() {
    let now = clock::now();
    let lowest = Backoff::new(plan(), now).next(now, None, 0.0);
    assert_eq!(lowest, Some(Duration::from_millis(2_500)));
    let highest = Backoff::new(plan(), now).next(now, None, 1.0);
    assert_eq!(highest, Some(Duration::from_millis(7_500)));
}

#[test]
fn the_longer_of_backoff_and_request_holds_up_to_five_minutes() {
    let now = clock::now();
    let for_ever = RetryPlan { elapsed_max: Duration::ZERO, ..plan() };
    let cases =
        [(Some(1), 5), (Some(7), 7), (Some(1_000_000_000), 300), (Some(u64::MAX), 300), (None, 5)];
    for (asked, expected) in cases {
        let after = asked.map(Duration::from_secs);
        let delay = Backoff::new(for_ever, now).next(now, after, MIDDLE);
        assert_eq!(delay, Some(Duration::from_secs(expected)), "asked for {asked:?}");
    }
}

#[test]
fn a_delay_that_would_end_too_late_is_not_waited_for() {
    let now = clock::now();
    let mut backoff = Backoff::new(plan(), now);
    assert!(backoff.next(now + Duration::from_secs(296), None, MIDDLE).is_none());
    let mut backoff = Backoff::new(plan(), now);
    assert!(backoff.next(now + Duration::from_secs(1), Some(AFTER_MAX), MIDDLE).is_none());
    assert_eq!(backoff.expires(), Some(now + Duration::from_secs(300)));
}

#[test]
fn a_plan_of_zeros_does_not_spin() {
    let now = clock::now();
    let zeros = RetryPlan {
        initial: Duration::ZERO,
        jitter: 0.0,
        multiplier: 1.0,
        interval_max: Duration::ZERO,
        elapsed_max: Duration::ZERO,
    };
    assert_eq!(Backoff::new(zeros, now).next(now, None, MIDDLE), Some(DELAY_MIN));
}

#[test]
fn a_huge_multiplier_stays_at_the_maximum() {
    let now = clock::now();
    let steep = RetryPlan { multiplier: 1e300, elapsed_max: Duration::ZERO, ..plan() };
    let mut backoff = Backoff::new(steep, now);
    let _ = backoff.next(now, None, MIDDLE);
    for _ in 0..3 {
        assert_eq!(backoff.next(now, None, MIDDLE), Some(Duration::from_secs(30)));
    }
}

#[test]
fn dice_roll_fractions_that_differ() {
    let mut dice = Dice::new(7);
    let rolls: Vec<f64> = (0..100).map(|_| dice.roll()).collect();
    assert!(rolls.iter().all(|roll| (0.0..1.0).contains(roll)));
    assert!(rolls.iter().any(|roll| *roll < 0.3) && rolls.iter().any(|roll| *roll > 0.7));
    assert!((Dice::new(7).roll() - rolls[0]).abs() < f64::EPSILON);
}

#[test]
fn what_the_backend_asks_for_beyond_the_end_drops_the_batch_at_once() {
    let now = clock::now();
    let hour = Duration::from_secs(3600);
    let mut backoff = Backoff::new(RetryPlan { elapsed_max: hour, ..plan() }, now);
    assert!(backoff.next(now, Some(2 * hour), MIDDLE).is_none());
    let mut backoff = Backoff::new(RetryPlan { elapsed_max: hour, ..plan() }, now);
    assert_eq!(backoff.next(now, Some(hour / 2), MIDDLE), Some(AFTER_MAX), "capped, not dropped");
}
