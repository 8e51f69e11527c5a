//! Whether requests are welcome: the phase of the process, and which shards run.
//!
//! ```text
//!  starting ─> ready ─> draining          ready to the outside = ready and every shard up
//! ```
//! Written by the supervisor, read by the admin thread. Flags only; it remembers no reasons and
//! restarts nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Where the process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not all listeners and shards are up yet.
    Starting,
    /// At work.
    Ready,
    /// Asked to end: nothing new is taken, queues empty.
    Draining,
}

/// Shared flags of the process's state.
#[derive(Debug)]
pub struct Readiness {
    phase: AtomicU8,
    was_ready: AtomicBool,
    shards: Box<[AtomicBool]>,
}

/// The flags as they stood at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Where the process stands.
    pub phase: Phase,
    /// Whether it has ever been ready.
    pub was_ready: bool,
    /// Number of shards.
    pub shards: usize,
    /// Shards that do not run.
    pub down: Vec<usize>,
}

impl Readiness {
    /// Starting, with every shard down.
    #[must_use]
    pub fn new(shards: usize) -> Arc<Self> {
        Arc::new(Self {
            phase: AtomicU8::new(STARTING),
            was_ready: AtomicBool::new(false),
            shards: (0..shards).map(|_| AtomicBool::new(false)).collect(),
        })
    }

    /// Ready, as far as the process as a whole goes.
    pub fn set_ready(&self) {
        self.was_ready.store(true, Ordering::Release);
        self.phase.store(READY, Ordering::Release);
    }

    /// On the way out.
    pub fn set_draining(&self) {
        self.phase.store(DRAINING, Ordering::Release);
    }

    /// The shard runs.
    pub fn shard_up(&self, shard: usize) {
        self.set_shard(shard, true);
    }

    /// The shard does not run.
    pub fn shard_down(&self, shard: usize) {
        self.set_shard(shard, false);
    }

    /// The flags now.
    #[must_use]
    pub fn view(&self) -> View {
        let phase = match self.phase.load(Ordering::Acquire) {
            READY => Phase::Ready,
            DRAINING => Phase::Draining,
            _ => Phase::Starting,
        };
        let shards = self.shards.iter().enumerate();
        let down = shards.filter(|(_, up)| !up.load(Ordering::Acquire)).map(|(shard, _)| shard);
        View {
            phase,
            was_ready: self.was_ready.load(Ordering::Acquire),
            shards: self.shards.len(),
            down: down.collect(),
        }
    }

    fn set_shard(&self, shard: usize, up: bool) {
        if let Some(flag) = self.shards.get(shard) {
            flag.store(up, Ordering::Release);
        }
    }
}

impl View {
    /// Whether requests are welcome.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready && self.down.is_empty()
    }

    /// Shards that run.
    #[must_use]
    pub const fn shards_up(&self) -> usize {
        self.shards.saturating_sub(self.down.len())
    }

    /// Why requests are not welcome, one sentence each; empty when they are.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let phase = match self.phase {
            Phase::Starting => Some("starting".to_owned()),
            Phase::Ready => None,
            Phase::Draining => Some("draining".to_owned()),
        };
        let shard = |shard: &usize| format!("shard {shard} of {} is down", self.shards);
        phase.into_iter().chain(self.down.iter().map(shard)).collect()
    }
}

const STARTING: u8 = 0;
const READY: u8 = 1;
const DRAINING: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_needs_the_phase_and_every_shard() {
        let readiness = Readiness::new(2);
        assert_eq!(
            readiness.view().reasons(),
            ["starting", "shard 0 of 2 is down", "shard 1 of 2 is down"]
        );
        readiness.set_ready();
        readiness.shard_up(0);
        assert!(!readiness.view().is_ready());
        assert_eq!(readiness.view().shards_up(), 1);
        readiness.shard_up(1);
        readiness.shard_up(7);
        assert!(readiness.view().is_ready() && readiness.view().reasons().is_empty());
    }

    #[test]
    fn a_shard_that_goes_down_and_a_drain_end_readiness_but_not_that_it_has_started() {
        let readiness = Readiness::new(1);
        readiness.shard_up(0);
        readiness.set_ready();
        readiness.shard_down(0);
        assert_eq!(readiness.view().reasons(), ["shard 0 of 1 is down"]);
        readiness.shard_up(0);
        assert!(readiness.view().is_ready());
        readiness.set_draining();
        let view = readiness.view();
        assert!(!view.is_ready() && view.was_ready);
        assert_eq!(view.reasons(), ["draining"]);
    }
}
