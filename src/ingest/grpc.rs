//! A unary gRPC call of an OTLP service: one message in, an empty one and trailers out.
//!
//! The message's length is known after five bytes; then the ticket is taken. A caller for whom
//! there is no room is kept waiting for up to half of its deadline, at most a second, since many
//! exporters do not retry: it holds nothing but its stream meanwhile. Errors are answered by
//! headers alone.

use std::time::Duration;

use ::http::request::Parts;
use ::http::{HeaderMap, Method};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::server::SendResponse;
use spanyard_wire::prefix::{self, Prefix};
use spanyard_wire::reply;
use tokio::time::timeout;

use super::body::{self, Source as _, StreamBody};
use super::client::{Client, Held};
use super::frames::{ANSWERED, FAILED};
use super::front::Way;
use super::guard::Guard;
use super::h2::Sending;
use super::head;
use super::otlp::{Arriving, blame, settle};
use super::verdict::{self, Fault};
use crate::buf::budget::Ticket;
use crate::frame::grpc_prefix::{BadCall, PrefixReader};
use crate::pipeline::{Entry, Failure, Verdict};
use crate::runtime::clock;

/// The longest wait for admission.
const PATIENCE_MAX: Duration = Duration::from_secs(1);
/// How often a waiting call looks again.
const PATIENCE_STEP: Duration = Duration::from_millis(20);
/// An empty message, which is success in full.
const EMPTY: Bytes = Bytes::from_static(&[0; prefix::LEN]);

/// Handles a call and begins to answer it; what the answer still lacks is the result.
pub(super) async fn serve(
    client: &Client,
    guard: &Guard,
    mut head: Parts,
    body: &mut StreamBody<'_>,
    respond: &mut SendResponse<Bytes>,
) -> Option<Sending> {
    let front = client.gate.front();
    let way = front.grpc(client.side, head.uri.path());
    let empty = body.is_end();
    if way.is_some_and(|way| way.metadata) {
        head::name_host(&mut head);
    }
    let granted = match front.grpc_auth() {
        Some(authority) => authority.check(&head.headers).await,
        None => Ok(()),
    };
    let result = match (granted, way) {
        (Err(fault), _) => Err(fault),
        (Ok(()), None) => Err(Fault::UnknownPath),
        (Ok(()), Some(way)) => call(client, guard, way, &head, body).await,
    };
    // A caller that is gone does not hear the answer; what was accepted is safe.
    match result {
        Ok(data) => {
            client.earn(ANSWERED);
            let answer = verdict::grpc_success(head.headers);
            let stream = respond.send_response(answer, false).ok()?;
            Some(Sending { stream, data, trailers: Some(verdict::grpc_trailers()) })
        }
        Err(fault) => {
            let heard = fail(client, way, &fault, head.headers, respond);
            if heard && !empty {
                client.earn(FAILED);
            }
            None
        }
    }
}

/// Answers a call for whose stream there is no room.
pub(super) fn refuse(client: &Client, head: Parts, respond: &mut SendResponse<Bytes>) {
    let front = client.gate.front();
    let way = front.grpc(client.side, head.uri.path());
    let known = way.is_some() || front.grpc_auth().is_some();
    let fault = if known { Fault::Overloaded } else { Fault::UnknownPath };
    let _ = fail(client, way, &fault, head.headers, respond);
}

/// Whether there was still someone to hear it.
fn fail(
    client: &Client,
    way: Option<Way<'_>>,
    fault: &Fault,
    headers: HeaderMap,
    respond: &mut SendResponse<Bytes>,
) -> bool {
    blame(way, fault, client);
    let answer = client.supplies().answers.grpc_fault(fault, headers);
    respond.send_response(answer, true).is_ok()
}

/// The client's own deadline came before the backend's answer.
const LATE: Failure = Failure { code: 4, after: None };

