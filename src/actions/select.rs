//! `include` and `exclude` of the `attributes` processor: on which items its actions act.
//!
//! ```text
//! acts = include holds (or there is none) and exclude does not
//! a block holds = every property that it names holds; of a list of names any one suffices, of
//!                 attributes, resources and libraries all are needed
//! ```
//! What a block says of the resource ([`ResourceTest`]) is decided once a group, the rest
//! ([`ItemTest`]) for each item.

use std::borrow::Cow;
use std::collections::BTreeSet;

use regex::bytes::{Regex, RegexSet};
use spanyard_wire::edit::Found;
use spanyard_wire::items::{Item, ItemFilter};
use spanyard_wire::value::{Kind, Value};

use super::{text, tree};

/// The key that `services` compares.
const SERVICE_NAME: &[u8] = b"service.name";

/// What `services` compares for a resource without a service name.
const NO_SERVICE: &[u8] = b"<nil-service-name>";

/// Texts of which one must be met.
#[derive(Clone, Debug)]
pub enum Names {
    /// `match_type: strict`.
    Exact(BTreeSet<Box<[u8]>>),
    /// `match_type: regexp`, not anchored.
    Patterns(RegexSet),
}

/// One of `attributes` or `resources`.
#[derive(Clone, Debug)]
pub struct AttributeTest {
    /// The attribute that must be there.
    pub key: Box<[u8]>,
    /// What its value must be.
    pub wanted: Wanted,
}

/// What a value must be.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Anything.
    Anything,
    /// This encoded value, of the same type.
    Exactly(Box<[u8]>),
    /// A scalar whose text matches.
    Matching(Regex),
}

/// What a block says of the resource.
#[derive(Clone, Debug, Default)]
pub struct ResourceTest {
    /// `services`.
    pub services: Option<Names>,
    /// `resources`.
    pub attributes: Vec<AttributeTest>,
}

/// What a block says of each item.
#[derive(Clone, Debug, Default)]
pub struct ItemTest {
    /// `span_names` or `metric_names`.
    pub names: Option<Names>,
    /// `span_kinds`.
    pub kinds: Option<Names>,
    /// `log_bodies`.
    pub bodies: Option<Names>,
    /// `log_severity_texts`.
    pub severity_texts: Option<Names>,
    /// `log_severity_number`.
    pub severity: Option<Severity>,
    /// `libraries`: name and, if given, version.
    pub libraries: Vec<(Names, Option<Names>)>,
    /// `attributes`.
    pub attributes: Vec<AttributeTest>,
}

/// `log_severity_number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Severity {
    /// `min`.
    pub min: i32,
    /// `match_undefined`: whether a record without severity is met.
    pub undefined: bool,
}

/// The items that a step takes.
#[derive(Clone, Debug, Default)]
pub struct Items {
    /// Only those for which this holds.
    pub include: Option<ItemTest>,
    /// Of these, not those for which this holds.
    pub exclude: Option<ItemTest>,
}

impl ItemFilter for Items {
    fn takes(&self, item: &Item<'_>) -> bool {
        self.include.as_ref().is_none_or(|test| test.holds(item))
            && !self.exclude.as_ref().is_some_and(|test| test.holds(item))
    }

    fn needs(&self) -> Option<&[u8]> {
        self.include.as_ref()?.needs()
    }
}

impl Names {
    fn hold(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(names) => names.contains(text),
            Self::Patterns(patterns) => patterns.is_match(text),
        }
    }
}

impl AttributeTest {
    /// Whether the value found under the key is as wanted.
    #[must_use]
    pub fn holds(&self, found: Option<Value<'_>>) -> bool {
        let Some(found) = found else {
            return false;
        };
        match &self.wanted {
            Wanted::Anything => true,
            Wanted::Exactly(wanted) => same(found.kind(), Value::new(wanted).kind()),
            Wanted::Matching(pattern) => {
                text::scalar(found.kind()).is_some_and(|text| pattern.is_match(&text))
            }
        }
    }
}

impl ResourceTest {
    /// Whether nothing is asked.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.services.is_none() && self.attributes.is_empty()
    }

    /// Whether it holds for a resource whose attributes `find` looks up.
    #[must_use]
    pub fn holds<'a>(&self, find: impl Fn(&[u8]) -> Option<Found<'a>>) -> bool {
        let service = || {
            let found = find(SERVICE_NAME);
            found.as_ref().map_or(NO_SERVICE.to_vec(), |found| {
                text::converted(found.value().kind()).into_owned()
            })
        };
        self.services.as_ref().is_none_or(|names| names.hold(&service()))
            && self
                .attributes
                .iter()
                .all(|test| test.holds(find(&test.key).as_ref().map(Found::value)))
    }
}

impl ItemTest {
    /// Whether nothing is asked.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.names.is_none()
            && self.kinds.is_none()
            && self.bodies.is_none()
            && self.severity_texts.is_none()
            && self.severity.is_none()
            && self.libraries.is_empty()
            && self.attributes.is_empty()
    }

    /// Bytes that an item must contain: an attribute's key, or the only name.
    fn needs(&self) -> Option<&[u8]> {
        let key = self.attributes.iter().map(|test| &*test.key).max_by_key(|key| key.len());
        let name = || match &self.names {
            Some(Names::Exact(names)) if names.len() == 1 => names.first().map(|name| &**name),
            _ => None,
        };
        key.or_else(name).filter(|bytes| !bytes.is_empty())
    }

    fn holds(&self, item: &Item<'_>) -> bool {
        let library = |(name, version): &(Names, Option<Names>)| {
            name.hold(item.scope_name())
                && version.as_ref().is_none_or(|version| version.hold(item.scope_version()))
        };
        let body =
            || item.body().map_or(Cow::Borrowed(&b""[..]), |value| text::converted(value.kind()));
        self.names.as_ref().is_none_or(|names| names.hold(item.name()))
            && self.kinds.as_ref().is_none_or(|kinds| kinds.hold(kind_text(item.kind())))
            && self.bodies.as_ref().is_none_or(|bodies| bodies.hold(&body()))
            && self.severity_texts.as_ref().is_none_or(|texts| texts.hold(item.severity_text()))
            && self.severity.is_none_or(|severity| severity.holds(item.severity_number()))
            && self.libraries.iter().all(library)
            && self.attributes.iter().all(|test| test.holds(item.attribute(&test.key)))
    }
}

impl Severity {
    const fn holds(self, number: i32) -> bool {
        if number == 0 { self.undefined } else { number >= self.min }
    }
}

/// Span kinds as `span_kinds` spells them, by their numbers.
pub const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

/// Numbers without a name are empty text.
fn kind_text(kind: i32) -> &'static [u8] {
    let name = usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind));
    name.map(|name| name.as_bytes()).unwrap_or_default()
}

/// Equal in type and content; maps in any order.
#[must_use]
pub fn same(a: Kind<'_>, b: Kind<'_>) -> bool {
    match (a, b) {
        (Kind::Array(_), Kind::Array(_)) | (Kind::Map(_), Kind::Map(_)) => {
            let form = |kind| {
                let mut out = Vec::new();
                tree::canonical(kind, &mut out);
                out
            };
            form(a) == form(b)
        }
        (a, b) => a == b,
    }
}
