//! The whole room against backends in the test: pipes in place of sockets, so that time is virtual.

mod grpc;
mod grpc_server;
mod hostile;
mod http;
mod local;
mod manners;
mod retry;
mod server;
mod socket;
mod tls;
mod waiting;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use spanyard_wire::schema::Signal;
use tokio::task::{AbortHandle, LocalSet};

use super::connect::Dial;
use super::deflate::Deflater;
use super::{Backend, Kind, otlp_grpc, otlp_http, start};
use crate::buf::block::Block;
use crate::buf::budget::Budget;
use crate::buf::payload::{Chunk, Payload};
use crate::buf::pool::Pool;
use crate::config::plan::{
    self, Compression, ConnectionPlan, GrpcTarget, HeaderStep, HttpTarget, Peer, QueuePlan,
    RetryPlan, Sizer, Target,
};
use crate::queue::batch::Encoding;
use crate::queue::{DeadOn, Destination, Form, Goods, Joining, Supplies};
use crate::runtime::clock;
use crate::telemetry::cells::{Registry, Value};
use crate::telemetry::ledger::{Ledger, Totals};
use crate::telemetry::names::ExporterMeter;
use crate::units::{MIB, Weight};

/// Items of every request sent here.
const ITEMS: u64 = 10;
const TIMEOUT: Duration = Duration::from_secs(5);

const RETRY: RetryPlan = RetryPlan {
    initial: Duration::from_secs(1),
    jitter: 0.0,
    multiplier: 2.0,
    interval_max: Duration::from_secs(8),
    elapsed_max: Duration::from_secs(60),
};

/// A destination with its workers.
struct Bench {
    destination: Rc<Destination>,
    ledger: Arc<Ledger>,
    pool: Pool,
    registry: Arc<Registry>,
    workers: Vec<AbortHandle>,
}

/// What a test asks of its destination.
struct Wish {
    retry: Option<RetryPlan>,
    compression: Compression,
    workers: usize,
    headers: Vec<(&'static str, &'static str)>,
    auth: Vec<HeaderStep>,
    connection: ConnectionPlan,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            retry: Some(RETRY),
            compression: Compression::None,
            workers: 1,
            headers: Vec::new(),
            auth: Vec::new(),
            connection: ConnectionPlan::default(),
        }
    }
}

impl Wish {
    fn http(&self) -> HttpTarget {
        HttpTarget {
            peer: peer(),
            path: "/v1/traces".to_owned(),
            authority: "backend:4318".to_owned(),
            headers: self.parsed_headers(),
            auth: self.auth.clone(),
            compression: self.compression,
            timeout: TIMEOUT,
            connection: self.connection,
        }
    }

    fn grpc(&self) -> GrpcTarget {
        GrpcTarget {
            peer: peer(),
            authority: "backend:4317".to_owned(),
            headers: self.parsed_headers(),
            auth: self.auth.clone(),
            compression: self.compression,
            timeout: TIMEOUT,
            connection: self.connection,
        }
    }

    fn parsed_headers(&self) -> Vec<(::http::HeaderName, ::http::HeaderValue)> {
        let parse = |(name, value): &(&'static str, &'static str)| {
            (::http::HeaderName::from_static(name), ::http::HeaderValue::from_static(value))
        };
        self.headers.iter().map(parse).collect()
    }

    fn plan(&self, target: Target) -> plan::Destination {
        let queue = QueuePlan {
            capacity: 10_000,
            sizer: Sizer::Requests,
            consumers: self.workers,
            required: false,
            waits: false,
            merge: true,
            batch: None,
        };
        let exporter = "otlp/test".to_owned();
        plan::Destination { exporter, signal: Signal::Traces, target, queue, retry: self.retry }
    }
}

fn peer() -> Peer {
    Peer { host: "backend".to_owned(), port: 1, tls: None }
}

fn http(wish: &Wish, dial: Arc<dyn Dial>) -> Bench {
    let target = wish.http();
    let as_target = Target::Http(target.clone());
    let keys = as_target.context_keys();
    let caller = otlp_http::Caller::new(&target, keys, dial, &mut Vec::new());
    bench(wish, as_target, Kind::http(caller.expect("a good target"), &target))
}

