//! The request headers that keep copies apart on a lane, and those that travel with them.
//!
//! With a `batch` on the way its `metadata_keys` keep copies apart, and only they survive it;
//! without one, the headers that the destination passes on do so by themselves. What was read last
//! is kept: clients say the same again and again, and then nothing is allocated.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use smallvec::SmallVec;

use crate::buf::budget::{Exhausted, Lease};
use crate::queue::context::{Carried, Context};

/// What a lane reads of a request's headers.
#[derive(Debug)]
pub(super) struct Carrier {
    /// Names whose values must be equal for two copies to leave as one request.
    apart: Vec<String>,
    /// Names whose values travel along; `None`: it does not survive the `batch`.
    along: Vec<Option<String>>,
    last: RefCell<Option<Values>>,
}

/// What it found.
#[derive(Clone, Debug)]
pub(super) struct Values {
    /// Equal bytes mean equal values; an absent value is not an empty one.
    pub(super) key: Rc<[u8]>,
    /// What travels along, if anything does.
    pub(super) context: Option<Rc<Context>>,
}

impl Carrier {
    /// `kept`: the `metadata_keys` of the `batch` on the way, if there is one; `passed_on`: what
    /// the destination passes on.
    pub(super) fn new(kept: Option<&[String]>, passed_on: Vec<String>) -> Self {
        let survives = |key: &String| kept.is_none_or(|kept| kept.contains(key));
        let apart = kept.map_or_else(|| passed_on.clone(), <[String]>::to_vec);
        let along = passed_on.into_iter().map(|key| survives(&key).then_some(key)).collect();
        Self { apart, along, last: RefCell::default() }
    }

    /// The values of a request; `None` when none are asked for.
    ///
    /// # Errors
    /// [`Exhausted`]: `lease` has no room for them.
    pub(super) fn values(
        &self,
        headers: Option<&HeaderMap>,
        lease: &Arc<Lease>,
    ) -> Result<Option<Values>, Exhausted> {
        if self.apart.is_empty() && self.along.is_empty() {
            return Ok(None);
        }
        let mut key: SmallVec<[u8; 128]> = SmallVec::new();
        for name in &self.apart {
            for value in all(headers, name) {
                // A header value holds no control characters but the tab.
                key.push(b'\n');
                key.extend_from_slice(value.as_bytes());
            }
            key.push(0);
        }
        let mut last = self.last.borrow_mut();
        if let Some(known) = last.as_ref().filter(|known| *known.key == *key) {
            return Ok(Some(known.clone()));
        }
        let context = self.context(headers, lease)?;
        let values = Values { key: Rc::from(key.as_slice()), context };
        *last = Some(values.clone());
        Ok(Some(values))
    }

    fn context(
        &self,
        headers: Option<&HeaderMap>,
        lease: &Arc<Lease>,
    ) -> Result<Option<Rc<Context>>, Exhausted> {
        if self.along.is_empty() {
            return Ok(None);
        }
        let mut bytes = 0_usize;
        let mut carried = |name: &Option<String>| {
            let mut values = name.iter().flat_map(|name| all(headers, name));
            let Some(first) = values.next() else { return Carried::Absent };
            match values.count() {
                0 => {
                    bytes = bytes.saturating_add(first.len());
                    Carried::One(owned(first))
                }
                more => Carried::Several(more.saturating_add(1)),
            }
        };
        let values = self.along.iter().map(&mut carried).collect();
        let paid = lease.ticket(bytes)?;
        Ok(Some(Rc::new(Context::new(values, paid))))
    }
}

fn all<'h>(
    headers: Option<&'h HeaderMap>,
    name: &str,
) -> impl Iterator<Item = &'h HeaderValue> + use<'h> {
    headers.map(|headers| headers.get_all(name).iter()).into_iter().flatten()
}

/// A value on its own: the request's shares the connection's read buffer.
fn owned(value: &HeaderValue) -> HeaderValue {
    let mut owned =
        HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static(""));
    owned.set_sensitive(true);
    owned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buf::budget::Budget;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (http::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn read(carrier: &Carrier, pairs: &[(&'static str, &'static str)]) -> Values {
        let lease = Budget::new(1000, 1000, 1, 1).lease();
        carrier.values(Some(&headers(pairs)), &lease).expect("room").expect("asked for")
    }

    #[test]
    fn without_a_batch_what_is_passed_on_keeps_requests_apart() {
        let carrier = Carrier::new(None, names(&["tenant"]));
        let (one, other) = (read(&carrier, &[("tenant", "a")]), read(&carrier, &[("tenant", "b")]));
        assert_ne!(one.key, other.key);
        assert_ne!(read(&carrier, &[]).key, read(&carrier, &[("tenant", "")]).key);
        let context = one.context.expect("travels");
        assert_eq!(*context.at(0), Carried::One(HeaderValue::from_static("a")));
        let twice = read(&carrier, &[("tenant", "a"), ("tenant", "b")]);
        assert_eq!(*twice.context.expect("travels").at(0), Carried::Several(2));
    }

    #[test]
    fn behind_a_batch_only_its_metadata_keys_survive() {
        let kept = names(&["zone"]);
        let carrier = Carrier::new(Some(&kept), names(&["tenant", "zone"]));
        let one = read(&carrier, &[("tenant", "a"), ("zone", "z")]);
        let other = read(&carrier, &[("tenant", "b"), ("zone", "z")]);
        assert_eq!(one.key, other.key, "joined: the tenant is lost in the batch");
        let context = one.context.expect("travels");
        assert_eq!(*context.at(0), Carried::Absent);
        assert_eq!(*context.at(1), Carried::One(HeaderValue::from_static("z")));
    }

    #[test]
    fn equal_values_in_a_row_are_read_once_and_paid_for_once() {
        let budget = Budget::new(100, 100, 1, 1);
        let lease = budget.lease();
        let carrier = Carrier::new(None, names(&["tenant"]));
        let of = |tenant| carrier.values(Some(&headers(&[("tenant", tenant)])), &lease);
        let first = of("0123456789").expect("room").expect("asked for");
        let second = of("0123456789").expect("room").expect("asked for");
        assert!(Rc::ptr_eq(&first.key, &second.key));
        let large: &'static str = "0123456789012345678901234567890123456789012345678901234567890123\
            4567890123456789012345678901234567890123456789";
        assert!(of(large).is_err(), "beyond the budget");
        drop((first, second, carrier, lease));
        assert_eq!(budget.leased(), 0, "all is given back");
    }

    #[test]
    fn a_lane_that_asks_for_nothing_reads_nothing() {
        let lease = Budget::new(1, 1, 1, 1).lease();
        let carrier = Carrier::new(None, Vec::new());
        assert!(carrier.values(Some(&headers(&[])), &lease).expect("room").is_none());
    }
}
