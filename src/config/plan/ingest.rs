//! What a receiver does with connections and bodies: the shapes of `protocols.grpc` and
//! `protocols.http`.
//!
//! Shapes only. A time that is `None` is the gateway's own, which guards the same thing.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::destination::{Pem, Secret, TlsVersion};

/// Where a receiver listens (`endpoint` and `transport`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A port; the host has been resolved.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(out),
            Self::Unix(path) => path.display().fmt(out),
        }
    }
}

/// `protocols.grpc` of a receiver.
#[derive(Clone, Debug)]
pub struct GrpcIngest {
    /// Where to listen.
    pub endpoint: Address,
    /// `max_recv_msg_size_mib` in bytes, after decompression.
    pub message_bytes_max: usize,
    /// `max_concurrent_streams`.
    pub streams_max: u32,
    /// `include_metadata`: whether edits see this receiver's request headers. Routing always does.
    pub include_metadata: bool,
    /// `keepalive.server_parameters`.
    pub keepalive: ServerKeepalive,
    /// `tls`; `None`: plain text.
    pub tls: Option<TlsServer>,
    /// `auth`; `None`: everyone may send.
    pub auth: Option<Authenticator>,
}

/// `keepalive.server_parameters`: how long a connection over HTTP/2 lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerKeepalive {
    /// `max_connection_idle`: without a request for this long, it is told to go.
    pub idle: Option<Duration>,
    /// `max_connection_age`, give or take a tenth: told to go at this age; `None`: never.
    pub age: Option<Duration>,
    /// `max_connection_age_grace`: closed this long after that; `None`: when its requests are done.
    pub grace: Option<Duration>,
    /// `time` and `timeout`: pinged when silent for the one, closed when it stays so for the other.
    pub ping: Option<(Duration, Duration)>,
    /// `enforcement_policy`: the least time between pings of a client, and whether it may ping
    /// without a request under way; `None`: only a flood of them is too much.
    pub enforcement: Option<(Duration, bool)>,
}

/// `protocols.http` of a receiver.
#[derive(Clone, Debug)]
pub struct HttpIngest {
    /// Where to listen.
    pub endpoint: Address,
    /// `max_request_body_size` in bytes, after decompression as well.
    pub body_bytes_max: usize,
    /// `traces_url_path`, `metrics_url_path`, `logs_url_path`, by
    /// [`Signal::index`](spanyard_wire::schema::Signal::index).
    pub paths: [String; 3],
    /// `include_metadata`: whether routing and edits see this receiver's request headers.
    pub include_metadata: bool,
    /// `compression_algorithms`.
    pub codings: Codings,
    /// How long a client may take.
    pub times: HttpTimes,
    /// `tls`; `None`: plain text.
    pub tls: Option<TlsServer>,
    /// `auth`; `None`: everyone may send.
    pub auth: Option<Authenticator>,
    /// `cors`; `None`: browsers of other origins are not answered.
    pub cors: Option<Cors>,
    /// `response_headers`: added to every answer.
    pub response_headers: Vec<(HeaderName, HeaderValue)>,
    /// `http3`, ours: the same port takes HTTP/3 over UDP.
    pub http3: bool,
}

/// Encodings that bodies over HTTP may have (`compression_algorithms`); plain ones always may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codings {
    /// `gzip`.
    pub gzip: bool,
    /// `zstd`.
    pub zstd: bool,
    /// `zlib`.
    pub zlib: bool,
    /// `deflate`.
    pub deflate: bool,
    /// `snappy`, a block.
    pub snappy: bool,
    /// `x-snappy-framed`.
    pub snappy_framed: bool,
    /// `lz4`, frames.
    pub lz4: bool,
}

