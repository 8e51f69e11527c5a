//! A gate on a loopback port with a real entry behind it, and clients that write raw bytes.

mod plan;

use std::cell::RefCell;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics::{Counter, CounterFn};
use spanyard_wire::schema::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::LocalSet;

pub(super) use super::bodies::{gzip, post, spans};
use crate::buf::budget::{Budget, Lease, Ticket};
use crate::buf::pool::Pool;
use crate::config::plan::{Plan, Receiver};
use crate::ingest::{Crowd, Entries, Front, Gate, Place, Ready, Supplies, prepare};
use crate::pipeline::{Entry, Lanes, Meters, Table, Tenants, Tools};
use crate::queue::{self, Destination, Fate};
use crate::runtime::engine::Carrier;
use crate::runtime::{clock, net, task};
use crate::telemetry::cells::{Registry, Value};
use crate::telemetry::ledger::Ledger;
use crate::telemetry::names::{ExporterMeter, ReceiverMeter, ShardMeter, TenantMeter, Transport};
use crate::units::{DestinationId, MIB, ReceiverId};
use plan::{plan_of, target};

/// The limit of a message in these tests.
pub(super) const BYTES_MAX: usize = 4 * MIB;
const LONG: Duration = Duration::from_secs(60);

pub(super) struct Site {
    pub(super) gate: Rc<Gate>,
    pub(super) supplies: Rc<Supplies>,
    pub(super) address: SocketAddr,
    pub(super) lease: Arc<Lease>,
    pub(super) ready: Ready,
    pub(super) crowd: Arc<Crowd>,
    queue: Rc<Destination>,
    registry: Arc<Registry>,
    plan: Arc<Plan>,
    entries: [Entries; 2],
    /// Set: the pipeline panics over the next request, when it counts what it has accepted.
    pub(super) fuse: Arc<AtomicBool>,
}

/// A counter that panics once when it is armed.
#[derive(Debug)]
struct Fused {
    accepted: Counter,
    armed: Arc<AtomicBool>,
}

impl CounterFn for Fused {
    fn increment(&self, value: u64) {
        assert!(!self.armed.swap(false, Ordering::Relaxed), "a panic on purpose");
        self.accepted.increment(value);
    }

    fn absolute(&self, value: u64) {
        self.accepted.absolute(value);
    }
}

impl From<Fused> for Counter {
    fn from(fused: Fused) -> Self {
        Self::from_arc(Arc::new(fused))
    }
}

/// Runs a test as a shard runs: one thread, local tasks. A test that hangs fails.
pub(super) fn on_shard<F: Future<Output = ()>>(test: impl FnOnce(Site) -> F) {
    with_budget(64 * MIB, test);
}

/// With a plan that differs from the usual one.
pub(super) fn with_plan<F: Future<Output = ()>>(
    change: impl FnOnce(&mut Plan),
    test: impl FnOnce(Site) -> F,
) {
    run(|| Site::new(64 * MIB, change), test);
}

pub(super) fn with_budget<F: Future<Output = ()>>(bytes: usize, test: impl FnOnce(Site) -> F) {
    run(|| Site::new(bytes, |_| {}), test);
}

fn run<F: Future<Output = ()>>(site: impl FnOnce() -> Site, test: impl FnOnce(Site) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let future = test(site());
        tokio::time::timeout(LONG, future).await.expect("the test hangs");
    });
}

