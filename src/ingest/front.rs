//! What the plan says of one receiver, and where its requests enter the pipeline of this shard.
//!
//! Immutable; a new plan makes a new front. It reads no request bodies and answers nothing.

use std::rc::Rc;
use std::time::Duration;

use spanyard_wire::schema::Signal;

use super::head::GRPC_CODINGS;
use super::ready::Ready;
use crate::config::plan::{Codings, GrpcIngest, HttpIngest, HttpTimes, Receiver, ServerKeepalive};
use crate::pipeline::Entry;

/// Entries of one transport by [`Signal::index`]; `None`: no pipeline takes the signal.
pub type Entries = [Option<Rc<Entry>>; 3];

/// One receiver as of one plan.
#[derive(Debug)]
pub struct Front {
    ready: Ready,
    http: Option<HttpIngest>,
    grpc: Option<GrpcIngest>,
    http_entries: Entries,
    grpc_entries: Entries,
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
            ready: ready.clone(),
            http: receiver.http.clone(),
            grpc: receiver.grpc.clone(),
            http_entries: http,
            grpc_entries: grpc,
        })
    }

    /// The way of an OTLP/HTTP request, by its path.
    pub(super) fn http(&self, path: &str) -> Option<Way<'_>> {
        let settings = self.http.as_ref()?;
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

    /// The way of a gRPC call, by its path.
    pub(super) fn grpc(&self, path: &str) -> Option<Way<'_>> {
        let settings = self.grpc.as_ref()?;
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
