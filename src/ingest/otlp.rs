//! One OTLP/HTTP request, whatever the version of HTTP below: checks, ticket, body, pipeline,
//! answer.

use std::cell::Cell;
use std::thread;

use ::http::header::{ALT_SVC, WWW_AUTHENTICATE};
use ::http::request::Parts;
use ::http::{HeaderMap, Method, Response, Version};
use bytes::Bytes;

use super::auth::Authority;
use super::body::{self, Raw, Source, UNKNOWN_LENGTH_TICKET};
use super::client::Client;
use super::front::{Front, Way};
use super::guard::Guard;
use super::head::{self, Encoded, Media};
use super::json;
use super::verdict::{self, Fault};
use crate::frame::inflate::{Coding, Format};
use crate::pipeline::{Answer, Arrival, Encoding, Entry, Tenant, Verdict};
use crate::runtime::clock;
use crate::telemetry::names::Transport;

/// Handles a request; the second value tells that it was refused, so that some of its body may be
/// unread. `guard` is the deadline of whoever waits for the body.
pub(super) async fn answer<B: Source>(
    client: &Client,
    guard: &Guard,
    head: Parts,
    body: &mut B,
    declared: Option<usize>,
) -> (Response<Bytes>, bool) {
    let front = client.gate.front();
    let manners = front.manners();
    if let Some(answer) = manners.and_then(|manners| manners.preflight(&head)) {
        return (answer, true);
    }
    let asker = manners.map(|manners| (manners, manners.asker(&head)));
    let by_tcp = head.version != Version::HTTP_3 && client.side == Transport::Http;
    let (mut answer, refused) = handle(client, &front, guard, head, body, declared).await;
    if let Some((manners, asker)) = asker {
        manners.dress(asker, answer.headers_mut());
    }
    if let Some(alternative) = front.alternative().filter(|_| by_tcp) {
        let _ = answer.headers_mut().insert(ALT_SVC, alternative);
    }
    (answer, refused)
}

/// Credentials first, then the path, then everything else.
async fn handle<B: Source>(
    client: &Client,
    front: &Front,
    guard: &Guard,
    mut head: Parts,
    body: &mut B,
    declared: Option<usize>,
) -> (Response<Bytes>, bool) {
    let media = head::media(&head.headers);
    if let Some(authority) = front.http_auth()
        && let Err(fault) = authority.check(&head.headers).await
    {
        return (turn_away(client, authority, &fault, media, head.headers), true);
    }
    let Some(way) = front.http(client.side, head.uri.path()) else {
        return (elsewhere(client, front, head, media), true);
    };
    if way.metadata {
        head::name_host(&mut head);
    }
    match take(client, guard, way, &head, media, body, declared).await {
        Ok(partial) => {
            let signal = way.entry.signal();
            (verdict::http_success(head.headers, media, signal, partial), false)
        }
        Err(fault) => (fail(client, Some(way), &fault, media, head.headers), true),
    }
}

/// The answer to a client that is not let in, or not now.
fn turn_away(
    client: &Client,
    authority: &Authority,
    fault: &Fault,
    media: Media,
    headers: HeaderMap,
) -> Response<Bytes> {
    let mut answer = fail(client, None, fault, media, headers);
    if *fault == Fault::Unauthenticated {
        let _ = answer.headers_mut().insert(WWW_AUTHENTICATE, authority.challenge().clone());
    }
    answer
}

/// The answer where no signal is taken: the path that is meant, if it is one of ours.
fn elsewhere(client: &Client, front: &Front, head: Parts, media: Media) -> Response<Bytes> {
    let meant = head::direct(head.uri.path());
    let Some(mut path) = meant.filter(|path| front.http(client.side, path).is_some()) else {
        return fail(client, None, &Fault::UnknownPath, media, head.headers);
    };
    if let Some(query) = head.uri.query() {
        path.push('?');
        path.push_str(query);
    }
    client.supplies().meter.unknown_paths.increment(1);
    verdict::elsewhere(head.headers, &path)
}

