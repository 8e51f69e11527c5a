//! A shard without sockets: requests in, batches out, everything between them real.
//!
//! ```text
//! arrival -> Entry::accept (scan, route, rewrite, push) -> queue -> Destination::next -> settled
//! ```
//! One receiver routes by a resource attribute to one of two HTTP destinations; the route that takes
//! all bodies of `payloads` may edit them. Must be used inside of a tokio runtime: queues ask for the
//! time. Not here: connections, compression, retries, more than one shard.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use spanyard::buf::block::Block;
use spanyard::buf::budget::Budget;
use spanyard::buf::pool::Pool;
use spanyard::config::plan;
use spanyard::pipeline::{Arrival, Entry, Lanes, Message, Tools, Verdict};
use spanyard::queue::batch::GATHER_BYTES_MAX;
use spanyard::queue::{Destination, Fate, Supplies};
use spanyard::telemetry::cells::Registry;
use spanyard::telemetry::ledger::Ledger;
use spanyard::telemetry::names::{ExporterMeter, ReceiverMeter, ShardMeter, Transport};
use spanyard::units::{DestinationId, MIB, ReceiverId};
use spanyard_wire::edit::Edit;
use spanyard_wire::schema::Signal;

const SIGNAL: Signal = Signal::Traces;

/// The shard. Single-threaded, as shards are.
pub(crate) struct Yard {
    entry: Entry,
    destinations: Vec<Rc<Destination>>,
    _pool: Pool,
}

impl Yard {
    /// A yard whose first route applies `edits`; `None` if a budget of 64 MiB is not to be had.
    pub(crate) fn new(edits: Vec<Edit>) -> Option<Self> {
        let pool = Pool::install(0, MIB);
        let lease = Budget::new(64 * MIB, 64 * MIB, 1, MIB).lease();
        let recorder = Registry::new(1).shard(0);
        let ledger = Ledger::new(1);
        let plans = vec![destination("otlphttp/production"), destination("otlphttp/other")];
        let shard = ledger.shard(0);
        let queue = |plan: &plan::Destination| {
            let supplies = Supplies {
                home: Arc::clone(pool.home()),
                bytes: Arc::clone(&lease),
                slots: Budget::new(1000, 1000, 1, 1).lease(),
                meter: ExporterMeter::new(&recorder, &plan.exporter, plan.signal),
                row: shard.row(&plan.exporter, plan.signal),
            };
            Destination::new(plan.clone(), supplies, 1)
        };
        let destinations: Vec<Rc<Destination>> = plans.iter().map(queue).collect();
        let plan = Arc::new(plan_of(edits, plans));
        let find = |id: DestinationId| destinations.get(id.0).cloned();
        let lanes = Lanes::bind(&plan, ReceiverId(0), SIGNAL, &find, &mut Vec::new())?;
        let tools = Rc::new(Tools {
            home: Arc::clone(pool.home()),
            lease,
            meter: ShardMeter::new(&recorder),
            ledger: shard,
            scratch: RefCell::default(),
        });
        let meter = ReceiverMeter::new(&recorder, "otlp", Transport::Http, SIGNAL);
        let entry = Entry::new(SIGNAL, lanes, meter, tools);
        Some(Self { entry, destinations, _pool: pool })
    }

    /// A body as ingest hands it over: small ones as a frame, others in a block of their own.
    pub(crate) fn arrival(&self, body: &[u8]) -> Option<Arrival<'static>> {
        let ticket = self.entry.lease().admit(body.len(), usize::MAX).ok()?;
        let message = if body.len() <= GATHER_BYTES_MAX {
            Message::Frame(bytes::Bytes::copy_from_slice(body), ticket)
        } else {
            let mut block = Block::new(self.entry.home(), body.len(), ticket).ok()?;
            block.put(body);
            Message::Block(block)
        };
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Some(Arrival { headers: None, peer, message, original: None })
    }

    /// Takes a request all the way and calls it delivered; bytes that would have left, `None` if it
    /// was not accepted or does not leave at once.
    pub(crate) fn pass(&self, arrival: Arrival<'_>) -> Option<usize> {
        let verdict = self.entry.accept(arrival);
        if !matches!(verdict, Verdict::Accepted { .. }) {
            return None;
        }
        let queue = self.destinations.first()?;
        let next = pin!(queue.next(0));
        let Poll::Ready(Some((sealed, mut flight))) =
            next.poll(&mut Context::from_waker(Waker::noop()))
        else {
            return None;
        };
        flight.settle(sealed.weight(), Fate::Delivered);
        Some(sealed.payload().len())
    }
}

fn destination(exporter: &str) -> plan::Destination {
    let peer = plan::Peer { host: "127.0.0.1".to_owned(), port: 1, tls: None };
    plan::Destination {
        exporter: exporter.to_owned(),
        signal: SIGNAL,
        target: plan::Target::Http(plan::HttpTarget {
            peer,
            path: "/v1/traces".to_owned(),
            authority: "127.0.0.1:1".to_owned(),
            headers: Vec::new(),
            compression: plan::Compression::None,
            timeout: Duration::from_secs(1),
        }),
        queue: plan::QueuePlan {
            capacity: 1000,
            sizer: plan::Sizer::Requests,
            consumers: 1,
            required: false,
            merge: true,
            batch: None,
        },
        retry: None,
    }
}

/// `deployment.environment.name == "production"` to destination 0, the rest to destination 1.
fn flow(edits: Vec<Edit>) -> plan::Flow {
    let when = plan::Condition::AttributeIs {
        key: "deployment.environment.name".to_owned(),
        value: plan::Literal::String("production".to_owned()),
        negated: false,
    };
    let rows = vec![plan::Row { when, to: vec![plan::StageId(1)], copy: false }];
    let switch = plan::Switch { edits: Vec::new(), rows, default: vec![plan::StageId(2)] };
    let branch = |pipeline: &str, edits, to| plan::Branch {
        pipeline: pipeline.to_owned(),
        edits,
        legs: vec![plan::Leg { destination: DestinationId(to), batch: None }],
    };
    plan::Flow {
        entry: vec![plan::StageId(0)],
        stages: vec![plan::Stage::Switch(switch), plan::Stage::Leaf(0), plan::Stage::Leaf(1)],
        branches: vec![
            branch("traces/production", edits, 0),
            branch("traces/other", Vec::new(), 1),
        ],
        slots: Vec::new(),
        by_request: false,
        admit_below: None,
    }
}

fn plan_of(edits: Vec<Edit>, destinations: Vec<plan::Destination>) -> plan::Plan {
    let id = "otlp".to_owned();
    let flows = [Some(flow(edits)), None, None];
    plan::Plan {
        receivers: vec![plan::Receiver { id, grpc: None, http: None, flows }],
        destinations,
        budget: plan::Budget { limit: 64 * MIB, soft: 64 * MIB, derived: false },
        admin: plan::Admin::default(),
        runtime: plan::RuntimePlan { shards: 1, pin: false, drain_timeout: Duration::from_secs(1) },
        logs: plan::Logs { level: tracing::Level::INFO, json: false },
    }
}
