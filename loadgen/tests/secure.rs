//! TLS and QUIC from the sender to servers of its own: whom it trusts, who it says it is, and that
//! connections are kept.

#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]
#![expect(
    clippy::disallowed_methods,
    reason = "the servers of this file open sockets of their own"
)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::{Response, StatusCode};
use loadgen::pace::Schedule;
use loadgen::send::{Outcome, Plan, run};
use loadgen::shape::{Shape, build_request};
use loadgen::sink::{Protocol, Sink, SinkOptions};
use loadgen::{Carrier, Coding, Tls};
use quinn::crypto::rustls::QuicServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const REQUESTS: u64 = 40;

fn file(name: &str) -> PathBuf {
    let certificates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/export/tests");
    certificates.join("certificates").join(name)
}

fn tls() -> Tls {
    Tls { ca: file("authority.pem"), identity: None, server_name: "backend".to_owned() }
}

fn plan(protocol: Protocol, carrier: Carrier, endpoint: SocketAddr) -> Plan {
    Plan {
        protocol,
        carrier,
        endpoint,
        authority: endpoint.to_string(),
        path: "/v1/traces".to_owned(),
        coding: Coding::Identity,
        connections: 2,
        streams: 3,
        schedule: Schedule { requests_per_second: None, requests: Some(REQUESTS), duration: None },
        shape: Shape { spans_per_request: 30, run: 7, ..Shape::default() },
        fresh: true,
        headers: vec![("X-Tenant".to_owned(), "a".to_owned())],
        timeout: Duration::from_secs(20),
        retry_for: Duration::ZERO,
    }
}

/// The settings of a server that asks for a certificate or does not.
fn settings(asks: bool, alpn: &[&str]) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(file("authority.pem")).expect("readable");
    roots.add(authority).expect("good");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match asks {
        true => builder.with_client_cert_verifier(verifier.build().expect("roots")),
        false => builder.with_no_client_auth(),
    };
    let certificate = CertificateDer::from_pem_file(file("backend.pem")).expect("readable");
    let key = PrivateKeyDer::from_pem_file(file("backend.key")).expect("readable");
    let mut config = builder.with_single_cert(vec![certificate], key).expect("a pair");
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// A thread with a runtime on which `serve` is running.
fn in_background<F: Future<Output = ()>>(serve: impl FnOnce() -> F + Send + 'static) {
    let _thread = std::thread::spawn(move || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime").block_on(serve());
    });
}

/// TLS in front of a sink; counts the handshakes that succeeded.
fn front(sink: &Sink, asks: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("bound");
    listener.set_nonblocking(true).expect("a socket");
    let (behind, shaken) = (sink.addr_http(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&shaken);
    in_background(move || async move {
        let listener = TcpListener::from_std(listener).expect("a listener");
        let acceptor = TlsAcceptor::from(Arc::new(settings(asks, &["h2", "http/1.1"])));
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, counter) = (acceptor.clone(), Arc::clone(&counter));
            let _task = tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(socket).await else { return };
                let _before = counter.fetch_add(1, Ordering::Relaxed);
                let mut behind = TcpStream::connect(behind).await.expect("the sink");
                let _ended = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
            });
        }
    });
    (address, shaken)
}

/// A server of HTTP/3 that answers `status` to requests whose body is what was to be sent.
fn http3(status: StatusCode) -> (SocketAddr, Arc<AtomicUsize>) {
    let config = QuicServerConfig::try_from(settings(false, &["h3"])).expect("TLS 1.3");
    let config = quinn::ServerConfig::with_crypto(Arc::new(config));
    let (told, address) = std::sync::mpsc::channel();
    let accepted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&accepted);
    in_background(move || async move {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let endpoint = quinn::Endpoint::server(config, any).expect("a port");
        told.send(endpoint.local_addr().expect("bound")).expect("the test waits");
        while let Some(incoming) = endpoint.accept().await {
            let counter = Arc::clone(&counter);
            let _task = tokio::spawn(async move {
                let Ok(connection) = incoming.await else { return };
                let _before = counter.fetch_add(1, Ordering::Relaxed);
                serve(connection, status).await;
            });
        }
    });
    (address.recv().expect("the server runs"), accepted)
}

