//! The sinks a run is proved against: started here, or reached over their control paths.
//!
//! A sink that was there before may have counted before: its counts are read at the start and
//! taken off. Sequences need no such care, they belong to the run's own id.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use crate::json::find_number;
use crate::sink::{Sink, SinkOptions};
use crate::verify::{Acknowledged, Bitmap, Evidence, Proof, prove};
use crate::{client, clock};

/// How often sinks are asked whether all has arrived.
const POLL: Duration = Duration::from_millis(50);
/// After everything has arrived, so long is waited for copies that should not come.
const AFTERMATH: Duration = Duration::from_millis(200);

/// A sink to prove against.
#[derive(Debug)]
pub struct Backend {
    at: At,
    before: Evidence,
}

#[derive(Debug)]
enum At {
    Here(Box<Sink>),
    There(SocketAddr),
}

impl Backend {
    /// Opens `http://HOST:PORT` or `HOST:PORT` (a running sink), or `listen:IP:PORT` (started
    /// here).
    ///
    /// # Errors
    /// When the address is none, the sink does not answer, or the port cannot be bound.
    pub fn open(text: &str) -> io::Result<Self> {
        let at = match text.strip_prefix("listen:") {
            Some(addr) => {
                let http = resolve(addr)?;
                let options = SinkOptions { http, ..SinkOptions::default() };
                At::Here(Box::new(Sink::start(options)?))
            }
            None => At::There(resolve(text)?),
        };
        let mut backend = Self { at, before: Evidence::default() };
        backend.before = backend.evidence(0)?;
        Ok(backend)
    }

    /// What the sink has of a run, and the mistakes it has noticed since it was opened.
    ///
    /// # Errors
    /// When it does not answer as a sink does.
    pub fn evidence(&self, run: u32) -> io::Result<Evidence> {
        let mut evidence = match &self.at {
            At::Here(sink) => evidence_of(sink, run),
            At::There(addr) => ask(*addr, run)?,
        };
        evidence.duplicated -= self.before.duplicated.min(evidence.duplicated);
        evidence.corrupted -= self.before.corrupted.min(evidence.corrupted);
        evidence.misrouted -= self.before.misrouted.min(evidence.misrouted);
        Ok(evidence)
    }
}

/// What a sink in this process has of a run, and the mistakes it has noticed.
#[must_use]
pub fn evidence_of(sink: &Sink, run: u32) -> Evidence {
    let spans = sink.report().spans;
    Evidence {
        arrived: sink.run(run),
        duplicated: spans.duplicated,
        corrupted: spans.corrupted,
        misrouted: spans.misrouted,
    }
}

/// Looks at the sinks until everything acknowledged has arrived, or nothing more came for
/// `patience`; then compares. With `each`, every sink must have every span.
///
/// # Errors
/// Those of `look`.
pub fn settle(
    look: impl Fn() -> io::Result<Vec<Evidence>>,
    acknowledged: &Acknowledged,
    each: bool,
    patience: Duration,
) -> io::Result<Proof> {
    let compare = || -> io::Result<(u64, Proof)> {
        let found = look()?;
        let copies = found.iter().map(|evidence| evidence.arrived.len()).sum();
        Ok((copies, prove(acknowledged, &found, each)))
    };
    let (mut copies, mut proof) = compare()?;
    let mut changed = clock::now();
    while proof.lost > 0 && changed.elapsed() < patience {
        std::thread::sleep(POLL);
        let before = copies;
        (copies, proof) = compare()?;
        if copies != before {
            changed = clock::now();
        }
    }
    std::thread::sleep(AFTERMATH);
    Ok(compare()?.1)
}

/// The first address of `HOST:PORT`; `http://` before it and a path after it do not matter.
///
/// # Errors
/// When the text is none or the name is unknown.
pub fn resolve(text: &str) -> io::Result<SocketAddr> {
    let bare = text.strip_prefix("http://").unwrap_or(text);
    let bare = bare.split('/').next().unwrap_or(bare);
    let wrong =
        |reason: String| io::Error::new(io::ErrorKind::InvalidInput, format!("{text:?}: {reason}"));
    let mut addrs =
        bare.to_socket_addrs().map_err(|e| wrong(format!("expected HOST:PORT: {e}")))?;
    addrs.next().ok_or_else(|| wrong("the name has no address".to_owned()))
}

fn ask(addr: SocketAddr, run: u32) -> io::Result<Evidence> {
    let get = |path: &str| {
        let place = |e: String| io::Error::other(format!("sink {addr}: GET {path}: {e}"));
        let reply = client::get(addr, path).map_err(|e| place(e.to_string()))?;
        if reply.status == 200 { Ok(reply.body) } else { Err(place(reply.status.to_string())) }
    };
    let report = get("/report")?;
    let report = String::from_utf8_lossy(&report);
    let number = |key: &str| {
        find_number(&report, key)
            .ok_or_else(|| io::Error::other(format!("sink {addr}: no {key:?} in its report")))
    };
    Ok(Evidence {
        duplicated: number("duplicated")?,
        corrupted: number("corrupted")?,
        misrouted: number("misrouted")?,
        arrived: Bitmap::from_bytes(&get(&format!("/runs/{run:x}"))?),
    })
}
