//! A client that writes HTTP/2 frame by frame.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::site::Site;
use crate::runtime::net;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a write may hang before the other side counts as not reading.
const STUCK: Duration = Duration::from_millis(200);

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    pub(super) fn new(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Self {
        Self { kind, flags, stream, payload: payload.to_vec() }
    }

    /// HEADERS of an OTLP request, alone or with data to come.
    pub(super) fn request(stream: u32, ends: bool) -> Self {
        // POST, http, then literals that leave the table of fields alone.
        let mut block = vec![0x83, 0x86];
        literal(&mut block, 4, b"/v1/traces");
        literal(&mut block, 1, b"x");
        literal(&mut block, 31, b"application/x-protobuf");
        Self { kind: 1, flags: 4 | u8::from(ends), stream, payload: block }
    }

    fn bytes(&self) -> Vec<u8> {
        let len = u32::try_from(self.payload.len()).unwrap().to_be_bytes();
        let head = [&len[1..], &[self.kind, self.flags], &self.stream.to_be_bytes()].concat();
        [head, self.payload.clone()].concat()
    }
}

/// A field whose name is in the static table, not to be remembered.
fn literal(block: &mut Vec<u8>, name: u8, value: &[u8]) {
    if name < 15 {
        block.push(name);
    } else {
        block.extend([15, name - 15]);
    }
    block.push(u8::try_from(value.len()).unwrap());
    block.extend(value);
}

/// The connection.
pub(super) struct Raw<S = TcpStream> {
    stream: S,
    ahead: Vec<u8>,
}

impl Raw {
    /// A connection that has shown its preface and its settings.
    pub(super) async fn begin(site: &Site) -> Self {
        Self::connect(site).await.greeted().await
    }

    /// A connection on which nothing has been said.
    pub(super) async fn connect(site: &Site) -> Self {
        let port = site.address.port();
        let stream = net::connect("127.0.0.1", port, Duration::from_secs(5)).await.unwrap();
        Self::over(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    /// A connection over a stream on which nothing has been said.
    pub(super) const fn over(stream: S) -> Self {
        Self { stream, ahead: Vec::new() }
    }

    /// Shows the preface and settings.
    pub(super) async fn greeted(mut self) -> Self {
        self.write(PREFACE).await;
        self.send(&[Frame::new(4, 0, 0, &[])]).await;
        self
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(super) async fn send(&mut self, frames: &[Frame]) {
        assert!(self.try_send(frames).await, "the connection is closed");
    }

    /// Whether the frames could be sent before the connection broke or stood still.
    pub(super) async fn try_send(&mut self, frames: &[Frame]) -> bool {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::bytes).collect();
        let write = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        let written = tokio::time::timeout(STUCK, write).await;
        matches!(written, Ok(Ok(())))
    }

    /// The next frame; `None`: the connection is closed.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.take() {
                return Some(frame);
            }
            if !matches!(self.stream.read_buf(&mut self.ahead).await, Ok(1..)) {
                return None;
            }
        }
    }

    fn take(&mut self) -> Option<Frame> {
        let [0, a, b, kind, flags, c, d, e, f, ..] = *self.ahead else { return None };
        let len = usize::from(a) << 8 | usize::from(b);
        let stream = u32::from_be_bytes([c, d, e, f]);
        if self.ahead.len() < 9 + len {
            return None;
        }
        let payload = self.ahead[9..9 + len].to_vec();
        drop(self.ahead.drain(..9 + len));
        Some(Frame { kind, flags, stream, payload })
    }

    /// The code of the last GOAWAY before the end; `None`: there was none.
    pub(super) async fn goaway(&mut self) -> Option<u32> {
        let mut code = None;
        while let Some(frame) = self.next().await {
            if frame.kind == 7 {
                code = Some(u32::from_be_bytes(frame.payload[4..8].try_into().unwrap()));
            }
        }
        code
    }
}
