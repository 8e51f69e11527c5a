//! What every answer of a receiver over HTTP carries beside what it says: `response_headers` and
//! CORS.
//!
//! Answers of all kinds, errors among them: a browser does not show its page an error without the
//! headers of CORS. What an answer says itself goes before a `response_headers` of the same name,
//! as in the Collector; names that the protocol library writes are left to it.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::cors::Policy;
use crate::config::plan::HttpIngest;

/// Names that are never set by the file.
const RESERVED: [HeaderName; 6] =
    [CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// The manners of one receiver.
#[derive(Debug)]
pub(super) struct Manners {
    cors: Option<Policy>,
    /// By name at most once.
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Who asks, as far as the answer depends on it.
#[derive(Debug)]
pub(super) struct Asker {
    origin: Option<HeaderValue>,
}

impl Manners {
    /// The manners that the file asks for; `None`: there are none.
    pub(super) fn new(plan: &HttpIngest) -> Option<Self> {
        let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
        for (name, value) in &plan.response_headers {
            headers.retain(|(known, _)| known != name);
            if !RESERVED.contains(name) {
                headers.push((name.clone(), value.clone()));
            }
        }
        let cors = plan.cors.as_ref().map(Policy::new);
        (cors.is_some() || !headers.is_empty()).then_some(Self { cors, headers })
    }

    /// The answer to a preflight, if it is one. It is asked for without credentials.
    pub(super) fn preflight(&self, head: &Parts) -> Option<Response<Bytes>> {
        let mut answer = Response::new(Bytes::new());
        *answer.headers_mut() = self.cors.as_ref()?.preflight(head)?;
        *answer.status_mut() = StatusCode::NO_CONTENT;
        self.add(answer.headers_mut());
        Some(answer)
    }

    /// Who asks; the head is used up when the answer is there.
    pub(super) fn asker(&self, head: &Parts) -> Asker {
        Asker { origin: self.cors.as_ref().and_then(|cors| cors.allow(head)) }
    }

    /// Puts on an answer what goes with each.
    pub(super) fn dress(&self, asker: Asker, answer: &mut HeaderMap) {
        if let Some(cors) = &self.cors {
            cors.dress(asker.origin, answer);
        }
        self.add(answer);
    }

    fn add(&self, answer: &mut HeaderMap) {
        for (name, value) in &self.headers {
            if *name == VARY {
                let _ = answer.append(name, value.clone());
            } else if !answer.contains_key(name) {
                let _ = answer.insert(name, value.clone());
            }
        }
    }
}
