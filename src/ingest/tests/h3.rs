//! OTLP over HTTP/3: each answer as over HTTP/2, and clients that send what is no request.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ::http::{HeaderMap, Request, request::Builder};
use bytes::{Buf as _, Bytes};
use h3::client::SendRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use quinn::crypto::rustls::QuicClientConfig;
use rustls::RootCertStore;
use spanyard_wire::reply;
use spanyard_wire::schema::Signal;

use super::site::{BYTES_MAX, Site, gzip, spans, with_plan};
use crate::config::plan::{Pem, Plan, Receiver, Secret, TlsServer, TlsVersion};
use crate::runtime::net;
use crate::tls;
use crate::units::{KIB, MIB};

pub(super) const LOCAL: Ipv4Addr = Ipv4Addr::LOCALHOST;

fn text(pem: &str) -> Pem {
    Pem::Text(Secret::Plain(pem.to_owned()))
}

/// A receiver that shows the certificate of `backend`.
pub(super) fn secured(plan: &mut Plan) {
    secure(&mut plan.receivers[0]);
}

fn secure(receiver: &mut Receiver) {
    let certificate = include_str!("../../export/tests/certificates/backend.pem");
    let key = include_str!("../../export/tests/certificates/backend.key");
    shows(receiver, certificate, key);
}

pub(super) fn shows(receiver: &mut Receiver, certificate: &str, key: &str) {
    let http = receiver.http.as_mut().unwrap();
    http.http3 = true;
    http.tls = Some(TlsServer {
        identity: (text(certificate), text(key)),
        client_ca: None,
        client_ca_reload: false,
        min: TlsVersion::V12,
        max: TlsVersion::V13,
        suites: Vec::new(),
        curves: Vec::new(),
        reload: None,
    });
}

/// Has the gate of `site` take HTTP/3, and says where.
pub(super) fn listen(site: &Site) -> SocketAddr {
    let socket = net::datagrams((LOCAL, 0).into(), false).unwrap();
    let address = socket.local_addr().unwrap();
    site.gate.listen_quic(socket).unwrap();
    address
}

/// An endpoint whose clients trust the authority of `backend`, and speak `alpn`.
pub(super) fn endpoint(alpn: &str) -> quinn::Endpoint {
    let mut roots = RootCertStore::empty();
    let authority = include_str!("../../export/tests/certificates/authority.pem");
    for certificate in tls::certificates("ca", &text(""), authority.as_bytes()).unwrap() {
        roots.add(certificate).unwrap();
    }
    let provider = Arc::new(tls::provider(&[], &[]));
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    let config = QuicClientConfig::try_from(config).unwrap();
    let mut endpoint = quinn::Endpoint::client((LOCAL, 0).into()).unwrap();
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(config)));
    endpoint
}

pub(super) async fn connect(address: SocketAddr) -> quinn::Connection {
    endpoint("h3").connect(address, "backend").unwrap().await.unwrap()
}

/// A client over HTTP/3.
pub(super) struct Channel {
    pub(super) quic: quinn::Connection,
    pub(super) requests: SendRequest<h3_quinn::OpenStreams, Bytes>,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

pub(super) async fn channel(address: SocketAddr) -> Channel {
    let quic = connect(address).await;
    let (mut driver, requests) =
        h3::client::new(h3_quinn::Connection::new(quic.clone())).await.unwrap();
    let _ = crate::runtime::task::spawn("client", async move {
        let _ = std::future::poll_fn(|context| driver.poll_close(context)).await;
    });
    Channel { quic, requests }
}

pub(super) fn export() -> Builder {
    Request::post("https://backend/v1/traces").header("content-type", "application/x-protobuf")
}

pub(super) type Stream = h3::client::RequestStream<h3_quinn::BidiStream<Bytes>, Bytes>;

impl Channel {
    pub(super) async fn begin(&mut self, request: Builder) -> Stream {
        self.requests.send_request(request.body(()).unwrap()).await.unwrap()
    }

