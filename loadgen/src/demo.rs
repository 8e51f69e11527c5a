//! The gateway at work, in one command: three backends, a routing file, a few seconds of load,
//! and then what every part says about it.
//!
//! ```text
//! http, plain --+              +--> backend "shop"
//!               +--> gateway --+--> backend "bank"     routed by service.namespace,
//! grpc, gzip ---+              +--> backend "media"    two resource attributes edited
//! ```
//! Everything runs on loopback ports that were free a moment before. The gateway is a child
//! process: it is asked to stop by SIGTERM and killed if it does not, also when the demo fails.

mod file;
mod gateway;
mod page;
mod table;

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::backends::{evidence_of, settle};
use crate::coding::Coding;
use crate::dial::Carrier;
use crate::pace::Schedule;
use crate::send::{self, Outcome, Plan};
use crate::shape::Shape;
use crate::sink::{Protocol, Report, Sink, SinkOptions};
use crate::verify::{Expect, Proof};
use crate::{clock, net};
use file::{BACKENDS, Ports, REMOVED, REPLACED, ROUTED_BY};
use gateway::Gateway;
use page::Ledger;
use table::Table;

/// Resources in a request, spread evenly over the backends, and spans in all of them.
const RESOURCES: usize = 6;
const SPANS_PER_REQUEST: usize = 60;
const CONNECTIONS: usize = 4;
/// How long spans may be on their way after the last answer.
const SETTLE: Duration = Duration::from_secs(5);

/// What to show.
#[derive(Clone, Debug)]
pub struct Demo {
    /// How long to send.
    pub duration: Duration,
    /// Spans a second, over both protocols.
    pub spans_per_second: f64,
    /// The gateway's binary; absent: `spanyard` beside this program.
    pub gateway: Option<PathBuf>,
}

/// One stream of load and its fate.
struct Stream {
    name: &'static str,
    outcome: Outcome,
    proof: Proof,
}

/// Everything that was seen.
struct Seen {
    streams: Vec<Stream>,
    reports: Vec<Report>,
    ledger: Ledger,
    cpu: Duration,
}

impl Demo {
    /// Runs it, writing what is seen to `out`; says whether all went as it should.
    ///
    /// # Errors
    /// When the gateway is missing, does not start or does not stop, or a port cannot be bound.
    pub fn run(&self, out: &mut impl Write) -> Result<bool, Box<dyn Error>> {
        let binary = gateway::find(self.gateway.as_deref())?;
        let home = std::env::temp_dir().join(format!("spanyard-demo-{}", std::process::id()));
        std::fs::create_dir_all(&home).map_err(|e| format!("{}: {e}", home.display()))?;
        let good = self.run_in(&home, &binary, out);
        match &good {
            Ok(true) => std::fs::remove_dir_all(&home)?,
            _ => writeln!(out, "files       kept in {}", home.display())?,
        }
        good
    }

    fn run_in(
        &self,
        home: &Path,
        binary: &Path,
        out: &mut impl Write,
    ) -> Result<bool, Box<dyn Error>> {
        let sinks = start_sinks()?;
        let ports = Ports::free()?;
        let backends: Vec<_> = sinks.iter().map(Sink::addr_http).collect();
        let config = home.join("gateway.yaml");
        std::fs::write(&config, file::text(&ports, &backends))
            .map_err(|e| format!("{}: {e}", config.display()))?;

        let mut gateway = Gateway::start(binary, &config, &home.join("gateway.log"))?;
        gateway.wait_until_healthy(ports.health)?;
        writeln!(out, "gateway     {} --config {}", binary.display(), config.display())?;
        writeln!(
            out,
            "            pid {}, http {}, grpc {}, metrics http://{}/metrics",
            gateway.pid(),
            ports.http,
            ports.grpc,
            ports.metrics
        )?;
        writeln!(out, "sending     for {} s ...\n", self.duration.as_secs_f64())?;
        out.flush()?;

        let before = gateway.cpu()?;
        let streams = self.send(&ports, &sinks)?;
        gateway.must_run()?;
        let cpu = gateway.cpu()?.saturating_sub(before);
        let ledger = page::ledger(ports.metrics)?;
        let reports = sinks.iter().map(Sink::report).collect();
        let seen = Seen { streams, reports, ledger, cpu };
        let stopped = gateway.stop()?;
        show(&seen, out)?;
        writeln!(out, "stopped     by SIGTERM, {stopped}")?;
        let good = seen.holds() && stopped.success();
        let result = if good {
            "nothing lost, duplicated, corrupted or misrouted"
        } else {
            "NOT as it should be: see the figures above and gateway.log"
        };
        writeln!(out, "result      {result}")?;
        Ok(good)
    }

