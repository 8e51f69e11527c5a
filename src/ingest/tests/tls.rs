//! Ports with TLS as clients meet them: versions, protocols, who is let in.

mod changes;
mod guarded;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::cors::{preflight, shop};
use super::grpc::{assert_success, call, export, framed};
use super::site::{Site, on_shard, post, spans, with_plan};
use crate::config::plan::{Pem, Plan, TlsServer, TlsVersion};
use crate::ingest::guard::HEAD_TIME;
use crate::runtime::{net, task};
use crate::telemetry::names::Transport;

const FAILURES: &str = "spanyard_shard_tls_failures_total";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name)
}

fn settings(certificate: &Path, key: &Path) -> TlsServer {
    TlsServer {
        identity: (Pem::File(certificate.to_owned()), Pem::File(key.to_owned())),
        client_ca: None,
        client_ca_reload: false,
        min: TlsVersion::V12,
        max: TlsVersion::V13,
        suites: Vec::new(),
        curves: Vec::new(),
        reload: None,
    }
}

fn server() -> TlsServer {
    settings(&file("server.pem"), &file("server.key"))
}

fn mutual() -> TlsServer {
    TlsServer { client_ca: Some(file("authority.pem")), ..server() }
}

/// Both ports with the same settings.
fn both(settings: TlsServer) -> impl FnOnce(&mut Plan) {
    move |plan| {
        let receiver = &mut plan.receivers[0];
        receiver.grpc.as_mut().unwrap().tls = Some(settings.clone());
        receiver.http.as_mut().unwrap().tls = Some(settings);
    }
}

/// What a client offers and shows.
struct Offer<'a> {
    versions: &'a [&'static SupportedProtocolVersion],
    protocols: &'a [&'a str],
    identity: Option<&'a str>,
}

const ANY: Offer<'_> = Offer { versions: &[&TLS13, &TLS12], protocols: &[], identity: None };

impl Offer<'_> {
    fn connector(&self) -> TlsConnector {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(file("authority.pem")).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match self.identity {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let chain = CertificateDer::from_pem_file(file(&format!("{name}.pem"))).unwrap();
                let key = PrivateKeyDer::from_pem_file(file(&format!("{name}.key"))).unwrap();
                builder.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        config.alpn_protocols = self.protocols.iter().map(|name| name.as_bytes().into()).collect();
        Arc::new(config).into()
    }

    async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = net::connect("127.0.0.1", address.port(), HEAD_TIME).await?;
        self.connector().connect(ServerName::try_from("localhost").unwrap(), stream).await
    }
}

/// What a POST over HTTP/1 is answered, if the server takes the connection.
async fn ask(mut stream: TlsStream<TcpStream>) -> std::io::Result<String> {
    stream.write_all(&post("connection: close\r\n", &spans(3))).await?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8(answer).unwrap())
}

/// The status of a gRPC call over a connection.
async fn export_over<S>(stream: S) -> super::grpc::Outcome
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static,
{
    let (channel, connection) = h2::client::handshake(stream).await.unwrap();
    let _ = task::spawn_connection("client", async move { drop(connection.await) });
    call(&channel, export(), framed(false, &spans(3))).await
}

#[test]
fn both_versions_are_spoken_and_the_protocol_is_agreed_on_or_shows_in_the_first_bytes() {
    with_plan(both(server()), async |site| {
        for version in [&TLS12, &TLS13] {
            let versions = &[version][..];
            for protocols in [&["http/1.1"][..], &[]] {
                let offer = Offer { versions, protocols, ..ANY };
                let stream = offer.connect(site.address).await.unwrap();
                assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
                let answer = ask(stream).await.unwrap();
                assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
                assert_eq!(site.next().await, spans(3));
            }
            for protocols in [&["h2", "http/1.1"][..], &[]] {
                let offer = Offer { versions, protocols, ..ANY };
                let stream = offer.connect(site.address).await.unwrap();
                let agreed = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
                assert_eq!(agreed, protocols.first().map(|name| name.as_bytes().to_vec()));
                assert_success(&export_over(stream).await);
                assert_eq!(site.next().await, spans(3));
            }
        }
        let strange = Offer { protocols: &["spdy/3"], ..ANY };
        assert!(strange.connect(site.address).await.is_err());
        assert_eq!(site.sum_of(FAILURES, "protocol"), 1);
    });
}

#[test]
fn a_preflight_through_tls_is_answered() {
    let secure = |plan: &mut Plan| {
        both(server())(plan);
        shop(plan.receivers[0].http.as_mut().unwrap());
    };
    with_plan(secure, async |site| {
        let mut stream = ANY.connect(site.address).await.unwrap();
        let asked = preflight("https://shop.example", "POST", "content-type");
        stream.write_all(&asked).await.unwrap();
        let mut answer = [0; 400];
        let count = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..count]);
        assert!(answer.starts_with("HTTP/1.1 204 No Content"), "{answer}");
        assert!(answer.contains("access-control-allow-origin: https://shop.example"), "{answer}");
    });
}

