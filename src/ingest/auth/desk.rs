//! Where passwords are checked: at once where that is cheap, else by a thread of its own.
//!
//! bcrypt takes tens of milliseconds, for which a shard cannot stand still. Jobs wait in a channel
//! with an end; when it is full, clients that are not known yet are told to come again. Those that
//! wait hold no part of a body. The thread ends with the desk.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

use super::Mark;
use super::users::{Credentials, Users};
use crate::ingest::verdict::Fault;
use crate::runtime::clock;
use crate::runtime::kept::Kept;

/// Checks that may wait: a few seconds' worth.
const JOBS_MAX: usize = 32;

/// Takes checks to their thread.
pub(super) struct Desk {
    jobs: flume::Sender<Job>,
}

struct Job {
    users: Arc<Users>,
    mark: Mark,
    credentials: Credentials,
    at: Instant,
    answer: oneshot::Sender<bool>,
}

impl Desk {
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn open() -> Result<Self, String> {
        let (jobs, waiting) = flume::bounded(JOBS_MAX);
        let thread = thread::Builder::new().name("spanyard-auth".to_owned());
        thread
            .spawn(move || waiting.iter().for_each(Job::run))
            .map(drop)
            .map_err(|error| format!("a thread to check passwords: {error}"))?;
        Ok(Self { jobs })
    }

    /// Whether a header of this value is let in.
    pub(super) async fn check(&self, users: &Kept<Users>, value: &[u8]) -> Result<bool, Fault> {
        let (users, at) = (users.get(), clock::now());
        let mark = users.mark(value);
        if let Some(known) = users.recall(&mark, at) {
            return Ok(known);
        }
        let Some(credentials) = Credentials::read(value) else { return Ok(false) };
        if !users.is_slow() {
            return Ok(users.verify(&mark, &credentials, at));
        }
        let (answer, verdict) = oneshot::channel();
        let job = Job { users, mark, credentials, at, answer };
        self.jobs.try_send(job).map_err(|_| Fault::Overloaded)?;
        verdict.await.map_err(|_| Fault::Overloaded)
    }
}

impl Job {
    fn run(self) {
        // Whoever has gone meanwhile costs nothing more.
        if self.answer.is_closed() {
            return;
        }
        let Self { users, mark, credentials, at, answer } = self;
        let known = users.recall(&mark, at);
        let granted = known.unwrap_or_else(|| users.verify(&mark, &credentials, at));
        // The client may be gone by now.
        answer.send(granted).unwrap_or_default();
    }
}
