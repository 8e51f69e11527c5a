//! The socket as protocol libraries see it.
//!
//! - Bytes read while the protocol was being guessed come first; after them the wrapper costs a
//!   branch.
//! - Reads tell the [`Client`] that something came, which is how a deadline is set for a head.
//! - Over HTTP/2, and below TLS, reads go through a pooled block of 256 KiB, held only while bytes
//!   remain in it and under a ticket: the library would otherwise ask the system for every frame.
//!   Without a ticket it does.
//! - Over HTTP/1 every byte passes [`Strict`] first; see there for what becomes of bytes that break
//!   a rule.
//! - Over HTTP/2 the frames are looked at on their way ([`Frames`]): from the first bad one on
//!   nothing is passed on, and the driver, which is told by the client's `breach`, closes. After a
//!   block or so the driver has to let others have their turn.
//! - Closing an HTTP/1 connection in the middle of a request lingers: FIN, then up to 1 MiB is
//!   thrown away for at most a second, since a socket closed with bytes unread sends RST and the
//!   client never sees its answer.

use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use super::Supplies;
use super::client::{Client, Phase};
use super::frames::{Frames, Pings};
use super::strict::{POISON, Strict};
use crate::buf::budget::Ticket;
use crate::units::{KIB, MIB};

/// Bytes thrown away before a connection is closed.
const LINGER_BYTES: usize = MIB;
/// How long that may take.
const LINGER_TIME: Duration = Duration::from_secs(1);
/// Bytes read at once where no buffer is held while nothing comes; a small request comes whole.
const SOME: usize = 4 * KIB;
/// How long a client over HTTP/2 may leave the socket full.
const UNREAD_TIME: Duration = Duration::from_secs(25);
/// The block that HTTP/2 connections read through.
pub(super) const READ_AHEAD: usize = 256 * KIB;

/// A socket with what was read ahead of the protocol library.
#[derive(Debug)]
pub(super) struct Io<S> {
    stream: S,
    client: Rc<Client>,
    ahead: Vec<u8>,
    at: usize,
    /// Whether reads go through blocks.
    through: bool,
    /// Another one lies below, under TLS: it reads ahead and lingers.
    above: bool,
    /// HTTP/2: what has come so far.
    frames: Option<Frames>,
    /// Pays for the block in `ahead`.
    ticket: Option<Ticket>,
    closing: Closing,
    /// HTTP/1: the rules.
    strict: Option<Strict>,
    /// What is still to be handed out in place of what broke them.
    poison: Option<&'static [u8]>,
}

#[derive(Debug)]
enum Closing {
    No,
    Lingering { left: usize },
    Done,
}

impl<S> Io<S> {
    /// A socket of which `first` has been read.
    pub(super) const fn new(stream: S, first: Vec<u8>, client: Rc<Client>) -> Self {
        Self {
            stream,
            client,
            ahead: first,
            at: 0,
            through: false,
            above: false,
            frames: None,
            ticket: None,
            closing: Closing::No,
            strict: None,
            poison: None,
        }
    }

    /// What is above TLS leaves reading ahead and lingering to what is below.
    pub(super) const fn above_tls(mut self) -> Self {
        self.above = true;
        self
    }

    /// Holds what is read to the rules of HTTP/1 from now on.
    pub(super) fn reading_strictly(mut self) -> Self {
        self.strict = Some(Strict::default());
        self
    }

    /// Looks at what has been handed out since `before`, and takes back what breaks a rule.
    fn check(&mut self, out: &mut ReadBuf<'_>, before: usize) {
        let Some(strict) = &mut self.strict else { return };
        let fresh = out.filled().get(before..).unwrap_or_default();
        if let Err(breach) = strict.scan(fresh) {
            out.set_filled(before.saturating_add(breach.at));
            self.client.breached(breach);
            self.ahead = Vec::new();
            self.poison = pour(POISON, out);
        }
        self.client.traffic.read(strict.heads(), strict.is_between());
    }

    /// Reads through blocks from now on.
    pub(super) const fn read_ahead(&mut self) {
        self.through = !self.above;
    }

    /// HTTP/2: reads through blocks from now on, and looks at the frames.
    pub(super) fn reading_ahead(mut self) -> Self {
        self.read_ahead();
        let pings = self.client.keepalive.enforcement.map(Pings::new);
        self.frames = Some(Frames::new(self.client.supplies().watch.tick(), pings));
        let first = std::mem::take(&mut self.ahead);
        let fine = self.look_at(&first);
        self.ahead = first;
        self.ahead.truncate(fine);
        self
    }

    /// How many of `bytes` may be passed on.
    fn look_at(&mut self, bytes: &[u8]) -> usize {
        let Some(frames) = &mut self.frames else { return bytes.len() };
        self.client.turn.set(self.client.turn.get().saturating_sub(bytes.len()));
        let watch = &self.client.supplies().watch;
        frames.settle(watch.tick(), self.client.take_earned(), self.client.is_in_use());
        let read = frames.read(bytes);
        if frames.has_begun() {
            self.client.greet();
        }
        self.client.half.set(frames.is_amid(), watch, self.client.head_time());
        match read {
            Ok(()) => bytes.len(),
            Err((fine, breach)) => {
                self.client.breach.set(Some(breach));
                fine
            }
        }
    }

