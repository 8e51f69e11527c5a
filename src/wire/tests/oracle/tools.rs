//! A pattern, a transform, an extraction and filters to test with. Filters come twice: on the
//! crate's view of an item, and on what prost decoded.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message;
use spanyard_wire::edit::{Extract, Pattern, Transform};
use spanyard_wire::encode;
use spanyard_wire::items::{Item, ItemFilter};
use spanyard_wire::value::{Kind, Value};

/// Keys with this byte in them.
#[derive(Debug)]
pub(crate) struct With(pub(crate) u8);

impl Pattern for With {
    fn matches(&self, key: &[u8]) -> bool {
        key.contains(&self.0)
    }
}

/// Text is turned around, integers become text, bools stay; the rest becomes unset.
#[derive(Debug)]
pub(crate) struct Turn;

impl Transform for Turn {
    fn apply(&self, value: Value<'_>, out: &mut Vec<u8>) -> bool {
        match value.kind() {
            Kind::String(text) => {
                let text: String = String::from_utf8_lossy(text).chars().rev().collect();
                out.extend(encode::any_value_string(&text));
            }
            Kind::Int(number) => out.extend(encode::any_value_string(&number.to_string())),
            Kind::Bool(_) => {
                out.push(0xff);
                return false;
            }
            _ => {}
        }
        true
    }
}

/// The first character and the rest of a text that has any, as values of two keys.
#[derive(Debug)]
pub(crate) struct Halves(pub(crate) [Box<[u8]>; 2]);

impl Extract for Halves {
    fn extract<'k>(&'k self, text: &[u8], put: &mut dyn FnMut(&'k [u8], &[u8])) {
        let [first, rest] = &self.0;
        let text = std::str::from_utf8(text).unwrap_or_default();
        if let Some(at) = text.chars().next().map(char::len_utf8) {
            let (head, tail) = text.split_at(at);
            put(first, head.as_bytes());
            put(rest, tail.as_bytes());
        }
    }

    fn targets(&self) -> &[Box<[u8]>] {
        &self.0
    }
}

/// A filter.
#[derive(Clone, Debug)]
pub(crate) enum Asks {
    Name(&'static str),
    Kind(i32),
    Has(&'static str),
    Text(&'static str, &'static str),
    Scope(&'static str, &'static str),
    Severity(i32, &'static str),
    Body(&'static str),
}

impl ItemFilter for Asks {
    fn takes(&self, item: &Item<'_>) -> bool {
        let text = |value: Option<Value<'_>>, wanted: &str| {
            value.is_some_and(|value| value.kind() == Kind::String(wanted.as_bytes()))
        };
        match self {
            Self::Name(name) => item.name() == name.as_bytes(),
            Self::Kind(kind) => item.kind() == *kind,
            Self::Has(key) => item.attribute(key.as_bytes()).is_some(),
            Self::Text(key, wanted) => text(item.attribute(key.as_bytes()), wanted),
            Self::Scope(name, version) => {
                item.scope_name() == name.as_bytes() && item.scope_version() == version.as_bytes()
            }
            Self::Severity(number, name) => {
                item.severity_number() == *number && item.severity_text() == name.as_bytes()
            }
            Self::Body(wanted) => text(item.body(), wanted),
        }
    }

    fn needs(&self) -> Option<&[u8]> {
        match self {
            Self::Has(key) | Self::Text(key, _) => Some(key.as_bytes()),
            _ => None,
        }
    }
}

/// An item as prost decoded it.
#[derive(Default)]
pub(crate) struct Decoded {
    pub(crate) name: String,
    pub(crate) kind: i32,
    pub(crate) scope: [String; 2],
    pub(crate) severity: (i32, String),
    pub(crate) body: Option<AnyValue>,
}

impl Asks {
    /// The same question to what prost decoded.
    pub(crate) fn takes_decoded(&self, item: &Decoded, attributes: &[KeyValue]) -> bool {
        let find = |key: &str| attributes.iter().find(|attribute| attribute.key == key);
        let text = |value: Option<&AnyValue>, wanted: &str| {
            let value = value.map(AnyValue::encode_to_vec);
            value.is_some_and(|bytes| bytes == encode::any_value_string(wanted))
        };
        match self {
            Self::Name(name) => item.name == *name,
            Self::Kind(kind) => item.kind == *kind,
            Self::Has(key) => find(key).is_some(),
            Self::Text(key, wanted) => {
                text(find(key).and_then(|found| found.value.as_ref()), wanted)
            }
            Self::Scope(name, version) => item.scope == [*name, *version],
            Self::Severity(number, name) => item.severity.0 == *number && item.severity.1 == *name,
            Self::Body(wanted) => text(item.body.as_ref(), wanted),
        }
    }
}
