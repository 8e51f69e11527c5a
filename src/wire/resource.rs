//! A view of a group's resource: its attributes, read where they lie.
//!
//! The resource may stand anywhere in the group (the Collector writes it last), be absent, or come
//! in several parts, whose attributes then follow one another. Nothing is allocated or remembered:
//! a look-up walks the keys again. Of attributes with equal keys the first counts.
//!
//! Only the keys and the bounds of values are read; see [`crate::value`] for what a value holds.

use crate::cursor::Cursor;
use crate::error::WireError;
use crate::field::{self, Key};
use crate::schema;
use crate::value::Value;
use crate::varint;

/// A view of all `resource` fields of a group body.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    pub(crate) group: &'a [u8],
}

/// An attribute, where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// The key; may be invalid UTF-8.
    pub key: &'a [u8],
    /// The value.
    pub value: Value<'a>,
}

impl<'a> Resource<'a> {
    /// The resource of the group with this body.
    #[inline]
    #[must_use]
    pub const fn of(group_body: &'a [u8]) -> Self {
        Self { group: group_body }
    }

    /// The attributes in order. After an error nothing follows; a scanned group gives none.
    pub fn attributes(&self) -> impl Iterator<Item = Result<Attribute<'a>, WireError>> + use<'a> {
        Attributes { group: Cursor::new(self.group), resource: Cursor::new(&[]) }
    }

    /// The value of the first attribute with this key.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<Value<'a>> {
        self.nth(key, 0)
    }

    /// The value of the attribute with this key after `skip` others with it.
    pub(crate) fn nth(&self, key: &[u8], skip: usize) -> Option<Value<'a>> {
        let mut attributes = Attributes::of(self.group);
        let mut left = skip;
        while let Ok(Some(attribute)) = attributes.step() {
            if attribute.key == key {
                if left == 0 {
                    return Some(attribute.value);
                }
                left = left.saturating_sub(1);
            }
        }
        None
    }
}

/// The keys of an attribute's own fields: numbers 1 and 2, both length-delimited.
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;
const _: () = assert!(
    Key::new(schema::ATTRIBUTE_KEY, field::LEN).raw() == KEY as u32
        && Key::new(schema::ATTRIBUTE_VALUE, field::LEN).raw() == VALUE as u32
);

struct Attributes<'a> {
    group: Cursor<'a>,
    resource: Cursor<'a>,
}

impl<'a> Attributes<'a> {
    #[inline]
    const fn of(group: &'a [u8]) -> Self {
        Self { group: Cursor::new(group), resource: Cursor::new(&[]) }
    }

    #[inline]
    fn step(&mut self) -> Result<Option<Attribute<'a>>, WireError> {
        loop {
            while let Some(key) = self.resource.key()? {
                if key.number() == schema::ATTRIBUTE {
                    return Pair::read(self.resource.message(key)?).map(|pair| Some(pair.view()));
                }
                self.resource.skip(key)?;
            }
            let Some(key) = self.group.key()? else {
                return Ok(None);
            };
            if key.number() == schema::RESOURCE {
                self.resource = self.group.message(key)?;
            } else {
                self.group.skip(key)?;
            }
        }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, WireError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            (self.group, self.resource) = (Cursor::new(&[]), Cursor::new(&[]));
        }
        step.transpose()
    }
}

/// A key-value pair with its places in the input.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    /// The last `key` field's body.
    pub(crate) key: Cursor<'a>,
    /// The `value` field's body; the whole pair's when there are several.
    pub(crate) value: Cursor<'a>,
    /// Whether there are several.
    pub(crate) split: bool,
}

impl<'a> Pair<'a> {
    /// The pair with this body.
    ///
    /// Nearly every pair is a key and a value and nothing else; that form is tried first and read
    /// without a loop, at a third of the cost.
    #[inline]
    pub(crate) fn read(body: Cursor<'a>) -> Result<Self, WireError> {
        Self::plain(body).map_or_else(|| Self::read_any(body), Ok)
    }

