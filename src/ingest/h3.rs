//! OTLP over HTTP/3: the `h3` crate's server over one QUIC connection, one local task a stream.
//!
//! As over HTTP/2, the connection's window is the admission's arm: a stream may send 4 MiB ahead,
//! the connection 64 KiB plus what is on its way with a ticket, at most 16 MiB.
//!
//! ```text
//!  driver: expired? draining? old? window -> accept -> charge -> task: head -> otlp -> answer
//!          GOAWAY -> streams end -> a while for the last answers -> close
//! ```
//! Every stream pays for what h3 may hold of it before its head is read; one that cannot is
//! answered that there is no room, one at a time. gRPC does not exist over HTTP/3 here.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::request::Parts;
use ::http::{Request, Response};
use bytes::{Buf as _, Bytes};
use h3::error::{Code, StreamError};
use h3::quic::SendStream as _;
use h3::server::{self, RequestResolver, RequestStream};
use tokio::time::{Sleep, sleep};

use super::body::Source;
use super::client::{Client, Open, WINDOW_STEP};
use super::guard::{Guard, HEAD_TIME};
use super::life;
use super::seam::{ALLOWANCE, Duplex, Latest, Tap, Wire};
use super::verdict::Fault;
use super::{head, otlp};
use crate::runtime::task;
use crate::units::{KIB, MIB};

/// What one stream may send before it is read.
pub(super) const STREAM_WINDOW: u32 = 4 << 20;
/// What a connection may send without a ticket.
pub(super) const WINDOW_MIN: usize = 64 * KIB;
/// What a connection may send at all before it is read.
const WINDOW_MAX: usize = 16 * MIB;
/// A request's fields, each with 32 bytes more than its text.
const HEAD_BYTES_MAX: u64 = 16 << 10;
/// What a stream may hold of its head: as it came, and as it is read.
const STREAM_BYTES: usize = ALLOWANCE + 3 * 16 * KIB;
/// Requests that break off, beyond those that do not, until the connection is closed.
const BROKEN_MAX: u32 = 64;
/// How long the last answers have to arrive before the connection is closed.
const LAST_MIN: Duration = Duration::from_millis(100);
const LAST_MAX: Duration = Duration::from_secs(1);

type Server = server::Connection<Wire, Bytes>;
type Stream = RequestStream<Duplex, Bytes>;

/// Drives a connection to its end.
pub(super) async fn run(client: &Rc<Client>, quic: &quinn::Connection) {
    let latest = Latest::default();
    let server = {
        let mut builder = server::builder();
        let _ = builder.max_field_section_size(HEAD_BYTES_MAX).send_grease(false);
        let wire = Wire::new(quic.clone(), latest.clone());
        let mut building = pin!(builder.build(wire));
        poll_fn(|context| match client.poll_expired(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => building.as_mut().poll(context).map(Result::ok),
        })
        .await
    };
    let Some(server) = server else { return };
    client.multiplex();
    let broken = Rc::new(Cell::new(0));
    let mut driver = Driver::new(client, quic, server, &broken);
    while let Some(mut resolver) = poll_fn(|context| driver.poll(context)).await {
        let Some(tap) = latest.take() else { continue };
        if driver.told {
            // It crossed the GOAWAY, which says that it is not served.
            resolver.frame_stream.reset(Code::H3_REQUEST_REJECTED.value());
            continue;
        }
        let guard = client.supplies().watch.guard();
        let asked = Asked { resolver, tap, guard };
        if let Some(open) = client.open_stream(STREAM_BYTES) {
            let broken = Rc::clone(&broken);
            let _ = task::spawn_connection("stream", stream(open, asked, broken));
        } else {
            refuse(client, asked).await;
        }
    }
}

/// A connection and what it has been told.
struct Driver<'a> {
    client: &'a Rc<Client>,
    quic: &'a quinn::Connection,
    server: Server,
    broken: &'a Cell<u32>,
    age: Option<Guard>,
    old: bool,
    told: bool,
    window: usize,
    last: Option<Pin<Box<Sleep>>>,
}

