//! The command line: flags as typed, and what they mean as a plan.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use loadgen::pace::Schedule;
use loadgen::send::Plan;
use loadgen::shape::{Case, Shape};
use loadgen::sink::{Mode, Protocol, SinkOptions};
use loadgen::verify::Expect;
use loadgen::{Carrier, Coding, Tls, backends, units};

#[cfg(test)]
mod tests;

/// OTLP load, fake backends, and the proof that what was sent has arrived.
#[derive(Debug, Parser)]
#[command(name = "loadgen", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send load; with --verify, prove that it arrived
    Send(Box<SendArgs>),
    /// Be a backend: count, check, and answer as told
    Sink(SinkArgs),
    /// Show the gateway at work: three sinks, a routing file, ten seconds of load
    Demo(DemoArgs),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Wire {
    Http,
    Grpc,
    /// OTLP/HTTP over HTTP/3
    H3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Prepared {
    A,
    B,
    C,
}

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// Protocol to speak
    #[arg(long, value_enum, default_value = "http")]
    protocol: Wire,
    /// Where to: HOST:PORT, http://HOST:PORT/PATH or https://HOST:PORT/PATH
    #[arg(long, value_name = "HOST:PORT")]
    endpoint: String,
    #[command(flatten)]
    tls: TlsArgs,
    /// Compression of the bodies
    #[arg(long, value_enum, default_value = "none")]
    compression: Compression,
    /// Connections
    #[arg(short, long, value_name = "N", default_value_t = 8)]
    connections: usize,
    /// Requests under way on each connection over gRPC or HTTP/3
    #[arg(short = 'p', long, value_name = "N", default_value_t = 1)]
    streams: usize,
    /// Spans a second, as in 200k: open loop; without it as fast as answers come
    #[arg(short, long, value_name = "SPANS/S", value_parser = units::rate)]
    rate: Option<f64>,
    /// Requests to send at most
    #[arg(short = 'n', long, value_name = "N")]
    requests: Option<u64>,
    /// How long to send [default: 10s unless -n is given]
    #[arg(short = 'z', long, value_name = "TIME", value_parser = units::duration)]
    duration: Option<Duration>,
    #[command(flatten)]
    shape: ShapeArgs,
    /// Header or metadata to add; repeatable
    #[arg(short = 'H', long = "header", value_name = "K:V")]
    headers: Vec<String>,
    /// Send the same bytes again and again: cheapest, cannot be proved (default with --case)
    #[arg(long, conflicts_with_all = ["unique", "verify"])]
    reuse: bool,
    /// Give every span ids of its own, also with --case
    #[arg(long)]
    unique: bool,
    /// Prove against this sink: HOST:PORT of a running one, or listen:IP:PORT to start it here;
    /// repeatable
    #[arg(long, value_name = "SINK")]
    pub(crate) verify: Vec<String>,
    /// Every sink must have every span (fan-out); without it the sinks share them
    #[arg(long, requires = "verify")]
    pub(crate) verify_each: bool,
    /// How long to wait for spans on their way once none arrive any more
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = units::duration)]
    pub(crate) settle: Duration,
    /// How long one attempt may wait for its answer
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = units::duration)]
    timeout: Duration,
    /// How long a refused or broken request is tried again [default: 30s with --verify, else 0s]
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    retry_for: Option<Duration>,
    /// Spans that may be lost before the run counts as failed (exit code 99)
    #[arg(long, value_name = "SPANS", default_value_t = 0)]
    pub(crate) expect_loss: u64,
    /// Longest acceptable p99 of the latency (exit code 99)
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    pub(crate) max_p99: Option<Duration>,
    /// How to report
    #[arg(long, value_enum, default_value = "human")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
struct TlsArgs {
    /// Speak TLS; https:// and --protocol h3 do so anyway
    #[arg(long, requires = "ca")]
    tls: bool,
    /// PEM file of the authorities to trust
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// PEM file of our certificate, for a server that asks for one
    #[arg(long, value_name = "FILE", requires_all = ["key", "ca"])]
    cert: Option<PathBuf>,
    /// PEM file of its key
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Name the server's certificate must be for [default: the host of the endpoint]
    #[arg(long, value_name = "NAME", requires = "ca")]
    server_name: Option<String>,
}

#[derive(Debug, Args)]
struct ShapeArgs {
    /// A published request: A = 10 x 100 spans, B = 1 x 50, C = 1 x 5
    #[arg(long, value_enum, conflicts_with_all = ["spans_per_request", "resources"])]
    case: Option<Prepared>,
    /// Spans in each request
    #[arg(long, value_name = "N", default_value_t = 512)]
    spans_per_request: usize,
    /// Resources in each request
    #[arg(long, value_name = "N", default_value_t = 1)]
    resources: usize,
    /// Attributes of each span
    #[arg(long, value_name = "N")]
    attrs: Option<usize>,
    /// Bytes of each attribute's value
    #[arg(long, value_name = "BYTES")]
    attr_size: Option<usize>,
    /// Resource attribute; values a|b|c are spread over the resources; repeatable
    #[arg(long = "resource", value_name = "K=V")]
    resource_attributes: Vec<String>,
    /// Equal seeds give equal content
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SinkArgs {
    /// Address for HTTP (gRPC is understood as well); port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    http: SocketAddr,
    /// Address for gRPC (HTTP is understood as well)
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    grpc: SocketAddr,
    /// How to answer: ok, slow=50ms, fail=503, fail=503:2 (retry after 2 s), reject=N, silent,
    /// close
    #[arg(long, default_value = "ok")]
    mode: Mode,
    /// Count requests and bytes only, for measurements
    #[arg(long)]
    cheap: bool,
    /// Resource attribute every span must have (K=V) or must not have (!K); repeatable
    #[arg(long = "expect-attr", value_name = "K=V", value_parser = Expect::parse)]
    expect: Vec<Expect>,
    /// File for the report at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) report_json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How long to send
    #[arg(short = 'z', long, value_name = "TIME", default_value = "10s",
          value_parser = units::duration)]
    pub(crate) duration: Duration,
    /// Spans a second
    #[arg(short, long, value_name = "SPANS/S", default_value = "50k", value_parser = units::rate)]
    pub(crate) rate: f64,
    /// The gateway's binary [default: spanyard beside this program]
    #[arg(long, value_name = "FILE")]
    pub(crate) gateway: Option<PathBuf>,
}

