//! One keep-alive HTTP/1 connection, written by hand: a request is one write, its answer usually
//! one read into a buffer that stays.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::dial::{Dial, Stream};
use crate::otlp;
use crate::pb::{Fields, Payload};
use crate::reply::{self, Framing, Reply};
use crate::tally::Verdict;

/// A connection that is made when it is needed.
pub(crate) struct Http {
    dial: Dial,
    stream: Option<Stream>,
    buffer: Vec<u8>,
}

/// An answer as far as it matters.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The connection ends with it.
    pub(crate) close: bool,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(dial: Dial) -> Self {
        Self { dial, stream: None, buffer: Vec::with_capacity(4 << 10) }
    }

    /// Sends a whole request and reads its answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Verdict {
        match self.exchange(request).await {
            Ok(answer) => {
                if answer.close {
                    self.stream = None;
                }
                verdict(&answer)
            }
            Err(e) => {
                self.stream = None;
                Verdict::Broken { message: format!("{}: {e}", self.dial.endpoint()) }
            }
        }
    }

    /// Gives the connection up; the next request makes another.
    pub(crate) fn disconnect(&mut self) {
        self.stream = None;
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => self.stream.insert(self.dial.stream().await?),
        };
        self.buffer.clear();
        // A server may answer before it has read all, and close: its answer is worth reading.
        let written = write(stream, request).await;
        let answer = read_answer(stream, &mut self.buffer).await;
        match (written, answer) {
            (Ok(()), Ok(answer)) => Ok(answer),
            (Err(_), Ok(answer)) => Ok(Answer { close: true, ..answer }),
            (Err(e), Err(_)) | (Ok(()), Err(e)) => Err(e),
        }
    }
}

async fn write(stream: &mut Stream, request: &[u8]) -> io::Result<()> {
    stream.write_all(request).await?;
    stream.flush().await
}

async fn read_answer(stream: &mut Stream, buffer: &mut Vec<u8>) -> io::Result<Answer> {
    loop {
        let ended = stream.read_buf(buffer).await? == 0;
        if let Some(head) = reply::head(buffer)?
            && let Framing::Length(0) = head.framing
            && head.status >= 200
        {
            let (status, retry_after) = (head.status, head.retry_after);
            return Ok(Answer { status, close: head.close, retry_after, body: Vec::new() });
        }
        if let Some((reply, _)) = reply::reply(buffer, ended)? {
            let retry_after = reply.header("retry-after").and_then(|text| text.parse().ok());
            let close = ended || reply.header("connection") == Some("close");
            let Reply { status, body, .. } = reply;
            return Ok(Answer { status, close, retry_after, body });
        }
    }
}

pub(crate) fn verdict(answer: &Answer) -> Verdict {
    match answer.status {
        200..=299 => match otlp::read_rejected(&answer.body) {
            Ok(rejected_spans) => Verdict::Accepted { rejected_spans },
            // nginx and others answer with a body that is no OTLP: a success all the same.
            Err(_) => Verdict::Accepted { rejected_spans: 0 },
        },
        429 | 502 | 503 | 504 => Verdict::Refused {
            limited: answer.status == 429,
            retry_after: answer.retry_after.map(Duration::from_secs),
            message: told(answer),
        },
        _ => Verdict::Failed { message: told(answer) },
    }
}

/// The status with the message of the `google.rpc.Status` in the body, if there is one.
fn told(answer: &Answer) -> String {
    let message = Fields::of(&answer.body).flatten().find_map(|field| match field {
        (2, Payload::Bytes(message)) => Some(String::from_utf8_lossy(message).into_owned()),
        _ => None,
    });
    match message {
        Some(message) => format!("HTTP {}: {message}", answer.status),
        None => format!("HTTP {}", answer.status),
    }
}
