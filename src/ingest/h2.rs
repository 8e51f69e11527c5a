//! HTTP/2: the `h2` crate's server, one local task a stream.
//!
//! Flow control is the admission's arm: a stream may send 4 MiB ahead, but the connection's window
//! is 65,535 bytes plus what is on its way with a ticket, at most 16 MiB. So a request that has its
//! ticket is not held back, and a connection without tickets makes us hold 64 KiB at most.
//!
//! ```text
//!  driver: expired? draining? window -> accept -> charge -> task: grpc | otlp over h2c
//! ```
//! Every stream pays for its head and its task, the first one also for what may come without a
//! ticket; a stream that cannot is answered at once that there is no room.
//!
//! Invariant: whatever a stream reads is released at once, so that no stream waits for another's
//! window.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use ::http::request::Parts;
use ::http::{Request, Response};
use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, Connection, SendResponse};
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::{Source as _, StreamBody};
use super::client::{Client, Open, WINDOW_STEP};
use super::guard::HEAD_TIME;
use super::io::Io;
use super::life::Life;
use super::{grpc, head, otlp};
use crate::runtime::task;
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
    let mut driver = Driver { client, connection, life, told: false, window: WINDOW_MIN };
    while let Some((request, mut respond)) = poll_fn(|context| driver.poll(context)).await {
        let (head, body) = request.into_parts();
        match client.open_stream(head::bytes(&head.headers)) {
            Some(open) => {
                let _ = task::spawn_connection("stream", stream(open, head, body, respond));
            }
            None if head::is_grpc(&head.headers) => grpc::refuse(client, head, &mut respond),
            None => send(otlp::refuse(client, head), &mut respond),
        }
    }
}

/// A connection and what it has been told.
struct Driver<'a, S> {
    client: &'a Rc<Client>,
    connection: Connection<Io<S>, Bytes>,
    life: Life,
    told: bool,
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
        if over || (expired && self.told) {
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
        self.connection.poll_accept(context).map(|next| next.and_then(Result::ok))
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
    if head::is_grpc(&head.headers) {
        grpc::serve(client, &guard, head, &mut body, &mut respond).await;
    } else {
        let empty = body.is_end();
        let declared = if empty { Some(0) } else { head::content_length(&head.headers) };
        let (answer, _) = otlp::answer(client, &guard, head, &mut body, declared).await;
        send(answer, &mut respond);
    }
    drop(body);
    drop(guard);
    drop(open);
}

/// Sends an answer over HTTP/2.
fn send(answer: Response<Bytes>, respond: &mut SendResponse<Bytes>) {
    let (head, bytes) = answer.into_parts();
    let head = Response::from_parts(head, ());
    // A client that is gone does not hear the answer; what was accepted is safe.
    if let Ok(mut sending) = respond.send_response(head, bytes.is_empty())
        && !bytes.is_empty()
    {
        drop(sending.send_data(bytes, true));
    }
}
