//! THE HOT PATH ON ONE SCREEN: what happens to the bytes of a request, from scan to verdict.
//!
//! ```text
//!  Arrival -- scan --> groups -- route --> selections -- rewrite --> goods -- admit --> Verdict
//! ```
//! Everything runs in one turn on the core that has just read the bytes: no await, no lock.
//!
//! Invariants: nothing is queued anywhere before room has been taken everywhere; a request is
//! refused as a whole or its groups reach a real destination each; memory is allocated for
//! destinations and requests, never for spans. It neither reads sockets nor speaks a status code.

mod admission;
mod arrival;
mod carry;
mod lanes;
mod tenants;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use spanyard_wire::nesting;
use spanyard_wire::request::Request;
use spanyard_wire::resource::Resource;
use spanyard_wire::schema::Signal;

use crate::buf::budget::Lease;
use crate::buf::pool::Home;
use crate::rewrite::Selection;
use crate::rewrite::context::Slots;
use crate::route::{self, condition::Facts};
use crate::telemetry::ledger::ShardLedger;
use crate::telemetry::names::{LimiterMeter, ReceiverMeter, ShardMeter};
use crate::units::Weight;
pub use arrival::{
    Answer, Arrival, Encoding, Failure, GATHER_BYTES_MAX, Hold, Message, Refusal, Verdict,
};
pub use lanes::Lanes;
use tenants::Ruling;
pub use tenants::{Table, Tenant, Tenants};

/// What every entry of a shard shares.
#[derive(Debug)]
pub struct Tools {
    /// Blocks.
    pub home: Arc<Home>,
    /// Bytes.
    pub lease: Arc<Lease>,
    /// The shard's counters.
    pub meter: ShardMeter,
    /// The shard's part of the ledger.
    pub ledger: ShardLedger,
    /// Memory reused from request to request.
    pub scratch: RefCell<Scratch>,
}

/// Grows to the largest request seen and stays.
#[derive(Debug, Default)]
pub struct Scratch {
    request: Request,
    selections: Vec<Selection>,
    ruling: Ruling,
}

/// What an entry counts with.
#[derive(Debug)]
pub struct Meters {
    /// The receiver's counters for this transport and signal.
    pub receiver: ReceiverMeter,
    /// One for each `memory_limiter` on the way.
    pub limiters: Vec<LimiterMeter>,
}

/// Where requests of one (receiver, transport, signal) enter on one shard.
#[derive(Debug)]
pub struct Entry {
    signal: Signal,
    lanes: Lanes,
    meter: ReceiverMeter,
    limiters: Vec<LimiterMeter>,
    tenants: Option<Rc<Tenants>>,
    tools: Rc<Tools>,
}

impl Entry {
    /// An entry over compiled lanes.
    #[must_use]
    pub fn new(signal: Signal, lanes: Lanes, meters: Meters, tools: Rc<Tools>) -> Self {
        let Meters { receiver, limiters } = meters;
        Self { signal, lanes, meter: receiver, limiters, tenants: None, tools }
    }

    /// The same entry with quotas of tenants.
    #[must_use]
    pub fn limited_by(mut self, tenants: Option<Rc<Tenants>>) -> Self {
        self.tenants = tenants;
        self
    }

    /// The tenant that these headers name, to be given to [`Entry::accept_of`]; `None`: it is not
    /// for a header to say, or it has no quota.
    ///
    /// # Errors
    /// [`Refusal::Quota`]: it is over its quota.
    pub fn tenant(&self, headers: &http::HeaderMap) -> Result<Option<Tenant>, Refusal> {
        self.tenants.as_ref().map_or(Ok(None), |tenants| tenants.at_the_head(headers))
    }

    /// Takes a whole request through the gateway, or refuses it.
    #[must_use]
    pub fn accept(&self, arrival: Arrival<'_>) -> Verdict {
        self.accept_of(None, arrival)
    }

