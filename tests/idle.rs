//! What an idle connection over HTTP/1 holds on the heap: little before its first request, and no
//! more after one, whatever its size.
//!
//! Counted over both ends, since they share a thread: the client's own part is in the figures.
#![expect(unsafe_code, reason = "a counting allocator implements an unsafe trait")]
#![expect(clippy::expect_used, reason = "a surprise ends the test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use spanyard::buf::budget::Budget;
use spanyard::buf::pool::Pool;
use spanyard::config::plan::{Address, Codings, HttpIngest, HttpTimes, Receiver};
use spanyard::ingest::{Crowd, Front, Gate, Place, Supplies, prepare};
use spanyard::runtime::engine::Carrier;
use spanyard::runtime::net::{self, Listener};
use spanyard::telemetry::cells::Registry;
use spanyard::telemetry::names::{ShardMeter, Transport};
use spanyard::units::MIB;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::{LocalSet, yield_now};

const CONNECTIONS: usize = 200;
/// What an idle connection may hold, with its client.
const HELD_MAX: usize = 8 * 1024;

struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches only a
// thread-local cell without a destructor, which does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn gate() -> (Rc<Gate>, Rc<Supplies>) {
    let receiver = Receiver {
        id: "otlp".to_owned(),
        grpc: None,
        http: Some(HttpIngest {
            endpoint: Address::Tcp((Ipv4Addr::LOCALHOST, 0).into()),
            body_bytes_max: MIB,
            paths: ["/v1/traces", "/v1/metrics", "/v1/logs"].map(str::to_owned),
            include_metadata: false,
            codings: Codings::ALL,
            times: HttpTimes::default(),
            tls: None,
            auth: None,
            cors: None,
            response_headers: Vec::new(),
            http3: false,
        }),
        flows: [None, None, None],
    };
    let ready = prepare(&receiver).expect("nothing to read");
    let front = Front::new(&receiver, &ready, Default::default(), Default::default());
    let pool = Pool::install(98, MIB);
    let lease = Budget::new(64 * MIB, 64 * MIB, 1, MIB).lease();
    let meter = ShardMeter::new(&Registry::new(1).shard(0));
    let place = Place::new(&Crowd::new(1), 0);
    let supplies = Supplies::new(Arc::clone(pool.home()), lease, meter, place, Carrier::Epoll);
    (Gate::new(front, Rc::clone(&supplies)), supplies)
}

/// Everyone does what is to be done, twice a tick for so many ticks.
async fn pass(supplies: &Supplies, ticks: usize) {
    for _ in 0..ticks {
        supplies.watch().turn();
        for _ in 0..20 {
            yield_now().await;
        }
    }
}

/// A request that is read to its end and answered 404.
fn request(len: usize) -> Vec<u8> {
    let head = format!("POST /elsewhere HTTP/1.1\r\nHost: x\r\nContent-Length: {len}\r\n\r\n");
    [head.as_bytes(), &vec![7; len]].concat()
}

async fn measure() {
    let (gate, supplies) = gate();
    let listener = net::listen((Ipv4Addr::LOCALHOST, 0).into(), false).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    gate.listen(Listener::Tcp(listener), Transport::Http).expect("a runtime");
    let mut clients = Vec::with_capacity(CONNECTIONS);
    let mut scrap = vec![0; 4096];
    let requests: Vec<_> = [0, 60_000].into_iter().map(request).collect();
    let before = HELD.get();
    for _ in 0..CONNECTIONS {
        let stream = net::connect("127.0.0.1", port, Duration::from_secs(10)).await;
        clients.push(stream.expect("it listens"));
    }
    while gate.connections() < CONNECTIONS {
        yield_now().await;
    }
    pass(&supplies, 4).await;
    let held = |when: &str| {
        let each = HELD.get().wrapping_sub(before) / CONNECTIONS;
        assert!(each <= HELD_MAX, "{when}: {each} bytes for each connection");
        assert!(each > 100, "{when}: the counter counts");
    };
    held("before the first request");
    for request in &requests {
        for client in &mut clients {
            client.write_all(request).await.expect("it reads");
            let count = client.read(&mut scrap).await.expect("it answers");
            let answer = scrap.get(..count).unwrap_or_default();
            assert!(answer.starts_with(b"HTTP/1.1 404"), "{}", String::from_utf8_lossy(answer));
        }
        pass(&supplies, 6).await;
        assert_eq!(gate.connections(), CONNECTIONS);
        held("after a request");
    }
}

#[test]
fn an_idle_connection_holds_a_few_kilobytes_before_its_first_request_and_after_each() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), measure());
}