impl Site {
    fn new(budget: usize, change: impl FnOnce(&mut Plan)) -> Self {
        let pool = Pool::install(7, 8 * MIB);
        let lease = Budget::new(budget, budget, 1, 64 * 1024).lease();
        let registry = Registry::new(1);
        let recorder = registry.shard(0);
        let ledger = Ledger::new(1).shard(0);
        let target = target();
        let queue = Destination::new(
            target.clone(),
            queue::Supplies {
                home: Arc::clone(pool.home()),
                bytes: Arc::clone(&lease),
                slots: Budget::new(100_000, 100_000, 1, 1).lease(),
                share: Budget::new(1 << 30, 1 << 30, 1, 1 << 20).lease(),
                dead_on: queue::DeadOn::default(),
                meter: ExporterMeter::new(&recorder, "otlphttp", Signal::Traces),
                row: ledger.row("otlphttp", Signal::Traces),
            },
            1,
        );
        let tools = Rc::new(Tools {
            home: Arc::clone(pool.home()),
            lease: Arc::clone(&lease),
            meter: ShardMeter::new(&recorder),
            ledger,
            scratch: RefCell::default(),
        });
        let mut plan = plan_of(target);
        change(&mut plan);
        let plan = Arc::new(plan);
        let fuse = Arc::new(AtomicBool::new(false));
        let tenants = plan.tenants.as_ref().map(|limits| {
            let meter = |tenant: &str| TenantMeter::new(&recorder, tenant);
            Tenants::new(limits, Table::new(clock::now()), &meter)
        });
        let entries = |transport| -> Entries {
            let find = |_: DestinationId| Some(Rc::clone(&queue));
            let traces = Signal::Traces;
            let lanes = Lanes::bind(&plan, ReceiverId(0), traces, &find, &mut Vec::new()).unwrap();
            let mut receiver = ReceiverMeter::new(&recorder, "otlp", transport, traces);
            let accepted = receiver.accepted.clone();
            receiver.accepted = Fused { accepted, armed: Arc::clone(&fuse) }.into();
            let meters = Meters { receiver, limiters: Vec::new() };
            let entry = Entry::new(traces, lanes, meters, Rc::clone(&tools));
            [Some(Rc::new(entry.limited_by(tenants.clone()))), None, None]
        };
        let receiver = plan.receiver(ReceiverId(0)).unwrap();
        let ready = prepare(receiver).unwrap();
        let entries = [entries(Transport::Http), entries(Transport::Grpc)];
        let [http, grpc] = entries.clone();
        let front = Front::new(receiver, &ready, http, grpc);
        let home = Arc::clone(pool.home());
        let crowd = Crowd::new(2);
        let (place, meter) = (Place::new(&crowd, 0), ShardMeter::new(&recorder));
        let supplies = Supplies::new(home, Arc::clone(&lease), meter, place, Carrier::Epoll);
        let gate = Gate::new(front, Rc::clone(&supplies));
        let address = listen(&gate, Transport::Http);
        Self { gate, supplies, address, lease, ready, crowd, queue, registry, plan, entries, fuse }
    }

    /// Another port, of this side.
    pub(super) fn open(&self, side: Transport) -> SocketAddr {
        listen(&self.gate, side)
    }

    /// A gate of a second shard, which takes in what the first one hands it.
    pub(super) fn neighbour(&self) -> Rc<Gate> {
        let place = Place::new(&self.crowd, 1);
        let meter = ShardMeter::new(&self.registry.shard(0));
        let home = Arc::clone(&self.supplies.home);
        let supplies = Supplies::new(home, Arc::clone(&self.lease), meter, place, Carrier::Epoll);
        let gate = Gate::new(self.gate.front(), supplies);
        let (crowd, taking) = (Arc::clone(&self.crowd), Rc::clone(&gate));
        let _ = task::spawn("neighbour", async move {
            loop {
                taking.take_in(crowd.next(1).await);
            }
        });
        gate
    }

    pub(super) async fn connect(&self) -> Client {
        self.connect_to(self.address).await
    }

    pub(super) async fn connect_to(&self, address: SocketAddr) -> Client {
        let port = address.port();
        let stream = net::connect("127.0.0.1", port, LONG).await.unwrap();
        let (reading, writing) = stream.into_split();
        Client { reading, writing, ahead: Vec::new() }
    }

    /// Sends bytes on a connection of their own and returns the one answer.
    pub(super) async fn ask(&self, bytes: &[u8]) -> Answer {
        let mut client = self.connect().await;
        client.send(bytes).await;
        client.answer().await
    }

    /// A front of the same receiver with other settings.
    pub(super) fn front(&self, change: impl FnOnce(&mut Receiver)) -> Rc<Front> {
        let Receiver { id, grpc, http, .. } = self.plan.receiver(ReceiverId(0)).unwrap();
        let (id, grpc, http) = (id.clone(), grpc.clone(), http.clone());
        let mut receiver = Receiver { id, grpc, http, flows: [None, None, None] };
        change(&mut receiver);
        let [http, grpc] = self.entries.clone();
        Front::new(&receiver, &prepare(&receiver).unwrap(), http, grpc)
    }

    /// A front of the same receiver under a plan in which no pipeline takes anything.
    pub(super) fn empty_front(&self) -> Rc<Front> {
        let receiver = self.plan.receiver(ReceiverId(0)).unwrap();
        Front::new(receiver, &prepare(receiver).unwrap(), Default::default(), Default::default())
    }