/// The answer to a request for whose stream there is no room.
pub(super) fn refuse(client: &Client, head: Parts) -> Response<Bytes> {
    let front = client.gate.front();
    let (way, media) = (front.http(client.side, head.uri.path()), head::media(&head.headers));
    let asker = front.manners().map(|manners| (manners, manners.asker(&head)));
    let known = way.is_some() || front.http_auth().is_some();
    let fault = if known { Fault::Overloaded } else { Fault::UnknownPath };
    let mut answer = fail(client, way, &fault, media, head.headers);
    if let Some((manners, asker)) = asker {
        manners.dress(asker, answer.headers_mut());
    }
    answer
}

/// The answer to a gRPC call where there is no gRPC.
pub(super) fn misplaced(client: &Client, head: Parts) -> Response<Bytes> {
    fail(client, None, &Fault::MediaType, Media::Other, head.headers)
}

fn fail(
    client: &Client,
    way: Option<Way<'_>>,
    fault: &Fault,
    media: Media,
    headers: HeaderMap,
) -> Response<Bytes> {
    blame(way, fault, client);
    client.supplies().answers.http_fault(fault, media, headers)
}

/// Reads the request and gives it to the pipeline. `Ok` tells what was not taken of it.
async fn take<B: Source>(
    client: &Client,
    guard: &Guard,
    way: Way<'_>,
    head: &Parts,
    media: Media,
    body: &mut B,
    declared: Option<usize>,
) -> Result<Option<(i64, String)>, Fault> {
    let coding = check(head, media, way, head::content_coding(&head.headers))?;
    let Way { entry, bytes_max, .. } = way;
    if declared.is_some_and(|len| len > bytes_max) {
        return Err(Fault::TooLarge { limit: bytes_max });
    }
    let tenant = entry.tenant(&head.headers)?;
    let wanted = declared.unwrap_or(UNKNOWN_LENGTH_TICKET);
    let longest = declared.unwrap_or(bytes_max);
    let (ticket, held) = client.admit_request(entry, wanted, longest)?;
    body.admitted(wanted);
    guard.allow_body(longest, way.body_time);
    let raw = match declared {
        Some(len) => body::sized(body, Bytes::new(), len, ticket, entry.home()).await?.0,
        None => body::unsized_body(body, bytes_max, ticket, entry.home()).await?,
    };
    guard.rest();
    drop(held);
    let arrival = Arriving { client, way, tenant, coding, json: media == Media::Json };
    let verdict = arrival.accept(raw, &head.headers).await?;
    settle(verdict).await
}

/// What can be refused by the head alone; returns the body's coding.
fn check(
    head: &Parts,
    media: Media,
    way: Way<'_>,
    encoded: Encoded,
) -> Result<Option<Coding>, Fault> {
    if head.method != Method::POST {
        return Err(Fault::Method);
    }
    match media {
        Media::Other => Err(Fault::MediaType),
        Media::Protobuf | Media::Json => encoded.among(way.codings),
    }
}

/// A message that has been read and goes into the pipeline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arriving<'a> {
    pub(super) client: &'a Client,
    pub(super) way: Way<'a>,
    /// Who pays for it.
    pub(super) tenant: Option<Tenant>,
    /// What its bytes are encoded with.
    pub(super) coding: Option<Coding>,
    /// Whether they are JSON, below the encoding if there is one.
    pub(super) json: bool,
}

impl Arriving<'_> {
    /// Inflates and transcodes the message if need be, and hands it over. Compressed bytes go along
    /// as they came, unless they are JSON.
    pub(super) async fn accept(self, raw: Raw, headers: &HeaderMap) -> Result<Verdict, Fault> {
        let Way { entry, bytes_max, routing, metadata, .. } = self.way;
        self.count(raw.bytes().len());
        let witness = Witness { entry, entered: Cell::new(false) };
        let (message, original) = match self.coding.filter(|_| !raw.bytes().is_empty()) {
            Some(coding) => {
                let (home, ticket) = (entry.home(), entry.lease().empty());
                let inflater = &self.client.supplies().inflater;
                let inflating = inflater.inflate(coding, raw.bytes(), bytes_max, home, ticket);
                let inflated = inflating.await?;
                let shared = shared(coding.format(raw.bytes())).filter(|_| !self.json);
                let original = match shared {
                    Some(encoding) => Some((encoding, raw.into_block(home)?)),
                    None => {
                        drop(raw);
                        None
                    }
                };
                (Raw::Block(inflated), original)
            }
            None => (raw, None),
        };
        let message = if self.json {
            Raw::Block(json::to_protobuf(message, entry, bytes_max).await?)
        } else {
            message
        };
        let message = message.into_message();
        witness.entered.set(true);
        Ok(entry.accept_of(
            self.tenant,
            Arrival {
                routing: routing.then_some(headers),
                headers: metadata.then_some(headers),
                peer: self.client.peer,
                message,
                original,
            },
        ))
    }

    /// Counts a body that was read to its end.
    fn count(&self, len: usize) {
        let (receiver, shard) = (self.way.entry.meter(), &self.client.supplies().meter);
        receiver.requests.increment(1);
        receiver.bytes.increment(len as u64);
        shard.requests.increment(1);
        shard.bytes_in.increment(len as u64);
    }
}

