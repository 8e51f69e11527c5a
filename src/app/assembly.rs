//! What a shard is made of under one plan: queues with their workers, entries, receivers.
//!
//! Built on the shard's thread, from the plan and from what is kept of the plan before: a
//! destination whose settings are the same keeps its queue and its workers, the others are made
//! anew.

use std::rc::Rc;
use std::sync::Arc;

use super::common::{Common, Current, Shared};
use super::doors::{self, Door};
use crate::buf::budget::{Budget, Lease};
use crate::config::plan::{self, Address, Batching, Plan, Receiver, TlsServer};
use crate::export::deflate::Deflater;
use crate::export::{self, Backend, Team};
use crate::ingest::{Front, Ready};
use crate::pipeline::{Entry, Lanes, Meters, Tenants, Tools};
use crate::queue::{Destination, Supplies};
use crate::telemetry::cells::ShardRecorder;
use crate::telemetry::ledger::DropReason;
use crate::telemetry::names::{ExporterMeter, LimiterMeter, ReceiverMeter, TenantMeter, Transport};
use crate::units::{DestinationId, ReceiverId};
use spanyard_wire::schema::Signal;

/// A queue and the tasks that empty it.
pub(super) struct Served {
    pub(super) destination: Rc<Destination>,
    pub(super) workers: Team,
}

impl Served {
    /// Ends the workers; what they have in flight is counted under `reason`.
    pub(super) fn stop(&self, reason: DropReason) {
        self.destination.blame(reason);
        self.workers.abort();
    }
}

type Port = (Address, Option<TlsServer>);

/// What makes a receiver the same one over a reload: its id, where it listens, and what a client
/// has to show before it is heard. With another `tls`, connections made without it have to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receiving {
    id: String,
    grpc: Option<Port>,
    http: Option<Port>,
    http3: bool,
}

impl Receiving {
    fn of(receiver: &Receiver) -> Self {
        Self {
            id: receiver.id.clone(),
            grpc: receiver.grpc.as_ref().map(|grpc| (grpc.endpoint.clone(), grpc.tls.clone())),
            http: receiver.http.as_ref().map(|http| (http.endpoint.clone(), http.tls.clone())),
            http3: receiver.http.as_ref().is_some_and(doors::takes_http3),
        }
    }

    /// The receiver's id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Where it listens, and for which transport.
    pub(super) fn doors(&self) -> impl Iterator<Item = (Transport, Door)> {
        let door = |transport, address| (transport, Door::new(&self.id, transport, address));
        let grpc = self.grpc.as_ref().map(|(address, _)| door(Transport::Grpc, address));
        let http = self.http.as_ref().map(|(address, _)| door(Transport::Http, address));
        [grpc, http].into_iter().flatten()
    }

    /// The door at which it takes HTTP/3 as well.
    pub(super) fn http3(&self) -> Option<Door> {
        let (address, _) = self.http.as_ref().filter(|_| self.http3)?;
        Some(Door::new(&self.id, Transport::Http, address))
    }
}

/// One shard under one plan.
pub(super) struct Assembly {
    pub(super) served: Vec<Served>,
    pub(super) fronts: Vec<(Receiving, Rc<Front>)>,
}

/// What the parts are made with.
pub(super) struct Workshop<'a> {
    pub(super) common: &'a Common,
    pub(super) recorder: &'a ShardRecorder,
    pub(super) tools: &'a Rc<Tools>,
    pub(super) deflater: &'a Rc<Deflater>,
}

