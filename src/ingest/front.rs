//! What the plan says of one receiver, and where its requests enter the pipeline of this shard.
//!
//! Immutable; a new plan makes a new front. A request may come by the port of the other transport
//! only where both have the same `tls`: a plain port is no way around client certificates. It reads
//! no request bodies and answers nothing.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use rustls::ServerConfig;
use spanyard_wire::schema::Signal;

use super::auth::Authority;
use super::head::GRPC_CODINGS;
use super::manners::Manners;
use super::ready::Ready;
use crate::config::plan::{
    Address, Codings, GrpcIngest, HttpIngest, HttpTimes, Receiver, ServerKeepalive,
};
use crate::pipeline::Entry;
use crate::telemetry::names::Transport;

/// Entries of one transport by [`Signal::index`]; `None`: no pipeline takes the signal.
pub type Entries = [Option<Rc<Entry>>; 3];

/// One receiver as of one plan.
#[derive(Debug)]
pub struct Front {
    id: Arc<str>,
    ready: Ready,
    http: Option<HttpIngest>,
    manners: Option<Manners>,
    grpc: Option<GrpcIngest>,
    http_entries: Entries,
    grpc_entries: Entries,
    /// `Alt-Svc` for answers over TCP.
    alternative: Option<HeaderValue>,
}

/// Where a request enters and how large its message may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub(super) entry: &'a Entry,
    pub(super) bytes_max: usize,
    /// Whether conditions of a route see the request's headers.
    pub(super) routing: bool,
    /// Whether edits and batches see them.
    pub(super) metadata: bool,
    /// Encodings that are taken.
    pub(super) codings: Codings,
    /// The time a body has, where it is not for its length to say.
    pub(super) body_time: Option<Duration>,
}

/// Streams of one HTTP/2 connection where the receiver says nothing of them.
const STREAMS_MAX: u32 = 100;

impl Front {
    /// A front for `receiver`; the entries of a transport that it does not have are not used.
    #[must_use]
    pub fn new(receiver: &Receiver, ready: &Ready, http: Entries, grpc: Entries) -> Rc<Self> {
        Rc::new(Self {
            id: receiver.id.as_str().into(),
            ready: ready.clone(),
            http: receiver.http.clone(),
            manners: receiver.http.as_ref().and_then(Manners::new),
            grpc: receiver.grpc.clone(),
            http_entries: http,
            grpc_entries: grpc,
            alternative: receiver.http.as_ref().and_then(alternative),
        })
    }

    /// The receiver's id.
    pub(super) const fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The way of an OTLP/HTTP request that came in by the port of `side`, by its path.
    pub(super) fn http(&self, side: Transport, path: &str) -> Option<Way<'_>> {
        let settings = self.http.as_ref().filter(|_| self.lets(side, Transport::Http))?;
        let index = settings.paths.iter().position(|known| known == path)?;
        Some(Way {
            entry: self.http_entries.get(index)?.as_deref()?,
            bytes_max: settings.body_bytes_max,
            routing: settings.include_metadata,
            metadata: settings.include_metadata,
            codings: settings.codings,
            body_time: settings.times.body,
        })
    }

    /// The way of a gRPC call that came in by the port of `side`, by its path.
    pub(super) fn grpc(&self, side: Transport, path: &str) -> Option<Way<'_>> {
        let settings = self.grpc.as_ref().filter(|_| self.lets(side, Transport::Grpc))?;
        let signal = Signal::ALL.into_iter().find(|signal| signal.grpc_path() == path)?;
        Some(Way {
            entry: self.grpc_entries.get(signal.index())?.as_deref()?,
            bytes_max: settings.message_bytes_max,
            routing: true,
            metadata: settings.include_metadata,
            codings: GRPC_CODINGS,
            body_time: None,
        })
    }

    /// What clients at the port of `side` shake hands with, as of now; `None`: plain text.
    pub(super) fn tls(&self, side: Transport) -> Option<Arc<ServerConfig>> {
        let kept = self.ready.side(side).tls.as_ref()?;
        Some(Arc::clone(kept.get().config()))
    }

    /// Whether what comes in by the port of `side` may be a request of `transport`.
    fn lets(&self, side: Transport, transport: Transport) -> bool {
        let grpc = self.grpc.as_ref().map(|grpc| &grpc.tls);
        let http = self.http.as_ref().map(|http| &http.tls);
        side == transport || grpc == http
    }

    /// What tells a client of the HTTP port that it may come by HTTP/3, if it may.
    pub(super) fn alternative(&self) -> Option<HeaderValue> {
        self.alternative.clone()
    }

    /// Who may send over HTTP; `None`: everyone.
    pub(super) fn http_auth(&self) -> Option<&Authority> {
        self.ready.http.auth.as_deref()
    }

    /// Who may call over gRPC; `None`: everyone.
    pub(super) fn grpc_auth(&self) -> Option<&Authority> {
        self.ready.grpc.auth.as_deref()
    }

    /// What every answer over HTTP carries; `None`: nothing of its own.
    pub(super) const fn manners(&self) -> Option<&Manners> {
        self.manners.as_ref()
    }

    /// The times of connections over HTTP/1.
    pub(super) fn http_times(&self) -> HttpTimes {
        self.http.as_ref().map_or_else(HttpTimes::default, |http| http.times)
    }

    /// How long connections over HTTP/2 live.
    pub(super) fn keepalive(&self) -> ServerKeepalive {
        self.grpc.as_ref().map_or_else(ServerKeepalive::default, |grpc| grpc.keepalive)
    }

    /// Streams that one HTTP/2 connection may have at once.
    pub(super) fn streams_max(&self) -> u32 {
        self.grpc.as_ref().map_or(STREAMS_MAX, |grpc| grpc.streams_max)
    }
}

/// `Alt-Svc` for the answers of a receiver that takes HTTP/3 at a port of its own choice.
fn alternative(http: &HttpIngest) -> Option<HeaderValue> {
    let Address::Tcp(address) = &http.endpoint else { return None };
    let takes = http.http3 && http.tls.is_some() && address.port() != 0;
    let text = takes.then(|| format!("h3=\":{}\"; ma=86400", address.port()))?;
    HeaderValue::try_from(text).ok()
}
