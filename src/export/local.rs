//! Destinations inside the process: `debug`, which tells once a second what passed, and `nop`.
//!
//! Neither makes a request safe (`plan::Destination::is_real`); what they take counts as delivered.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use super::deadline::Deadline;
use crate::queue::{Destination, Fate};
use crate::runtime::clock;
use crate::units::Weight;

/// Time between two lines.
const PERIOD: Duration = Duration::from_secs(1);

/// Takes everything and says nothing.
pub(super) async fn nop(destination: Rc<Destination>) {
    while let Some((batch, mut flight)) = destination.next(0).await {
        flight.settle(batch.weight(), Fate::Delivered);
    }
}

/// Takes everything and prints one line a second while something comes.
pub(super) async fn debug(destination: Rc<Destination>) {
    let mut sum = Weight::default();
    let mut deadline = Deadline::never(clock::now());
    loop {
        let mut next = pin!(destination.next(0));
        let taken = poll_fn(|context| {
            if deadline.poll(context).is_ready() {
                deadline.set(None);
                print(&destination, std::mem::take(&mut sum));
            }
            next.as_mut().poll(context)
        });
        let Some((batch, mut flight)) = taken.await else {
            break;
        };
        flight.settle(batch.weight(), Fate::Delivered);
        if sum.requests == 0 {
            deadline.set(Some(clock::now() + PERIOD));
        }
        sum = sum.plus(batch.weight());
    }
    if sum.requests > 0 {
        print(&destination, sum);
    }
}

fn print(destination: &Destination, sum: Weight) {
    let plan = destination.plan();
    tracing::info!(
        exporter = plan.exporter,
        signal = plan.signal.name(),
        requests = sum.requests,
        items = sum.items,
        bytes = sum.bytes,
        "received {} {} in {} requests, {} bytes",
        sum.items,
        plan.signal.items(),
        sum.requests,
        sum.bytes
    );
}
