//! Spans with an attribute that is not to leave, the step that deletes it, and the plain search for
//! its key that this is compared with.
//!
//! Not here: measuring.

use memchr::memmem::Finder;
use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode::any_value_string;
use spanyard_wire::error::WireError;
use spanyard_wire::items::{Item, ItemFilter, ItemStep};
use spanyard_wire::request::Request;
use spanyard_wire::schema::Signal;
use spanyard_wire::splice::Splice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The attribute's key.
const KEY: &[u8] = b"http.request.header.authorization";

/// Takes every nth item; 0: none.
#[derive(Debug)]
struct Every {
    nth: usize,
    seen: AtomicUsize,
}

impl ItemFilter for Every {
    fn takes(&self, _: &Item<'_>) -> bool {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        seen.checked_rem(self.nth) == Some(self.nth / 2)
    }
}

/// The request with the attribute in every nth span; in none if `every` is 0.
pub(crate) fn planted(bytes: &[u8], every: usize) -> Result<Vec<u8>, WireError> {
    let value = Source::Value(any_value_string("Bearer dGhpcyBpcyBub3QgYSB0b2tlbg").into());
    let filter = Every { nth: every, seen: AtomicUsize::new(0) };
    let step = ItemStep::new(vec![Edit::new(KEY, Action::Upsert(value))], Some(Arc::new(filter)));
    let mut request = Request::new();
    request.scan(Signal::Traces, bytes)?;
    let mut splice = Splice::new();
    let _changed = delete(&mut splice, &request, bytes, &step)?;
    let mut out = Vec::new();
    splice.write_to(bytes, &mut out);
    Ok(out)
}

/// The step that deletes it.
pub(crate) fn deletion() -> ItemStep {
    ItemStep::new(vec![Edit::new(KEY, Action::Delete)], None)
}

/// Applies the step to all groups; whether anything changed.
pub(crate) fn delete(
    splice: &mut Splice,
    request: &Request,
    bytes: &[u8],
    step: &ItemStep,
) -> Result<bool, WireError> {
    splice.clear();
    let mut changed = false;
    for group in &request.groups {
        changed |= splice.rewrite_group(bytes, Signal::Traces, group, &[], &[step], &[])?;
    }
    Ok(changed)
}

/// What searches for the key.
pub(crate) fn finder() -> Finder<'static> {
    Finder::new(KEY)
}

/// How many groups the key occurs in.
pub(crate) fn search(finder: &Finder<'_>, request: &Request, bytes: &[u8]) -> usize {
    let groups = request.groups.iter();
    groups.filter(|group| finder.find(group.body.of(bytes)).is_some()).count()
}