    /// What has been accepted and not been fetched: the bytes of the next batch.
    pub(super) async fn next(&self) -> Vec<u8> {
        let (sealed, mut flight) = self.queue.next(0).await.unwrap();
        flight.settle(sealed.weight(), Fate::Delivered);
        sealed.payload().to_vec()
    }

    /// Holds all of the budget but `left` bytes.
    pub(super) fn fill(&self, left: usize) -> Ticket {
        let budget = self.lease.budget();
        let mut ticket = self.lease.empty();
        while ticket.grow(1024).is_ok() {}
        let full = ticket.amount();
        assert!(full + 64 * 1024 + MIB > budget.limit() / 2);
        ticket.shrink_to(full.saturating_sub(left));
        ticket
    }

    /// What is left of the budget.
    pub(super) fn room(&self) -> usize {
        self.fill(0).amount()
    }

    /// Malformed requests counted with this reason.
    pub(super) fn malformed(&self, reason: &str) -> u64 {
        self.sum("spanyard_receiver_malformed_requests_total", Some(reason))
    }

    /// A counter, over all its labels.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.sum(name, None)
    }

    /// A counter, over its series with this label.
    pub(super) fn sum_of(&self, name: &str, label: &str) -> u64 {
        self.sum(name, Some(label))
    }

    /// Every name, label and figure there is.
    pub(super) fn page(&self) -> String {
        self.registry.read().iter().map(|it| format!("{:?} {:?}\n", it.key, it.values)).collect()
    }

    fn sum(&self, name: &str, label: Option<&str>) -> u64 {
        let readings = self.registry.read();
        let chosen = readings.iter().filter(|reading| {
            let mut labels = reading.key.labels();
            reading.key.name() == name
                && label.is_none_or(|wanted| labels.any(|label| label.value() == wanted))
        });
        let values = chosen.flat_map(|reading| &reading.values);
        values.map(|(_, value)| if let Value::Counter(count) = value { *count } else { 0 }).sum()
    }
}

fn listen(gate: &Rc<Gate>, side: Transport) -> SocketAddr {
    let listener = net::listen((Ipv4Addr::LOCALHOST, 0).into(), false).unwrap();
    let address = listener.local_addr().unwrap();
    gate.listen(listener.into(), side).unwrap();
    address
}

/// A client that writes and reads HTTP/1 by hand.
pub(super) struct Client {
    reading: OwnedReadHalf,
    writing: OwnedWriteHalf,
    ahead: Vec<u8>,
}

/// One HTTP/1 answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Client {
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.writing.write_all(bytes).await.unwrap();
    }

    /// Sends, if the other side still reads.
    pub(super) async fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.writing.write_all(bytes).await
    }

    /// Sends for as long as the other side reads, and reads an answer meanwhile.
    pub(super) async fn exchange(mut self, bytes: &[u8]) -> Answer {
        let Self { reading, writing, ahead } = &mut self;
        let (_, answer) = tokio::join!(writing.write_all(bytes), answer(reading, ahead));
        answer
    }

    /// The next answer; panics when the connection ends or breaks before it is whole.
    pub(super) async fn answer(&mut self) -> Answer {
        answer(&mut self.reading, &mut self.ahead).await
    }

    /// Whether the connection was closed without a further byte, in good order.
    pub(super) async fn is_closed(&mut self) -> bool {
        self.ahead.is_empty() && !more(&mut self.reading, &mut self.ahead).await
    }
}

async fn answer(stream: &mut OwnedReadHalf, ahead: &mut Vec<u8>) -> Answer {
    let end = loop {
        let found = ahead.windows(4).position(|four| four == b"\r\n\r\n");
        match found {
            Some(at) => break at + 4,
            None => assert!(more(stream, ahead).await, "the connection ended in a head"),
        }
    };
    let head = String::from_utf8(ahead.drain(..end).collect()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut answer = Answer { status, head, body: Vec::new() };
    let len = answer.header("content-length").map_or(0, |len| len.parse().unwrap());
    while ahead.len() < len {
        assert!(more(stream, ahead).await, "the connection ended in a body");
    }
    answer.body = ahead.drain(..len).collect();
    answer
}

async fn more(stream: &mut OwnedReadHalf, ahead: &mut Vec<u8>) -> bool {
    stream.read_buf(ahead).await.unwrap() > 0
}
