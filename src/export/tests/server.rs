//! A backend in the test: a pipe for each socket, hyper's server at its other end, answers as the
//! test says.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use crate::export::connect::{Dial, Dialing, Io};
use crate::runtime::{clock, task};

/// Bytes that are on the way in a pipe.
const PIPE_BYTES: usize = 32 * 1024;

/// Opens pipes to a server; refuses when it is gone.
struct Pipes(mpsc::Sender<DuplexStream>);

impl Dial for Pipes {
    fn dial(&self, _within: Duration) -> Dialing<'_> {
        Dialing(Box::pin(async {
            let (near, far) = tokio::io::duplex(PIPE_BYTES);
            let opened = self.0.send(far).await;
            opened.map_err(|_| "connect pipe: refused".to_owned())?;
            Ok(Box::new(near) as Box<dyn Io>)
        }))
    }
}

/// A dialer and the server's end of what it opens.
pub(super) fn pipes() -> (Arc<dyn Dial>, mpsc::Receiver<DuplexStream>) {
    let (sender, incoming) = mpsc::channel(16);
    (Arc::new(Pipes(sender)), incoming)
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Request target.
    pub(super) path: String,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: Vec<u8>,
    /// When its body was complete.
    pub(super) at: Instant,
}

impl Seen {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("plain text"))
    }
}

/// What the server does about a request.
pub(super) enum Reply {
    /// An answer.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Nothing, for ever.
    Silence,
    /// The connection is closed.
    HangUp,
}

impl Reply {
    pub(super) const fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), Vec::new())
    }

    pub(super) fn with(status: u16, name: &'static str, value: &str) -> Self {
        Self::Answer(status, vec![(name, value.to_owned())], Vec::new())
    }

    pub(super) fn protobuf(status: u16, body: Vec<u8>) -> Self {
        Self::Answer(status, vec![("content-type", "application/x-protobuf".to_owned())], body)
    }
}

/// What a server has seen.
#[derive(Clone, Default)]
pub(super) struct Server {
    pub(super) seen: Rc<RefCell<Vec<Seen>>>,
    pub(super) connections: Rc<Cell<usize>>,
}

impl Server {
    /// The bodies in the order of their arrival.
    pub(super) fn bodies(&self) -> Vec<Vec<u8>> {
        self.seen.borrow().iter().map(|seen| seen.body.clone()).collect()
    }

    /// A request, from 0.
    pub(super) fn request(&self, index: usize) -> Seen {
        self.seen.borrow().get(index).expect("that many requests").clone()
    }

    /// Milliseconds from the first request to each.
    pub(super) fn times(&self) -> Vec<u128> {
        let seen = self.seen.borrow();
        let Some(first) = seen.first() else { return Vec::new() };
        seen.iter().map(|seen| (seen.at - first.at).as_millis()).collect()
    }

    pub(super) fn note(&self, seen: Seen) {
        self.seen.borrow_mut().push(seen);
    }

    /// Counts a new connection.
    pub(super) fn accepted(&self) {
        self.connections.set(self.connections.get() + 1);
    }
}

/// Serves HTTP/1 to a dialer; `answer` is given each request.
pub(super) fn http(answer: impl Fn(&Seen) -> Reply + 'static) -> (Arc<dyn Dial>, Server) {
    let (dial, incoming) = pipes();
    (dial, http_on(incoming, answer))
}

/// Serves HTTP/1 on pipes.
pub(super) fn http_on(
    mut incoming: mpsc::Receiver<DuplexStream>,
    answer: impl Fn(&Seen) -> Reply + 'static,
) -> Server {
    let server = Server::default();
    let (spawned, answer) = (server.clone(), Rc::new(answer));
    let _accepting = task::spawn("test server", async move {
        while let Some(stream) = incoming.recv().await {
            let serving = serve(stream, spawned.clone(), Rc::clone(&answer));
            let _serving = task::spawn("test connection", serving);
        }
    });
    server
}

/// Serves HTTP/1 on one connection.
pub(super) async fn serve(
    stream: impl Io + 'static,
    server: Server,
    answer: Rc<impl Fn(&Seen) -> Reply + 'static>,
) {
    server.accepted();
    let service = service_fn(|request| respond(server.clone(), Rc::clone(&answer), request));
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn respond(
    server: Server,
    answer: Rc<impl Fn(&Seen) -> Reply>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, &'static str> {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| "the request broke off")?;
        body.extend_from_slice(&frame.into_data().expect("no trailers"));
    }
    let (path, headers) = (head.uri.to_string(), head.headers);
    let seen = Seen { path, headers, body, at: clock::now() };
    let reply = answer(&seen);
    server.note(seen);
    match reply {
        Reply::HangUp => Err("hang up"),
        Reply::Silence => std::future::pending().await,
        Reply::Answer(status, headers, body) => {
            let mut response = Response::new(Full::new(Bytes::from(body)));
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            for (name, value) in headers {
                let value = value.parse().expect("a header value");
                let _ = response.headers_mut().insert(name, value);
            }
            Ok(response)
        }
    }
}
