//! One accepted connection, whatever it came over.
//!
//! A branch for each call and no allocation; nothing above it knows the kinds apart. Another kind
//! of socket is another variant here and in [`super::Acceptor`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::runtime::engine::Carrier;
#[cfg(feature = "uring")]
use crate::runtime::uring::Ringed;

/// An accepted connection.
#[derive(Debug)]
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a socket in the file system.
    Unix(UnixStream),
    /// Over TCP, through io_uring.
    #[cfg(feature = "uring")]
    Ringed(Box<Ringed>),
}

impl Stream {
    /// The same connection on the engine of this shard.
    ///
    /// # Errors
    /// What the system says.
    pub fn carried_by(self, carrier: Carrier) -> io::Result<Self> {
        match (carrier, self) {
            #[cfg(feature = "uring")]
            (Carrier::Uring, Self::Tcp(stream)) => Ok(Self::Ringed(Box::new(Ringed::new(stream)?))),
            (_, stream) => Ok(stream),
        }
    }

    /// Whether it can be taken to another shard, which is before it is carried by an engine. Of
    /// sockets in the file system the kernel gives each to whoever accepts first.
    #[must_use]
    pub const fn is_movable(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Takes it off this shard's executor; [`Stream::attach`] puts it on another's.
    ///
    /// # Errors
    /// What the system says, or that it cannot be moved.
    pub fn detach(self) -> io::Result<std::net::TcpStream> {
        match self {
            Self::Tcp(stream) => stream.into_std(),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Puts a connection on this shard's executor.
    ///
    /// # Errors
    /// What the system says.
    pub fn attach(stream: std::net::TcpStream) -> io::Result<Self> {
        TcpStream::from_std(stream).map(Self::Tcp)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, out),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, out),
            #[cfg(feature = "uring")]
            Self::Ringed(stream) => Pin::new(stream).poll_read(context, out),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            #[cfg(feature = "uring")]
            Self::Ringed(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            #[cfg(feature = "uring")]
            Self::Ringed(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
            #[cfg(feature = "uring")]
            Self::Ringed(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(feature = "uring")]
            Self::Ringed(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(feature = "uring")]
            Self::Ringed(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