fn grpc(wish: &Wish, dial: Arc<dyn Dial>) -> Bench {
    let target = wish.grpc();
    let as_target = Target::Grpc(target.clone());
    let keys = as_target.context_keys();
    let caller = otlp_grpc::Caller::new(&target, Signal::Traces, keys, dial, &mut Vec::new());
    bench(wish, as_target, Kind::grpc(caller.expect("a good target"), &target))
}

fn bench(wish: &Wish, target: Target, kind: Kind) -> Bench {
    let pool = Pool::install(21, MIB);
    let ledger = Ledger::new(1);
    let registry = Registry::new(1);
    let supplies = Supplies {
        home: Arc::clone(pool.home()),
        bytes: Budget::new(64 * MIB, 64 * MIB, 1, MIB).lease(),
        slots: Budget::new(10_000, 10_000, 1, 1).lease(),
        share: Budget::new(1 << 30, 1 << 30, 1, 1 << 20).lease(),
        dead_on: DeadOn::default(),
        meter: ExporterMeter::new(&registry.shard(0), "otlp/test", Signal::Traces),
        row: ledger.shard(0).row("otlp/test", Signal::Traces),
    };
    let destination = Destination::new(wish.plan(target), supplies, wish.workers);
    let deflater = Deflater::new(metrics::Counter::noop());
    let workers = start(&destination, &Backend(kind), wish.workers, &deflater);
    Bench { destination, ledger, pool, registry, workers }
}

impl Bench {
    /// Queues a small request that may be merged with others.
    fn send(&self, body: &[u8]) {
        let (joining, weight) = (Joining::default(), weight(body.len()));
        let room =
            self.destination.reserve(clock::now(), &joining, weight, Form::Small, 0).expect("room");
        let write = |out: &mut Vec<u8>| out.extend_from_slice(body);
        self.destination.push(clock::now(), room, &joining, weight, &Goods::Small(&write));
    }

    /// Queues a request that came compressed and leaves so.
    fn send_original(&self, body: &[u8]) {
        let (joining, weight) = (Joining::default(), weight(body.len()));
        let room =
            self.destination.reserve(clock::now(), &joining, weight, Form::Alone, 0).expect("room");
        let goods = Goods::Original(&self.payload(body), Encoding::Gzip);
        self.destination.push(clock::now(), room, &joining, weight, &goods);
    }

    /// Queues a request as slices.
    fn send_large(&self, body: &[u8]) {
        let (joining, weight) = (Joining::default(), weight(body.len()));
        let room =
            self.destination.reserve(clock::now(), &joining, weight, Form::Large, 0).expect("room");
        let goods = Goods::Large(&self.payload(body), None);
        self.destination.push(clock::now(), room, &joining, weight, &goods);
    }

    fn payload(&self, body: &[u8]) -> Payload {
        let ticket = self.destination.bytes().empty();
        let mut block = Block::new(self.pool.home(), body.len(), ticket).expect("room");
        block.put(body);
        Chunk::whole(Arc::new(block)).into()
    }

    /// Lets virtual time pass until nothing waits or is in flight.
    async fn settled(&self) -> Totals {
        for _ in 0..1_000_000 {
            if self.destination.is_idle() {
                let totals = self.ledger.snapshot().totals();
                assert_eq!(totals.imbalance(), Weight::default());
                return totals;
            }
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        panic!("not settled after a thousand virtual seconds");
    }

    /// The value of a counter or gauge of this exporter.
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn figure(&self, name: &str) -> f64 {
        let read = self.registry.read();
        let reading = read.iter().find(|reading| reading.key.name() == name);
        match reading.and_then(|reading| reading.values.first()) {
            Some((_, Value::Counter(count))) => *count as f64,
            Some((_, Value::Gauge(level))) => *level,
            other => panic!("{name}: not a counter or gauge: {other:?}"),
        }
    }
}

fn weight(bytes: usize) -> Weight {
    Weight { items: ITEMS, requests: 1, bytes: bytes as u64 }
}

/// Runs a test as a shard runs: one thread, local tasks.
async fn on_shard<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}