#[test]
fn a_version_below_the_least_is_refused() {
    let least = TlsServer { min: TlsVersion::V13, ..server() };
    with_plan(both(least), async |site| {
        let old = Offer { versions: &[&TLS12], ..ANY };
        assert!(old.connect(site.address).await.is_err());
        assert_eq!(site.sum_of(FAILURES, "protocol"), 1);
        let answer = ask(ANY.connect(site.address).await.unwrap()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    });
}

#[test]
fn large_bodies_arrive_as_sent_through_tls() {
    with_plan(both(server()), async |site| {
        let body = spans(15_000);
        for protocols in [&["http/1.1"][..], &["h2"]] {
            let stream = Offer { protocols, ..ANY }.connect(site.address).await.unwrap();
            if protocols == ["h2"] {
                let (channel, connection) = h2::client::handshake(stream).await.unwrap();
                let _ = task::spawn_connection("client", async move { drop(connection.await) });
                assert_success(&call(&channel, export(), framed(false, &body)).await);
            } else {
                let (mut reading, mut writing) = tokio::io::split(stream);
                let request = post("", &body);
                let mut answer = [0; 15];
                let (wrote, read) =
                    tokio::join!(writing.write_all(&request), reading.read_exact(&mut answer));
                wrote.unwrap();
                let _ = read.unwrap();
                assert_eq!(&answer, b"HTTP/1.1 200 OK");
            }
            assert_eq!(site.next().await, body);
        }
    });
}

#[test]
fn only_a_client_with_a_good_certificate_gets_in_where_one_is_demanded() {
    with_plan(both(mutual()), async |site| {
        for version in [&TLS12, &TLS13] {
            let offer = Offer { versions: &[version], identity: Some("client"), ..ANY };
            let answer = ask(offer.connect(site.address).await.unwrap()).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
            assert_eq!(site.next().await, spans(3));
            let bad = [Some("expired"), Some("wrong-authority"), Some("wrong-use"), None];
            for identity in bad {
                let offer = Offer { versions: &[version], identity, ..ANY };
                // Over 1.3 the client has done its part before the server judges.
                let refused = match offer.connect(site.address).await {
                    Err(_) => true,
                    Ok(stream) => ask(stream).await.is_err(),
                };
                assert!(refused, "{identity:?} over {version:?}");
            }
        }
        assert_eq!(site.sum_of(FAILURES, "no_certificate"), 2);
        assert_eq!(site.sum_of(FAILURES, "bad_certificate"), 6);
        assert_eq!(site.count(FAILURES), 8);
    });
}

#[test]
fn plain_http_on_a_port_with_tls_is_told_so() {
    with_plan(both(server()), async |site| {
        let mut client = site.connect().await;
        client.send(&post("", &spans(1))).await;
        assert_eq!(client.answer().await.status, 400);
        assert_eq!(site.sum_of(FAILURES, "protocol"), 1);
        // One that connects and goes has failed at nothing.
        drop(site.connect().await);
        let answer = ask(ANY.connect(site.address).await.unwrap()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert_eq!(site.count(FAILURES), 1);
    });
}

#[test]
fn a_client_that_does_not_finish_its_handshake_is_cut_off() {
    with_plan(both(server()), async |site| {
        let room = site.room();
        let mut silent = site.connect().await;
        let port = site.address.port();
        let mut halfway = net::connect("127.0.0.1", port, HEAD_TIME).await.unwrap();
        halfway.write_all(&[22, 3, 1, 0, 200, 1, 0]).await.unwrap();
        while site.gate.connections() < 2 {
            tokio::task::yield_now().await;
        }
        for _ in 0..HEAD_TIME.as_secs() * 2 + 2 {
            site.supplies.watch.turn();
        }
        assert!(silent.is_closed().await);
        // A reset, if what it sent was not read any more.
        assert_eq!(halfway.read(&mut [0]).await.unwrap_or_default(), 0);
        assert_eq!(site.sum_of(FAILURES, "timeout"), 2);
        site.gate.emptied().await;
        assert_eq!(site.room(), room);
    });
}

#[test]
fn a_plain_port_is_no_way_around_the_tls_of_the_other() {
    let only = |side| {
        move |plan: &mut Plan| {
            let receiver = &mut plan.receivers[0];
            match side {
                Transport::Grpc => receiver.grpc.as_mut().unwrap().tls = Some(mutual()),
                Transport::Http => receiver.http.as_mut().unwrap().tls = Some(mutual()),
            }
        }
    };
    let with_certificate = Offer { identity: Some("client"), ..ANY };
    with_plan(only(Transport::Grpc), async |site| {
        let plain = net::connect("127.0.0.1", site.address.port(), HEAD_TIME).await.unwrap();
        assert_eq!(export_over(plain).await.status, 12);
        assert_eq!(site.ask(&post("", &spans(1))).await.status, 200);
        let secure = site.open(Transport::Grpc);
        let stream = with_certificate.connect(secure).await.unwrap();
        assert_success(&export_over(stream).await);
        let answer = ask(with_certificate.connect(secure).await.unwrap()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    });
    with_plan(only(Transport::Http), async |site| {
        let address = site.open(Transport::Grpc);
        let plain = net::connect("127.0.0.1", address.port(), HEAD_TIME).await.unwrap();
        assert_success(&export_over(plain).await);
        let mut plain = site.connect_to(address).await;
        plain.send(&post("", &spans(1))).await;
        assert_eq!(plain.answer().await.status, 404);
        let stream = with_certificate.connect(site.address).await.unwrap();
        assert_eq!(export_over(stream).await.status, 12);
        let answer = ask(with_certificate.connect(site.address).await.unwrap()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
    on_shard(async |site| {
        let plain = net::connect("127.0.0.1", site.address.port(), HEAD_TIME).await.unwrap();
        assert_success(&export_over(plain).await);
    });
}
