//! OTLP over HTTP/1: hyper's server, without its timers.
//!
//! Small buffers, none between requests ([`super::rest`]), no half-open connections. A client whose
//! body does not come in time is told so and its connection closed; in any other phase the
//! connection is closed without a word. `pipeline_flush` is off: it keeps an answer back while
//! unread bytes are in the buffer, which loses the answers to broken and refused requests. One
//! future drives the connection and looks at its deadline and at the drain each time it is polled.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use ::http::{Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::Source;
use super::client::{Client, Phase};
use super::io::Io;
use super::life::Age;
use super::rest::rest;
use super::verdict::Fault;
use super::{body, head, otlp, verdict};
use crate::units::KIB;

/// The read buffer of a connection; 64 KiB costs a tenth more on large bodies.
pub(super) const BUFFER_BYTES_MAX: usize = 128 * KIB;
/// A request's head.
const HEAD_BYTES_MAX: usize = 16 * KIB;
/// The unread body of a refused request is read to its end up to this size; the connection lives
/// on.
pub(super) const DISCARD_BYTES_MAX: usize = 64 * KIB;

/// The settings of every HTTP/1 connection.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    let _ = builder
        .max_buf_size(BUFFER_BYTES_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .header_read_timeout(None)
        .half_close(false);
    builder
}

/// Drives a connection to its end, from request to request.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    client: &Rc<Client>,
    mut io: Io<S>,
) {
    let mut age = Age::of_http(client);
    while let Some(idle) = serve(client, io, &mut age).await {
        io = idle;
        if !rest(client, &mut io, &mut age).await {
            return;
        }
    }
}

/// Serves requests until nothing is under way for a moment, and then gives the socket back; `None`:
/// the connection has ended.
async fn serve<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    client: &Rc<Client>,
    io: Io<S>,
    age: &mut Age,
) -> Option<Io<S>> {
    let serving = Rc::clone(client);
    let service = service_fn(move |request| {
        let client = Rc::clone(&serving);
        async move { Ok::<_, Infallible>(exchange(&client, request).await.map(Full::new)) }
    });
    let builder = &client.supplies().http1;
    let mut connection = Box::new(builder.serve_connection(TokioIo::new(io), service));
    let mut told = false;
    let end = poll_fn(|context| {
        let expired = client.poll_expired(context).is_ready();
        let overdue = client.poll_overdue(context).is_ready();
        let over = age.poll_over(context).is_ready();
        if overdue || over || (expired && client.phase() != Phase::Busy) {
            let rests = !overdue && !over && client.is_still();
            return Poll::Ready(if rests { End::Rest } else { End::Cut });
        }
        // Of a connection that is only old, whose next request may be on its way, the next answer
        // is the last; without one it is closed when it rests.
        client.old.set(age.is_old());
        if client.is_draining() && !told {
            told = true;
            Pin::new(&mut *connection).graceful_shutdown();
        }
        // How a connection ends is its client's affair: what was accepted is safe in a queue.
        let polled = Pin::new(&mut *connection).poll(context).map(|_| End::Done);
        // Whoever waits for a body has seen that its time is up, and has answered.
        if expired && client.guard.is_expired() { Poll::Ready(End::Cut) } else { polled }
    })
    .await;
    let parts = connection.into_parts();
    match end {
        End::Rest => parts.read_buf.is_empty().then(|| parts.io.into_inner()),
        End::Cut => None,
        End::Done => {
            close(client, parts.io.into_inner()).await;
            None
        }
    }
}

/// How a time with hyper ended.
enum End {
    /// Nothing is under way for a moment.
    Rest,
    /// All is answered that will be.
    Done,
    /// Its time is up.
    Cut,
}

/// Closes the socket in good order, if hyper has not: behind an offer to upgrade it does not.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(client: &Client, mut io: Io<S>) {
    poll_fn(|context| {
        let overdue = client.poll_overdue(context).is_ready();
        let closed = Pin::new(&mut io).poll_shutdown(context).map(drop);
        let expired = client.poll_expired(context).is_ready();
        if overdue || expired { Poll::Ready(()) } else { closed }
    })
    .await;
}

/// One request and its answer.
async fn exchange(client: &Client, request: Request<Incoming>) -> Response<Bytes> {
    client.begin();
    let (head, body) = request.into_parts();
    let mut body = Upload { body, client, broken: false };
    let declared =
        body.body.size_hint().exact().map(|len| usize::try_from(len).unwrap_or(usize::MAX));
    let expects = head::expects_continue(&head.headers);
    let (answer, refused) = otlp::answer(client, &client.guard, head, &mut body, declared).await;
    let answer = if refused && !body.is_end() {
        keep_or_close(client, answer, &mut body, declared, expects).await
    } else {
        answer
    };
    client.end();
    let last = client.times.single_use || client.old.get() || body.broken;
    if last { verdict::closing(answer) } else { answer }
}

/// The body of a request, with the connection's deadline.
struct Upload<'a> {
    body: Incoming,
    client: &'a Client,
    /// Its chunks are not in order: nothing more is read of the connection.
    broken: bool,
}

impl Upload<'_> {
    /// Why it cannot be read any further.
    const fn fault(&mut self) -> Fault {
        self.broken = self.client.is_broken();
        if self.broken { Fault::Framing } else { Fault::CutOff }
    }
}

impl Source for Upload<'_> {
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Fault>>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending if self.client.guard.poll_expired(context).is_ready() => {
                    return Poll::Ready(Some(Err(Fault::Slow)));
                }
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(self.fault()))),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    fn is_end(&self) -> bool {
        self.body.is_end_stream()
    }

    /// The socket's own flow control does it.
    fn admitted(&mut self, _: usize) {}
}

/// What becomes of a connection whose request was refused before its body was read.
async fn keep_or_close(
    client: &Client,
    answer: Response<Bytes>,
    rest: &mut Upload<'_>,
    declared: Option<usize>,
    expects: bool,
) -> Response<Bytes> {
    let hopeless = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::REQUEST_TIMEOUT];
    let short =
        declared.is_none_or(|len| len <= DISCARD_BYTES_MAX) && !hopeless.contains(&answer.status());
    client.guard.allow_body(DISCARD_BYTES_MAX, client.times.body);
    // A client that waits to be asked for its body is not asked: it would send it in vain.
    if short && !expects && body::discard(rest, DISCARD_BYTES_MAX).await {
        return answer;
    }
    client.linger.set(true);
    verdict::closing(answer)
}
