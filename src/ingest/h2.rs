//! HTTP/2: the `h2` crate's server, one local task a stream.
//!
//! Flow control is the admission's arm: a stream may send 4 MiB ahead, but the connection's window
//! is 65,535 bytes plus what is on its way with a ticket, at most 16 MiB. So a request that has its
//! ticket is not held back, and a connection without tickets makes us hold 64 KiB at most.
//!
//! ```text
//!  driver: expired? draining? window -> accept -> charge -> task: grpc | otlp over h2c
//!             breach (frames) -> GOAWAY     \-> every few streams: the others' turn
//! ```
//! Every stream pays for its head and its task, the first one also for what may come without a
//! ticket; a stream that cannot is answered at once that there is no room.
//!
//! Invariants: a connection starts [`STREAMS_PER_TURN`] streams and reads [`BYTES_PER_TURN`] and a
//! block before the other connections of the shard have their turn, and it reads no further before
//! all that it has read is begun; whatever a stream reads is released at once, so that no stream
//! waits for another's window.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::request::Parts;
use ::http::{HeaderMap, Request, Response};
use bytes::Bytes;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::{self, Source as _, StreamBody};
use super::client::{Client, Open, WINDOW_STEP};
use super::frames::{self, Breach};
use super::guard::{Guard, HEAD_TIME};
use super::io::Io;
use super::life::Life;
use super::{grpc, head, otlp};
use crate::runtime::{clock, task};
use crate::units::{KIB, MIB};

/// What one stream may send before it is read.
const STREAM_WINDOW: u32 = 4 << 20;
/// What a connection may send without a ticket.
const WINDOW_MIN: usize = 65_535;
/// What a connection may send at all before it is read.
const WINDOW_MAX: usize = 16 * MIB;
/// A request's header list.
const HEAD_BYTES_MAX: u32 = 16 << 10;
/// Streams reset by us that are remembered, so that late frames are not taken for errors.
const RESETS_KEPT: usize = 32;
/// Streams a client may reset before we have looked at them.
const RESETS_PENDING_MAX: usize = 20;
/// Protocol errors on streams that a connection survives.
const STREAM_ERRORS_MAX: usize = 64;
/// Answers are small; more than this waits unread only with a hostile client.
const SEND_BYTES_MAX: usize = 64 * KIB;
/// What the library may hold for the frames of one stream that are smaller than 256 bytes.
const SMALL_FRAMES_PER_STREAM: usize = 512;
const SMALL_FRAMES_MIN: usize = 64 * KIB;
/// Streams that one connection may start before the others have their turn.
const STREAMS_PER_TURN: u32 = 8;
/// Bytes after which it reads no further block.
const BYTES_PER_TURN: usize = 64 * KIB;
/// How long a GOAWAY after a breach may take to leave.
const FAREWELL_TIME: Duration = Duration::from_secs(1);
/// What is still read of a refused body, so that its stream ends in good order, and for how long.
const REST_BYTES_MAX: usize = 64 * KIB;
const REST_TIME: Duration = Duration::from_secs(1);
/// How long an answer may wait for the client's window.
const ANSWER_TIME: Duration = Duration::from_secs(20);

fn builder(streams_max: u32) -> Builder {
    let streams = usize::try_from(streams_max).unwrap_or(usize::MAX);
    let small_frames = streams.saturating_mul(SMALL_FRAMES_PER_STREAM);
    let mut builder = Builder::new();
    let _ = builder
        .initial_window_size(STREAM_WINDOW)
        .max_concurrent_streams(streams_max)
        .max_header_list_size(HEAD_BYTES_MAX)
        .max_concurrent_reset_streams(RESETS_KEPT)
        .max_pending_accept_reset_streams(RESETS_PENDING_MAX)
        .max_local_error_reset_streams(Some(STREAM_ERRORS_MAX))
        .max_send_buffer_size(SEND_BYTES_MAX)
        .data_frame_budget(small_frames.clamp(SMALL_FRAMES_MIN, MIB));
    builder
}

