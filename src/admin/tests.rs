//! What the doors guarantee, each test one sentence. Real sockets, ports given by the kernel.
#![expect(clippy::disallowed_methods, reason = "tests bind and connect on loopback themselves")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::config::plan::{Control, Health, HealthBody, MetricsPage, PipelineOutline, StatusPage};
use crate::telemetry::names;
use crate::telemetry::scrape::reader;

const ANY: SocketAddr = SocketAddr::new(net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct Doors {
    state: Arc<AdminState>,
    handle: AdminHandle,
    health: SocketAddr,
    metrics: SocketAddr,
    control: SocketAddr,
    asks: mpsc::Receiver<Ask>,
}

fn open(path: &str) -> Doors {
    open_as(HealthForm::Page { path: path.to_owned(), body: None })
}

fn open_as(form: HealthForm) -> Doors {
    let (reloads, asks) = asks();
    let state = Arc::new(AdminState {
        readiness: Readiness::new(1),
        registry: Registry::new(1),
        ledger: Ledger::new(1),
        budget: Box::new(|| BudgetLevel { limit: 10, soft: 8, held: 1 }),
        identity: Identity::draw("epoll"),
        started: (clock::now(), clock::wall()),
        plans: Box::new(|| 1),
        outline: Box::new(outline),
        reloads,
    });
    let admin = Admin {
        health: Some(Health { endpoint: ANY, form }),
        metrics: Some(MetricsPage {
            endpoint: ANY,
            suffixes: false,
            scope_labels: false,
            resource: Vec::new(),
        }),
        control: Some(Control { endpoint: ANY, asked_for: true }),
    };
    let sockets = [(); 3].map(|()| net::TcpListener::bind(ANY).expect("a port"));
    let addresses = sockets.each_ref().map(|socket| socket.local_addr().expect("an address"));
    let [health, metrics, control] = sockets.map(Some);
    let sockets = Sockets { health, metrics, control };
    let handle = serve(&admin, sockets, Arc::clone(&state)).expect("doors open");
    let [health, metrics, control] = addresses;
    Doors { state, handle, health, metrics, control, asks }
}

fn outline() -> Outline {
    let parts = |list: &[&str]| list.iter().map(|&part| part.to_owned()).collect();
    let pipeline =
        |id: &str, list: &[&str]| PipelineOutline { id: id.to_owned(), parts: parts(list) };
    Outline {
        extensions: parts(&["health_check"]),
        pipelines: vec![
            pipeline("traces/in", &["receiver:otlp", "processor:batch", "exporter:otlphttp"]),
            pipeline("logs", &["receiver:otlp", "exporter:otlphttp"]),
        ],
    }
}

/// Status, head in lower case, body; reads until the server closes, which every answer must lead
/// to.
fn ask(address: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = net::TcpStream::connect(address).expect("an open door");
    let (line, headers) = request.split_once('\n').unwrap_or((request, ""));
    write!(stream, "{line} HTTP/1.1\r\nhost: a\r\n{headers}\r\n").expect("a request");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).expect("an answer that ends");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.expect("a status"), head.to_lowercase(), body.to_owned())
}

fn make_ready(doors: &Doors) {
    doors.state.readiness.shard_up(0);
    doors.state.readiness.set_ready();
}

