//! `cors` of a receiver over HTTP: pages of which origins a browser may let send.

use http::HeaderName;

use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::plan::Cors;
use crate::config::problems::Code;
use crate::config::report::Fault;

pub(in crate::config) const CORS: Table = Table {
    scope: "receivers.otlp.protocols.http.cors",
    keys: &[
        key("enabled", "boolean", "true", "false: as if it were not named"),
        key("allowed_origins", "list of text", "", "`https://a.b`; one `*` stands for any text"),
        key(
            "allowed_headers",
            "list of text",
            "Accept, Content-Type, X-Requested-With",
            "headers that pages may send; `*`: any",
        ),
        key("exposed_headers", "list of text", "", "headers of answers that pages may read"),
        key("max_age", "whole number", "0", "seconds that browsers may remember this; 0: not said"),
    ],
};

/// Headers that pages may send where the file names none.
const HEADERS: [&str; 3] = ["accept", "content-type", "x-requested-with"];
/// Longest time that can be said, in seconds: a year.
const AGE_MAX: u64 = 365 * 24 * 60 * 60;

pub(super) fn decode(http: &Section<'_>) -> Option<Cors> {
    let section = http.get("cors")?.optional_section(&CORS)?;
    let listed =
        |key| section.get(key).and_then(|field| field.texts()).unwrap_or_default().into_iter();
    let named = |key| {
        let names = listed(key).filter_map(|(name, item)| header(name, &item));
        names.collect::<Vec<String>>()
    };
    let none = listed("allowed_origins").next().is_none();
    let origins: Vec<String> =
        listed("allowed_origins").filter_map(|(text, item)| origin(&text, &item)).collect();
    let mut headers = named("allowed_headers");
    headers.iter_mut().for_each(|name| name.make_ascii_lowercase());
    if headers.is_empty() {
        headers = HEADERS.map(str::to_owned).to_vec();
    }
    let exposed = named("exposed_headers");
    let max_age = section.whole("max_age", 0, 0, AGE_MAX);
    if none {
        let fault = Fault::new(Code::Ignored, "no origin is allowed: `cors` has no effect");
        let hint = "name the pages' origins in `allowed_origins`";
        section.report.warning(section.key, &section.path, fault.hint(hint));
        return None;
    }
    Some(Cors { origins, headers, exposed, max_age })
}

/// An origin in lower case.
fn origin(text: &str, item: &Field<'_>) -> Option<String> {
    let origin = text.to_lowercase();
    let stars = origin.matches('*').count();
    if stars > 1 {
        item.bad_value("more than one `*`", "an origin with one `*` at most");
        return None;
    }
    let behind = origin.split_once("://").map(|(_, behind)| behind);
    let whole = stars > 0 || behind.is_some() || origin == "null";
    if !whole || behind.unwrap_or_default().contains('/') {
        let fault = Fault::new(Code::Surprising, "no page has this origin: nothing matches it");
        item.warning(fault.hint("an origin is scheme, host and port: https://app.example.com"));
    }
    Some(origin)
}

/// The name of a header, or `*`.
fn header(name: String, item: &Field<'_>) -> Option<String> {
    if name == "*" || HeaderName::from_bytes(name.as_bytes()).is_ok() {
        return Some(name);
    }
    item.bad_value("no header name", "the name of a header, or `*`");
    None
}