    pub(super) async fn ask(&mut self, request: Builder, body: &[u8]) -> Answer {
        let mut stream = self.begin(request).await;
        // Who is refused may be stopped while he sends.
        for piece in body.chunks(10_000) {
            if stream.send_data(Bytes::copy_from_slice(piece)).await.is_err() {
                break;
            }
        }
        drop(stream.finish().await);
        answer(&mut stream).await
    }
}

pub(super) async fn answer(stream: &mut Stream) -> Answer {
    let (head, ()) = stream.recv_response().await.unwrap().into_parts();
    let mut body = Vec::new();
    while let Some(mut data) = stream.recv_data().await.unwrap() {
        body.extend_from_slice(&data.copy_to_bytes(data.remaining()));
    }
    Answer { status: head.status.as_u16(), headers: head.headers, body }
}

#[test]
fn bodies_of_every_size_are_accepted_with_an_empty_message_and_arrive_as_sent() {
    with_plan(secured, async |site| {
        let mut client = channel(listen(&site)).await;
        for count in [1, 40, 41, 500, 5000] {
            let body = spans(count);
            for request in [export(), export().header("content-length", body.len())] {
                let answer = client.ask(request, &body).await;
                assert_eq!((answer.status, answer.body.len()), (200, 0), "{answer:?}");
                assert_eq!(answer.headers["content-type"], "application/x-protobuf");
                assert_eq!(site.next().await, body, "{count} spans");
            }
        }
        assert_eq!(client.ask(export(), b"").await.status, 200);
    });
}

#[test]
fn gzip_and_json_are_taken_as_over_the_other_versions() {
    with_plan(secured, async |site| {
        let mut client = channel(listen(&site)).await;
        let body = spans(100);
        let zipped = export().header("content-encoding", "gzip");
        assert_eq!(client.ask(zipped, &gzip(&body)).await.status, 200);
        assert_eq!(site.next().await, body);
        let message = ExportTraceServiceRequest::decode(&body[..]).unwrap();
        let request =
            Request::post("https://backend/v1/traces").header("content-type", "application/json");
        let answer = client.ask(request, &serde_json::to_vec(&message).unwrap()).await;
        assert_eq!((answer.status, &answer.body[..]), (200, &b"{}"[..]));
        assert_eq!(ExportTraceServiceRequest::decode(&site.next().await[..]).unwrap(), message);
    });
}

#[test]
fn what_is_refused_is_told_why_and_the_connection_lives() {
    with_plan(secured, async |site| {
        let mut client = channel(listen(&site)).await;
        let large = vec![0; BYTES_MAX + 1];
        let bomb = gzip(&vec![0; 8 * MIB]);
        let kind = |path: &str, kind: &str| {
            Request::post(format!("https://backend{path}")).header("content-type", kind.to_owned())
        };
        let cases: [(Builder, &[u8], u16); 9] = [
            (kind("/v1/nothing", "application/x-protobuf"), b"", 404),
            (Request::get("https://backend/v1/traces"), b"", 405),
            (kind("/v1/traces", "text/plain"), b"text", 415),
            (kind("/v1/traces", "application/grpc"), b"\0\0\0\0\0", 415),
            (kind(Signal::Traces.grpc_path(), "application/grpc+proto"), b"\0\0\0\0\0", 415),
            (export().header("content-length", large.len()), &large, 413),
            (export(), &large, 413),
            (export().header("content-encoding", "gzip"), &bomb, 413),
            (export(), b"\xff\xff", 400),
        ];
        for (request, body, status) in cases {
            let told = client.ask(request, body).await;
            assert_eq!(told.status, status, "{told:?}");
        }
        assert_eq!(client.ask(export(), &spans(1)).await.status, 200);
    });
}

#[test]
fn without_room_requests_are_refused_with_a_delay_and_the_connection_lives() {
    with_plan(secured, async |site| {
        let mut client = channel(listen(&site)).await;
        assert_eq!(client.ask(export(), &spans(1)).await.status, 200);
        for left in [0, 512 * KIB] {
            let full = site.fill(left);
            for _ in 0..3 {
                let body = spans(5000);
                let request = export().header("content-length", body.len());
                let refused = client.ask(request, &body).await;
                assert_eq!(refused.status, 503, "{left} left: {refused:?}");
                assert!(["1", "2"].contains(&refused.headers["retry-after"].to_str().unwrap()));
                assert_eq!(reply::read_status(&refused.body).unwrap().code, 14);
            }
            drop(full);
            assert_eq!(client.ask(export(), &spans(5000)).await.status, 200);
        }
    });
}

#[test]
fn a_body_that_does_not_come_in_time_is_answered_and_not_waited_for() {
    with_plan(secured, async |site| {
        let mut client = channel(listen(&site)).await;
        assert_eq!(client.ask(export(), b"").await.status, 200);
        let idle = site.room();
        let mut stream = client.begin(export().header("content-length", MIB)).await;
        stream.send_data(Bytes::from_static(b"half")).await.unwrap();
        until_room(&site, idle - MIB).await;
        (0..30).for_each(|_| site.supplies.watch().turn());
        assert_eq!(answer(&mut stream).await.status, 408);
        assert_eq!(site.malformed("timeout"), 1);
        assert_eq!(client.ask(export(), &spans(1)).await.status, 200);
    });
}

/// Waits until so many bytes of the budget are left, or less.
async fn until_room(site: &Site, bytes: usize) {
    while site.room() > bytes {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_stream_with_a_frame_that_does_not_end_is_given_up_and_the_connection_lives() {
    with_plan(secured, async |site| {
        let mut client = channel(listen(&site)).await;
        let room = site.room();
        // HEADERS, and a type that nobody knows, each of 1 GiB.
        for kind in [&b"\x01"[..], b"\x21"] {
            let (mut writing, _reading) = client.quic.open_bi().await.unwrap();
            writing.write_all(&[kind, b"\xc0\0\0\0\x40\0\0\0"].concat()).await.unwrap();
            let flood = vec![0; MIB];
            assert!(writing.write_all(&flood).await.is_err(), "it is stopped");
        }
        assert_eq!(client.ask(export(), &spans(1)).await.status, 200);
        let _ = site.next().await;
        // Nothing is held of it.
        while site.room() < room {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_connection_that_floods_its_control_stream_is_closed() {
    with_plan(secured, async |site| {
        let quic = connect(listen(&site)).await;
        let mut control = quic.open_uni().await.unwrap();
        // The stream's type, empty settings, and frames that nobody knows.
        control.write_all(b"\0\x04\0").await.unwrap();
        while control.write_all(&[0x21, 2, 0, 0].repeat(1000)).await.is_ok() {}
        assert!(matches!(quic.closed().await, quinn::ConnectionError::ApplicationClosed(_)));
        site.gate.emptied().await;
    });
}

#[test]
fn answers_over_tcp_name_http_3_and_answers_over_http_3_do_not() {
    super::site::on_shard(async |site| {
        let mut client = site.connect().await;
        client.send(&super::site::post("", b"")).await;
        assert_eq!(client.answer().await.header("alt-svc"), None);
        site.gate.swap(site.front(|receiver| {
            secure(receiver);
            let endpoint = SocketAddr::from((LOCAL, 4318)).into();
            receiver.http.as_mut().unwrap().endpoint = endpoint;
        }));
        client.send(&super::site::post("", b"")).await;
        assert_eq!(client.answer().await.header("alt-svc"), Some("h3=\":4318\"; ma=86400"));
        let mut client = channel(listen(&site)).await;
        assert!(!client.ask(export(), b"").await.headers.contains_key("alt-svc"));
    });
}
