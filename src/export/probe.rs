//! Asks a backend whether it would take data: the name, a connection with TLS, and one empty
//! request with the headers of the file, by the code that sends.
//!
//! An empty request is a valid one that carries nothing. Nothing is retried and nothing is counted.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::line::{Parcel, Progress};
use super::response::Verdict;
use super::{Backend, Kind, prepare};
use crate::buf::payload::Payload;
use crate::config::plan::{Destination, Peer, Target};
use crate::queue::batch::Encoding;

/// How long each step may take.
pub const STEP_MAX: Duration = Duration::from_secs(10);

/// What was found at one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Exporter id as written.
    pub exporter: String,
    /// The signal whose way was tried.
    pub signal: &'static str,
    /// Address, and path where there is one.
    pub place: String,
    /// Steps in order with what was found; the last one may have failed.
    pub steps: Vec<(&'static str, Result<String, String>)>,
}

impl Probe {
    /// Whether every step went well.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.steps.iter().all(|(_, found)| found.is_ok())
    }
}

/// Tries one destination; `None` for one that reaches nobody.
pub async fn probe(destination: &Destination) -> Option<Probe> {
    let (peer, path) = match &destination.target {
        Target::Http(target) => (&target.peer, target.path.as_str()),
        Target::Grpc(target) => (&target.peer, ""),
        Target::Debug | Target::Nop => return None,
    };
    let mut probe = Probe {
        exporter: destination.exporter.clone(),
        signal: destination.signal.name(),
        place: format!("{}:{}{path}", peer.host, peer.port),
        steps: Vec::new(),
    };
    steps(destination, peer, path, &mut probe.steps).await;
    Some(probe)
}

async fn steps(
    destination: &Destination,
    peer: &Peer,
    path: &str,
    found: &mut Vec<(&'static str, Result<String, String>)>,
) {
    let name = resolve(peer).await;
    let resolved = name.is_ok();
    found.push(("name", name));
    if !resolved {
        return;
    }
    let secure = if peer.tls.is_some() { "TLS" } else { "connect" };
    let caller = match prepare(destination) {
        Ok(Backend(Kind::Remote { caller, .. })) => caller,
        Ok(_) => return,
        Err(unusable) => return found.push((secure, Err(unusable.why))),
    };
    let mut line = match timeout(STEP_MAX, caller.open()).await {
        Ok(Ok(line)) => line,
        Ok(Err(fault)) => return found.push((secure, Err(explained(&fault.why, path)))),
        Err(_) => return found.push((secure, Err(late()))),
    };
    found.push((secure, Ok("open".to_owned())));
    let payload = Arc::new(Payload::default());
    let empty = Parcel { payload, encoding: Encoding::Identity, context: None };
    let progress = Cell::new(Progress::Begun);
    let answer = match timeout(STEP_MAX, line.exchange(&empty, &progress)).await {
        Ok(Ok(verdict)) => judged(verdict, path),
        Ok(Err(fault)) => Err(explained(&fault.why, path)),
        Err(_) => Err(late()),
    };
    found.push(("request", answer));
}

async fn resolve(peer: &Peer) -> Result<String, String> {
    let looked_up = timeout(STEP_MAX, lookup_host((peer.host.as_str(), peer.port))).await;
    let addresses = looked_up.map_err(|_| late())?.map_err(|error| error.to_string())?;
    let list: Vec<String> = addresses.map(|address| address.ip().to_string()).collect();
    if list.is_empty() {
        return Err("the name has no address".to_owned());
    }
    Ok(list.join(", "))
}

fn late() -> String {
    format!("no answer within {STEP_MAX:?}")
}

fn judged(verdict: Verdict, path: &str) -> Result<String, String> {
    match verdict {
        Verdict::Accepted { partial: None } => Ok("accepted".to_owned()),
        Verdict::Accepted { partial: Some(partial) } => {
            Ok(format!("accepted, with a warning: {}", partial.message))
        }
        Verdict::Retry { why, .. } | Verdict::Permanent { why, .. } => Err(explained(&why, path)),
    }
}

/// What fails, by the words of an error, and what to do about it.
const HINTS: [(&[&str], &str); 10] = [
    (&["no org id"], ""),
    (&["401", "UNAUTHENTICATED"], "the credentials are missing or wrong: look at `headers`"),
    (&["403", "PERMISSION_DENIED"], "the credentials may not write here"),
    (&["404", "UNIMPLEMENTED", "405"], "nothing takes OTLP at this path: `endpoint` is a base URL"),
    (&["413", "RESOURCE_EXHAUSTED"], "the backend's size limit refuses even an empty request"),
    (&["415"], "the backend does not take protobuf"),
    (
        &["not valid for name", "NotValidForName"],
        "the certificate has another name: set `tls.server_name_override`",
    ),
    (&["InvalidContentType"], "the backend speaks no TLS here: set `tls.insecure: true`"),
    (&["UnknownIssuer", "unknown issuer"], "the authority is not trusted: set `tls.ca_file`"),
    (&["Expired", "expired"], "the certificate is out of date"),
];

/// The error with its explanation.
fn explained(why: &str, path: &str) -> String {
    let matches = |words: &[&str]| words.iter().any(|word| why.contains(word));
    let hint = HINTS.iter().find(|(words, _)| matches(words)).map_or("", |(_, hint)| *hint);
    let hint = if hint.contains("at this path") && is_doubled(path) {
        "the path is doubled: `endpoint` is a base URL, /v1/<signal> is appended"
    } else {
        hint
    };
    if hint.is_empty() { why.to_owned() } else { format!("{why} ({hint})") }
}

fn is_doubled(path: &str) -> bool {
    path.matches("/v1/").count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_explained_by_what_is_to_be_done() {
        let cases = [
            ("401: invalid token", "/v1/traces", "credentials are missing"),
            ("404: not found", "/v1/traces/v1/traces", "doubled"),
            ("404: not found", "/x", "base URL"),
            ("invalid peer certificate: UnknownIssuer", "", "tls.ca_file"),
            ("certificate not valid for name \"a\"", "", "server_name_override"),
            ("415: Unsupported Media Type", "", "protobuf"),
        ];
        for (why, path, hint) in cases {
            let said = explained(why, path);
            assert!(said.starts_with(why) && said.contains(hint), "{said}");
        }
        assert_eq!(explained("connection refused", "/"), "connection refused");
    }
}
