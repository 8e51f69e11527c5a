//! What a backend's answer means: accepted, try again, or refused for good.
//!
//! Pure functions of status, headers and body, by OTLP's rules: over HTTP ([`http`]) 429, 502, 503
//! and 504 may be tried again; over gRPC ([`grpc`]) the codes that OTLP lists. Answers are hostile:
//! text is cut and cleaned before it reaches a log, numbers that make no sense count as absent.
//! Nothing here reads sockets or clocks.

pub mod grpc;
pub mod http;

use std::borrow::Cow;
use std::time::Duration;

use spanyard_wire::reply;

/// Characters of a backend's own words that go into a log line.
const WORDS_MAX: usize = 256;

/// What is to be done about a request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The backend has it, perhaps but for a part.
    Accepted {
        /// What it did not take, or warns of.
        partial: Option<Partial>,
    },
    /// It may be sent again.
    Retry {
        /// What the backend asked us to wait.
        after: Option<Duration>,
        /// The backend lives and asks to be sent less.
        throttled: bool,
        /// The gRPC code, or the one that stands for the HTTP status.
        code: u8,
        /// Status and words.
        why: String,
    },
    /// It must not be sent again.
    Permanent {
        /// What the refusal is about.
        about: About,
        /// The gRPC code, or the one that stands for the HTTP status.
        code: u8,
        /// Status and words.
        why: String,
    },
}

/// `partial_success` of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Items that were not taken; 0 makes the message a warning.
    pub rejected: u64,
    /// The backend's words.
    pub message: String,
}

/// What a refusal is about, and so whether parts of a merged batch may fare better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The content: a part of it may be to blame.
    Content,
    /// Address, credentials, method: any content would be refused.
    Request,
}

/// Reads the body of a success; `None` when it cannot be read.
fn accepted(message: &[u8]) -> Option<Verdict> {
    let partial = reply::read_partial_success(message).ok()?;
    let partial = partial.map(|partial| Partial {
        rejected: u64::try_from(partial.rejected).unwrap_or(0),
        message: clean(&partial.message).into_owned(),
    });
    Some(Verdict::Accepted { partial })
}

/// Status and words as one text; a known misleading answer gets its explanation.
fn explain(status: &str, words: &str) -> String {
    let words = clean(words);
    let mut why = status.to_owned();
    if !words.is_empty() {
        why.push_str(": ");
        why.push_str(&words);
    }
    if words.contains("no org id") {
        why.push_str(
            " (the backend wants a tenant: set X-Scope-OrgID under the exporter's headers)",
        );
    }
    why
}

/// Cuts text to [`WORDS_MAX`] characters and replaces control characters.
fn clean(words: &str) -> Cow<'_, str> {
    let words = words.trim();
    let long = words.chars().nth(WORDS_MAX).is_some();
    if !long && !words.contains(char::is_control) {
        return Cow::Borrowed(words);
    }
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut text: String = words.chars().take(WORDS_MAX).map(plain).collect();
    if long {
        text.push_str("...");
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests;