    /// The pair, if its body is a key, a value and nothing else.
    #[inline]
    pub(crate) fn plain(body: Cursor<'a>) -> Option<Self> {
        let [KEY, key_len @ 0..0x80, rest @ ..] = body.rest() else {
            return None;
        };
        let (key, rest) = rest.split_at_checked(usize::from(*key_len))?;
        let [VALUE, rest @ ..] = rest else {
            return None;
        };
        let (len, value) = varint::read(rest).ok()?;
        if len != value.len() as u64 {
            return None;
        }
        let start = body.offset();
        let value_start = start.saturating_add(body.rest().len()).saturating_sub(value.len());
        let key = Cursor::at(start.saturating_add(2), key);
        Some(Self { key, value: Cursor::at(value_start, value), split: false })
    }

    #[inline(never)]
    fn read_any(body: Cursor<'a>) -> Result<Self, WireError> {
        let absent = Cursor::at(body.offset(), &[]);
        let mut pair = Self { key: absent, value: absent, split: false };
        let mut valued = false;
        let mut rest = body;
        while let Some(key) = rest.key()? {
            match key.number() {
                schema::ATTRIBUTE_KEY => pair.key = rest.message(key)?,
                schema::ATTRIBUTE_VALUE => {
                    let value = rest.message(key)?;
                    pair.split |= valued;
                    pair.value = if valued { body } else { value };
                    valued = true;
                }
                _ => rest.skip(key)?,
            }
        }
        Ok(pair)
    }

    #[inline]
    pub(crate) fn view(&self) -> Attribute<'a> {
        let bytes = self.value.rest();
        let value = if self.split {
            Value::split(bytes, schema::ATTRIBUTE_VALUE)
        } else {
            Value::new(bytes)
        };
        Attribute { key: self.key.rest(), value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{self, Encoder};
    use crate::value::Kind;

    fn resource(pairs: &[(&str, &str)]) -> Vec<u8> {
        let mut out = Vec::new();
        Encoder::new(&mut out).message(1, |resource| {
            for (key, value) in pairs {
                resource.attribute(1, key, &encode::any_value_string(value));
            }
        });
        out
    }

    fn text<'a>(group: &'a [u8], key: &str) -> Option<Kind<'a>> {
        Resource::of(group).find(key.as_bytes()).map(|value| value.kind())
    }

    #[test]
    fn the_first_of_equal_keys_counts() {
        let group = resource(&[("a", "1"), ("b", "2"), ("a", "3")]);
        assert_eq!(text(&group, "a"), Some(Kind::String(b"1")));
        assert_eq!(text(&group, "b"), Some(Kind::String(b"2")));
        assert_eq!(text(&group, "c"), None);
        assert_eq!(Resource::of(&group).attributes().count(), 3);
    }

    #[test]
    fn a_resource_in_parts_is_read_as_one_wherever_it_stands() {
        let mut group = vec![0x12, 2, 0x12, 0]; // scopes first
        group.extend(resource(&[("a", "1")]));
        group.extend([0x1a, 1, b's', 0x0a, 0]); // schema_url, an empty part
        group.extend(resource(&[("a", "2"), ("b", "3")]));
        assert_eq!(text(&group, "a"), Some(Kind::String(b"1")));
        assert_eq!(text(&group, "b"), Some(Kind::String(b"3")));
    }

    #[test]
    fn a_group_without_resource_has_no_attributes() {
        assert_eq!(Resource::of(&[]).attributes().count(), 0);
        assert_eq!(Resource::of(&[0x12, 0]).attributes().count(), 0);
    }

    #[test]
    fn a_malformed_resource_gives_one_error_and_ends() {
        let mut group = resource(&[("a", "1")]);
        group.extend([0x0a, 3, 0x0a, 9, 0]);
        let found: Vec<_> = Resource::of(&group).attributes().collect();
        assert_eq!(found.len(), 2);
        assert!(found[0].is_ok());
        assert_eq!(found[1].as_ref().unwrap_err().offset, group.len() - 1);
        assert_eq!(text(&group, "b"), None);
    }

    #[test]
    fn key_and_value_may_come_in_any_order_and_repeated() {
        // value "x", key "p", key "q", value (unset): the pair q = x
        let pair = [0x12, 3, 0x0a, 1, b'x', 0x0a, 1, b'p', 0x0a, 1, b'q', 0x12, 0];
        let group = encode::encoded(|out| out.message(1, |resource| resource.bytes(1, &pair)));
        assert_eq!(text(&group, "q"), Some(Kind::String(b"x")));
        assert_eq!(text(&group, "p"), None);
    }
}
