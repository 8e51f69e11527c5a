//! Who is called when something waits: the most recently idle worker first, so that few connections
//! stay warm, and clients that are held back by the soft limit.
//!
//! Invariants: a worker is in `idle` at most once; `called` counts workers that were woken and have
//! not looked yet, so that one batch never wakes two of them. One thread only.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Instant;

#[derive(Debug, Default)]
struct Seat {
    waker: Option<Waker>,
    called: bool,
    /// The time for which this worker has set a timer.
    until: Option<Instant>,
}

/// The waiting workers and clients of one destination.
#[derive(Debug)]
pub(super) struct Desk {
    seats: RefCell<Vec<Seat>>,
    idle: RefCell<Vec<usize>>,
    called: Cell<usize>,
    held: RefCell<VecDeque<Waker>>,
}

impl Desk {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            seats: RefCell::new((0..workers).map(|_| Seat::default()).collect()),
            idle: RefCell::default(),
            called: Cell::new(0),
            held: RefCell::default(),
        }
    }

    /// Calls workers until `due` of them are on their way. When none is due but something is at a
    /// later time, the most recently idle one is called to set a timer, unless one is set for then.
    pub(super) fn call(&self, due: usize, later: Option<Instant>) {
        let unarmed = || {
            let armed = self.seats.borrow().iter().filter_map(|seat| seat.until).min();
            later.is_some_and(|at| armed.is_none_or(|armed| at < armed))
        };
        let wanted = if due == 0 { usize::from(unarmed()) } else { due };
        while self.called.get() < wanted {
            let Some(worker) = self.idle.borrow_mut().pop() else {
                return;
            };
            self.wake(worker);
        }
    }

    /// Calls everyone: the queue is closing.
    pub(super) fn call_all(&self) {
        while let Some(worker) = { self.idle.borrow_mut().pop() } {
            self.wake(worker);
        }
        self.relieve();
    }

    fn wake(&self, worker: usize) {
        let waker = self.seats.borrow_mut().get_mut(worker).and_then(|seat| {
            seat.called = true;
            seat.waker.take()
        });
        self.called.set(self.called.get().saturating_add(1));
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The worker has looked at the queue and took something.
    pub(super) fn leave(&self, worker: usize) {
        self.looked(worker);
        self.idle.borrow_mut().retain(|idle| *idle != worker);
    }

    fn looked(&self, worker: usize) {
        if let Some(seat) = self.seats.borrow_mut().get_mut(worker)
            && std::mem::take(&mut seat.called)
        {
            self.called.set(self.called.get().saturating_sub(1));
        }
    }

    /// Waits to be called, or for `until`.
    pub(super) async fn wait(&self, worker: usize, until: Option<Instant>) {
        self.looked(worker);
        self.sit(worker);
        let called = poll_fn(|context| {
            let mut seats = self.seats.borrow_mut();
            let Some(seat) = seats.get_mut(worker) else {
                return Poll::Ready(());
            };
            if seat.called {
                return Poll::Ready(());
            }
            seat.waker = Some(context.waker().clone());
            Poll::Pending
        });
        match until {
            None => called.await,
            Some(until) => {
                let timer = pin!(tokio::time::sleep_until(until.into()));
                let _timed = Timed::set(self, worker, until);
                tokio::select! {
                    () = called => {}
                    () = timer => {}
                }
            }
        }
    }

    fn mark(&self, worker: usize, until: Option<Instant>) {
        if let Some(seat) = self.seats.borrow_mut().get_mut(worker) {
            seat.until = until;
        }
    }

    fn sit(&self, worker: usize) {
        let mut idle = self.idle.borrow_mut();
        if !idle.contains(&worker) {
            idle.push(worker);
        }
    }

    /// Waits for [`Desk::relieve`]; may wake without cause.
    pub(super) async fn relief(&self) {
        let mut waited = false;
        poll_fn(|context| {
            if waited {
                return Poll::Ready(());
            }
            waited = true;
            self.held.borrow_mut().push_back(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Lets the clients that are held back look again.
    pub(super) fn relieve(&self) {
        let held = std::mem::take(&mut *self.held.borrow_mut());
        for waker in held {
            waker.wake();
        }
    }
}

/// Marks a worker's seat with the time of its timer, for as long as it waits.
struct Timed<'a> {
    desk: &'a Desk,
    worker: usize,
}

impl<'a> Timed<'a> {
    fn set(desk: &'a Desk, worker: usize, until: Instant) -> Self {
        desk.mark(worker, Some(until));
        Self { desk, worker }
    }
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        self.desk.mark(self.worker, None);
    }
}
