//! The bodies that everything is measured on: OTLP trace requests, the same at every run.
//!
//! ```text
//! A = 10 resources x 100 spans, about 482 KB     a Collector that batches
//! B =  1 resource  x  50 spans, about 24.7 KB    an SDK under load
//! C =  1 resource  x   5 spans, about 2.9 KB     an SDK at rest
//! ```
//! A span has 9 attributes and about 480 bytes, a resource 10 attributes. Ids, times and values
//! come from a generator with a fixed seed. `benches/peers/payload.py` makes the same shapes.
//! Not here: realistic timing, other signals, compression.

use spanyard_wire::encode::{Encoder, encoded};

const ROUTES: [&str; 4] =
    ["GET /api/orders/{id}", "POST /api/orders", "SELECT shop.orders", "publish invoices"];
const SERVICES: [&str; 6] = ["checkout", "orders", "payments", "search", "render", "worker"];
const METHODS: [&str; 3] = ["GET", "POST", "PUT"];
const HEX: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
const STATUS: [i64; 4] = [200, 201, 404, 500];

/// One body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    resources: usize,
    /// In each resource.
    spans: usize,
    /// What the size is documented as, in bytes.
    pub(crate) size: usize,
}

/// A, B and C.
pub(crate) const CASES: [Case; 3] = [
    Case { name: "A", resources: 10, spans: 100, size: 482_000 },
    Case { name: "B", resources: 1, spans: 50, size: 24_700 },
    Case { name: "C", resources: 1, spans: 5, size: 2_900 },
];

impl Case {
    /// The encoded `ExportTraceServiceRequest`.
    pub(crate) fn request(self) -> Vec<u8> {
        let mut rng = Rng(7);
        let mut out = Vec::with_capacity(self.size * 2);
        let mut request = Encoder::new(&mut out);
        for index in 0..self.resources {
            request.message(1, |group| {
                group.message(1, |body| resource(body, &mut rng, index));
                group.message(2, |body| scope(body, &mut rng, self.spans));
            });
        }
        let drift = out.len().abs_diff(self.size);
        assert!(drift * 25 < self.size, "case {}: {} bytes", self.name, out.len());
        out
    }
}

fn resource(body: &mut Encoder<'_>, rng: &mut Rng, index: usize) {
    let service = pick(&SERVICES, index);
    body.string_attribute(1, "service.name", &format!("shop-{service}"));
    body.string_attribute(1, "service.version", "4.12.0");
    body.string_attribute(1, "service.instance.id", &rng.hex(32));
    body.string_attribute(1, "deployment.environment.name", "production");
    body.string_attribute(1, "k8s.namespace.name", "shop");
    body.string_attribute(1, "k8s.pod.name", &format!("shop-{}", rng.hex(10)));
    body.string_attribute(1, "k8s.node.name", &format!("node-{}", rng.hex(6)));
    body.string_attribute(1, "telemetry.sdk.language", "nodejs");
    body.string_attribute(1, "telemetry.sdk.name", "opentelemetry");
    body.string_attribute(1, "telemetry.sdk.version", "2.1.0");
}

fn scope(body: &mut Encoder<'_>, rng: &mut Rng, spans: usize) {
    let name = encoded(|scope| {
        scope.string(1, "@opentelemetry/instrumentation-http");
        scope.string(2, "0.57.1");
    });
    body.bytes(1, &name);
    for _ in 0..spans {
        body.message(2, |out| span(out, rng));
    }
}

fn span(body: &mut Encoder<'_>, rng: &mut Rng) {
    let start = 1_760_000_000_000_000_000 + rng.below(1_000_000_000_000);
    body.bytes(1, &[rng.next().to_le_bytes(), rng.next().to_le_bytes()].concat());
    body.bytes(2, &rng.next().to_le_bytes());
    body.bytes(4, &rng.next().to_le_bytes());
    body.string(5, rng.pick(&ROUTES));
    body.uint(6, 1 + rng.below(5));
    body.fixed64(7, start);
    body.fixed64(8, start + rng.below(1_000_000_000));
    body.string_attribute(9, "http.request.method", rng.pick(&METHODS));
    let path = format!("/api/orders/{:09}/items", rng.below(1_000_000_000));
    body.string_attribute(9, "url.path", &path);
    body.string_attribute(9, "http.route", "/api/orders/{id}/items");
    let host = format!("pod-{}.shop.svc.cluster.local", rng.hex(8));
    body.string_attribute(9, "server.address", &host);
    body.int_attribute(9, "http.response.status_code", rng.pick(&STATUS));
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36";
    body.string_attribute(9, "user_agent.original", agent);
    let peer = format!("10.{}.{}.17", 100 + rng.below(100), 100 + rng.below(100));
    body.string_attribute(9, "network.peer.address", &peer);
    body.string_attribute(9, "thread.name", &format!("worker-{}", 10 + rng.below(90)));
    body.string_attribute(9, "code.function.name", "OrdersService.find");
    body.message(15, |status| status.uint(3, 1));
}

#[expect(clippy::indexing_slicing, reason = "an index modulo the length is inside")]
fn pick<T: Copy>(from: &[T], index: usize) -> T {
    from[index % from.len()]
}

/// splitmix64: small, fixed, good enough for values that only have to differ.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        pick(from, usize::from(self.next().to_le_bytes()[0]))
    }

    fn hex(&mut self, digits: usize) -> String {
        let digit = |_| self.pick(&HEX);
        (0..digits).map(digit).collect()
    }
}