async fn serve(connection: quinn::Connection, status: StatusCode) {
    let connection = h3_quinn::Connection::new(connection);
    let mut connection =
        h3::server::Connection::<_, Bytes>::new(connection).await.expect("settings");
    while let Ok(Some(resolver)) = connection.accept().await {
        let _task = tokio::spawn(async move {
            let (head, mut stream) = resolver.resolve_request().await.expect("a head");
            let mut body = Vec::new();
            while let Some(mut data) = stream.recv_data().await.expect("a body") {
                body.extend_from_slice(&data.copy_to_bytes(data.remaining()));
            }
            let size = build_request(&plan_of_size().shape, 0).len();
            let tenant = head.headers().get("x-tenant").map(|value| value.as_bytes().to_vec());
            let good = head.uri().path() == "/v1/traces"
                && head.headers().get("content-type").is_some()
                && tenant.as_deref() == Some(b"a")
                && body.len() == size;
            let status = if good { status } else { StatusCode::BAD_REQUEST };
            let mut answer = Response::builder().status(status);
            if !status.is_success() {
                answer = answer.header("retry-after", "2");
            }
            stream.send_response(answer.body(()).expect("an answer")).await.expect("open");
            stream.finish().await.expect("open");
        });
    }
}

fn plan_of_size() -> Plan {
    plan(Protocol::Http, Carrier::Tcp, SocketAddr::from(([127, 0, 0, 1], 1)))
}

fn good(outcome: &Outcome) {
    assert_eq!(outcome.tally.accepted, REQUESTS, "{:?}", outcome.tally.first_error);
}

#[test]
fn both_protocols_arrive_through_tls_on_connections_that_are_kept() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let sink = Sink::start(SinkOptions::default()).expect("a sink");
        let (address, shaken) = front(&sink, false);
        good(&run(plan(protocol, Carrier::Tls(tls()), address), |_| ()).expect("a run"));
        let report = sink.report();
        assert_eq!((report.accepted, report.spans.unique), (REQUESTS, REQUESTS * 30));
        assert_eq!(shaken.load(Ordering::Relaxed), 2, "{protocol:?}");
    }
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_ours() {
    let sink = Sink::start(SinkOptions::default()).expect("a sink");
    let (address, _) = front(&sink, true);
    let identity = Some((file("gateway.pem"), file("gateway.key")));
    let known = Carrier::Tls(Tls { identity, ..tls() });
    good(&run(plan(Protocol::Http, known, address), |_| ()).expect("a run"));
    let unknown = plan(Protocol::Http, Carrier::Tls(tls()), address);
    let outcome = run(unknown, |_| ()).expect("a run");
    assert_eq!(outcome.tally.broken, REQUESTS);
}

#[test]
fn a_server_that_is_not_trusted_gets_nothing_and_the_error_says_why() {
    let sink = Sink::start(SinkOptions::default()).expect("a sink");
    let (address, shaken) = front(&sink, false);
    let stranger = Tls { ca: file("gateway.pem"), ..tls() };
    let namesake = Tls { server_name: "other.example".to_owned(), ..tls() };
    for (tls, why) in [(stranger, "UnknownIssuer"), (namesake, "not valid for name")] {
        let mut plan = plan(Protocol::Http, Carrier::Tls(tls), address);
        plan.schedule.requests = Some(1);
        let outcome = run(plan, |_| ()).expect("a run");
        let told = outcome.tally.first_error.expect("an error");
        assert!(told.contains("TLS handshake") && told.contains(why), "{told}");
        assert!(told.starts_with(&address.to_string()), "{told}");
    }
    assert_eq!((shaken.load(Ordering::Relaxed), sink.report().requests), (0, 0));
}

#[test]
fn a_file_that_is_missing_or_no_certificate_is_named_before_anything_is_sent() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    for name in ["nobody.pem", "backend.key"] {
        let carrier = Carrier::Tls(Tls { ca: file(name), ..tls() });
        let error = run(plan(Protocol::Http, carrier, nowhere), |_| ()).expect_err("no authority");
        assert!(error.to_string().contains(name), "{error}");
    }
    let quic = plan(Protocol::Grpc, Carrier::Quic(tls()), nowhere);
    let error = run(quic, |_| ()).expect_err("there is no such thing");
    assert!(error.to_string().contains("gRPC over QUIC"), "{error}");
}

#[test]
fn http_3_carries_heads_and_bodies_on_connections_that_are_kept() {
    let (address, accepted) = http3(StatusCode::OK);
    good(&run(plan(Protocol::Http, Carrier::Quic(tls()), address), |_| ()).expect("a run"));
    assert_eq!(accepted.load(Ordering::Relaxed), 2);
}

#[test]
fn refusals_over_http_3_are_counted_with_the_delay_they_ask_for() {
    let (address, _) = http3(StatusCode::TOO_MANY_REQUESTS);
    let outcome = run(plan(Protocol::Http, Carrier::Quic(tls()), address), |_| ()).expect("a run");
    let tally = outcome.tally;
    assert_eq!((tally.refused, tally.limited, tally.undated), (REQUESTS, REQUESTS, 0));
    let two = Duration::from_secs(2);
    assert_eq!(tally.retry_after, Some((two, two)), "{:?}", tally.first_error);
}
