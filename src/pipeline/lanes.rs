//! A flow bound to one shard: its branches' legs with the queues they lead to.
//!
//! Made when a plan is loaded; the hot path only walks it.

use std::rc::Rc;
use std::sync::Arc;

use super::carry::Carrier;
use crate::buf::budget::Exhausted;
use crate::config::plan::{Batching, Compression, Flow, Leg, Plan, Target};
use crate::queue::batch::Encoding;
use crate::queue::ring::MergeKey;
use crate::queue::{Destination, Joining};
use crate::units::{DestinationId, ReceiverId};
use spanyard_wire::schema::Signal;

/// The lanes of one flow on one shard.
#[derive(Debug)]
pub struct Lanes {
    plan: Arc<Plan>,
    receiver: ReceiverId,
    signal: Signal,
    branches: Vec<Vec<Lane>>,
}

/// One leg with its queue.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) destination: Rc<Destination>,
    pub(super) joining: Joining,
    pub(super) wants: Compression,
    pub(super) real: bool,
    /// The client's answer waits for the backend's.
    pub(super) waits: bool,
    /// Lanes of one branch that want the same compression: number of the set, unique in the flow.
    pub(super) shares: Option<usize>,
    carrier: Carrier,
}

impl Lanes {
    /// Binds the flow of (receiver, signal) to this shard's queues; `None` when no pipeline takes
    /// it. `batchings` numbers the distinct `batch` settings of the shard.
    #[must_use]
    pub fn bind(
        plan: &Arc<Plan>,
        receiver: ReceiverId,
        signal: Signal,
        queue: &dyn Fn(DestinationId) -> Option<Rc<Destination>>,
        batchings: &mut Vec<Rc<Batching>>,
    ) -> Option<Self> {
        let flow = flow_of(plan, receiver, signal)?;
        let mut branches: Vec<Vec<Lane>> = Vec::with_capacity(flow.branches.len());
        for branch in &flow.branches {
            let lanes = branch.legs.iter().filter_map(|leg| Lane::bind(leg, queue, batchings));
            branches.push(lanes.collect());
        }
        let mut sets = 0;
        branches.iter_mut().for_each(|lanes| mark_sharing(lanes, &mut sets));
        Some(Self { plan: Arc::clone(plan), receiver, signal, branches })
    }

    /// The flow. It exists: `bind` has found it in the same, immutable plan.
    pub(super) fn flow(&self) -> &Flow {
        flow_of(&self.plan, self.receiver, self.signal).unwrap_or(&EMPTY)
    }

    /// How deep values may be nested; 0: any depth.
    pub(super) fn nesting_max(&self) -> usize {
        self.plan.runtime.nesting_max
    }

    /// The ids of the `memory_limiter`s on the way.
    #[must_use]
    pub fn limiters(&self) -> &[String] {
        &self.flow().limiters
    }

    pub(super) fn of_branch(&self, branch: usize) -> &[Lane] {
        self.branches.get(branch).map_or(&[], Vec::as_slice)
    }
}

impl Lane {
    fn bind(
        leg: &Leg,
        queue: &dyn Fn(DestinationId) -> Option<Rc<Destination>>,
        batchings: &mut Vec<Rc<Batching>>,
    ) -> Option<Self> {
        let destination = queue(leg.destination)?;
        let mut joining = Joining::default();
        if let Some(batching) = &leg.batch {
            let index = number(batching, batchings);
            joining.key = MergeKey { batching: index.saturating_add(1), metadata: None };
            joining.batching = batchings.get(index).cloned();
        }
        let kept = leg.batch.as_ref().map(|batching| batching.metadata_keys.as_slice());
        let carrier = Carrier::new(kept, destination.plan().target.context_keys());
        let wants = match &destination.plan().target {
            Target::Http(target) => target.compression,
            Target::Grpc(target) => target.compression,
            Target::Debug | Target::Nop => Compression::None,
        };
        let real = destination.plan().is_real();
        let waits = real && destination.plan().queue.waits;
        Some(Self { destination, joining, wants, real, waits, shares: None, carrier })
    }

