//! Every local task is spawned here, so that a panic is counted and has the right reach.
//!
//! tokio catches a task's panic and goes on as if nothing had happened. Here a connection's panic
//! ends that connection; a panic in a stage or an exporter marks the shard broken, and its
//! supervisor restarts it.
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