impl SinkArgs {
    pub(crate) fn options(&self) -> SinkOptions {
        SinkOptions {
            http: self.http,
            grpc: self.grpc,
            mode: self.mode,
            cheap: self.cheap,
            expect: self.expect.clone(),
            ..SinkOptions::default()
        }
    }
}

impl SendArgs {
    /// The run these flags ask for.
    pub(crate) fn plan(&self) -> io::Result<Plan> {
        let shape = self.shape.shape()?;
        let spans = shape.spans_per_request.max(1) as f64;
        let proved = !self.verify.is_empty();
        let secure = self.endpoint.strip_prefix("https://");
        let bare = secure.or_else(|| self.endpoint.strip_prefix("http://"));
        let bare = bare.unwrap_or(&self.endpoint);
        let (authority, path) = bare.split_once('/').unwrap_or((bare, "v1/traces"));
        let ten_seconds = self.requests.is_none().then_some(Duration::from_secs(10));
        let retry_default = if proved { Duration::from_secs(30) } else { Duration::ZERO };
        Ok(Plan {
            protocol: match self.protocol {
                Wire::Http | Wire::H3 => Protocol::Http,
                Wire::Grpc => Protocol::Grpc,
            },
            carrier: self.carrier(authority, secure.is_some())?,
            endpoint: backends::resolve(authority)?,
            authority: authority.to_owned(),
            path: format!("/{path}"),
            coding: match self.compression {
                Compression::None => Coding::Identity,
                Compression::Gzip => Coding::Gzip,
                Compression::Zstd => Coding::Zstd,
            },
            connections: self.connections,
            streams: self.streams,
            schedule: Schedule {
                requests_per_second: self.rate.map(|rate| rate / spans),
                requests: self.requests,
                duration: self.duration.or(ten_seconds),
            },
            fresh: proved || self.unique || (self.shape.case.is_none() && !self.reuse),
            headers: pairs(&self.headers, ':', "header")?,
            timeout: self.timeout,
            retry_for: self.retry_for.unwrap_or(retry_default),
            shape,
        })
    }
}

impl SendArgs {
    fn carrier(&self, authority: &str, https: bool) -> io::Result<Carrier> {
        let quic = matches!(self.protocol, Wire::H3);
        let flags = &self.tls;
        if !(flags.tls || https || quic) {
            return match flags.ca {
                None => Ok(Carrier::Tcp),
                Some(_) => Err(invalid("--ca without --tls, https:// or --protocol h3")),
            };
        }
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let host = host.trim_matches(['[', ']']).to_owned();
        let tls = Tls {
            ca: flags.ca.clone().ok_or_else(|| invalid("TLS: expected --ca FILE"))?,
            identity: flags.cert.clone().zip(flags.key.clone()),
            server_name: flags.server_name.clone().unwrap_or(host),
        };
        Ok(if quic { Carrier::Quic(tls) } else { Carrier::Tls(tls) })
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl ShapeArgs {
    fn shape(&self) -> io::Result<Shape> {
        let case = self.case.map(|case| match case {
            Prepared::A => Shape::case(Case::A),
            Prepared::B => Shape::case(Case::B),
            Prepared::C => Shape::case(Case::C),
        });
        let base = case.unwrap_or_else(|| Shape {
            spans_per_request: self.spans_per_request,
            resources: self.resources,
            ..Shape::default()
        });
        let mut shape = Shape {
            attrs: self.attrs.unwrap_or(base.attrs),
            attr_size: self.attr_size.unwrap_or(base.attr_size),
            seed: self.seed,
            run: loadgen::run_id(),
            start_unix_nanos: loadgen::unix_nanos(),
            ..base
        };
        for (key, values) in pairs(&self.resource_attributes, '=', "resource attribute")? {
            shape = shape.with_resource(&key, &values);
        }
        Ok(shape)
    }
}

fn pairs(texts: &[String], between: char, what: &str) -> io::Result<Vec<(String, String)>> {
    let pair = |text: &String| {
        let (key, value) = text.split_once(between).ok_or_else(|| {
            let message = format!("{what} {text:?}: expected KEY{between}VALUE");
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })?;
        Ok((key.trim().to_owned(), value.trim().to_owned()))
    };
    texts.iter().map(pair).collect()
}
