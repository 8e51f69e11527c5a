//! A TCP socket whose reads and writes go through io_uring: the engine `uring`.
//!
//! ```text
//!  poll_read  -> one read in flight into our own buffer -> copied out
//!  poll_write -> copied into our own buffer -> one write in flight; flush waits for it
//! ```
//! The kernel owns a buffer while it works on it, so bytes are copied once more than with epoll,
//! and a connection that idles keeps the buffer of the read that waits. Invariants: at most one
//! read and one write in flight; bytes leave in the order in which they were given; what a dropped
//! socket had in flight is kept alive by the ring until it is done.
//!
//! Only in a runtime of tokio-uring ([`super::engine`]).

use std::fmt;
use std::future::Future;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_uring::net::TcpStream;

use crate::units::KIB;

/// What an operation hands back: how much it moved, and its buffer.
type Done = (io::Result<usize>, Vec<u8>);
type Flight = Pin<Box<dyn Future<Output = Done>>>;

/// The buffer of a read that may wait for long.
const READ_BYTES: usize = 8 * KIB;
/// The buffer of reads behind one that filled its own.
const READ_BYTES_MAX: usize = 256 * KIB;
/// What one write takes.
const WRITE_BYTES_MAX: usize = 64 * KIB;

/// A socket.
pub struct Ringed {
    stream: Rc<TcpStream>,
    /// What was read and not taken yet, from `at` on.
    buffer: Vec<u8>,
    at: usize,
    /// Bytes asked for by the next read.
    wanted: usize,
    reading: Option<Flight>,
    /// Kept for the next write.
    spare: Vec<u8>,
    writing: Option<Flight>,
}

impl fmt::Debug for Ringed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Ringed").finish_non_exhaustive()
    }
}

impl Ringed {
    /// Takes over a socket of the other engine.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(stream: tokio::net::TcpStream) -> io::Result<Self> {
        let stream = stream.into_std()?;
        // The ring answers EAGAIN for a socket that does not block.
        stream.set_nonblocking(false)?;
        Ok(Self {
            stream: Rc::new(TcpStream::from_std(stream)),
            buffer: Vec::new(),
            at: 0,
            wanted: READ_BYTES,
            reading: None,
            spare: Vec::new(),
            writing: None,
        })
    }

    /// Starts a read if none is in flight, and waits for it; `None`: the end.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<&[u8]>>> {
        if self.at >= self.buffer.len() {
            let flight = match self.reading.take() {
                Some(flight) => flight,
                None => {
                    let mut buffer = std::mem::take(&mut self.buffer);
                    buffer.clear();
                    buffer.shrink_to(self.wanted);
                    buffer.reserve_exact(self.wanted);
                    let stream = Rc::clone(&self.stream);
                    Box::pin(async move { stream.read(buffer).await })
                }
            };
            let (read, buffer) = ready!(poll_flight(&mut self.reading, flight, context));
            (self.buffer, self.at) = (buffer, 0);
            let read = read?;
            let full = read >= self.wanted;
            self.wanted = if full { READ_BYTES_MAX } else { READ_BYTES };
            if read == 0 {
                return Poll::Ready(Ok(None));
            }
        }
        Poll::Ready(Ok(self.buffer.get(self.at..)))
    }

    /// Waits until no write is in flight.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(flight) = self.writing.take() {
            let (written, buffer) = ready!(poll_flight(&mut self.writing, flight, context));
            self.spare = buffer;
            let _all = written?;
        }
        Poll::Ready(Ok(()))
    }

    /// Puts what was gathered in `spare` on its way.
    fn depart(&mut self) -> usize {
        let stream = Rc::clone(&self.stream);
        let buffer = std::mem::take(&mut self.spare);
        let taken = buffer.len();
        self.writing = Some(Box::pin(async move {
            let (result, buffer) = stream.write_all(buffer).await;
            (result.map(|()| taken), buffer)
        }));
        taken
    }
}

/// Polls what is in flight; what is not done is put into `place`.
fn poll_flight(
    place: &mut Option<Flight>,
    mut flight: Flight,
    context: &mut Context<'_>,
) -> Poll<Done> {
    let polled = flight.as_mut().poll(context);
    if polled.is_pending() {
        *place = Some(flight);
    }
    polled
}

impl AsyncRead for Ringed {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = out.remaining();
        if let Some(bytes) = ready!(this.poll_fill(context))? {
            let count = bytes.len().min(room);
            out.put_slice(bytes.get(..count).unwrap_or_default());
            this.at = this.at.saturating_add(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Ringed {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_written(context))?;
        this.spare.clear();
        for slice in slices {
            let room = WRITE_BYTES_MAX.saturating_sub(this.spare.len());
            this.spare.extend_from_slice(slice.get(..slice.len().min(room)).unwrap_or_default());
        }
        if this.spare.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let taken = this.depart();
        // Starts it; whether it is done already is for the next call to see.
        match this.poll_written(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(taken)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_written(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_written(context))?;
        match this.stream.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            other => Poll::Ready(other),
        }
    }
}