/// Drives a connection to its end.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(client: &Rc<Client>, io: Io<S>) {
    client.begin();
    client.guard.allow(HEAD_TIME);
    client.turn.set(BYTES_PER_TURN);
    let io = io.reading_ahead();
    let streams_max = client.gate.front().streams_max();
    let mut shaking = builder(streams_max).handshake::<_, Bytes>(io);
    let shaken = poll_fn(|context| match client.poll_expired(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => std::pin::Pin::new(&mut shaking).poll(context).map(Result::ok),
    })
    .await;
    let Some(mut connection) = shaken else { return };
    client.multiplex();
    let life = Life::new(client, connection.ping_pong());
    let mut driver = Driver {
        client,
        connection,
        life,
        told: false,
        shut: false,
        fresh: true,
        window: WINDOW_MIN,
    };
    let mut started: u32 = 0;
    while let Some((request, respond)) = poll_fn(|context| driver.poll(context)).await {
        start(client, request, respond);
        started = started.wrapping_add(1);
        if started.is_multiple_of(STREAMS_PER_TURN) {
            tokio::task::yield_now().await;
        }
    }
}

/// Begins to serve a stream, or refuses it.
fn start(client: &Rc<Client>, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let (head, body) = request.into_parts();
    if head::is_malformed(&head) {
        return respond.send_reset(Reason::PROTOCOL_ERROR);
    }
    match client.open_stream(head::bytes(&head.headers)) {
        Some(open) => {
            let _ = task::spawn_connection("stream", stream(open, head, body, respond));
        }
        None if head::is_grpc(&head.headers) => grpc::refuse(client, head, &mut respond),
        None => {
            if let Ok(Some(Sending { mut stream, data, .. })) =
                begin(otlp::refuse(client, head), &mut respond)
            {
                drop(stream.send_data(data, true));
            }
        }
    }
}

/// A connection and what it has been told.
struct Driver<'a, S> {
    client: &'a Rc<Client>,
    connection: Connection<Io<S>, Bytes>,
    life: Life,
    told: bool,
    /// Closed for what came on it.
    shut: bool,
    /// All that was read has been begun: its next turn has come.
    fresh: bool,
    window: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<'_, S> {
    /// The next stream; `None` when the connection is at its end.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<(Request<RecvStream>, SendResponse<Bytes>)>> {
        let expired = self.client.poll_expired(context).is_ready();
        let over = self.life.poll_over(self.client, context).is_ready();
        if over || (expired && (self.told || !self.client.is_greeted())) {
            return Poll::Ready(None);
        }
        let leaving = self.client.is_draining() || self.life.is_old();
        if (expired || leaving) && !self.told {
            self.told = true;
            self.connection.graceful_shutdown();
            if expired || !self.client.is_in_use() {
                self.client.guard.allow(HEAD_TIME);
            }
        }
        self.follow_tickets();
        if std::mem::take(&mut self.fresh) {
            self.client.turn.set(BYTES_PER_TURN);
        }
        let mut next = self.connection.poll_accept(context);
        if let Some(breach) = self.client.breach.get().filter(|_| next.is_pending() && !self.shut) {
            self.shut(breach);
            next = self.connection.poll_accept(context);
        }
        self.fresh = next.is_pending();
        let late = [&self.client.half, &self.client.unread];
        if next.is_pending() && late.iter().any(|wait| wait.poll_over(context).is_ready()) {
            return Poll::Ready(None);
        }
        next.map(|next| match next? {
            Ok(stream) => Some(stream),
            Err(error) => {
                self.blame(&error);
                None
            }
        })
    }

    /// Closes the connection for what came on it.
    fn shut(&mut self, breach: Breach) {
        (self.told, self.shut) = (true, true);
        count(self.client, breach);
        self.client.linger.set(true);
        self.client.guard.allow(FAREWELL_TIME);
        self.connection.abrupt_shutdown(breach.reason);
    }

    /// Counts a connection that the library has closed for what came on it.
    fn blame(&self, error: &h2::Error) {
        if let Some(reason) = error.reason().filter(|_| error.is_library() && !self.shut) {
            count(self.client, Breach { reason, flood: reason == Reason::ENHANCE_YOUR_CALM });
        }
    }

    /// Lets the connection's window follow what is on its way with a ticket.
    fn follow_tickets(&mut self) {
        let wanted = WINDOW_MIN.saturating_add(self.client.owed()).min(WINDOW_MAX);
        let step = wanted.abs_diff(self.window);
        if step >= WINDOW_STEP || (step > 0 && wanted == WINDOW_MIN) {
            self.window = wanted;
            self.connection.set_target_window_size(u32::try_from(wanted).unwrap_or(u32::MAX >> 1));
        }
    }
}

