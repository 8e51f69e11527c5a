//! quinn's streams as h3 wants them, with a bound on what h3 may hold of each.
//!
//! h3 waits for a frame to be whole, whatever length it names, and reads ahead of what it hands
//! out; whatever it has read counts as taken, and the client may send more. So each stream has a
//! [`Tap`]: what goes in counts against an allowance, what comes out of it again as content is
//! given back. A tap that is dry gives nothing more; whoever waits behind it gives up.
//!
//! ```text
//!  quinn::RecvStream -- Tap: at most ALLOWANCE --> h3 -- content --> body, Tap::refund
//! ```
//! Streams of the connection itself (control, QPACK) share one tap, which each request refills a
//! little; one that is dry ends the connection. A stream that is dropped before it is finished is
//! reset, not ended.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h3::error::Code;
use h3::quic::{
    self, ConnectionErrorIncoming, OpenStreams, RecvStream, SendStream, StreamErrorIncoming,
    StreamId, WriteBuf,
};
use quinn::{ReadError, VarInt, WriteError};

use crate::units::KIB;

/// What h3 may hold of one stream: a head of 16 KiB with its frame, and the begin of the content.
pub(super) const ALLOWANCE: usize = 24 * KIB;
/// What a piece of content may have around it: a frame's type and its length.
const AROUND: usize = 16;
/// What the connection's own streams may say at once, and what each request adds to that.
const ASIDE: usize = 32 * KIB;
const ASIDE_FOR_REQUEST: usize = 256;

/// How much may still flow.
#[derive(Debug)]
pub(super) struct Tap {
    left: Cell<usize>,
    most: usize,
    ended: Cell<bool>,
}

impl Tap {
    fn new(most: usize) -> Rc<Self> {
        Rc::new(Self { left: Cell::new(most), most, ended: Cell::new(false) })
    }

    /// Nothing flows any more: who waits, waits in vain.
    pub(super) fn is_dry(&self) -> bool {
        self.left.get() == 0
    }

    /// The client has ended the stream, and all of it has been read.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// A piece of content of so many bytes has left h3.
    pub(super) fn refund(&self, bytes: usize) {
        let left = self.left.get().saturating_add(bytes).saturating_add(AROUND);
        self.left.set(left.min(self.most));
    }

    /// h3 holds nothing any more.
    pub(super) fn refill(&self) {
        self.left.set(self.most);
    }
}

type Accepting<T> = Pin<Box<dyn Future<Output = Result<T, quinn::ConnectionError>>>>;

/// A connection.
pub(super) struct Wire {
    connection: quinn::Connection,
    requests: Option<Accepting<(quinn::SendStream, quinn::RecvStream)>>,
    asides: Option<Accepting<quinn::RecvStream>>,
    opening: Option<Accepting<quinn::SendStream>>,
    aside: Rc<Tap>,
    latest: Latest,
}

/// The tap of the request that was accepted last, until it is fetched.
#[derive(Clone, Default)]
pub(super) struct Latest(Rc<RefCell<Option<Rc<Tap>>>>);

impl Latest {
    /// The tap of the request that has just been accepted.
    pub(super) fn take(&self) -> Option<Rc<Tap>> {
        self.0.take()
    }
}

impl Wire {
    /// A connection, whose requests' taps are found in `latest`.
    pub(super) fn new(connection: quinn::Connection, latest: Latest) -> Self {
        let aside = Tap::new(ASIDE);
        Self { connection, requests: None, asides: None, opening: None, aside, latest }
    }
}

impl quic::Connection<Bytes> for Wire {
    type RecvStream = Inlet;
    type OpenStreams = Self;