/// Reads the message and gives it to the pipeline. `Ok` is the message to answer with.
async fn call(
    client: &Client,
    guard: &Guard,
    way: Way<'_>,
    head: &Parts,
    body: &mut StreamBody<'_>,
) -> Result<Bytes, Fault> {
    if head.method != Method::POST {
        return Err(Fault::Method);
    }
    let coding = head::grpc_coding(&head.headers);
    let coding = coding.among(way.codings)?;
    let tenant = way.entry.tenant(&head.headers)?;
    guard.allow_body(0, None);
    let (prefix, first) = prefix(body).await?;
    if prefix.compressed && coding.is_none() {
        return Err(BadCall::NoEncoding.into());
    }
    let len = usize::try_from(prefix.len).unwrap_or(usize::MAX);
    if len > way.bytes_max {
        return Err(Fault::TooLarge { limit: way.bytes_max });
    }
    guard.rest();
    let (ticket, held) = admit(client, way.entry, len, &head.headers).await?;
    guard.allow_body(len, None);
    body.admitted(len.saturating_sub(first.len()));
    let (raw, rest) = body::sized(body, first, len, ticket, way.entry.home()).await?;
    end(body, rest).await?;
    guard.rest();
    drop(held);
    let coding = coding.filter(|_| prefix.compressed);
    let arriving = Arriving { client, way, tenant, coding, json: false };
    let verdict = arriving.accept(raw, &head.headers).await?;
    let holds = matches!(verdict, Verdict::Accepted { hold: Some(_) } | Verdict::Limited { .. });
    let settled = match head::grpc_timeout(&head.headers).filter(|_| holds) {
        None => settle(verdict).await,
        Some(deadline) => {
            let settled = timeout(deadline, settle(verdict)).await;
            settled.unwrap_or(Err(Fault::Backend(LATE)))
        }
    };
    settled.map(|partial| match partial {
        None => EMPTY,
        Some((rejected, message)) => framed(&reply::partial_success(rejected, &message)),
    })
}

/// The prefix and what came behind it in the same frame.
async fn prefix(body: &mut StreamBody<'_>) -> Result<(Prefix, Bytes), Fault> {
    let mut reader = PrefixReader::default();
    loop {
        let mut frame = body::next(body).await.ok_or(Fault::CutOff)??;
        if let Some(prefix) = reader.take(&mut frame)? {
            return Ok((prefix, frame));
        }
    }
}

/// Nothing may follow the message.
async fn end(body: &mut StreamBody<'_>, rest: Bytes) -> Result<(), Fault> {
    let mut rest = rest;
    while rest.is_empty() {
        if body.is_end() {
            return Ok(());
        }
        match body::next(body).await {
            None => return Ok(()),
            Some(next) => rest = next?,
        }
    }
    Err(BadCall::SecondMessage.into())
}

/// A ticket for the message, if need be after a while.
async fn admit<'a>(
    client: &'a Client,
    entry: &Entry,
    len: usize,
    headers: &HeaderMap,
) -> Result<(Ticket, Held<'a>), Fault> {
    if let Ok(admitted) = client.admit_request(entry, len, len) {
        return Ok(admitted);
    }
    let deadline = head::grpc_timeout(headers).unwrap_or(Duration::MAX);
    let patience = (deadline / 2).min(PATIENCE_MAX);
    let until = clock::now() + patience;
    while clock::now() < until && !client.is_draining() {
        tokio::time::sleep(PATIENCE_STEP).await;
        if let Ok(admitted) = client.admit_request(entry, len, len) {
            return Ok(admitted);
        }
    }
    Err(Fault::Overloaded)
}

fn framed(message: &[u8]) -> Bytes {
    let len = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut bytes = BytesMut::with_capacity(message.len().saturating_add(prefix::LEN));
    bytes.put_slice(&Prefix { compressed: false, len }.to_bytes());
    bytes.put_slice(message);
    bytes.freeze()
}
