//! How long a client may keep us waiting: deadlines in shared cells, swept by one timer a shard.
//!
//! ```text
//!  connection or stream -- allow(limit) --> Seat { deadline in ticks }
//!  Watch::run, every TICK: now += 1; seats past their deadline are marked, their task woken
//! ```
//! Setting a deadline is one store; no timer is registered for a connection or a request.
//! Invariants: a seat expires at most two seconds after its limit and never before it; it belongs
//! to one [`Guard`] at a time and is reused after it.
//!
//! It decides nothing: what an expired task does is its own affair.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::units::MIB;

/// The grain of all deadlines.
pub const TICK: Duration = Duration::from_millis(1000 / TICKS_PER_SECOND);
const TICKS_PER_SECOND: u64 = 2;
/// A TLS-less connection has this long to show which protocol it speaks, and a head to be complete.
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// A connection without a request is closed after this long; SDKs export metrics once a minute.
pub const IDLE_TIME: Duration = Duration::from_secs(180);
/// The same for HTTP/2, where clients expect to find their channel again.
pub const IDLE_TIME_H2: Duration = Duration::from_secs(600);
/// An answer over HTTP/1 is out after this long, or its client does not read.
pub const WRITE_TIME: Duration = Duration::from_secs(30);
/// What a body has beyond the time its length allows for.
pub const BODY_TIME: Duration = Duration::from_secs(10);
/// The rate at which a body must arrive.
pub const BODY_BYTES_PER_SECOND: usize = MIB;

/// All deadlines of one shard.
#[derive(Debug, Default)]
pub struct Watch {
    now: Cell<u32>,
    seats: RefCell<Vec<Rc<Seat>>>,
    free: RefCell<Vec<usize>>,
}

/// One deadline and whom to wake.
#[derive(Debug)]
struct Seat {
    place: usize,
    /// The tick at which it expires; 0: never.
    deadline: Cell<u32>,
    expired: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// The deadline of one connection or stream.
#[derive(Debug)]
pub struct Guard {
    watch: Rc<Watch>,
    seat: Rc<Seat>,
}

impl Watch {
    /// A guard without a deadline.
    #[must_use]
    pub fn guard(self: &Rc<Self>) -> Guard {
        let free = self.free.borrow_mut().pop();
        let mut seats = self.seats.borrow_mut();
        let reused = free.and_then(|place| seats.get(place).map(Rc::clone));
        let seat = reused.unwrap_or_else(|| {
            let seat = Rc::new(Seat {
                place: seats.len(),
                deadline: Cell::new(0),
                expired: Cell::new(false),
                waker: RefCell::default(),
            });
            seats.push(Rc::clone(&seat));
            seat
        });
        Guard { watch: Rc::clone(self), seat }
    }

    /// Sweeps every [`TICK`] for as long as the shard lives.
    pub async fn run(self: Rc<Self>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let _ = ticks.tick().await;
            self.turn();
        }
    }

    /// One tick: what is overdue expires.
    pub fn turn(&self) {
        let now = self.now.get().wrapping_add(1).max(1);
        self.now.set(now);
        for seat in self.seats.borrow().iter() {
            let deadline = seat.deadline.get();
            if deadline != 0 && deadline <= now {
                seat.deadline.set(0);
                seat.expired.set(true);
                seat.wake();
            }
        }
    }

    /// Ticks so far.
    #[must_use]
    pub const fn tick(&self) -> u32 {
        self.now.get()
    }

    /// Wakes every guarded task, so that it looks whether it is to end.
    pub fn wake_all(&self) {
        self.seats.borrow().iter().for_each(|seat| seat.wake());
    }

    /// Seats in use.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.seats.borrow().len().saturating_sub(self.free.borrow().len())
    }
}

impl Seat {
    fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
}

impl Guard {
    /// From now on there is this much time, also after an earlier limit has passed.
    pub fn allow(&self, limit: Duration) {
        let ticks = limit.as_secs().saturating_mul(TICKS_PER_SECOND);
        let part = if limit.subsec_nanos() > 0 { TICKS_PER_SECOND } else { 0 };
        let ticks = u32::try_from(ticks.saturating_add(part)).unwrap_or(u32::MAX);
        let ticks = ticks.saturating_add(1);
        self.seat.expired.set(false);
        self.seat.deadline.set(self.watch.now.get().saturating_add(ticks));
    }

    /// From now on there is one tick, and at most two.
    pub fn allow_tick(&self) {
        self.seat.expired.set(false);
        self.seat.deadline.set(self.watch.now.get().saturating_add(2));
    }

    /// From now on there is this much time, or, if none is named, what a body of `bytes` may take.
    pub fn allow_body(&self, bytes: usize, limit: Option<Duration>) {
        if let Some(limit) = limit {
            return self.allow(limit);
        }
        let seconds = bytes.div_euclid(BODY_BYTES_PER_SECOND);
        self.allow(BODY_TIME.saturating_add(Duration::from_secs(seconds as u64)));
    }

    /// No deadline: it is our turn to do something. One that has passed is forgotten.
    pub fn rest(&self) {
        self.seat.deadline.set(0);
        self.seat.expired.set(false);
    }

    /// Whether the time is up.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.seat.expired.get()
    }

    /// Ready once the time is up; otherwise the task is woken when it is.
    pub fn poll_expired(&self, context: &Context<'_>) -> Poll<()> {
        if self.seat.expired.get() {
            return Poll::Ready(());
        }
        let mut waker = self.seat.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.seat.deadline.set(0);
        self.seat.expired.set(false);
        *self.seat.waker.borrow_mut() = None;
        self.watch.free.borrow_mut().push(self.seat.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expired(guard: &Guard) -> bool {
        guard.poll_expired(&Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn a_deadline_passes_after_its_limit_and_not_before() {
        let watch = Rc::new(Watch::default());
        let guard = watch.guard();
        watch.turn();
        guard.allow(TICK * 4);
        for _ in 0..4 {
            watch.turn();
            assert!(!expired(&guard));
        }
        watch.turn();
        assert!(expired(&guard));
    }

    #[test]
    fn a_guard_at_rest_never_expires() {
        let watch = Rc::new(Watch::default());
        let guard = watch.guard();
        guard.allow(TICK);
        guard.rest();
        (0..100).for_each(|_| watch.turn());
        assert!(!expired(&guard));
        guard.allow(TICK);
        (0..3).for_each(|_| watch.turn());
        assert!(expired(&guard));
        guard.rest();
        assert!(!expired(&guard));
    }

    #[test]
    fn a_larger_body_has_more_time() {
        let watch = Rc::new(Watch::default());
        let (small, large) = (watch.guard(), watch.guard());
        small.allow_body(1, None);
        large.allow_body(BODY_BYTES_PER_SECOND * 5, None);
        (0..22).for_each(|_| watch.turn());
        assert!(expired(&small) && !expired(&large));
        (0..10).for_each(|_| watch.turn());
        assert!(expired(&large));
    }

    #[test]
    fn a_seat_is_reused_without_its_past() {
        let watch = Rc::new(Watch::default());
        let first = watch.guard();
        first.allow(TICK);
        (0..3).for_each(|_| watch.turn());
        assert!(expired(&first));
        drop(first);
        assert_eq!(watch.taken(), 0);
        let second = watch.guard();
        assert!(!expired(&second));
        assert_eq!(watch.seats.borrow().len(), 1);
    }
}
