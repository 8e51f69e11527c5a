//! What a receiver does with connections and bodies: the shapes of `protocols.grpc` and
//! `protocols.http`.
//!
//! Shapes only. A time that is `None` is the gateway's own, which guards the same thing.

use std::net::SocketAddr;
use std::time::Duration;

/// `protocols.grpc` of a receiver.
#[derive(Clone, Debug)]
pub struct GrpcIngest {
    /// Address to bind; the host has been resolved.
    pub endpoint: SocketAddr,
    /// `max_recv_msg_size_mib` in bytes, after decompression.
    pub message_bytes_max: usize,
    /// `max_concurrent_streams`.
    pub streams_max: u32,
    /// `include_metadata`: whether edits see this receiver's request headers. Routing always does.
    pub include_metadata: bool,
    /// `keepalive.server_parameters`.
    pub keepalive: ServerKeepalive,
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
}

/// `protocols.http` of a receiver.
#[derive(Clone, Debug)]
pub struct HttpIngest {
    /// Address to bind; the host has been resolved.
    pub endpoint: SocketAddr,
    /// `max_request_body_size` in bytes, after decompression as well.
    pub body_bytes_max: usize,
    /// `traces_url_path`, `metrics_url_path`, `logs_url_path`, by
    /// [`Signal::index`](spanyard_wire::schema::Signal::index).
    pub paths: [String; 3],
    /// `include_metadata`: whether routing and edits see this receiver's request headers.
    pub include_metadata: bool,
    /// `compression_algorithms` has gzip among its words, or is absent.
    pub gzip: bool,
    /// How long a client may take.
    pub times: HttpTimes,
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
}
