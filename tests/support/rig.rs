//! A pipeline on one shard without sockets: requests in, batches out, books open. For tests and
//! benches.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "shared by tests, each of which takes its part, and a surprise ends the run"
)]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use spanyard_wire::encode::encoded;
use spanyard_wire::schema::Signal;

use spanyard::buf::block::Block;
use spanyard::buf::budget::Budget;
use spanyard::buf::pool::Pool;
use spanyard::config::plan::{
    self, Admin, Compression, Flow, HttpTarget, Leg, Logs, Outline, Peer, Plan, QueuePlan,
    Receiver, RuntimePlan, Sizer, Target,
};
use spanyard::pipeline::{Arrival, Entry, Lanes, Message, Meters, Tools, Verdict};
use spanyard::queue::batch::{GATHER_BYTES_MAX, Sealed};
use spanyard::queue::{DeadOn, Destination, Fate, Supplies};
use spanyard::telemetry::cells::{Registry, Value};
use spanyard::telemetry::ledger::{DropReason, Ledger, ShardLedger};
use spanyard::telemetry::names::{
    ExporterMeter, LimiterMeter, ReceiverMeter, ShardMeter, Transport,
};
use spanyard::units::{DestinationId, MIB, ReceiverId};

pub struct Rig {
    pub destinations: Vec<Rc<Destination>>,
    ledger: Arc<Ledger>,
    registry: Arc<Registry>,
    pub entry: Entry,
    _shard: ShardLedger,
}

/// A resource group with string attributes and `spans` spans of about 200 bytes.
pub fn group(attributes: &[(&str, &str)], spans: usize) -> Vec<u8> {
    encoded(|group| {
        group.message(1, |resource| {
            for (key, value) in attributes {
                resource.string_attribute(1, key, value);
            }
        });
        group.message(2, |scope| {
            for at in 0..spans {
                scope.message(2, |span| {
                    span.bytes(1, &[7; 16]);
                    span.string(5, &format!("span {at} {:0200}", at));
                });
            }
        });
    })
}

/// A request of groups.
pub fn request(groups: &[Vec<u8>]) -> Vec<u8> {
    encoded(|request| {
        for group in groups {
            request.bytes(1, group);
        }
    })
}

/// An HTTP destination whose queue takes `capacity` requests.
pub fn target(capacity: u64) -> plan::Destination {
    let peer = Peer { host: "127.0.0.1".to_owned(), port: 1, tls: None };
    plan::Destination {
        exporter: "otlphttp".to_owned(),
        signal: Signal::Traces,
        target: Target::Http(HttpTarget {
            peer,
            path: "/v1/traces".to_owned(),
            authority: "127.0.0.1:1".to_owned(),
            headers: Vec::new(),
            auth: Vec::new(),
            compression: Compression::None,
            timeout: Duration::from_secs(1),
            connection: plan::ConnectionPlan::default(),
        }),
        queue: QueuePlan {
            capacity,
            sizer: Sizer::Requests,
            consumers: 1,
            required: false,
            waits: false,
            merge: true,
            batch: None,
        },
        retry: None,
    }
}

pub const fn leg(destination: usize) -> Leg {
    Leg { destination: DestinationId(destination), batch: None }
}

impl Rig {
    pub fn new(flow: Flow, mut destinations: Vec<plan::Destination>) -> Self {
        for (at, destination) in destinations.iter_mut().enumerate() {
            destination.exporter = format!("{}/{at}", destination.exporter);
        }
        let pool = Pool::install(99, MIB);
        let lease = Budget::new(64 * MIB, 64 * MIB, 1, MIB).lease();
        let registry = Registry::new(1);
        let recorder = registry.shard(0);
        let ledger = Ledger::new(1);
        let shard = ledger.shard(0);
        let queues: Vec<_> = destinations
            .iter()
            .map(|plan| {
                let capacity = usize::try_from(plan.queue.capacity).expect("small");
                let supplies = Supplies {
                    home: Arc::clone(pool.home()),
                    bytes: Arc::clone(&lease),
                    slots: Budget::new(capacity, capacity, 1, 1).lease(),
                    share: Budget::new(1 << 30, 1 << 30, 1, 1 << 20).lease(),
                    dead_on: DeadOn::default(),
                    meter: ExporterMeter::new(&recorder, &plan.exporter, plan.signal),
                    row: shard.row(&plan.exporter, plan.signal),
                };
                Destination::new(plan.clone(), supplies, 1)
            })
            .collect();
        let plan = Arc::new(plan_of(flow, destinations));
        let find = |id: DestinationId| queues.get(id.0).cloned();
        let lanes = Lanes::bind(&plan, ReceiverId(0), Signal::Traces, &find, &mut Vec::new());
        let tools = Rc::new(Tools {
            home: Arc::clone(pool.home()),
            lease,
            meter: ShardMeter::new(&recorder),
            ledger: ledger.shard(0),
            scratch: RefCell::default(),
        });
        let receiver = ReceiverMeter::new(&recorder, "otlp", Transport::Http, Signal::Traces);
        let limiters = vec![LimiterMeter::new(&recorder, "memory_limiter", Signal::Traces)];
        let meters = Meters { receiver, limiters };
        let entry = Entry::new(Signal::Traces, lanes.expect("a flow"), meters, tools);
        Self { destinations: queues, ledger, registry, entry, _shard: shard }
    }

