//! What carries a shard's sockets: epoll, or io_uring where the system lets us.
//!
//! Both are tokio's current-thread runtime with a local set; the ring is polled through it. Which
//! one it is is found out once, at the start, by making a ring: a kernel without it, a seccomp
//! filter or a limit on locked memory says no, and epoll carries on.
//!
//! It knows no sockets; those that go through the ring are in `uring`.

use std::future::Future;
use std::io;

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::config::plan::Engine;

/// How often the executor looks at sockets: after this many task polls at the latest.
const EVENT_INTERVAL: u32 = 61;
/// Operations that may wait for the kernel at once.
#[cfg(feature = "uring")]
const RING_ENTRIES: u32 = 1024;

/// The engine in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// Readiness by epoll.
    #[default]
    Epoll,
    /// Completion by io_uring.
    #[cfg(feature = "uring")]
    Uring,
}

impl Carrier {
    /// As it is called in the file, in logs and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Epoll => "epoll",
            #[cfg(feature = "uring")]
            Self::Uring => "uring",
        }
    }
}

/// The engine that is had for the one that is asked for, and why it is another one.
#[must_use]
pub fn choose(wanted: Engine) -> (Carrier, Option<String>) {
    match wanted {
        // What won: docs/decisions/010.
        Engine::Auto | Engine::Epoll => (Carrier::Epoll, None),
        Engine::Uring => ring(),
    }
}

#[cfg(feature = "uring")]
fn ring() -> (Carrier, Option<String>) {
    match tokio_uring::Runtime::new(&settings()) {
        Ok(_) => (Carrier::Uring, None),
        Err(error) => (Carrier::Epoll, Some(format!("the system allows no ring: {error}"))),
    }
}

#[cfg(not(feature = "uring"))]
fn ring() -> (Carrier, Option<String>) {
    (Carrier::Epoll, Some("this program was built without the feature `uring`".to_owned()))
}

/// Without interrupts for completions: they are seen when the thread is in the kernel anyway.
#[cfg(feature = "uring")]
fn settings() -> tokio_uring::Builder {
    let mut ring = tokio_uring::uring_builder();
    let _ = ring.setup_coop_taskrun().setup_taskrun_flag();
    let mut builder = tokio_uring::builder();
    let _ = builder.entries(RING_ENTRIES).uring_builder(&ring);
    builder
}

/// Runs `future` to its end on the calling thread; local tasks that are left are dropped.
///
/// # Errors
/// The runtime cannot be made.
pub fn block_on<F: Future>(carrier: Carrier, future: F) -> io::Result<F::Output> {
    match carrier {
        Carrier::Epoll => {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .event_interval(EVENT_INTERVAL)
                .build()?;
            let local = LocalSet::new();
            let output = local.block_on(&runtime, future);
            drop(local);
            // A name look-up that hangs must not hold the thread.
            runtime.shutdown_background();
            Ok(output)
        }
        #[cfg(feature = "uring")]
        Carrier::Uring => Ok(tokio_uring::Runtime::new(&settings())?.block_on(future)),
    }
}
