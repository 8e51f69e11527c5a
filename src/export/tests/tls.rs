//! TLS towards a server on a real socket: who is trusted, what is offered, how faults are named.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::super::connect::Dialer;
use super::super::tls::{Alpn, kept};
use super::*;
use crate::config::plan::{Pem, Secret, TlsClient, TlsVersion};
use crate::runtime::kept::Renew as _;
use crate::runtime::net;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/export/tests/certificates").join(name)
}

fn identity(name: &str) -> (PathBuf, PathBuf) {
    (file(&format!("{name}.pem")), file(&format!("{name}.key")))
}

fn pem(name: &str) -> Pem {
    Pem::File(file(name))
}

fn text(name: &str) -> Pem {
    Pem::Text(Secret::Plain(std::fs::read_to_string(file(name)).expect("readable")))
}

/// What the server asks of its clients.
#[derive(Clone, Copy, Default)]
struct Demands {
    certificate: bool,
    tls12: bool,
}

fn server(demands: Demands) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions: &[_] =
        if demands.tls12 { &[&rustls::version::TLS12] } else { rustls::DEFAULT_VERSIONS };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .expect("versions");
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(file("authority.pem")).expect("readable");
    roots.add(authority).expect("good");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if demands.certificate {
        builder.with_client_cert_verifier(verifier.build().expect("roots"))
    } else {
        builder.with_no_client_auth()
    };
    let (certificate, key) = identity("backend");
    let certificate = CertificateDer::from_pem_file(certificate).expect("readable");
    let key = PrivateKeyDer::from_pem_file(key).expect("readable");
    let mut config = builder.with_single_cert(vec![certificate], key).expect("a pair");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config).into()
}

/// Connects once: the server tells the protocol that was agreed on.
async fn connect(demands: Demands, settings: TlsClient, alpn: Alpn) -> Result<String, String> {
    let listener = net::listen(SocketAddr::from(([127, 0, 0, 1], 0)), false).expect("a port");
    let address = listener.local_addr().expect("bound");
    let listener = tokio::net::TcpListener::from_std(listener).expect("non-blocking");
    let host = address.ip().to_string();
    let peer = Peer { host, port: address.port(), tls: Some(settings) };
    let dialer = Dialer::new(&peer, alpn, &mut Vec::new())?;
    let serving = async {
        let (socket, _) = listener.accept().await.expect("a client");
        let Ok(mut stream) = server(demands).accept(socket).await else { return };
        let agreed = stream.get_ref().1.alpn_protocol().unwrap_or(b"none").to_vec();
        stream.write_all(&agreed).await.expect("open");
        // A client that was content to connect has gone meanwhile.
        let _closed = stream.shutdown().await;
    };
    let calling = async {
        let mut stream = dialer.dial(Duration::from_secs(10)).0.await?;
        let mut agreed = String::new();
        let read = stream.read_to_string(&mut agreed).await;
        read.map(|_| agreed).map_err(|error| error.to_string())
    };
    tokio::join!(serving, calling).1
}

fn trusting() -> TlsClient {
    TlsClient {
        ca: Some(pem("authority.pem")),
        server_name: Some("backend".to_owned()),
        ..TlsClient::default()
    }
}

#[tokio::test]
async fn a_backend_with_a_certificate_of_the_named_authority_is_trusted() {
    let demands = Demands::default();
    assert_eq!(connect(demands, trusting(), Alpn::Http1).await, Ok("http/1.1".to_owned()));
    assert_eq!(connect(demands, trusting(), Alpn::H2).await, Ok("h2".to_owned()));
}

#[tokio::test]
async fn other_backends_are_not_trusted_unless_the_file_says_so() {
    let demands = Demands::default();
    let other_authority = TlsClient { ca: Some(pem("gateway.pem")), ..trusting() };
    let other_name = TlsClient { server_name: None, ..trusting() };
    for settings in [other_authority, other_name] {
        let error = connect(demands, settings, Alpn::H2).await.expect_err("not to be trusted");
        assert!(error.starts_with("connect 127.0.0.1:"), "{error}");
        assert!(error.contains("tls: invalid peer certificate"), "{error}");
    }
    let careless = TlsClient { skip_verify: true, ..TlsClient::default() };
    assert_eq!(connect(demands, careless, Alpn::H2).await, Ok("h2".to_owned()));
}

