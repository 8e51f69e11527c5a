//! Who may send to a backend that fails.

use std::rc::Rc;

use super::*;
use crate::runtime::clock;

const DELAY: Duration = Duration::from_secs(5);

fn opened(now: Instant) -> Breaker {
    let mut breaker = Breaker::default();
    for _ in 0..FAILURES_MAX {
        breaker.failed(now, false, DELAY);
    }
    breaker
}

#[test]
fn failures_in_a_row_open_it_and_an_answer_between_them_does_not_let_them() {
    let now = clock::now();
    let mut breaker = Breaker::default();
    for _ in 1..FAILURES_MAX {
        breaker.failed(now, false, DELAY);
    }
    breaker.answered();
    for _ in 1..FAILURES_MAX {
        breaker.failed(now, false, DELAY);
        assert!(!breaker.is_open());
    }
    breaker.failed(now, false, DELAY);
    assert!(breaker.is_open());
}

#[test]
fn failing_for_long_opens_it_even_if_it_failed_only_twice() {
    let now = clock::now();
    let mut breaker = Breaker::default();
    breaker.failed(now, false, DELAY);
    breaker.failed(now + FAILING_MAX / 2, false, DELAY);
    assert!(!breaker.is_open());
    breaker.failed(now + FAILING_MAX, false, DELAY);
    assert!(breaker.is_open());
}

#[test]
fn one_probe_goes_when_the_delay_has_passed() {
    let now = clock::now();
    let mut breaker = opened(now);
    assert_eq!(breaker.pass(now), Pass::Wait(Some(now + DELAY)));
    assert_eq!(breaker.pass(now + DELAY), Pass::Probe);
    assert_eq!(breaker.pass(now + DELAY), Pass::Wait(None));
}

#[test]
fn a_failed_probe_opens_it_again_and_an_answered_one_closes_it() {
    let now = clock::now();
    let mut breaker = opened(now);
    let later = now + DELAY;
    assert_eq!(breaker.pass(later), Pass::Probe);
    breaker.failed(later, true, DELAY * 2);
    assert_eq!(breaker.pass(later), Pass::Wait(Some(later + DELAY * 2)));
    assert_eq!(breaker.pass(later + DELAY * 2), Pass::Probe);
    breaker.answered();
    assert_eq!(breaker.pass(later), Pass::Go);
}

#[test]
fn a_straggler_does_not_put_the_probe_off() {
    let now = clock::now();
    let mut breaker = opened(now);
    breaker.failed(now + DELAY / 2, false, DELAY * 9);
    assert_eq!(breaker.pass(now + DELAY), Pass::Probe);
    breaker.failed(now + DELAY, false, DELAY * 9);
    assert_eq!(breaker.pass(now + DELAY), Pass::Wait(None));
}

#[test]
fn health_is_told_when_it_changes_only() {
    let now = clock::now();
    let gate = Gate::default();
    assert_eq!(gate.answered(), None);
    let failing = Some(Health { failing: true, open: false });
    assert_eq!(gate.failed(now, false, DELAY), failing);
    assert_eq!(gate.failed(now, false, DELAY), None);
    assert_eq!(gate.answered(), Some(Health { failing: false, open: false }));
    assert_eq!(gate.throttled(None), failing);
}

#[test]
fn nobody_sends_before_the_time_that_a_throttling_backend_named() {
    let now = clock::now();
    let gate = Gate::default();
    let _ = gate.throttled(Some(now + DELAY));
    let _ = gate.throttled(Some(now + DELAY / 2));
    let _ = gate.answered();
    let mut breaker = gate.breaker.borrow_mut();
    assert_eq!(breaker.pass(now), Pass::Wait(Some(now + DELAY)));
    assert_eq!(breaker.pass(now + DELAY), Pass::Go);
}

#[tokio::test(start_paused = true)]
async fn waiting_workers_go_when_the_probe_is_answered() {
    let gate = Rc::new(Gate::default());
    for _ in 0..FAILURES_MAX {
        let _ = gate.failed(clock::now(), false, DELAY);
    }
    assert_eq!(gate.pass(clock::now, None).await, Some(true));
    let waiting = async { gate.pass(clock::now, None).await };
    let answer = async { gate.answered() };
    let (leave, health) = tokio::join!(waiting, answer);
    assert_eq!(leave, Some(false));
    assert_eq!(health, Some(Health { failing: false, open: false }));
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_when_the_batch_expires() {
    let gate = Gate::default();
    for _ in 0..FAILURES_MAX {
        let _ = gate.failed(clock::now(), false, DELAY);
    }
    let expires = clock::now() + Duration::from_secs(1);
    assert_eq!(gate.pass(clock::now, Some(expires)).await, None);
}
