//! Every local task is spawned here, so that a panic is counted and has the right reach.
//!
//! tokio catches a task's panic and goes on as if nothing had happened. Here a panic while a
//! request is read, routed, edited, queued or answered, all of which happens in the task of its
//! connection or stream, ends just that task: the client gets no answer and nothing of its siblings
//! is lost. What the task had borrowed or reserved is given back by unwinding. A panic in a part of
//! the shard (accept loops, deadlines, exporters) marks the shard broken, and its supervisor
//! restarts it.
#![expect(clippy::disallowed_methods, reason = "the home of spawn_local")]

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use metrics::Counter;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local};

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// What this thread does about panics.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Counts them all.
    pub panics: Counter,
    /// Notified when the shard must be restarted.
    pub broken: Rc<Notify>,
}

/// How far a panic reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Connection,
    Shard,
}

/// Sets what happens on this thread from now on.
pub fn watch(watch: Watch) {
    WATCH.with_borrow_mut(|current| *current = Some(watch));
}

/// Spawns a part of the shard: its panic restarts the shard.
pub fn spawn(name: &'static str, future: impl Future<Output = ()> + 'static) -> AbortHandle {
    spawn_local(guarded(name, Reach::Shard, future)).abort_handle()
}

/// Spawns the task of one connection or stream: its panic ends just that.
pub fn spawn_connection(
    name: &'static str,
    future: impl Future<Output = ()> + 'static,
) -> AbortHandle {
    spawn_local(guarded(name, Reach::Connection, future)).abort_handle()
}

async fn guarded(name: &'static str, reach: Reach, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let finished = std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => Poll::Ready(true),
            Err(_) => Poll::Ready(false),
        }
    });
    if !finished.await {
        panicked(name, reach);
    }
}

fn panicked(name: &'static str, reach: Reach) {
    tracing::error!(task = name, "a task panicked");
    WATCH.with_borrow(|watch| {
        let Some(watch) = watch else { return };
        watch.panics.increment(1);
        if reach == Reach::Shard {
            watch.broken.notify_one();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::LocalSet;

    /// Runs a shard of one panicking task; whether it counts as broken, and its panics.
    fn shard(spawn: impl FnOnce(&Rc<RefCell<u32>>)) -> (bool, u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let broken = Rc::new(Notify::new());
            let count = std::sync::Arc::new(metrics::atomics::AtomicU64::new(0));
            let panics = Counter::from_arc(std::sync::Arc::clone(&count));
            watch(Watch { panics, broken: Rc::clone(&broken) });
            let shared = Rc::new(RefCell::new(0));
            spawn(&shared);
            while Rc::strong_count(&shared) > 1 {
                tokio::task::yield_now().await;
            }
            assert!(shared.try_borrow_mut().is_ok(), "what was borrowed is free again");
            let notified = pin!(broken.notified()).enable();
            (notified, count.load(std::sync::atomic::Ordering::Relaxed))
        })
    }

    #[expect(clippy::await_holding_refcell_ref, reason = "what the test is about")]
    async fn panics_while_borrowing(shared: Rc<RefCell<u32>>) {
        let borrowed = shared.borrow_mut();
        tokio::task::yield_now().await;
        assert!(*borrowed > 0, "a panic on purpose");
    }

    #[test]
    fn a_connections_panic_is_counted_and_gives_back_what_it_had_borrowed() {
        let outcome = shard(|shared| {
            let _ = spawn_connection("connection", panics_while_borrowing(Rc::clone(shared)));
        });
        assert_eq!(outcome, (false, 1));
    }

    #[test]
    fn the_panic_of_a_part_breaks_the_shard() {
        let outcome = shard(|shared| {
            let _ = spawn("part", panics_while_borrowing(Rc::clone(shared)));
        });
        assert_eq!(outcome, (true, 1));
    }
}
