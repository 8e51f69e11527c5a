//! CORS, as the Collector has it (`confighttp` with rs/cors 1.11): what browsers are told.
//!
//! Credentials are always allowed, as there. With `*` among the origins the answer names `*`, which
//! browsers do not take for requests with credentials. An origin that is not allowed gets no header
//! but `Vary`; so does a preflight for a method or header that is not allowed. Origins are compared
//! without case; methods and headers are compared as browsers write them.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use crate::config::plan::Cors;

const ANY: &str = "*";
const TRUE: HeaderValue = HeaderValue::from_static("true");
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
const VARY_PREFLIGHT: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
);
/// Empty elements that a list of headers may have.
const EMPTY_MAX: usize = 16;

/// `cors` of a receiver, ready to be asked.
#[derive(Debug)]
pub(super) struct Policy {
    /// `None`: every origin is allowed.
    origins: Option<Vec<Pattern>>,
    /// Lower case and sorted; `None`: every header is allowed.
    headers: Option<Vec<String>>,
    exposed: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
}

/// An origin, or what stands before and behind its `*`.
#[derive(Debug)]
enum Pattern {
    Whole(String),
    Around(String, String),
}

impl Pattern {
    fn of(origin: &str) -> Self {
        match origin.split_once(ANY) {
            None => Self::Whole(origin.to_owned()),
            Some((before, behind)) => Self::Around(before.to_owned(), behind.to_owned()),
        }
    }

    fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Whole(whole) => whole == origin,
            Self::Around(before, behind) => {
                let rest = origin.strip_prefix(before.as_str());
                rest.is_some_and(|rest| rest.ends_with(behind.as_str()))
            }
        }
    }
}

impl Policy {
    pub(super) fn new(plan: &Cors) -> Self {
        let any = |list: &[String]| list.iter().any(|one| one == ANY);
        let origins = || plan.origins.iter().map(|origin| Pattern::of(&origin.to_lowercase()));
        let headers = || {
            let mut names: Vec<String> =
                plan.headers.iter().map(|one| one.to_lowercase()).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        let exposed = (!plan.exposed.is_empty()).then(|| plan.exposed.join(", "));
        Self {
            origins: (!any(&plan.origins)).then(|| origins().collect()),
            headers: (!any(&plan.headers)).then(headers),
            exposed: exposed.and_then(|names| HeaderValue::try_from(names).ok()),
            max_age: (plan.max_age > 0).then(|| HeaderValue::from(plan.max_age)),
        }
    }

    /// The headers of the answer, if this is a preflight.
    pub(super) fn preflight(&self, head: &Parts) -> Option<HeaderMap> {
        let method = head.headers.get(ACCESS_CONTROL_REQUEST_METHOD);
        let method = method.filter(|method| !method.is_empty())?;
        if head.method != Method::OPTIONS {
            return None;
        }
        let mut answer = HeaderMap::new();
        let _ = answer.insert(VARY, VARY_PREFLIGHT);
        let asked: Vec<&HeaderValue> =
            head.headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter().collect();
        let Some(origin) = self.origin(&head.headers) else { return Some(answer) };
        if !is_simple(method.as_bytes()) || !self.allows_headers(&asked) {
            return Some(answer);
        }
        let _ = answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let _ = answer.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
        if asked.first().is_some_and(|first| !first.is_empty()) {
            for names in asked {
                let _ = answer.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
            }
        }
        let _ = answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        if let Some(max_age) = &self.max_age {
            let _ = answer.insert(ACCESS_CONTROL_MAX_AGE, max_age.clone());
        }
        Some(answer)
    }

    /// What `Access-Control-Allow-Origin` says to such a request; `None`: it is not said.
    pub(super) fn allow(&self, head: &Parts) -> Option<HeaderValue> {
        is_simple(head.method.as_str().as_bytes()).then(|| self.origin(&head.headers)).flatten()
    }

    /// Puts what is said to a request other than a preflight on its answer.
    pub(super) fn dress(&self, allow: Option<HeaderValue>, answer: &mut HeaderMap) {
        let _ = answer.append(VARY, VARY_ORIGIN);
        let Some(origin) = allow else { return };
        let _ = answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if let Some(exposed) = &self.exposed {
            let _ = answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
        let _ = answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
    }

    /// The origin as it is echoed, if it is allowed.
    fn origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN).filter(|origin| !origin.is_empty())?;
        let Some(patterns) = &self.origins else { return Some(HeaderValue::from_static(ANY)) };
        let text = origin.to_str().ok()?.to_lowercase();
        patterns.iter().any(|pattern| pattern.allows(&text)).then(|| origin.clone())
    }

    /// Whether every name of these lists is allowed. Browsers sort them and name each once.
    fn allows_headers(&self, lists: &[&HeaderValue]) -> bool {
        let Some(allowed) = &self.headers else { return true };
        let (mut empty, mut last) = (0_usize, None);
        let names = lists.iter().flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
        for name in names.map(trimmed) {
            if name.is_empty() {
                empty = empty.saturating_add(1);
                if empty > EMPTY_MAX {
                    return false;
                }
                continue;
            }
            let found = allowed.iter().position(|known| known.as_bytes() == name);
            if found.is_none() || found <= last {
                return false;
            }
            last = found;
        }
        true
    }
}

/// An element of a list without at most one blank on each side.
fn trimmed(name: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let name = name.split_first().filter(|(first, _)| blank(first)).map_or(name, |(_, rest)| rest);
    name.split_last().filter(|(last, _)| blank(last)).map_or(name, |(_, rest)| rest)
}

/// Methods that may be asked for: the library's default, which the Collector leaves as it is.
fn is_simple(method: &[u8]) -> bool {
    [&b"GET"[..], b"POST", b"HEAD", b"OPTIONS"].contains(&method)
}