#[tokio::test]
async fn a_client_certificate_is_shown_when_the_file_names_one() {
    let demands = Demands { certificate: true, ..Demands::default() };
    let _refused = connect(demands, trusting(), Alpn::H2).await.expect_err("no certificate");
    let files = (pem("gateway.pem"), pem("gateway.key"));
    let texts = (text("gateway.pem"), text("gateway.key"));
    for identity in [files, texts] {
        let settings = TlsClient { identity: Some(identity), ..trusting() };
        assert_eq!(connect(demands, settings, Alpn::H2).await, Ok("h2".to_owned()));
    }
}

#[tokio::test]
async fn min_version_is_held() {
    let demands = Demands { tls12: true, ..Demands::default() };
    assert_eq!(connect(demands, trusting(), Alpn::H2).await, Ok("h2".to_owned()));
    let modern = TlsClient { min: TlsVersion::V13, ..trusting() };
    let error = connect(demands, modern, Alpn::H2).await.expect_err("too old");
    assert!(error.contains("tls: "), "{error}");
}

#[tokio::test]
async fn max_version_suites_and_curves_are_held() {
    let old = TlsClient { max: TlsVersion::V12, ..trusting() };
    assert!(connect(Demands::default(), old, Alpn::H2).await.is_ok());
    let suite = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
    let other = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
    let demands = Demands { tls12: true, ..Demands::default() };
    let mut agreed = 0;
    for suite in [suite, other] {
        let settings = TlsClient {
            suites: vec![suite.to_owned()],
            curves: vec!["P256".to_owned()],
            ..trusting()
        };
        agreed += usize::from(connect(demands, settings, Alpn::H2).await.is_ok());
    }
    assert_eq!(agreed, 1, "only the suite for the kind of key that the backend has");
}

#[tokio::test]
async fn an_authority_given_as_text_is_trusted_like_a_file() {
    let settings = TlsClient { ca: Some(text("authority.pem")), ..trusting() };
    let connected = connect(Demands::default(), settings, Alpn::H2).await;
    assert_eq!(connected, Ok("h2".to_owned()));
}

#[test]
fn certificates_that_change_are_read_again_and_broken_ones_keep_the_old() {
    let path = std::env::temp_dir().join(format!("spanyard-tls-{}", std::process::id()));
    let copy = |name: &str| {
        let _bytes = std::fs::copy(file(name), &path).expect("copied");
    };
    copy("authority.pem");
    let settings = TlsClient {
        ca: Some(Pem::File(path.clone())),
        reload: Some(Duration::from_secs(1)),
        ..TlsClient::default()
    };
    let kept = kept(&settings, Alpn::H2).expect("readable");
    let first = Arc::clone(kept.get().config());
    kept.renew();
    assert!(Arc::ptr_eq(&first, kept.get().config()), "the same bytes make nothing new");
    copy("README.md");
    kept.renew();
    assert!(Arc::ptr_eq(&first, kept.get().config()), "a broken file keeps the old one");
    copy("gateway.pem");
    kept.renew();
    assert!(!Arc::ptr_eq(&first, kept.get().config()));
    std::fs::remove_file(&path).expect("removed");
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let cases = [
        TlsClient { ca: Some(pem("missing.pem")), ..TlsClient::default() },
        TlsClient { ca: Some(pem("README.md")), ..TlsClient::default() },
        TlsClient { identity: Some((pem("gateway.pem"), pem("missing.pem"))), ..trusting() },
    ];
    for settings in cases {
        let peer = Peer { host: "backend".to_owned(), port: 1, tls: Some(settings) };
        let made = Dialer::new(&peer, Alpn::Http1, &mut Vec::new());
        let Err(error) = made else { panic!("a file is missing") };
        assert!(error.contains("missing.pem") || error.contains("README.md"), "{error}");
    }
}