/// One request and its answer.
async fn stream(open: Open, head: Parts, stream: RecvStream, mut respond: SendResponse<Bytes>) {
    let client = &*open.client;
    let guard = client.supplies().watch.guard();
    let mut body = StreamBody::new(stream, client, &guard);
    let empty = body.is_end();
    let sending = if head::is_grpc(&head.headers) {
        grpc::serve(client, &guard, head, &mut body, &mut respond).await
    } else {
        let declared = if empty { Some(0) } else { head::content_length(&head.headers) };
        let (answer, refused) = otlp::answer(client, &guard, head, &mut body, declared).await;
        if refused && !body.is_end() {
            guard.allow(REST_TIME);
            let _ = body::discard(&mut body, REST_BYTES_MAX).await;
        }
        let begun = begin(answer, &mut respond);
        if !refused {
            client.earn(frames::ANSWERED);
        } else if begun.is_ok() && !empty {
            client.earn(frames::FAILED);
        }
        begun.ok().flatten()
    };
    drop(body);
    if let Some(sending) = sending {
        finish(sending, &guard).await;
    }
    drop(guard);
    drop(open);
}

/// An answer whose head has been given away: what is to follow.
pub(super) struct Sending {
    pub(super) stream: SendStream<Bytes>,
    pub(super) data: Bytes,
    pub(super) trailers: Option<HeaderMap>,
}

/// Gives away the head of an answer over HTTP/2; `None`: nothing follows. A client that is gone
/// does not hear it, but what was accepted is safe.
fn begin(
    answer: Response<Bytes>,
    respond: &mut SendResponse<Bytes>,
) -> Result<Option<Sending>, h2::Error> {
    let (head, data) = answer.into_parts();
    let stream = respond.send_response(Response::from_parts(head, ()), data.is_empty())?;
    Ok((!data.is_empty()).then_some(Sending { stream, data, trailers: None }))
}

/// Sends what follows, as the client's window allows, which it has to within [`ANSWER_TIME`].
async fn finish(sending: Sending, guard: &Guard) {
    let Sending { mut stream, mut data, mut trailers } = sending;
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let room = match stream.capacity() {
            0 => {
                guard.allow(ANSWER_TIME);
                poll_fn(|context| poll_room(&mut stream, guard, context)).await
            }
            room => Some(room),
        };
        let Some(room) = room else { return stream.send_reset(Reason::CANCEL) };
        let piece = data.split_to(room.min(data.len()));
        if stream.send_data(piece, data.is_empty() && trailers.is_none()).is_err() {
            return;
        }
    }
    if let Some(trailers) = trailers.take() {
        drop(stream.send_trailers(trailers));
    }
}

/// Room in the client's window; `None` when none comes.
fn poll_room(
    stream: &mut SendStream<Bytes>,
    guard: &Guard,
    context: &mut Context<'_>,
) -> Poll<Option<usize>> {
    loop {
        match stream.poll_capacity(context) {
            Poll::Ready(Some(Ok(0))) => {}
            Poll::Ready(room) => return Poll::Ready(room.and_then(Result::ok)),
            Poll::Pending => return guard.poll_expired(context).map(|()| None),
        }
    }
}

/// Counts a connection that is closed for what came on it, and logs one now and then.
fn count(client: &Client, breach: Breach) {
    let supplies = client.supplies();
    let meter = &supplies.meter;
    let counter = if breach.flood { &meter.floods } else { &meter.violations };
    counter.increment(1);
    if let Some(suppressed) = supplies.breaches.admit(clock::now()) {
        let (peer, reason) = (client.peer, breach.reason.description());
        let peer = peer.map(tracing::field::display);
        tracing::warn!(
            peer,
            reason,
            suppressed,
            "a connection over HTTP/2 is closed for what came on it (counted in \
             connections_closed_total)"
        );
    }
}