    /// [`Entry::accept`] for a tenant, who pays for what is taken.
    #[must_use]
    pub fn accept_of(&self, tenant: Option<Tenant>, arrival: Arrival<'_>) -> Verdict {
        let scratch = &mut *self.tools.scratch.borrow_mut();
        let Scratch { request, selections, ruling } = scratch;
        let bytes = arrival.message.bytes();
        if let Err(error) = request.scan(self.signal, bytes) {
            return Verdict::Refused(Refusal::Malformed(error));
        }
        if let Err(error) = nesting::check(self.signal, bytes, request, self.lanes.nesting_max()) {
            return Verdict::Refused(Refusal::Malformed(error));
        }
        // As in the Collector: what holds no item at all is welcome and goes nowhere.
        if request.items == 0 {
            return Verdict::Accepted { hold: None };
        }
        let tenants = self.tenants.as_deref();
        if let Some(refusal) = tenants.and_then(|it| it.judge(bytes, request, ruling)) {
            self.count(0, request.items);
            return Verdict::Refused(refusal);
        }

        let slots = Slots::resolve(&self.lanes.flow().slots, arrival.headers, arrival.peer);
        let slots = slots.views();
        let facts = Facts { headers: arrival.routing, metadata: arrival.headers, slots: &slots };
        let over = tenants.map_or(&[][..], |_| &ruling.over);
        let unrouted = self.choose(bytes, request, over, &facts, selections);

        for (selection, branch) in selections.iter_mut().zip(&self.lanes.flow().branches) {
            if !selection.groups.is_empty()
                && let Err(error) = selection.build(bytes, request, self.signal, branch, &slots)
            {
                return Verdict::Refused(Refusal::Malformed(error));
            }
        }

        let items = request.items;
        let mut verdict = self.admit(arrival, request, selections);
        if tenants.is_some() {
            verdict = ruling.amend(verdict);
        }
        let refused = match &verdict {
            Verdict::Accepted { .. } => 0,
            Verdict::Partial { rejected, .. } | Verdict::Limited { rejected, .. } => *rejected,
            Verdict::Refused(_) => items,
        };
        self.count(items.saturating_sub(refused), refused);
        if let Some(tenants) = tenants
            && !matches!(verdict, Verdict::Refused(_))
        {
            tenants.settle(tenant, items.saturating_sub(refused), ruling);
        }
        if unrouted.requests > 0 && !matches!(verdict, Verdict::Refused(_)) {
            self.tools.ledger.no_route(self.signal, unrouted);
        }
        verdict
    }

    /// Counts the request that [`Entry::accept`] was at when it panicked: its items if they were
    /// known by then, else one. What it had borrowed and reserved was given back by unwinding.
    pub fn failed(&self) {
        let known = self.tools.scratch.try_borrow().map_or(0, |scratch| scratch.request.items);
        self.meter.failed.increment(known.max(1));
    }

    fn count(&self, accepted: u64, refused: u64) {
        self.meter.accepted.increment(accepted);
        self.meter.refused.increment(refused);
        for limiter in &self.limiters {
            limiter.accepted.increment(accepted);
            limiter.refused.increment(refused);
        }
    }

    /// Fills the selections, without the groups in `over`; returns what no branch takes.
    fn choose(
        &self,
        bytes: &[u8],
        request: &Request,
        over: &[usize],
        facts: &Facts<'_>,
        selections: &mut Vec<Selection>,
    ) -> Weight {
        let flow = self.lanes.flow();
        selections.resize_with(flow.branches.len(), Selection::default);
        selections.iter_mut().for_each(Selection::clear);
        if flow.by_request {
            let mut taken = false;
            route::walk(flow, facts, Resource::of(&[]), |branch| {
                taken = true;
                if let Some(selection) = selections.get_mut(branch) {
                    selection.groups.clear();
                    let groups = 0..request.groups.len();
                    selection.groups.extend(groups.filter(|group| !is_in(over, *group)));
                }
            });
            let whole = Weight { items: request.items, requests: 1, bytes: bytes.len() as u64 };
            return if taken { Weight::default() } else { whole };
        }
        let mut unrouted = Weight::default();
        for (index, group) in request.groups.iter().enumerate() {
            if is_in(over, index) {
                continue;
            }
            let mut taken = false;
            let body = group.body.of(bytes);
            route::walk(flow, facts, Resource::of(body), |branch| {
                taken = true;
                if let Some(selection) = selections.get_mut(branch)
                    && selection.groups.last() != Some(&index)
                {
                    selection.groups.push(index);
                }
            });
            if !taken {
                unrouted.items = unrouted.items.saturating_add(u64::from(group.items));
                unrouted.bytes = unrouted.bytes.saturating_add(group.field.len() as u64);
                unrouted.requests = 1;
            }
        }
        unrouted
    }

    /// The bound for new tickets of this entry's requests.
    #[must_use]
    pub fn admit_below(&self) -> usize {
        self.lanes.flow().admit_below.unwrap_or(usize::MAX)
    }

    /// The shard's share of the byte budget.
    #[must_use]
    pub fn lease(&self) -> &Arc<Lease> {
        &self.tools.lease
    }

    /// Where blocks come from.
    #[must_use]
    pub fn home(&self) -> &Arc<Home> {
        &self.tools.home
    }

    /// The counters of this entry.
    #[must_use]
    pub const fn meter(&self) -> &ReceiverMeter {
        &self.meter
    }

    /// The signal that enters here.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        self.signal
    }
}

/// Whether a group is in an ascending list, which is empty as a rule.
fn is_in(list: &[usize], group: usize) -> bool {
    !list.is_empty() && list.binary_search(&group).is_ok()
}