    /// Sends both streams side by side and waits until what they were promised has arrived.
    fn send(&self, ports: &Ports, sinks: &[Sink]) -> Result<Vec<Stream>, Box<dyn Error>> {
        let run = clock::run_id();
        let http = self.plan(Protocol::Http, ports.http, run);
        let grpc = self.plan(Protocol::Grpc, ports.grpc, run.wrapping_add(1));
        let (first, second) = std::thread::scope(|scope| {
            let other = scope.spawn(|| send::run(grpc, |_| ()));
            let first = send::run(http, |_| ());
            let second =
                other.join().unwrap_or_else(|_| Err(io::Error::other("a sender panicked")));
            (first, second)
        });
        let mut streams = Vec::new();
        for (name, outcome, run) in
            [("http plain", first?, run), ("grpc gzip", second?, run.wrapping_add(1))]
        {
            let look = || Ok(sinks.iter().map(|sink| evidence_of(sink, run)).collect());
            let proof = settle(look, &outcome.acknowledged, false, SETTLE)?;
            streams.push(Stream { name, outcome, proof });
        }
        Ok(streams)
    }

    fn plan(&self, protocol: Protocol, endpoint: SocketAddr, run: u32) -> Plan {
        let shape = Shape {
            spans_per_request: SPANS_PER_REQUEST,
            resources: RESOURCES,
            run,
            start_unix_nanos: clock::unix_nanos(),
            ..Shape::default()
        };
        let shape =
            shape.with_resource(ROUTED_BY, &BACKENDS.join("|")).with_resource(REMOVED, "s3cr3t");
        let half = self.spans_per_second / 2.0;
        Plan {
            protocol,
            carrier: Carrier::Tcp,
            endpoint,
            authority: endpoint.to_string(),
            path: "/v1/traces".to_owned(),
            coding: if protocol == Protocol::Grpc { Coding::Gzip } else { Coding::Identity },
            connections: CONNECTIONS,
            streams: 4,
            schedule: Schedule {
                requests_per_second: Some(half / SPANS_PER_REQUEST as f64),
                requests: None,
                duration: Some(self.duration),
            },
            shape,
            fresh: true,
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            retry_for: Duration::from_secs(30),
        }
    }
}

fn start_sinks() -> io::Result<Vec<Sink>> {
    let start = |name: &&str| {
        let expect = vec![Expect { key: ROUTED_BY.to_owned(), value: Some((*name).to_owned()) }];
        Sink::start(SinkOptions { expect, ..SinkOptions::default() })
    };
    BACKENDS.iter().map(start).collect()
}

impl Seen {
    fn holds(&self) -> bool {
        let delivered = self
            .streams
            .iter()
            .all(|stream| stream.proof.holds(0) && stream.outcome.tally.accepted > 0);
        let rewritten = self
            .reports
            .iter()
            .all(|report| replaced(report) == report.spans.spans && still_there(report) == 0);
        delivered && rewritten && self.ledger.balances()
    }

    fn accepted(&self) -> (u64, u64) {
        let requests = self.streams.iter().map(|stream| stream.outcome.tally.accepted).sum();
        let spans = self.streams.iter().map(|stream| stream.proof.acknowledged).sum();
        (requests, spans)
    }
}

/// Spans whose resource has the new value.
fn replaced(report: &Report) -> u64 {
    let (key, value) = REPLACED;
    report.spans.attributes.get(&format!("{key}={value}")).copied().unwrap_or(0)
}

/// Spans whose resource still has what was to be removed.
fn still_there(report: &Report) -> u64 {
    let prefix = format!("{REMOVED}=");
    let found = report.spans.attributes.iter().filter(|(pair, _)| pair.starts_with(&prefix));
    found.map(|(_, spans)| spans).sum()
}

fn show(seen: &Seen, out: &mut impl Write) -> io::Result<()> {
    let mut sent = Table::new(["sent", "requests", "spans", "refused", "lost", "p50", "p99"]);
    for stream in &seen.streams {
        sent.stream(stream);
    }
    let heads =
        ["received", "spans", "unique", "duplicated", "corrupted", "misrouted", "rewritten"];
    let mut received = Table::new(heads);
    for (name, report) in BACKENDS.iter().zip(&seen.reports) {
        received.backend(
            name,
            report,
            replaced(report).min(report.spans.spans - still_there(report)),
        );
    }
    writeln!(out, "{sent}\n{received}")?;
    let unsent: u64 = seen.streams.iter().map(|stream| stream.outcome.unsent).sum();
    if unsent > 0 {
        writeln!(out, "schedule    {unsent} requests never sent: too much for this machine")?;
    }
    let (key, value) = REPLACED;
    writeln!(out, "rewritten   {key} set to {value:?}, {REMOVED} removed")?;
    writeln!(out, "ledger      {}", seen.ledger)?;
    let (requests, spans) = seen.accepted();
    writeln!(
        out,
        "cpu         {:.2} s: {:.0} us a request of {SPANS_PER_REQUEST} spans, {:.2} us a span",
        seen.cpu.as_secs_f64(),
        seen.cpu.as_secs_f64() * 1e6 / requests.max(1) as f64,
        seen.cpu.as_secs_f64() * 1e6 / spans.max(1) as f64,
    )
}

impl Ports {
    fn free() -> io::Result<Self> {
        let [http, grpc, health, metrics] = net::free_ports()?;
        Ok(Self { http, grpc, health, metrics })
    }
}
