//! Connections where they are fewest: an accepted socket goes to another shard when this one has
//! many more.
//!
//! ```text
//!  accept: own > least + max(8, least / 4) -- yes -> detach, bounded channel -> that shard's gate
//!                                          -- no --> serve here
//! ```
//! The kernel spreads connections by a hash of their addresses, not by load, and one connection may
//! carry all there is. Only sockets nobody has read from move, each at most once; a full channel
//! keeps them. Each shard alone writes its figure, the others read it once for a connection they
//! accept.

use std::cell::Cell;
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::telemetry::names::Transport;

/// Sockets that may wait for a shard.
pub(super) const WAITING_MAX: usize = 64;
/// Differences up to this are left alone.
const SLACK_MIN: usize = 8;
/// Beyond that, the part of the least load that a difference may have.
const SLACK_PART: usize = 4;
/// The figure of a shard that does not run.
const ABSENT: usize = usize::MAX;

/// The loads of all shards, and the ways to them.
#[derive(Debug)]
pub struct Crowd {
    shards: Vec<Shard>,
}

#[derive(Debug)]
struct Shard {
    /// Open connections.
    load: AtomicUsize,
    way: (flume::Sender<Handed>, flume::Receiver<Handed>),
}

/// A socket on its way to another shard.
#[derive(Debug)]
pub struct Handed {
    pub(super) stream: TcpStream,
    pub(super) peer: Option<IpAddr>,
    pub(super) side: Transport,
    /// The id of the receiver whose port it came in by.
    pub receiver: Arc<str>,
}

impl Crowd {
    /// For so many shards, none of which runs yet.
    #[must_use]
    pub fn new(shards: usize) -> Arc<Self> {
        let shard = |_| Shard { load: AtomicUsize::new(ABSENT), way: flume::bounded(WAITING_MAX) };
        Arc::new(Self { shards: (0..shards).map(shard).collect() })
    }

    /// The next socket for a shard; none ever comes for one that there is not.
    pub async fn next(&self, shard: usize) -> Handed {
        if let Some(Shard { way: (_, inbox), .. }) = self.shards.get(shard)
            && let Ok(handed) = inbox.recv_async().await
        {
            return handed;
        }
        std::future::pending().await
    }

    /// A socket that waits for a shard already.
    #[must_use]
    pub fn waiting(&self, shard: usize) -> Option<Handed> {
        self.shards.get(shard)?.way.1.try_recv().ok()
    }

    /// The shard that a new connection of shard `own` goes to; `None`: it stays.
    fn elsewhere(&self, own: usize) -> Option<&Shard> {
        let load = |shard: &Shard| shard.load.load(Ordering::Relaxed);
        let ours = load(self.shards.get(own)?);
        let least = self.shards.iter().min_by_key(|shard| load(shard))?;
        let is_less = |by: usize| {
            let theirs = load(least).saturating_add(by);
            let slack = theirs.div_euclid(SLACK_PART).max(SLACK_MIN);
            ours > theirs.saturating_add(slack)
        };
        // What is on its way there counts, but asking for it takes the channel's lock.
        (is_less(0) && is_less(least.way.0.len())).then_some(least)
    }
}

/// One shard's place among the others.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    shard: usize,
    open: Cell<usize>,
}

impl Place {
    /// The shard runs from now on, until this is dropped.
    #[must_use]
    pub fn new(crowd: &Arc<Crowd>, shard: usize) -> Self {
        let place = Self { crowd: Arc::clone(crowd), shard, open: Cell::new(0) };
        place.tell(0);
        place
    }

    fn tell(&self, load: usize) {
        if let Some(shard) = self.crowd.shards.get(self.shard) {
            shard.load.store(load, Ordering::Relaxed);
        }
    }

    pub(super) fn opened(&self) {
        self.open.set(self.open.get().saturating_add(1));
        self.tell(self.open.get());
    }

    pub(super) fn closed(&self) {
        self.open.set(self.open.get().saturating_sub(1));
        self.tell(self.open.get());
    }

    /// Where a new connection goes; `None`: it stays.
    pub(super) fn elsewhere(&self) -> Option<Way<'_>> {
        self.crowd.elsewhere(self.shard).map(|shard| Way(&shard.way.0))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.tell(ABSENT);
    }
}

/// The way to another shard.
pub(super) struct Way<'a>(&'a flume::Sender<Handed>);

impl Way<'_> {
    /// Sends a socket there; the error is the socket, which stays.
    pub(super) fn hand(self, handed: Handed) -> Result<(), Handed> {
        self.0.try_send(handed).map_err(flume::TrySendError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a shard with `own` open connections hands the next one to one with `other`.
    fn hands(own: usize, other: usize) -> bool {
        let crowd = Crowd::new(3);
        let places = [Place::new(&crowd, 0), Place::new(&crowd, 1)];
        for (place, count) in places.iter().zip([own, other]) {
            (0..count).for_each(|_| place.opened());
        }
        let hands = places[0].elsewhere().is_some();
        assert!(places[1].elsewhere().is_none(), "not both ways");
        hands
    }

    #[test]
    fn a_shard_hands_over_only_when_it_has_many_more() {
        let cases = [(0, 0, false), (8, 0, false), (9, 0, true), (108, 100, false)];
        let large = [(125, 100, false), (126, 100, true), (1000, 800, false), (1001, 800, true)];
        for (own, other, expected) in cases.into_iter().chain(large) {
            assert_eq!(hands(own, other), expected, "{own} and {other}");
        }
    }

    #[test]
    fn a_shard_that_does_not_run_is_handed_nothing() {
        let crowd = Crowd::new(2);
        let own = Place::new(&crowd, 0);
        (0..100).for_each(|_| own.opened());
        assert!(own.elsewhere().is_none());
        let other = Place::new(&crowd, 1);
        assert!(own.elsewhere().is_some());
        drop(other);
        assert!(own.elsewhere().is_none());
    }
}
