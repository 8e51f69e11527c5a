//! OTLP/JSON as `@opentelemetry/exporter-trace-otlp-http` writes it for a small NestJS service, the
//! same at every run: 512 spans in one scope, about 608 bytes each.
//!
//! Of four spans one is an HTTP request with many attributes, three are handlers with few. Order of
//! members, integers as numbers, times as strings, empty lists and zero counts are the SDK's.

/// As many as the SDK puts into one request.
pub(crate) const SPANS: usize = 512;
/// What a span is documented as, in bytes.
const SPAN_BYTES: usize = 608;

/// The request.
pub(crate) fn request() -> String {
    let mut rng = Rng(11);
    let mut out = String::with_capacity(SPANS * SPAN_BYTES * 2);
    out.push_str(r#"{"resourceSpans":[{"resource":{"attributes":["#);
    for (key, value) in [
        ("service.name", "orders-api"),
        ("telemetry.sdk.language", "nodejs"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("telemetry.sdk.version", "1.30.1"),
        ("deployment.environment", "production"),
    ] {
        attribute(&mut out, key, &format!(r#"{{"stringValue":"{value}"}}"#));
    }
    close(&mut out);
    out.push_str(r#"],"droppedAttributesCount":0},"scopeSpans":[{"scope":{"name":"#);
    out.push_str(r#""@opentelemetry/instrumentation-http","version":"0.57.2"},"spans":["#);
    for index in 0..SPANS {
        span(&mut out, &mut rng, index);
    }
    close(&mut out);
    out.push_str("]}]}]}");
    let drift = out.len().abs_diff(SPANS * SPAN_BYTES);
    assert!(drift * 50 < SPANS * SPAN_BYTES, "{} bytes", out.len());
    out
}

fn span(out: &mut String, rng: &mut Rng, index: usize) {
    let request = index.is_multiple_of(4);
    let (trace, trace_low, id, parent) = (rng.next(), rng.next(), rng.next(), rng.next());
    let start = 1_760_000_000_000_000_000 + rng.next() % 1_000_000_000_000;
    let end = start + rng.next() % 1_000_000_000;
    let (name, kind) = if request { ("GET /api/orders/:id", 1) } else { ("middleware - query", 0) };
    out.push_str(&format!(
        "{{\"traceId\":\"{trace:016x}{trace_low:016x}\",\"spanId\":\"{id:016x}\",\
         \"parentSpanId\":\"{parent:016x}\",\"name\":\"{name}\",\"kind\":{},\
         \"startTimeUnixNano\":\"{start}\",\"endTimeUnixNano\":\"{end}\",\"attributes\":[",
        kind + 1
    ));
    if request {
        http(out, rng);
    } else {
        let kind = if index % 4 == 1 { "middleware" } else { "request_handler" };
        attribute(out, "express.name", r#"{"stringValue":"query"}"#);
        attribute(out, "express.type", &format!(r#"{{"stringValue":"{kind}"}}"#));
    }
    close(out);
    out.push_str("],\"droppedAttributesCount\":0,\"events\":[],\"droppedEventsCount\":0,");
    out.push_str("\"status\":{\"code\":0},\"links\":[],\"droppedLinksCount\":0},");
}

fn http(out: &mut String, rng: &mut Rng) {
    let order = rng.next() % 1_000_000;
    let text = |value: &str| format!(r#"{{"stringValue":"{value}"}}"#);
    attribute(out, "http.url", &text(&format!("http://orders.shop.svc/api/orders/{order}")));
    attribute(out, "http.host", &text("orders.shop.svc"));
    attribute(out, "http.method", &text("GET"));
    attribute(out, "http.target", &text(&format!("/api/orders/{order}")));
    attribute(out, "http.user_agent", &text("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"));
    attribute(out, "net.transport", &text("ip_tcp"));
    let port = 32_768 + rng.next() % 28_000;
    attribute(out, "net.peer.port", &format!(r#"{{"intValue":{port}}}"#));
    attribute(out, "http.status_code", r#"{"intValue":200}"#);
    attribute(out, "http.status_text", &text("OK"));
    attribute(out, "http.route", &text("/api/orders/:id"));
}

fn attribute(out: &mut String, key: &str, value: &str) {
    out.push_str(&format!(r#"{{"key":"{key}","value":{value}}},"#));
}

/// Takes the last comma away.
fn close(out: &mut String) {
    let _ = out.pop();
}

/// splitmix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
