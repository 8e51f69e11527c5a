//! A shard without sockets: requests in, batches out, everything between them real.
//!
//! ```text
//! arrival -> Entry::accept (scan, route, rewrite, push) -> queue -> Destination::next -> settled
//! ```
//! One receiver routes by a resource attribute to one of two HTTP destinations; the route that
//! takes all bodies of `payloads` may edit them. Must be used inside of a tokio runtime: queues ask
//! for the time. Not here: connections, compression, retries, more than one shard.

#[allow(clippy::disallowed_methods, reason = "the rig is shared with the tests")]
#[path = "../../tests/support/rig.rs"]
mod rig;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rig::{Rig, leg, target};
use spanyard::config::plan::{Branch, Condition, Flow, Literal, Row, Stage, StageId, Switch};
use spanyard::pipeline::{Message, Verdict};
use spanyard_wire::edit::Edit;

/// Requests that may wait for each destination; one at a time does.
const QUEUE_SIZE: u64 = 1000;

/// The shard. Single-threaded, as shards are.
pub(crate) struct Yard(Rig);

impl Yard {
    /// A yard whose first route applies `edits`.
    pub(crate) fn new(edits: Vec<Edit>) -> Self {
        Self(Rig::new(flow(edits), vec![target(QUEUE_SIZE), target(QUEUE_SIZE)]))
    }

    /// A body as ingest hands it over.
    pub(crate) fn message(&self, body: &[u8]) -> Message {
        self.0.message(body)
    }

    /// Takes a request all the way and calls it delivered; bytes that would have left, `None` if it
    /// was not accepted or does not leave at once.
    pub(crate) fn pass(&self, message: Message) -> Option<usize> {
        if !matches!(self.0.accept(message), Verdict::Accepted { .. }) {
            return None;
        }
        let taken = pin!(self.0.take(0));
        match taken.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(sealed) => Some(sealed.payload().len()),
            Poll::Pending => None,
        }
    }
}

/// `deployment.environment.name == "production"` to destination 0, the rest to destination 1.
fn flow(edits: Vec<Edit>) -> Flow {
    let when = Condition::AttributeIs {
        key: "deployment.environment.name".to_owned(),
        value: Literal::String("production".to_owned()),
        negated: false,
    };
    let rows = vec![Row { when, to: vec![StageId(1)], copy: false }];
    let switch =
        Switch { edits: Vec::new(), rows, default: vec![StageId(2)], default_if_none: false };
    let branch = |to, edits| Branch {
        pipeline: format!("traces/{to}"),
        edits,
        items: Vec::new(),
        legs: vec![leg(to)],
    };
    Flow {
        entry: vec![StageId(0)],
        stages: vec![Stage::Switch(switch), Stage::Leaf(0), Stage::Leaf(1)],
        branches: vec![branch(0, edits), branch(1, Vec::new())],
        slots: Vec::new(),
        by_request: false,
        admit_below: None,
        limiters: Vec::new(),
    }
}