#[test]
fn health_answers_as_the_collector_does_on_any_path_with_any_method() {
    let doors = open("/");
    let unavailable =
        r#"{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}"#;
    let (status, _, body) = ask(doors.health, "GET /");
    assert_eq!((status, body.as_str()), (503, unavailable));
    make_ready(&doors);
    for request in ["GET /", "GET /any/path?x=1", "POST /health", "OPTIONS /"] {
        let (status, head, body) = ask(doors.health, request);
        assert_eq!(status, 200, "{request}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert!(head.contains("connection: close"), "{head}");
        assert!(body.starts_with(r#"{"status":"Server available","upSince":"2"#), "{body}");
        assert!(body.contains(r#"Z","uptime":""#) && body.ends_with(r#"s"}"#), "{body}");
    }
    let (status, _, body) = ask(doors.health, "HEAD /");
    assert_eq!((status, body.as_str()), (200, ""));
    doors.handle.stop();
}

#[test]
fn bodies_from_the_file_are_sent_as_they_stand_and_are_no_json() {
    let body = HealthBody { healthy: "all {well}".to_owned(), unhealthy: String::new() };
    let doors = open_as(HealthForm::Page { path: "/".to_owned(), body: Some(body) });
    let (status, _, body) = ask(doors.health, "GET /x");
    assert_eq!((status, body.as_str()), (503, ""));
    make_ready(&doors);
    let (status, head, body) = ask(doors.health, "GET /x");
    assert_eq!((status, body.as_str()), (200, "all {well}"));
    assert!(!head.contains("json") && head.contains("connection: close"), "{head}");
    doors.handle.stop();
}

#[test]
fn the_status_page_stands_at_its_path_beside_the_probes() {
    let page = StatusPage { path: Some("/status".to_owned()), recovery: None };
    let doors = open_as(HealthForm::Status(page));
    make_ready(&doors);
    let (status, head, body) = ask(doors.health, "GET /status?pipeline=traces%2Fin");
    assert_eq!(status, 200, "{body}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(body.starts_with(r#"{"start_time":"2"#), "{body}");
    assert!(body.contains(r#""healthy":true,"status":"StatusOK","status_time":"#), "{body}");
    for (path, expected) in
        [("/", 404), ("/status/", 404), ("/status?pipeline=x", 404), ("/livez", 200)]
    {
        assert_eq!(ask(doors.health, &format!("GET {path}")).0, expected, "{path}");
    }
    doors.handle.stop();
}

#[test]
fn the_control_door_takes_posts_to_one_path_and_none_from_a_page_in_a_browser() {
    let doors = open("/");
    let (status, head, _) = ask(doors.control, "GET /-/reload");
    assert!(status == 405 && head.contains("allow: post"), "{status} {head}");
    assert_eq!(ask(doors.control, "POST /").0, 404);
    assert_eq!(ask(doors.control, "POST /-/reload\norigin: http://a\r\n").0, 403);
    doors.handle.stop();
}

#[test]
fn a_reload_is_answered_in_the_words_of_who_does_it_as_json_or_text() {
    let mut doors = open("/");
    let control = doors.control;
    let told = Told {
        status: http::StatusCode::UNPROCESSABLE_ENTITY,
        json: "{}".to_owned(),
        text: "faulty\n".to_owned(),
    };
    for (accept, kind, body) in
        [("*/*", "application/json", "{}"), ("text/plain", "text/plain", "faulty\n")]
    {
        let request = format!("POST /-/reload\naccept: {accept}\r\n");
        let client = thread::spawn(move || ask(control, &request));
        doors.asks.blocking_recv().expect("it is asked for").answer(told.clone());
        let (status, head, answered) = client.join().expect("answered");
        assert_eq!((status, answered.as_str()), (422, body));
        assert!(head.contains(&format!("content-type: {kind}")), "{head}");
    }
    doors.handle.stop();
}

#[test]
fn a_reload_that_nobody_does_is_refused() {
    let doors = open("/");
    drop(doors.asks);
    assert_eq!(ask(doors.control, "POST /-/reload").0, 503);
    doors.handle.stop();
}

#[test]
fn a_configured_path_matches_exactly_and_the_probes_stay() {
    let doors = open("/status");
    make_ready(&doors);
    for (path, expected) in [("/status", 200), ("/status/", 404), ("/", 404), ("/livez", 200)] {
        assert_eq!(ask(doors.health, &format!("GET {path}")).0, expected, "{path}");
    }
    doors.handle.stop();
}

#[test]
fn the_probes_follow_the_life_of_the_process_and_give_reasons() {
    let doors = open("/");
    let probe = |path: &str| {
        let (status, _, body) = ask(doors.health, &format!("GET {path}"));
        (status, body)
    };
    assert_eq!(probe("/livez"), (200, "alive\n".to_owned()));
    let starting = "not started: starting\nnot started: shard 0 of 1 is down\n";
    assert_eq!(probe("/startupz"), (503, starting.to_owned()));
    make_ready(&doors);
    assert_eq!(probe("/startupz"), (200, "started\n".to_owned()));
    assert_eq!(probe("/readyz"), (200, "ready\n".to_owned()));
    doors.state.readiness.shard_down(0);
    assert_eq!(probe("/readyz"), (503, "not ready: shard 0 of 1 is down\n".to_owned()));
    doors.state.readiness.shard_up(0);
    doors.state.readiness.set_draining();
    assert_eq!(probe("/readyz"), (503, "not ready: draining\n".to_owned()));
    assert_eq!(probe("/startupz").0, 200);
    assert_eq!(probe("/livez").0, 200);
    doors.handle.stop();
}

#[test]
fn the_metrics_door_has_one_page() {
    let doors = open("/");
    let _shard = names::ShardMeter::new(&doors.state.registry.shard(0));
    let (status, head, body) = ask(doors.metrics, "GET /metrics?format=openmetrics");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    let families = reader::parse(&body);
    let budget = families.get("spanyard_budget_bytes").expect("the budget");
    assert_eq!(budget.samples.len(), 3);
    assert!(families.contains_key("spanyard_shard_connections"));
    for path in ["/", "/metrics/", "/livez"] {
        assert_eq!(ask(doors.metrics, &format!("GET {path}")).0, 404, "{path}");
    }
    doors.handle.stop();
}

#[test]
fn what_is_no_http_is_answered_or_closed_and_the_door_stays_open() {
    let doors = open("/");
    let mut stream = net::TcpStream::connect(doors.health).expect("an open door");
    stream.write_all(b"\x00\x01 nonsense\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).expect("closed");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
    assert_eq!(ask(doors.health, "GET /livez").0, 200);
    doors.handle.stop();
}

#[test]
fn a_head_beyond_its_limit_is_refused() {
    let doors = open("/");
    let long = format!("GET /{}", "x".repeat(2 * HEAD_BYTES_MAX));
    let mut stream = net::TcpStream::connect(doors.health).expect("an open door");
    // The server may close before all is sent: what matters is that it does not answer 200.
    drop(stream.write_all(long.as_bytes()));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    doors.handle.stop();
}

#[test]
fn stopping_closes_all_doors() {
    let doors = open("/");
    assert_eq!(ask(doors.health, "GET /livez").0, 200);
    let addresses = [doors.health, doors.metrics, doors.control];
    doors.handle.stop();
    for address in addresses {
        assert!(net::TcpStream::connect(address).is_err());
    }
}

#[test]
fn a_door_without_a_socket_stays_shut_and_nothing_else_depends_on_it() {
    let doors = open("/");
    let none = serve(&Admin::default(), Sockets::default(), Arc::clone(&doors.state));
    none.expect("nothing to open").stop();
    doors.handle.stop();
}

/// Fails as often as told, then hands connections of the listener on.
struct Failing {
    failures: usize,
    tried: Arc<AtomicUsize>,
    listener: TcpListener,
}

impl Accept for Failing {
    async fn accept(&mut self) -> io::Result<TcpStream> {
        if self.tried.fetch_add(1, Ordering::Relaxed) < self.failures {
            return Err(io::Error::from_raw_os_error(24)); // EMFILE
        }
        Accept::accept(&mut self.listener).await
    }
}

#[test]
fn accept_errors_do_not_close_a_door() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let socket = net::TcpListener::bind(ANY).expect("a port");
    let address = socket.local_addr().expect("an address");
    let listener = take_over(&runtime, socket).expect("a listener");
    let tried = Arc::new(AtomicUsize::new(0));
    let failing = Failing { failures: 3, tried: Arc::clone(&tried), listener };
    let answer =
        |_: &Request<Incoming>| ready(health::text(http::StatusCode::OK, "here".to_owned()));
    let client = thread::spawn(move || ask(address, "GET /"));
    runtime.block_on(async {
        let door = tokio::spawn(run_door(failing, Arc::new(answer)));
        let answered = tokio::task::spawn_blocking(move || client.join().expect("client"));
        assert_eq!(answered.await.expect("answered").2, "here");
        door.abort();
    });
    assert!(tried.load(Ordering::Relaxed) > 3);
}

#[test]
fn the_pause_after_accept_errors_grows_to_a_second_and_no_further() {
    let pauses: Vec<_> =
        [1, 2, 3, 8, 9, 10, u32::MAX].map(|errors| pause(errors).as_millis()).into();
    assert_eq!(pauses, [5, 10, 20, 640, 1000, 1000, 1000]);
}

#[test]
fn connections_beyond_the_limit_wait_and_are_answered_when_others_end() {
    let doors = open("/");
    let connect = |_| net::TcpStream::connect(doors.health).expect("an open door");
    let silent: Vec<_> = (0..CONNECTIONS_MAX).map(connect).collect();
    let health = doors.health;
    let late = thread::spawn(move || ask(health, "GET /livez").0);
    drop(silent);
    assert_eq!(late.join().expect("late"), 200);
    doors.handle.stop();
}
