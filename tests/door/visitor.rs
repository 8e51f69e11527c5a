//! Clients at the door: blocking HTTP/1 over whatever carries it, TLS with and without a
//! certificate, and the configuration that all the tests here begin with.
#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use loadgen::Tls;
use loadgen::shape::{Shape, build_request};
use loadgen::sink::Sink;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::gateway::PATIENCE;
use super::home::given;

/// One request of one span.
pub(crate) fn body() -> Vec<u8> {
    build_request(&Shape { spans_per_request: 1, ..Shape::default() }, 0)
}

/// Receivers, extensions and who of them is used, in front of `sink`.
pub(crate) fn config(sink: &Sink, receivers: &str, extensions: &str, used: &str) -> String {
    let names: Vec<_> =
        receivers.lines().filter_map(|line| line.strip_prefix("  otlp")?.split_once(':')).collect();
    let mut names: Vec<_> = names.iter().map(|(name, _)| format!("otlp{name}")).collect();
    if names.is_empty() {
        names.push("otlp".to_owned());
    }
    format!(
        "
receivers:
{receivers}
extensions:
  spanyard: {{shards: 2}}
{extensions}
exporters:
  otlphttp: {{endpoint: 'http://{}', compression: none}}
service:
  extensions: [health_check, spanyard{used}]
  pipelines:
    traces: {{receivers: [{}], exporters: [otlphttp]}}
",
        sink.addr_http(),
        names.join(", ")
    )
}

/// A connection over TLS.
pub(crate) type Shaken = StreamOwned<ClientConnection, TcpStream>;

/// Shakes hands as a client that shows the certificate `identity`, if any.
pub(crate) fn shake(
    address: SocketAddr,
    identity: Option<&str>,
    protocols: &[&str],
) -> io::Result<Shaken> {
    let mut socket = connect(address)?;
    let name = ServerName::try_from("localhost").expect("a name");
    let mut connection = ClientConnection::new(Arc::new(client(identity, protocols)), name)
        .map_err(io::Error::other)?;
    while connection.is_handshaking() {
        let _moved = connection.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(connection, socket))
}

/// A connection in clear text.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

fn client(identity: Option<&str>, protocols: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(given("authority.pem")).expect("a certificate");
    roots.add(authority).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(name) => {
            let (chain, key) = files(name);
            let chain = CertificateDer::from_pem_file(chain).expect("a certificate");
            let key = PrivateKeyDer::from_pem_file(key).expect("a key");
            builder.with_client_auth_cert(vec![chain], key).expect("they fit")
        }
    };
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

fn files(name: &str) -> (PathBuf, PathBuf) {
    (given(&format!("{name}.pem")), given(&format!("{name}.key")))
}

/// What loadgen trusts and shows.
pub(crate) fn trust(identity: Option<&str>) -> Tls {
    Tls {
        ca: given("authority.pem"),
        identity: identity.map(files),
        server_name: "localhost".to_owned(),
    }
}

/// The certificate that the server shows now.
pub(crate) fn shown(address: SocketAddr) -> Vec<u8> {
    let shaken = shake(address, None, &[]).expect("a good handshake");
    let chain = shaken.conn.peer_certificates().expect("a certificate");
    chain.first().expect("one at least").to_vec()
}

/// A certificate of the tests.
pub(crate) fn der(name: &str) -> Vec<u8> {
    CertificateDer::from_pem_file(given(name)).expect("a certificate").to_vec()
}

/// Sends one request, with more lines in its head, and reads all that is answered up to the end of
/// the connection.
pub(crate) fn ask(stream: impl Read + Write, lines: &str) -> io::Result<String> {
    let body = body();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\
         Content-Type: application/x-protobuf\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    exchange(stream, &[head.as_bytes(), &body].concat())
}

/// The same for whatever bytes.
pub(crate) fn exchange(mut stream: impl Read + Write, bytes: &[u8]) -> io::Result<String> {
    stream.write_all(bytes)?;
    stream.flush()?;
    let mut answer = Vec::new();
    let _read = stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Fails unless an answer has this status.
pub(crate) fn assert_status(answer: &str, status: u16) {
    let begin = format!("HTTP/1.1 {status} ");
    assert!(answer.starts_with(&begin), "not {status}: {answer:?}");
}