impl<'a> Driver<'a> {
    fn new(
        client: &'a Rc<Client>,
        quic: &'a quinn::Connection,
        server: Server,
        broken: &'a Cell<u32>,
    ) -> Self {
        let age = client.times.age.map(|age| {
            let guard = client.supplies().watch.guard();
            guard.allow(life::scattered(age));
            guard
        });
        let (told, old, window, last) = (false, false, WINDOW_MIN, None);
        Self { client, quic, server, broken, age, old, told, window, last }
    }

    /// The next stream; `None` when the connection is at its end.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<RequestResolver<Wire, Bytes>>> {
        let expired = self.client.poll_expired(context).is_ready();
        if self.poll_over(context).is_ready() {
            return Poll::Ready(None);
        }
        if self.broken.get() > BROKEN_MAX {
            self.quic.close(code(Code::H3_EXCESSIVE_LOAD), b"");
            return Poll::Ready(None);
        }
        if !self.told && (expired || self.old || self.client.is_draining()) {
            self.told = true;
            // The first number that is not served, and one more: h3 counts from the last one that
            // is. A connection that is broken ends below.
            drop(pin!(self.server.shutdown(1)).poll(context));
        }
        if self.told && self.poll_last(context).is_ready() {
            return Poll::Ready(None);
        }
        self.follow_tickets();
        let accepted = pin!(self.server.accept()).poll(context);
        accepted.map(|next| next.ok().flatten())
    }

    /// Ready when the connection is to be cut off for its age.
    fn poll_over(&mut self, context: &Context<'_>) -> Poll<()> {
        if let Some(age) = &self.age
            && age.poll_expired(context).is_ready()
        {
            if self.old {
                return Poll::Ready(());
            }
            self.old = true;
            age.rest();
            if let Some(grace) = self.client.times.grace {
                age.allow(grace);
            }
        }
        Poll::Pending
    }

    /// Ready once the streams are over and the last answers have had their time.
    fn poll_last(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.client.is_in_use() {
            self.last = None;
            return Poll::Pending;
        }
        let rtt = self.quic.rtt();
        let last = self.last.get_or_insert_with(|| {
            Box::pin(sleep(rtt.saturating_mul(6).clamp(LAST_MIN, LAST_MAX)))
        });
        last.as_mut().poll(context)
    }

    /// Lets the connection's window follow what is on its way with a ticket.
    fn follow_tickets(&mut self) {
        let wanted = WINDOW_MIN.saturating_add(self.client.owed()).min(WINDOW_MAX);
        let step = wanted.abs_diff(self.window);
        if step >= WINDOW_STEP || (step > 0 && wanted == WINDOW_MIN) {
            self.window = wanted;
            self.quic.set_receive_window(u32::try_from(wanted).unwrap_or(u32::MAX >> 2).into());
        }
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        self.quic.close(code(Code::H3_NO_ERROR), b"");
    }
}

/// A request of which nothing has been read.
struct Asked {
    resolver: RequestResolver<Wire, Bytes>,
    tap: Rc<Tap>,
    guard: Guard,
}