    /// How a request with these headers joins others on this lane.
    ///
    /// # Errors
    /// [`Exhausted`]: the byte budget has no room for what would travel with it.
    pub(super) fn joining(&self, headers: Option<&http::HeaderMap>) -> Result<Joining, Exhausted> {
        let mut joining = self.joining.clone();
        if let Some(values) = self.carrier.values(headers, self.destination.bytes())? {
            joining.key.metadata = Some(values.key);
            joining.context = values.context;
        }
        Ok(joining)
    }

    /// Whether bytes that came in `encoding` can leave as they are.
    pub(super) const fn takes(&self, encoding: Encoding) -> bool {
        leaves(self.wants, encoding)
    }
}

/// Whether bytes in `encoding` are what a backend is sent that wants `wants`. The zlib format has
/// two names; the two formats of snappy are never taken for each other.
const fn leaves(wants: Compression, encoding: Encoding) -> bool {
    match encoding {
        Encoding::Identity => false,
        Encoding::Gzip => matches!(wants, Compression::Gzip(_)),
        Encoding::Zlib | Encoding::Deflate => {
            matches!(wants, Compression::Zlib(_) | Compression::Deflate(_))
        }
        Encoding::Zstd => matches!(wants, Compression::Zstd(_)),
        Encoding::Snappy => matches!(wants, Compression::Snappy),
        Encoding::SnappyFramed => matches!(wants, Compression::SnappyFramed),
    }
}

/// The number of these `batch` settings. A number is given to others only when no lane and no open
/// batch has it any more.
fn number(batching: &Batching, batchings: &mut Vec<Rc<Batching>>) -> usize {
    if let Some(index) = batchings.iter().position(|known| **known == *batching) {
        return index;
    }
    let settings = Rc::new(batching.clone());
    let unused = batchings.iter_mut().enumerate().find(|(_, it)| Rc::strong_count(it) == 1);
    if let Some((index, unused)) = unused {
        *unused = settings;
        return index;
    }
    batchings.push(settings);
    batchings.len().saturating_sub(1)
}

/// Numbers the sets of lanes that take the same bytes in the same compression.
fn mark_sharing(lanes: &mut [Lane], sets: &mut usize) {
    let wanted: Vec<Compression> = lanes.iter().map(|lane| lane.wants).collect();
    for (at, wants) in wanted.iter().enumerate() {
        let sharers = wanted.iter().filter(|other| *other == wants).count();
        let first = !wanted.iter().take(at).any(|other| other == wants);
        if *wants == Compression::None || sharers < 2 || !first {
            continue;
        }
        for lane in lanes.iter_mut().filter(|lane| lane.wants == *wants) {
            lane.shares = Some(*sets);
        }
        *sets = sets.saturating_add(1);
    }
}

fn flow_of(plan: &Plan, receiver: ReceiverId, signal: Signal) -> Option<&Flow> {
    plan.receiver(receiver)?.flows.get(signal.index())?.as_ref()
}

static EMPTY: Flow = Flow {
    entry: Vec::new(),
    stages: Vec::new(),
    branches: Vec::new(),
    slots: Vec::new(),
    by_request: true,
    admit_below: None,
    limiters: Vec::new(),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_as_they_came_only_where_their_format_is_wanted() {
        use Compression::{Deflate, Gzip, None, Snappy, SnappyFramed, Zlib, Zstd};
        let wanted = [None, Gzip(6), Zlib(6), Deflate(1), Zstd(3), Snappy, SnappyFramed];
        let cases = [
            (Encoding::Identity, &[][..]),
            (Encoding::Gzip, &[Gzip(6)]),
            (Encoding::Zlib, &[Zlib(6), Deflate(1)]),
            (Encoding::Deflate, &[Zlib(6), Deflate(1)]),
            (Encoding::Zstd, &[Zstd(3)]),
            (Encoding::Snappy, &[Snappy]),
            (Encoding::SnappyFramed, &[SnappyFramed]),
        ];
        for (encoding, takers) in cases {
            for wants in wanted {
                assert_eq!(leaves(wants, encoding), takers.contains(&wants), "{wants:?}");
            }
        }
    }
}
