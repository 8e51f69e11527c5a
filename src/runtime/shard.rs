//! A shard's thread and its supervisor.
//!
//! The supervisor owns what must outlive a broken shard (the body that can be run again, the
//! readiness flag); the shard's own state dies with it. A shard that panics, in its body or in a
//! task that belongs to it, is restarted after a pause that grows with each restart in a row.
//!
//! It knows nothing of receivers or queues: the body is a closure that makes a future on the
//! thread.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::engine::{self, Carrier};
use super::{clock, cores};

/// Pause before the first restart; doubles up to [`RESTART_DELAY_MAX`].
const RESTART_DELAY: Duration = Duration::from_millis(50);
/// The longest pause.
const RESTART_DELAY_MAX: Duration = Duration::from_secs(1);
/// A shard that ran this long starts from the shortest pause again.
const RESTART_FORGET: Duration = Duration::from_secs(60);

/// How a shard's body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked to.
    Stopped,
    /// A part of it panicked: start it again.
    Broken,
}

/// What a supervisor needs to run one shard.
#[derive(Debug)]
pub struct Supervised<B, D> {
    /// Number of the shard.
    pub index: usize,
    /// Core to pin the thread to.
    pub core: Option<usize>,
    /// What carries its sockets.
    pub carrier: Carrier,
    /// Makes the shard's future; called on the shard's thread, once a life.
    pub body: B,
    /// Called on the shard's thread after a life that ended badly.
    pub died: D,
}

/// Starts a shard's thread.
///
/// # Errors
/// The thread cannot be made.
pub fn start<B, F, D>(shard: Supervised<B, D>) -> io::Result<JoinHandle<()>>
where
    B: Fn() -> F + Send + 'static,
    F: Future<Output = End> + 'static,
    D: Fn() + Send + 'static,
{
    thread::Builder::new().name(format!("shard-{}", shard.index)).spawn(move || {
        if let Some(core) = shard.core
            && let Err(error) = cores::pin(core)
        {
            tracing::warn!(shard = shard.index, core, %error, "the shard runs unpinned");
        }
        supervise(&shard);
    })
}

fn supervise<B, F, D>(shard: &Supervised<B, D>)
where
    B: Fn() -> F,
    F: Future<Output = End> + 'static,
    D: Fn(),
{
    let mut pause = RESTART_DELAY;
    loop {
        let born = clock::now();
        let life = catch_unwind(AssertUnwindSafe(|| live(shard)));
        match life {
            Ok(Ok(End::Stopped)) => return,
            Ok(Ok(End::Broken)) | Err(_) => {}
            Ok(Err(error)) => {
                tracing::error!(shard = shard.index, %error, "the shard's runtime cannot be made");
            }
        }
        (shard.died)();
        if clock::now().saturating_duration_since(born) > RESTART_FORGET {
            pause = RESTART_DELAY;
        }
        tracing::error!(shard = shard.index, ?pause, "the shard broke and is restarted");
        thread::sleep(pause);
        pause = (pause * 2).min(RESTART_DELAY_MAX);
    }
}

fn live<B, F, D>(shard: &Supervised<B, D>) -> io::Result<End>
where
    B: Fn() -> F,
    F: Future<Output = End> + 'static,
    D: Fn(),
{
    engine::block_on(shard.carrier, async { (shard.body)().await })
}

/// Shards and the core each is pinned to, if they are to be pinned and cores suffice.
#[must_use]
pub fn placement(shards: usize, pin: bool) -> Vec<Option<usize>> {
    let allowed = cores::allowed();
    let pinned = pin && allowed.len() >= shards;
    (0..shards).map(|shard| allowed.get(shard).copied().filter(|_| pinned)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Runs a shard whose life number `n` ends as `life(n)` says; returns how often it lived and
    /// died.
    fn lives(life: fn(usize) -> End) -> (usize, usize) {
        let (born, died) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (births, deaths) = (Arc::clone(&born), Arc::clone(&died));
        let shard = Supervised {
            index: 0,
            core: None,
            carrier: Carrier::default(),
            body: move || {
                let number = births.fetch_add(1, Ordering::SeqCst);
                async move { life(number) }
            },
            died: move || {
                let _ = deaths.fetch_add(1, Ordering::SeqCst);
            },
        };
        start(shard).expect("a thread").join().expect("the supervisor does not panic");
        (born.load(Ordering::SeqCst), died.load(Ordering::SeqCst))
    }

    #[test]
    fn a_shard_that_was_asked_to_stop_is_not_started_again() {
        assert_eq!(lives(|_| End::Stopped), (1, 0));
    }

    #[test]
    fn a_shard_that_panics_or_breaks_is_counted_out_and_started_again() {
        let life = |number| match number {
            0 => panic!("a panic on purpose"),
            1 => End::Broken,
            _ => End::Stopped,
        };
        assert_eq!(lives(life), (3, 2));
    }

    #[test]
    fn shards_are_pinned_only_where_each_can_have_a_core() {
        let cores = cores::allowed().len();
        assert!(placement(cores, true).iter().all(Option::is_some));
        assert!(placement(cores + 1, true).iter().all(Option::is_none));
        assert!(placement(1, false).iter().all(Option::is_none));
    }
}
