//! Plain blocking clients for tests: one request, one answer, nothing clever.
//!
//! `post` and `get` speak HTTP/1, `post_h2` HTTP/2, `grpc` one unary call, and `Raw` lets a test
//! write whatever bytes it likes and read what comes back. All give up after [`PATIENCE`].

mod grpc;
mod h2c;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

pub use crate::reply::Reply;
pub use grpc::{GrpcReply, grpc};
pub use h2c::post_h2;

use crate::{net, reply};

/// How long a client waits for a connection, a write or a read.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Posts `body`. `Host`, `Content-Length` and, unless given, an OTLP `Content-Type` are added.
///
/// # Errors
/// When there is no connection or no whole answer.
pub fn post(
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Reply> {
    let mut raw = Raw::connect(addr)?;
    raw.post(path, headers, body)?;
    raw.reply()
}

/// Gets `path`.
///
/// # Errors
/// When there is no connection or no whole answer.
pub fn get(addr: SocketAddr, path: &str) -> io::Result<Reply> {
    let mut raw = Raw::connect(addr)?;
    raw.send(format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\n\r\n").as_bytes())?;
    raw.reply()
}

/// A connection on which a test writes bytes of its own.
#[derive(Debug)]
pub struct Raw {
    addr: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Raw {
    /// Connects.
    ///
    /// # Errors
    /// When nobody accepts within [`PATIENCE`].
    pub fn connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = net::connect_blocking(addr, PATIENCE)?;
        Ok(Self { addr, stream, buffer: Vec::new() })
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When the peer does not take them.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Writes a whole POST as [`post`] does. A peer that answers and stops reading half-way is no
    /// error: its answer is there to be read.
    ///
    /// # Errors
    /// When the head cannot be written.
    pub fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
        let mut head = format!("POST {path} HTTP/1.1\r\nHost: {}\r\n", self.addr);
        let mut line = |name: &str, value: &str| {
            head.push_str(&format!("{name}: {value}\r\n"));
        };
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            line("Content-Type", "application/x-protobuf");
        }
        for (name, value) in headers {
            line(name, value);
        }
        line("Content-Length", &body.len().to_string());
        head.push_str("\r\n");
        self.stream.write_all(head.as_bytes())?;
        match self.stream.write_all(body) {
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    /// Says that nothing more will be written.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Reads the next HTTP/1 response.
    ///
    /// # Errors
    /// When the connection ends, stalls, or carries something else.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut ended = false;
        loop {
            if let Some((reply, size)) = reply::reply(&self.buffer, ended)? {
                let _used = self.buffer.drain(..size);
                return Ok(reply);
            }
            ended = self.read_some()? == 0;
        }
    }

    /// Reads up to the end of the connection.
    ///
    /// # Errors
    /// When it does not end within [`PATIENCE`], or by a reset.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.read_some()? > 0 {}
        Ok(std::mem::take(&mut self.buffer))
    }

    fn read_some(&mut self) -> io::Result<usize> {
        let mut block = [0; 16 << 10];
        let read = self.stream.read(&mut block)?;
        self.buffer.extend_from_slice(block.get(..read).unwrap_or_default());
        Ok(read)
    }
}
