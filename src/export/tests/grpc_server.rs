//! A gRPC backend in the test, on h2's server.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use h2::server::{self, SendResponse};
use h2::{Reason, RecvStream};
use http::{HeaderMap, HeaderName, Request, Response};
use tokio::io::DuplexStream;

use super::server::{Seen, Server, pipes};
use crate::export::connect::Dial;
use crate::runtime::{clock, task};

/// What the server does about a request.
pub(super) enum Reply {
    /// A message and trailers.
    Answer(Vec<u8>, Vec<(&'static str, String)>),
    /// Trailers alone.
    TrailersOnly(Vec<(&'static str, String)>),
    /// Success, and then a GOAWAY.
    Farewell,
    /// RST_STREAM with this reason.
    Reset(Reason),
    /// Nothing, for ever.
    Silence,
}

impl Reply {
    pub(super) fn ok() -> Self {
        Self::Answer(Vec::new(), status(0))
    }

    pub(super) fn status(code: u8) -> Self {
        Self::TrailersOnly(status(code))
    }
}

fn status(code: u8) -> Vec<(&'static str, String)> {
    vec![("grpc-status", code.to_string())]
}

/// Serves gRPC to a dialer.
pub(super) fn grpc(answer: impl Fn(&Seen) -> Reply + 'static) -> (Arc<dyn Dial>, Server) {
    let (dial, mut incoming) = pipes();
    let server = Server::default();
    let (spawned, answer) = (server.clone(), Rc::new(answer));
    let _accepting = task::spawn("test server", async move {
        while let Some(stream) = incoming.recv().await {
            let serving = connection(stream, spawned.clone(), Rc::clone(&answer));
            let _serving = task::spawn("test connection", serving);
        }
    });
    (dial, server)
}

async fn connection(
    stream: DuplexStream,
    server: Server,
    answer: Rc<impl Fn(&Seen) -> Reply + 'static>,
) {
    server.accepted();
    let Ok(mut connection) = server::handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let mut serving = pin!(serve(request, respond, server.clone(), &*answer));
        // The body only arrives while the connection is polled.
        let farewell = poll_fn(|context| {
            if let Poll::Ready(farewell) = serving.as_mut().poll(context) {
                return Poll::Ready(farewell);
            }
            match connection.poll_closed(context) {
                Poll::Ready(_) => Poll::Ready(true),
                Poll::Pending => serving.as_mut().poll(context),
            }
        });
        if farewell.await {
            connection.graceful_shutdown();
        }
    }
}

/// Whether this was the connection's last request.
async fn serve(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    server: Server,
    answer: &impl Fn(&Seen) -> Reply,
) -> bool {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(data) = incoming.data().await {
        let Ok(data) = data else { return true };
        incoming.flow_control().release_capacity(data.len()).expect("received");
        body.extend_from_slice(&data);
    }
    let (path, headers) = (head.uri.to_string(), head.headers);
    let seen = Seen { path, headers, body, at: clock::now() };
    let reply = answer(&seen);
    server.note(seen);
    match reply {
        Reply::Silence => std::future::pending().await,
        Reply::Reset(reason) => respond.send_reset(reason),
        Reply::TrailersOnly(trailers) => {
            let mut response = Response::new(());
            *response.headers_mut() = header_map(trailers);
            let _stream = respond.send_response(response, true).expect("open");
        }
        Reply::Answer(message, trailers) => send(&mut respond, &message, trailers),
        Reply::Farewell => {
            send(&mut respond, &[], status(0));
            return true;
        }
    }
    false
}

fn send(respond: &mut SendResponse<Bytes>, message: &[u8], trailers: Vec<(&'static str, String)>) {
    let mut stream = respond.send_response(Response::new(()), false).expect("open");
    let length = u32::try_from(message.len()).expect("small").to_be_bytes();
    let frame = [&[0], length.as_slice(), message].concat();
    stream.send_data(Bytes::from(frame), false).expect("open");
    stream.send_trailers(header_map(trailers)).expect("open");
}

fn header_map(pairs: Vec<(&'static str, String)>) -> HeaderMap {
    let pair = |(name, value): (&'static str, String)| {
        (HeaderName::from_static(name), value.parse().expect("a header value"))
    };
    pairs.into_iter().map(pair).collect()
}
