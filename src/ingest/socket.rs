//! A client's connection as the protocol libraries read and write it: plain, or through TLS.
//!
//! ```text
//!  plain:  Io<Stream>                          TLS:  first bytes, then rustls over Io<Stream>
//! ```
//! Under TLS the read-ahead of [`Io`] lies below rustls, which else asks the system for 4 KiB at a
//! time. One type, so that hyper and h2 are compiled once; a branch for each call.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::handshake::Shaken;
use super::io::Io;
use crate::runtime::net::Stream;

/// A connection whose protocol is known.
#[derive(Debug)]
pub(super) enum Socket {
    /// Without TLS.
    Plain(Io<Stream>),
    /// With TLS; what was read to guess the protocol comes first.
    Tls(Box<Shaken>, Vec<u8>),
}

impl Socket {
    /// Reads through blocks from now on.
    pub(super) fn reading_ahead(self) -> Self {
        match self {
            Self::Plain(io) => Self::Plain(io.reading_ahead()),
            tls @ Self::Tls(..) => tls,
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(context, out),
            Self::Tls(stream, first) if first.is_empty() => {
                Pin::new(stream.as_mut()).poll_read(context, out)
            }
            Self::Tls(_, first) => {
                let count = first.len().min(out.remaining());
                out.put_slice(first.get(..count).unwrap_or_default());
                drop(first.drain(..count));
                if first.is_empty() {
                    *first = Vec::new();
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(context, bytes),
            Self::Tls(stream, _) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write_vectored(context, slices),
            Self::Tls(stream, _) => Pin::new(stream.as_mut()).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(io) => io.is_write_vectored(),
            Self::Tls(stream, _) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(context),
            Self::Tls(stream, _) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(context),
            Self::Tls(stream, _) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