    pub fn send(&self, bytes: &[u8]) -> Verdict {
        self.send_with(bytes, None)
    }

    pub fn send_with(&self, bytes: &[u8], headers: Option<&http::HeaderMap>) -> Verdict {
        self.accept_with(self.message(bytes), headers)
    }

    /// The message as ingest hands it over: a frame or a block of its own.
    pub fn message(&self, bytes: &[u8]) -> Message {
        let ticket = self.entry.lease().admit(bytes.len(), usize::MAX).expect("room");
        if bytes.len() <= GATHER_BYTES_MAX {
            return Message::Frame(bytes::Bytes::copy_from_slice(bytes), ticket);
        }
        let mut block = Block::new(self.entry.home(), bytes.len(), ticket).expect("room");
        block.put(bytes);
        Message::Block(block)
    }

    pub fn accept(&self, message: Message) -> Verdict {
        self.accept_with(message, None)
    }

    fn accept_with(&self, message: Message, headers: Option<&http::HeaderMap>) -> Verdict {
        let peer = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        self.entry.accept(Arrival { routing: headers, headers, peer, message, original: None })
    }

    /// Delivers the next batch of a destination.
    pub async fn take(&self, destination: usize) -> Sealed {
        let (sealed, mut flight) = self.destinations[destination].next(0).await.expect("open");
        flight.settle(sealed.weight(), Fate::Delivered);
        sealed
    }

    /// Delivers the next batch of a destination and returns its bytes.
    pub async fn next(&self, destination: usize) -> Vec<u8> {
        self.take(destination).await.payload().to_vec()
    }

    pub fn is_idle(&self) -> bool {
        self.destinations.iter().all(|destination| destination.is_idle())
    }

    pub fn accepted(&self) -> u64 {
        self.counter("otelcol_receiver_accepted_spans")
    }

    pub fn refused(&self) -> u64 {
        self.counter("otelcol_receiver_refused_spans")
    }

    fn counter(&self, name: &str) -> u64 {
        let readings = self.registry.read();
        let series = readings.iter().find(|reading| reading.key.name() == name);
        match series.expect("registered").values.as_slice() {
            [(0, Value::Counter(count))] => *count,
            other => panic!("not one counter: {other:?}"),
        }
    }

    pub fn no_route(&self) -> u64 {
        self.ledger.snapshot().totals().dropped_for(DropReason::NoRoute).items
    }

    pub fn turned_away(&self) -> u64 {
        self.ledger.snapshot().totals().dropped_for(DropReason::QueueFull).items
    }

    pub fn imbalance(&self) -> u64 {
        self.ledger.snapshot().imbalance().items
    }
}

fn plan_of(flow: Flow, destinations: Vec<plan::Destination>) -> Plan {
    let receiver =
        Receiver { id: "otlp".to_owned(), grpc: None, http: None, flows: [Some(flow), None, None] };
    Plan {
        receivers: vec![receiver],
        destinations,
        budget: plan::Budget { limit: 64 * MIB, soft: 64 * MIB, derived: false },
        admin: Admin::default(),
        outline: Outline::default(),
        runtime: RuntimePlan {
            shards: 1,
            pin: false,
            drain_timeout: Duration::from_secs(1),
            engine: plan::Engine::Epoll,
            nesting_max: 100,
        },
        logs: Logs::default(),
        tenants: None,
    }
}