    /// Over HTTP/2 a client has to take what is written.
    fn wrote(&self, stuck: bool) {
        if self.frames.is_some() {
            self.client.unread.set(stuck, &self.client.supplies().watch, UNREAD_TIME);
        }
    }

    /// Whether HTTP/2 has to wait: for good after a breach, or for its next turn.
    fn holds_back(&self, context: &Context<'_>) -> bool {
        if self.frames.is_none() {
            return false;
        }
        if self.client.breach.get().is_some() {
            return true;
        }
        let over = self.client.turn.get() == 0;
        if over {
            context.waker().wake_by_ref();
        }
        over
    }

    /// Hands out what lies ready; the block goes home with its last byte.
    fn hand_out(&mut self, out: &mut ReadBuf<'_>) {
        let rest = self.ahead.get(self.at..).unwrap_or_default();
        let count = rest.len().min(out.remaining());
        out.put_slice(rest.get(..count).unwrap_or_default());
        self.at = self.at.saturating_add(count);
        if self.at >= self.ahead.len() {
            self.at = 0;
            let empty = std::mem::take(&mut self.ahead);
            // What was read while the protocol was being guessed is no block.
            if empty.capacity() >= READ_AHEAD {
                self.client.supplies().home.give(empty);
            }
            self.ticket = None;
        }
    }
}

impl<S: AsyncRead + Unpin> Io<S> {
    /// Waits for bytes without a buffer to put them; `false`: none will come.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.ahead.is_empty() {
            let _ = ready!(poll_some(&mut self.stream, context, &mut self.ahead))?;
        }
        Poll::Ready(Ok(!self.ahead.is_empty()))
    }
}

/// Reads once, at most [`SOME`] bytes, behind what is in `into`; 0: the end.
pub(super) fn poll_some<S: AsyncRead + Unpin>(
    stream: &mut S,
    context: &mut Context<'_>,
    into: &mut Vec<u8>,
) -> Poll<io::Result<usize>> {
    let mut some = [MaybeUninit::uninit(); SOME];
    let mut some = ReadBuf::uninit(&mut some);
    ready!(Pin::new(stream).poll_read(context, &mut some))?;
    into.extend_from_slice(some.filled());
    Poll::Ready(Ok(some.filled().len()))
}

/// Hands out `bytes`; what is left of them then. Once there is nothing left, nothing ever comes.
fn pour(bytes: &'static [u8], out: &mut ReadBuf<'_>) -> Option<&'static [u8]> {
    let (now, later) = bytes.split_at(bytes.len().min(out.remaining()));
    out.put_slice(now);
    Some(later)
}

impl<S: AsyncRead + Unpin> AsyncRead for Io<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(poison) = this.poison {
            // Whoever asks for more after it has seen it and answers; no byte is worth a wake-up.
            this.poison = pour(poison, out);
            return if poison.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) };
        }
        let before = out.filled().len();
        if !this.ahead.is_empty() {
            this.client.received();
            this.hand_out(out);
            this.check(out, before);
            return Poll::Ready(Ok(()));
        }
        if this.holds_back(context) {
            return Poll::Pending;
        }
        let Supplies { lease, .. } = this.client.supplies();
        let ticket = if this.through { lease.ticket(READ_AHEAD).ok() } else { None };
        let Some(ticket) = ticket else {
            ready!(Pin::new(&mut this.stream).poll_read(context, out))?;
            let came = out.filled().get(before..).unwrap_or_default();
            if !came.is_empty() {
                this.client.received();
                let fine = this.look_at(came);
                out.set_filled(before.saturating_add(fine));
                if fine == 0 {
                    return Poll::Pending;
                }
                this.check(out, before);
            }
            return Poll::Ready(Ok(()));
        };
        let client = Rc::clone(&this.client);
        let home = &client.supplies().home;
        let mut block = home.take(READ_AHEAD);
        let read = pin!(this.stream.read_buf(&mut block)).poll(context);
        match read {
            Poll::Ready(Ok(count)) if count > 0 => {
                this.client.received();
                let fine = this.look_at(&block);
                if fine == 0 {
                    home.give(block);
                    return Poll::Pending;
                }
                block.truncate(fine);
                this.ahead = block;
                this.ticket = Some(ticket);
                this.hand_out(out);
                Poll::Ready(Ok(()))
            }
            other => {
                home.give(block);
                other.map_ok(|_| ())
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Io<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.wrote(written.is_pending());
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.wrote(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        // TLS has taken more than the client.
        this.wrote(flushed.is_pending());
        ready!(flushed)?;
        this.client.wrote();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match &mut this.closing {
                Closing::No => {
                    this.client.traffic.close();
                    ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
                    let unread = this.client.linger.get() || this.client.phase() == Phase::Head;
                    if this.above || !unread {
                        this.closing = Closing::Done;
                        continue;
                    }
                    this.client.guard.allow(LINGER_TIME);
                    this.closing = Closing::Lingering { left: LINGER_BYTES };
                }
                Closing::Lingering { left } => {
                    let mut scrap = [0; 16 * KIB];
                    let mut scrap = ReadBuf::new(&mut scrap);
                    let read = ready!(Pin::new(&mut this.stream).poll_read(context, &mut scrap));
                    let count = scrap.filled().len();
                    *left = left.saturating_sub(count);
                    if read.is_err() || count == 0 || *left == 0 {
                        this.closing = Closing::Done;
                    }
                }
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}