    fn poll_accept_recv(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Inlet, ConnectionErrorIncoming>> {
        let accepting = self.asides.get_or_insert_with(|| {
            let connection = self.connection.clone();
            Box::pin(async move { connection.accept_uni().await })
        });
        let accepted = ready!(accepting.as_mut().poll(context));
        self.asides = None;
        let stream = accepted.map_err(lost)?;
        Poll::Ready(Inlet::new(stream, Rc::clone(&self.aside), true))
    }

    fn poll_accept_bidi(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Duplex, ConnectionErrorIncoming>> {
        let accepting = self.requests.get_or_insert_with(|| {
            let connection = self.connection.clone();
            Box::pin(async move { connection.accept_bi().await })
        });
        let accepted = ready!(accepting.as_mut().poll(context));
        self.requests = None;
        let (writing, stream) = accepted.map_err(lost)?;
        let tap = Tap::new(ALLOWANCE);
        drop(self.latest.0.replace(Some(Rc::clone(&tap))));
        self.aside.refund(ASIDE_FOR_REQUEST);
        let inlet = Inlet::new(stream, tap, false)?;
        Poll::Ready(Outlet::new(writing).map(|outlet| Duplex { inlet, outlet }))
    }

    fn opener(&self) -> Self {
        Self::new(self.connection.clone(), Latest::default())
    }
}

impl OpenStreams<Bytes> for Wire {
    type BidiStream = Duplex;
    type SendStream = Outlet;

    /// A server opens none.
    fn poll_open_bidi(&mut self, _: &mut Context<'_>) -> Poll<Result<Duplex, StreamErrorIncoming>> {
        Poll::Ready(Err(StreamErrorIncoming::Unknown(Box::new(Dry))))
    }

    fn poll_open_send(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Outlet, StreamErrorIncoming>> {
        let opening = self.opening.get_or_insert_with(|| {
            let connection = self.connection.clone();
            Box::pin(async move { connection.open_uni().await })
        });
        let opened = ready!(opening.as_mut().poll(context));
        self.opening = None;
        let outlet = opened.map_err(lost).and_then(Outlet::new);
        Poll::Ready(outlet.map_err(|connection_error| {
            StreamErrorIncoming::ConnectionErrorIncoming { connection_error }
        }))
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        self.connection.close(number(code.value()), reason);
    }
}

/// The half of a stream that is read.
pub(super) struct Inlet {
    stream: quinn::RecvStream,
    number: StreamId,
    tap: Rc<Tap>,
    /// A stream of the connection itself: it breaks when the tap is dry.
    aside: bool,
}

impl Inlet {
    fn new(
        stream: quinn::RecvStream,
        tap: Rc<Tap>,
        aside: bool,
    ) -> Result<Self, ConnectionErrorIncoming> {
        let number = number_of(stream.id())?;
        Ok(Self { stream, number, tap, aside })
    }
}

impl RecvStream for Inlet {
    type Buf = Bytes;

    fn poll_data(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        let left = self.tap.left.get();
        if left == 0 {
            // A request's stream need not be woken: what h3 has of it comes first.
            let dry = Err(StreamErrorIncoming::Unknown(Box::new(Dry)));
            return if self.aside { Poll::Ready(dry) } else { Poll::Pending };
        }
        let reading = pin!(self.stream.read_chunk(left, true));
        Poll::Ready(match ready!(reading.poll(context)) {
            Ok(Some(chunk)) => {
                self.tap.left.set(left.saturating_sub(chunk.bytes.len()));
                Ok(Some(chunk.bytes))
            }
            Ok(None) => {
                self.tap.ended.set(true);
                Ok(None)
            }
            Err(ReadError::Reset(code)) => {
                Err(StreamErrorIncoming::StreamTerminated { error_code: code.into_inner() })
            }
            Err(ReadError::ConnectionLost(error)) => Err(broken(error)),
            Err(error) => Err(StreamErrorIncoming::Unknown(Box::new(error))),
        })
    }

    fn stop_sending(&mut self, code: u64) {
        // A stream that is over needs no stopping.
        drop(self.stream.stop(number(code)));
    }

    fn recv_id(&self) -> StreamId {
        self.number
    }
}

/// The half of a stream that is written.
pub(super) struct Outlet {
    stream: quinn::SendStream,
    number: StreamId,
    writing: Option<WriteBuf<Bytes>>,
    over: bool,
}

impl Outlet {
    fn new(stream: quinn::SendStream) -> Result<Self, ConnectionErrorIncoming> {
        let number = number_of(stream.id())?;
        Ok(Self { stream, number, writing: None, over: false })
    }
}

impl SendStream<Bytes> for Outlet {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        while let Some(data) = self.writing.as_mut().filter(|data| data.has_remaining()) {
            let written = Pin::new(&mut self.stream).poll_write(context, data.chunk());
            match ready!(written) {
                Ok(count) => data.advance(count),
                Err(WriteError::Stopped(code)) => {
                    let error_code = code.into_inner();
                    return Poll::Ready(Err(StreamErrorIncoming::StreamTerminated { error_code }));
                }
                Err(WriteError::ConnectionLost(error)) => return Poll::Ready(Err(broken(error))),
                Err(error) => {
                    return Poll::Ready(Err(StreamErrorIncoming::Unknown(Box::new(error))));
                }
            }
        }
        self.writing = None;
        Poll::Ready(Ok(()))
    }

    fn send_data<D: Into<WriteBuf<Bytes>>>(&mut self, data: D) -> Result<(), StreamErrorIncoming> {
        self.writing = Some(data.into());
        Ok(())
    }

    fn poll_finish(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.over = true;
        let finished = self.stream.finish();
        Poll::Ready(finished.map_err(|error| StreamErrorIncoming::Unknown(Box::new(error))))
    }

    fn reset(&mut self, code: u64) {
        self.over = true;
        // One that is over cannot be reset any more.
        drop(self.stream.reset(number(code)));
    }

    fn send_id(&self) -> StreamId {
        self.number
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        if !self.over {
            self.reset(Code::H3_REQUEST_CANCELLED.value());
        }
    }
}

/// A request's stream.
pub(super) struct Duplex {
    inlet: Inlet,
    outlet: Outlet,
}

impl RecvStream for Duplex {
    type Buf = Bytes;

    fn poll_data(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        self.inlet.poll_data(context)
    }

    fn stop_sending(&mut self, code: u64) {
        self.inlet.stop_sending(code);
    }

    fn recv_id(&self) -> StreamId {
        self.inlet.recv_id()
    }
}

impl SendStream<Bytes> for Duplex {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.outlet.poll_ready(context)
    }

    fn send_data<D: Into<WriteBuf<Bytes>>>(&mut self, data: D) -> Result<(), StreamErrorIncoming> {
        self.outlet.send_data(data)
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.outlet.poll_finish(context)
    }

    fn reset(&mut self, code: u64) {
        self.outlet.reset(code);
    }

    fn send_id(&self) -> StreamId {
        self.outlet.send_id()
    }
}

/// More was sent than may be held.
#[derive(Debug)]
struct Dry;

impl fmt::Display for Dry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("more than may be held")
    }
}

impl std::error::Error for Dry {}

fn lost(error: quinn::ConnectionError) -> ConnectionErrorIncoming {
    match error {
        quinn::ConnectionError::ApplicationClosed(closed) => {
            let error_code = closed.error_code.into_inner();
            ConnectionErrorIncoming::ApplicationClose { error_code }
        }
        quinn::ConnectionError::TimedOut => ConnectionErrorIncoming::Timeout,
        error => ConnectionErrorIncoming::Undefined(Arc::new(error)),
    }
}

fn broken(error: quinn::ConnectionError) -> StreamErrorIncoming {
    StreamErrorIncoming::ConnectionErrorIncoming { connection_error: lost(error) }
}

fn number(code: u64) -> VarInt {
    VarInt::from_u64(code).unwrap_or(VarInt::MAX)
}

/// The number of a stream, as h3 has it; both libraries know the same bounds.
fn number_of(stream: quinn::StreamId) -> Result<StreamId, ConnectionErrorIncoming> {
    let number: u64 = VarInt::from(stream).into_inner();
    StreamId::try_from(number)
        .map_err(|error| ConnectionErrorIncoming::InternalError(error.to_string()))
}