impl Codings {
    /// What is taken where the file does not say.
    pub const ALL: Self = Self {
        gzip: true,
        zstd: true,
        zlib: true,
        deflate: true,
        snappy: true,
        snappy_framed: true,
        lz4: true,
    };
    /// Plain bodies only.
    pub const NONE: Self = Self {
        gzip: false,
        zstd: false,
        zlib: false,
        deflate: false,
        snappy: false,
        snappy_framed: false,
        lz4: false,
    };
}

/// `tls` of a receiver. Files are named here and read when the plan is put to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsServer {
    /// `cert_file` or `cert_pem`, and `key_file` or `key_pem`.
    pub identity: (Pem, Pem),
    /// `client_ca_file`: who must have signed a client's certificate; `None`: none is asked for.
    pub client_ca: Option<PathBuf>,
    /// `client_ca_file_reload`: that file is read again when it changes.
    pub client_ca_reload: bool,
    /// `min_version`, at least 1.2.
    pub min: TlsVersion,
    /// `max_version`.
    pub max: TlsVersion,
    /// `cipher_suites` of TLS 1.2 by their IANA names; empty: all.
    pub suites: Vec<String>,
    /// `curve_preferences` by their names in the Collector, in order; empty: all.
    pub curves: Vec<String>,
    /// `reload_interval`: files are read again after this long; `None`: never.
    pub reload: Option<Duration>,
}

/// Who may send (`auth.authenticator` of a receiver).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authenticator {
    /// `basicauth` with `htpasswd`: lines of `user:hash`, those of the file first.
    Basic {
        /// `file`, read again when it changes.
        file: Option<PathBuf>,
        /// `inline`.
        inline: Secret,
    },
    /// `bearertokenauth`.
    Bearer {
        /// `header`, `authorization` where the file names none.
        header: HeaderName,
        /// `scheme`; empty: the token alone.
        scheme: String,
        /// `token`, or `tokens`, or the lines of `filename`, which is read again when it changes.
        tokens: Vec<Secret>,
    },
}

/// `cors` of a receiver over HTTP. Credentials are always allowed, as in the Collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// `allowed_origins`, lower case; one `*` in each stands for any text. Not empty.
    pub origins: Vec<String>,
    /// `allowed_headers`, lower case; one that is `*` lets all pass. `accept`, `content-type` and
    /// `x-requested-with` where the file names none.
    pub headers: Vec<String>,
    /// `exposed_headers`.
    pub exposed: Vec<String>,
    /// `max_age` in seconds; 0: not said.
    pub max_age: u64,
}

/// `extensions.spanyard.tenant_limits`, ours: what one tenant may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantLimits {
    /// What names the tenant.
    pub key: TenantKey,
    /// For tenants without a row of their own; `None`: no limit.
    pub default: Option<Quota>,
    /// Rows by tenant, sorted.
    pub tenants: Vec<(String, Quota)>,
}

/// What names the tenant of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantKey {
    /// `header`: one of the request's.
    Header(HeaderName),
    /// `resource_attribute`: of each resource group, a text.
    Attribute(String),
}

/// A token bucket of items (spans, data points, log records).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// `items_per_second`, at least 1.
    pub rate: u64,
    /// `burst`, in items, at least 1; one second's worth where the file does not say.
    pub burst: u64,
}

/// The times of a connection over HTTP/1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpTimes {
    /// `read_header_timeout`, or else `read_timeout`: a head.
    pub head: Option<Duration>,
    /// `read_timeout`: a body.
    pub body: Option<Duration>,
    /// `write_timeout`: from the end of the head to the last byte of the answer.
    pub write: Option<Duration>,
    /// `idle_timeout`, or else `read_timeout`: between two requests.
    pub idle: Option<Duration>,
    /// `keep_alives_enabled: false`: the connection is closed after each answer.
    pub single_use: bool,
    /// `max_connection_age`, ours, give or take a tenth: told to go at this age; `None`: never.
    pub age: Option<Duration>,
    /// `max_connection_age_grace`, ours: closed this long after that; `None`: when its requests are
    /// done.
    pub grace: Option<Duration>,
}
