//! The admin door: `POST /-/reload` has the configuration read again and says what came of it.
//!
//! The answer is JSON, or plain text for a client that accepts `text/plain`. Whoever reaches the
//! port may ask, so it listens on loopback unless the file says otherwise; no answer shows a
//! secret. A request with an `Origin` comes from a page in a browser and is refused. Reloads are
//! one at a time: requests wait for each other, at most [`ASKS_MAX`] of them.

use http::header::{ACCEPT, ALLOW, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::sync::{mpsc, oneshot};

use super::Page;
use super::health::{not_found, page, text};

/// Requests for a reload that may wait at once.
pub const ASKS_MAX: usize = 16;

/// A request for a reload.
#[derive(Debug)]
pub struct Ask(oneshot::Sender<Told>);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The status of the answer.
    pub status: StatusCode,
    /// For programs.
    pub json: String,
    /// For people.
    pub text: String,
}

impl Ask {
    /// Answers; nobody may be waiting any more.
    pub fn answer(self, told: Told) {
        drop(self.0.send(told));
    }
}

/// A way of asking, and its other end.
#[must_use]
pub fn asks() -> (mpsc::Sender<Ask>, mpsc::Receiver<Ask>) {
    mpsc::channel(ASKS_MAX)
}

/// What a request asks for.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

/// The answer to a request.
pub(super) async fn answer(request: Request, reloads: mpsc::Sender<Ask>) -> Page {
    let Request { method, path, headers } = request;
    if path != "/-/reload" {
        return not_found();
    }
    if method != Method::POST {
        let mut page = text(StatusCode::METHOD_NOT_ALLOWED, "use POST\n".to_owned());
        let _ = page.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return page;
    }
    if headers.contains_key(ORIGIN) {
        return text(StatusCode::FORBIDDEN, "not from a page in a browser\n".to_owned());
    }
    let (answer, told) = oneshot::channel();
    if reloads.try_send(Ask(answer)).is_err() {
        let busy = "not now: too many reloads are waiting, or the gateway is stopping\n";
        return text(StatusCode::SERVICE_UNAVAILABLE, busy.to_owned());
    }
    match told.await {
        Ok(Told { status, text: words, .. }) if wants_text(&headers) => text(status, words),
        Ok(Told { status, json, .. }) => page(status, "application/json", json),
        Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "the gateway is stopping\n".to_owned()),
    }
}

fn wants_text(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/plain"))
}