impl Asked {
    /// Its head; `None` when that does not come, or is none.
    async fn head(self, limit: Duration) -> Option<(Parts, Stream, Rc<Tap>, Guard)> {
        let Self { resolver, tap, guard } = self;
        guard.allow(limit);
        let mut resolving = pin!(resolver.resolve_request());
        let resolved = poll_fn(|context| match resolving.as_mut().poll(context) {
            Poll::Pending if tap.is_dry() || guard.poll_expired(context).is_ready() => {
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(resolved) => Poll::Ready(resolved.ok()),
        })
        .await;
        guard.rest();
        tap.refill();
        let (request, stream): (Request<()>, Stream) = resolved?;
        Some((request.into_parts().0, stream, tap, guard))
    }
}

/// One request and its answer.
async fn stream(open: Open, asked: Asked, broken: Rc<Cell<u32>>) {
    let client = &*open.client;
    let Some((head, stream, tap, guard)) = asked.head(client.head_time()).await else {
        broken.set(broken.get().saturating_add(1));
        return client.nudge();
    };
    let grpc = head::is_grpc(&head.headers);
    let declared = head::content_length(&head.headers);
    let mut body = Upload { stream, tap, client, guard: &guard, owed: 0, over: false, cut: false };
    let answer = if grpc {
        otlp::misplaced(client, head)
    } else {
        otlp::answer(client, &guard, head, &mut body, declared).await.0
    };
    let cut = body.cut;
    answered(client, &mut body.stream, &guard, answer).await;
    drop(body);
    broken.set(if cut { broken.get().saturating_add(1) } else { broken.get().saturating_sub(1) });
    drop(guard);
    drop(open);
}

/// Answers a request for whose stream there is no room.
async fn refuse(client: &Client, asked: Asked) {
    let Some((head, mut stream, _, guard)) = asked.head(HEAD_TIME).await else { return };
    let answer = if head::is_grpc(&head.headers) {
        otlp::misplaced(client, head)
    } else {
        otlp::refuse(client, head)
    };
    answered(client, &mut stream, &guard, answer).await;
}

/// Sends an answer, as long as the client takes it.
async fn answered(client: &Client, stream: &mut Stream, guard: &Guard, answer: Response<Bytes>) {
    guard.allow(client.times.write.unwrap_or(HEAD_TIME));
    let sent = {
        let mut sending = pin!(send(stream, answer));
        poll_fn(|context| match sending.as_mut().poll(context) {
            Poll::Pending if guard.poll_expired(context).is_ready() => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
            // A client that is gone does not hear the answer; what was accepted is safe.
            Poll::Ready(sent) => Poll::Ready(sent.is_ok()),
        })
        .await
    };
    if sent {
        // Whatever else comes is not read: the client is not to send it.
        stream.stop_sending(Code::H3_NO_ERROR);
    }
}

async fn send(stream: &mut Stream, answer: Response<Bytes>) -> Result<(), StreamError> {
    let (head, bytes) = answer.into_parts();
    stream.send_response(Response::from_parts(head, ())).await?;
    if !bytes.is_empty() {
        stream.send_data(bytes).await?;
    }
    stream.finish().await
}

/// The body of a request with its stream's own deadline.
struct Upload<'a> {
    stream: Stream,
    tap: Rc<Tap>,
    client: &'a Client,
    guard: &'a Guard,
    /// Bytes that a ticket pays for and that have not come yet: the window counts on them.
    owed: usize,
    over: bool,
    /// It broke off.
    cut: bool,
}

impl Upload<'_> {
    fn came(&mut self, bytes: usize) {
        let paid = bytes.min(self.owed);
        self.owed = self.owed.saturating_sub(paid);
        self.client.owe_less(paid);
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        self.came(self.owed);
    }
}

impl Source for Upload<'_> {
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Fault>>> {
        while !self.over {
            let polled = self
                .stream
                .poll_recv_data(context)
                .map_ok(|data| data.map(|mut data| data.copy_to_bytes(data.remaining())));
            match polled {
                Poll::Pending if self.guard.poll_expired(context).is_ready() => {
                    return Poll::Ready(Some(Err(Fault::Slow)));
                }
                Poll::Pending if !self.tap.is_dry() => return Poll::Pending,
                Poll::Pending | Poll::Ready(Err(_)) => {
                    (self.over, self.cut) = (true, true);
                    return Poll::Ready(Some(Err(Fault::CutOff)));
                }
                // An empty frame looks like the end; so do trailers, which say nothing here.
                Poll::Ready(Ok(None)) => self.over = self.tap.has_ended(),
                Poll::Ready(Ok(Some(data))) => {
                    self.tap.refund(data.len());
                    self.came(data.len());
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
        Poll::Ready(None)
    }

    fn is_end(&self) -> bool {
        self.over
    }

    fn admitted(&mut self, bytes: usize) {
        self.owed = self.owed.saturating_add(bytes);
        self.client.owe_more(bytes);
    }
}

fn code(code: Code) -> quinn::VarInt {
    quinn::VarInt::from_u64(code.value()).unwrap_or(quinn::VarInt::MAX)
}