/// The encoding in which bytes of this format may leave again as they came; backends are not sent
/// the others.
pub(super) const fn shared(format: Format) -> Option<Encoding> {
    match format {
        Format::Gzip => Some(Encoding::Gzip),
        Format::Zstd => Some(Encoding::Zstd),
        Format::Zlib => Some(Encoding::Zlib),
        Format::SnappyBlock => Some(Encoding::Snappy),
        Format::SnappyFramed => Some(Encoding::SnappyFramed),
        Format::RawDeflate | Format::Lz4 => None,
    }
}

/// Sees whether a request's handling panics, and counts it as failed.
struct Witness<'a> {
    entry: &'a Entry,
    /// The pipeline has it.
    entered: Cell<bool>,
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        if self.entered.get() {
            self.entry.failed();
        } else {
            self.entry.meter().failed.increment(1);
        }
    }
}

/// Turns a verdict into success, possibly partial, after what it tells of has been waited for:
/// pressure to ease off, or a backend to answer.
pub(super) async fn settle(verdict: Verdict) -> Result<Option<(i64, String)>, Fault> {
    match verdict {
        Verdict::Accepted { hold: None } => Ok(None),
        Verdict::Accepted { hold: Some(hold) } => match hold.over().await {
            Answer::Delivered => Ok(None),
            Answer::Partial { rejected, message } => {
                Ok(Some((i64::try_from(rejected).unwrap_or(i64::MAX), message)))
            }
            Answer::Failed(failure) => Err(Fault::Backend(failure)),
        },
        Verdict::Limited { rejected, message, hold } => match hold.over().await {
            Answer::Delivered => Ok(Some((i64::try_from(rejected).unwrap_or(i64::MAX), message))),
            Answer::Partial { rejected: more, message: why } => {
                let rejected = i64::try_from(rejected.saturating_add(more)).unwrap_or(i64::MAX);
                Ok(Some((rejected, format!("{message}; {why}"))))
            }
            Answer::Failed(failure) => Err(Fault::Backend(failure)),
        },
        Verdict::Partial { rejected, message } => {
            Ok(Some((i64::try_from(rejected).unwrap_or(i64::MAX), message)))
        }
        Verdict::Refused(refusal) => Err(refusal.into()),
    }
}

/// Counts a request that was not taken, and logs now and then why one could not be read.
pub(super) fn blame(way: Option<Way<'_>>, fault: &Fault, client: &Client) {
    if *fault == Fault::Unauthenticated {
        client.supplies().meter.unauthenticated.increment(1);
        if let Some(suppressed) = client.supplies().complaints.admit(clock::now()) {
            let peer = client.peer.map(tracing::field::display);
            tracing::warn!(
                peer,
                suppressed,
                "a request is not let in: {fault} (counted in shard_unauthenticated_requests_total)"
            );
        }
        return;
    }
    let Some(Way { entry, .. }) = way else {
        let meter = &client.supplies().meter;
        let counter =
            if *fault == Fault::Overloaded { &meter.unauthenticated } else { &meter.unknown_paths };
        counter.increment(1);
        return;
    };
    let Some(reason) = fault.row().reason else {
        entry.meter().refused_requests.increment(1);
        return;
    };
    entry.meter().malformed(reason);
    if let Some(suppressed) = client.supplies().complaints.admit(clock::now()) {
        let (peer, signal) = (client.peer, entry.signal().name());
        let peer = peer.map(tracing::field::display);
        tracing::warn!(
            peer,
            signal,
            reason,
            suppressed,
            "a request cannot be read: {fault} (counted in malformed_requests_total)"
        );
    }
}
