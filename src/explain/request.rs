//! The request that a question stands for, and attributes in words.

use spanyard_wire::cursor::Cursor;
use spanyard_wire::encode::{self, Encoder};
use spanyard_wire::error::WireError;
use spanyard_wire::resource::Resource;
use spanyard_wire::schema::Signal;
use spanyard_wire::value::{Kind, Value};

use super::Question;

/// Field numbers on the way from a group to the attributes of its items: scope, then span or
/// record; for metrics a gauge with one point.
const fn way(signal: Signal) -> &'static [u32] {
    match signal {
        Signal::Traces => &[2, 2, 9],
        Signal::Logs => &[2, 2, 6],
        Signal::Metrics => &[2, 2, 5, 1, 7],
    }
}

/// One resource with one scope and one item.
pub(super) fn encode(question: &Question) -> Vec<u8> {
    encode::encoded(|request| {
        request.message(1, |group| {
            group.message(1, |resource| attributes(resource, 1, &question.resource));
            nest(group, way(question.signal), &question.item);
        });
    })
}

fn nest(out: &mut Encoder<'_>, way: &[u32], pairs: &[(String, String)]) {
    match way {
        [] => {}
        [last] => attributes(out, *last, pairs),
        [field, rest @ ..] => out.message(*field, |inner| nest(inner, rest, pairs)),
    }
}

/// The messages at the end of a way of field numbers.
fn descend<'a>(bytes: &'a [u8], way: &[u32]) -> Result<Vec<&'a [u8]>, WireError> {
    let [field, rest @ ..] = way else {
        return Ok(vec![bytes]);
    };
    let mut found = Vec::new();
    let mut cursor = Cursor::new(bytes);
    while let Some(key) = cursor.key()? {
        if key.number() == *field {
            found.extend(descend(cursor.body(key)?, rest)?);
        } else {
            cursor.skip(key)?;
        }
    }
    Ok(found)
}

fn attributes(out: &mut Encoder<'_>, field: u32, pairs: &[(String, String)]) {
    for (key, value) in pairs {
        out.attribute(field, key, &any_value(value));
    }
}

/// `3`, `0.5` and `true` have a type; quotes make text of anything.
fn any_value(text: &str) -> Vec<u8> {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = quoted {
        return encode::any_value_string(inner);
    }
    if let Ok(value) = text.parse::<bool>() {
        return encode::any_value_bool(value);
    }
    if let Ok(value) = text.parse::<i64>() {
        return encode::any_value_int(value);
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || "-+.".contains(c));
    match text.parse::<f64>() {
        Ok(value) if numeric => encode::any_value_double(value),
        _ => encode::any_value_string(text),
    }
}

/// The attributes of a resource, in order, values in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attributes(Vec<(String, String)>);

impl Attributes {
    pub(super) fn of(resource: Resource<'_>) -> Self {
        let pair = |attribute: spanyard_wire::resource::Attribute<'_>| {
            (String::from_utf8_lossy(attribute.key).into_owned(), shown(attribute.value))
        };
        Self(resource.attributes().flatten().map(pair).collect())
    }

    /// The attributes of the items of a group.
    pub(super) fn of_items(signal: Signal, group: &[u8]) -> Result<Self, WireError> {
        let pairs = descend(group, way(signal))?;
        // A resource of the same attributes is read by the same rules.
        let like = encode::encoded(|group| {
            group.message(1, |resource| pairs.iter().for_each(|pair| resource.bytes(1, pair)));
        });
        Ok(Self::of(Resource::of(&like)))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One attribute a line.
    pub(super) fn lines(&self) -> String {
        let mut out = String::new();
        for (key, value) in &self.0 {
            out.push_str(&format!("    {key} = {value}\n"));
        }
        if self.is_empty() {
            out.push_str("    (no attributes)\n");
        }
        out
    }

    /// What is different afterwards.
    pub(super) fn changes_to(&self, after: &Self) -> String {
        let mut changes = Vec::new();
        for (key, old) in &self.0 {
            match after.get(key) {
                None => changes.push(format!("{key} = {old} is removed")),
                Some(new) if new != old => changes.push(format!("{key} = {old} -> {new}")),
                Some(_) => {}
            }
        }
        for (key, new) in &after.0 {
            if self.get(key).is_none() {
                changes.push(format!("{key} = {new} is added"));
            }
        }
        changes.join("; ")
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// A value in words; text in quotes.
pub(super) fn shown(value: Value<'_>) -> String {
    match value.kind() {
        Kind::Unset => "(unset)".to_owned(),
        Kind::String(text) => format!("{:?}", String::from_utf8_lossy(text)),
        Kind::Bool(value) => value.to_string(),
        Kind::Int(value) => value.to_string(),
        Kind::Double(value) => format!("{value:?}"),
        Kind::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Kind::Array(_) => "a list".to_owned(),
        Kind::Map(_) => "a map".to_owned(),
    }
}