impl Workshop<'_> {
    /// Builds a shard for `plan`; queues that stay are moved out of `before`.
    pub(super) fn assemble(
        &self,
        current: &Current,
        before: &mut Vec<Served>,
        batchings: &mut Vec<Rc<Batching>>,
    ) -> Assembly {
        let plan = &current.plan;
        let served: Vec<Served> = plan
            .destinations
            .iter()
            .zip(&current.backends)
            .map(|(destination, backend)| self.serve(plan, destination, backend, before))
            .collect();
        let find = |id: DestinationId| served.get(id.0).map(|of| Rc::clone(&of.destination));
        let tenants = plan.tenants.as_ref().map(|limits| {
            let meter = |tenant: &str| TenantMeter::new(self.recorder, tenant);
            Tenants::new(limits, self.common.tenants(), &meter)
        });
        let fronts = (0..plan.receivers.len())
            .map(ReceiverId)
            .zip(&current.ready)
            .filter_map(|(id, ready)| {
                self.front(plan, id, ready, tenants.as_ref(), &find, batchings)
            })
            .collect();
        Assembly { served, fronts }
    }

    fn serve(
        &self,
        current: &Plan,
        plan: &plan::Destination,
        backend: &Backend,
        before: &mut Vec<Served>,
    ) -> Served {
        // Of a destination that stays, too: its part of the bytes depends on the others.
        let Shared { slots, share, dead_on } = self.common.shared(current, plan);
        let same = before.iter().position(|old| old.destination.plan() == plan);
        if let Some(index) = same {
            return before.swap_remove(index);
        }
        let (slots, share) = leases(&slots, &share, plan, before);
        let meter = ExporterMeter::new(self.recorder, &plan.exporter, plan.signal);
        meter.queue_capacity.set(gauge_of(plan.queue.capacity));
        let supplies = Supplies {
            home: Arc::clone(&self.tools.home),
            bytes: Arc::clone(&self.tools.lease),
            slots,
            share,
            dead_on,
            meter,
            row: self.tools.ledger.row(&plan.exporter, plan.signal),
        };
        let workers = plan.queue.consumers.div_ceil(self.common.shards).max(1);
        let destination = Destination::new(plan.clone(), supplies, workers);
        let workers = export::start(&destination, backend, workers, self.deflater);
        Served { destination, workers }
    }

    fn front(
        &self,
        plan: &Arc<Plan>,
        id: ReceiverId,
        ready: &Ready,
        tenants: Option<&Rc<Tenants>>,
        find: &dyn Fn(DestinationId) -> Option<Rc<Destination>>,
        batchings: &mut Vec<Rc<Batching>>,
    ) -> Option<(Receiving, Rc<Front>)> {
        let receiver = plan.receiver(id)?;
        let mut entries = |transport| {
            Signal::ALL.map(|signal| {
                let lanes = Lanes::bind(plan, id, signal, find, batchings)?;
                let limiter = |id: &String| LimiterMeter::new(self.recorder, id, signal);
                let meters = Meters {
                    receiver: ReceiverMeter::new(self.recorder, &receiver.id, transport, signal),
                    limiters: lanes.limiters().iter().map(limiter).collect(),
                };
                let entry = Entry::new(signal, lanes, meters, Rc::clone(self.tools));
                Some(Rc::new(entry.limited_by(tenants.cloned())))
            })
        };
        let (http, grpc) = (entries(Transport::Http), entries(Transport::Grpc));
        Some((Receiving::of(receiver), Front::new(receiver, ready, http, grpc)))
    }
}

/// This shard's leases of a destination's slots and bytes: those of the queue that it replaces, if
/// their budgets are the same.
fn leases(
    slots: &Arc<Budget>,
    share: &Arc<Budget>,
    plan: &plan::Destination,
    before: &[Served],
) -> (Arc<Lease>, Arc<Lease>) {
    let stands_for =
        |old: &plan::Destination| (&old.exporter, old.signal) == (&plan.exporter, plan.signal);
    let old = before.iter().find(|old| stands_for(old.destination.plan()));
    old.map(|old| old.destination.leases())
        .filter(|(of, _)| Arc::ptr_eq(of.budget(), slots))
        .unwrap_or_else(|| (slots.lease(), share.lease()))
}

#[expect(clippy::cast_precision_loss, reason = "queue sizes stay far below 2^53")]
const fn gauge_of(figure: u64) -> f64 {
    figure as f64
}
