//! Files that are read again while the gateway runs: tokens, passwords, certificates.
//!
//! A thread of its own reads them, so that no shard ever waits for a disk. A file that is missing
//! or broken keeps what was read before, and that is said once each time it breaks. The thread ends
//! when nothing it looks after is in use any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::clock;

/// How often files are looked at, at most.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Something that is read again.
pub trait Renew: Send + Sync {
    /// How often.
    fn interval(&self) -> Duration;
    /// Reads it; a failure keeps what is there.
    fn renew(&self);
}

/// A value made from files, and how it is made.
pub struct Kept<T> {
    what: String,
    interval: Duration,
    read: Box<dyn Fn() -> Result<T, String> + Send + Sync>,
    value: ArcSwap<T>,
    broken: AtomicBool,
}

impl<T> Kept<T> {
    /// Reads the value for the first time. `what` names it in logs.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn new(
        what: String,
        interval: Duration,
        read: impl Fn() -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, String> {
        let value = ArcSwap::from_pointee(read()?);
        let interval = interval.max(LOOK_INTERVAL);
        let broken = AtomicBool::new(false);
        Ok(Arc::new(Self { what, interval, read: Box::new(read), value, broken }))
    }

    /// The last good value.
    pub fn get(&self) -> Arc<T> {
        self.value.load_full()
    }

    /// A look at the last good value, without counting one more holder of it.
    pub fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.value.load())
    }
}

impl<T: PartialEq + Send + Sync> Renew for Kept<T> {
    fn interval(&self) -> Duration {
        self.interval
    }

    fn renew(&self) {
        let what = &self.what;
        match (self.read)() {
            Ok(value) => {
                if self.broken.swap(false, Ordering::Relaxed) {
                    tracing::info!("{what}: can be read again");
                }
                if *self.value.load_full() != value {
                    self.value.store(Arc::new(value));
                    tracing::info!("{what}: changed, the new one is used from now on");
                }
            }
            Err(error) => {
                if !self.broken.swap(true, Ordering::Relaxed) {
                    tracing::warn!("{what}: {error}; the last good one stays in use");
                }
            }
        }
    }
}

/// Looks after what is given, from a thread of its own, for as long as anyone else holds it.
///
/// # Errors
/// When the thread cannot be started.
pub fn look_after(kept: &[Arc<dyn Renew>]) -> Result<(), String> {
    if kept.is_empty() {
        return Ok(());
    }
    let now = clock::now();
    let mut list: Vec<(Instant, Weak<dyn Renew>)> =
        kept.iter().map(|kept| (now + kept.interval(), Arc::downgrade(kept))).collect();
    let thread = thread::Builder::new().name("spanyard-files".to_owned());
    let started = thread.spawn(move || {
        while !list.is_empty() {
            thread::sleep(LOOK_INTERVAL);
            list.retain_mut(|(due, kept)| {
                let Some(kept) = kept.upgrade() else { return false };
                let now = clock::now();
                if *due <= now {
                    kept.renew();
                    *due = now + kept.interval();
                }
                true
            });
        }
    });
    started.map(drop).map_err(|error| format!("a thread to read files: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_broken_file_keeps_the_last_good_value_and_a_new_one_takes_its_place() {
        let file = Arc::new(Mutex::new(Ok("one")));
        let read = Arc::clone(&file);
        let kept = Kept::new("token".to_owned(), LOOK_INTERVAL, move || {
            read.lock().expect("whole").map(str::to_owned).map_err(str::to_owned)
        })
        .expect("readable");
        let cases = [(Err("gone"), "one"), (Ok("two"), "two"), (Err("gone"), "two")];
        for (content, expected) in cases {
            *file.lock().expect("whole") = content;
            kept.renew();
            assert_eq!(*kept.get(), expected);
        }
    }

    #[test]
    fn what_cannot_be_read_at_the_start_is_an_error() {
        let made =
            Kept::<String>::new("token".to_owned(), LOOK_INTERVAL, || Err("gone".to_owned()));
        assert_eq!(made.err().as_deref(), Some("gone"));
    }
}
