//! What a table says of a message: its fields by JSON name, and how each is read and written.
//!
//! A name is compared as three words of eight bytes, padded with zeros: no field of OTLP has a name
//! longer than 24 bytes in either spelling. The spelling with underscores is derived from the other
//! one while compiling. Invariant: fields that hold messages or packed numbers have numbers below
//! 16, so that their tags take one byte.

use super::enums::Names;

/// The longest name.
pub(super) const NAME_MAX: usize = 24;

/// A name of up to [`NAME_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name(pub(super) [u64; 3]);

impl Name {
    /// What no field is called.
    pub(super) const NONE: Self = Self([u64::MAX; 3]);

    /// A name from its bytes; [`Name::NONE`] when there are too many.
    pub(super) const fn of(bytes: &[u8]) -> Self {
        let mut words = [0_u64; 3];
        let mut at = bytes.len();
        if at > NAME_MAX {
            return Self::NONE;
        }
        let mut rest = bytes;
        while let Some((&byte, before)) = rest.split_last() {
            at = at.saturating_sub(1);
            let shifted = (byte as u64) << (at % 8 * 8);
            match at / 8 {
                0 => words[0] |= shifted,
                1 => words[1] |= shifted,
                _ => words[2] |= shifted,
            }
            rest = before;
        }
        Self(words)
    }

    /// The same name with underscores: `traceId` is `trace_id`.
    const fn snake(camel: &str) -> Self {
        let mut spelled = [0_u8; NAME_MAX];
        let (mut from, mut to) = (camel.as_bytes(), spelled.as_mut_slice());
        let mut len = 0_usize;
        while let Some((&byte, rest)) = from.split_first() {
            from = rest;
            if byte.is_ascii_uppercase() {
                let Some((underscore, behind)) = to.split_first_mut() else { return Self::NONE };
                *underscore = b'_';
                to = behind;
                len = len.saturating_add(1);
            }
            let Some((place, behind)) = to.split_first_mut() else { return Self::NONE };
            *place = byte.to_ascii_lowercase();
            to = behind;
            len = len.saturating_add(1);
        }
        let (name, _) = spelled.as_slice().split_at(len);
        Self::of(name)
    }
}

/// How a value is read, and written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// 16 bytes as 32 hex digits, or nothing.
    TraceId,
    /// 8 bytes as 16 hex digits, or nothing.
    SpanId,
    /// Bytes as base64.
    Bytes,
    /// `true` or `false`.
    Bool,
    /// `uint32`.
    Uint32,
    /// `int32`.
    Int32,
    /// `sint32`.
    Sint32,
    /// `fixed32`.
    Fixed32,
    /// `uint64`.
    Uint64,
    /// `int64`.
    Int64,
    /// `fixed64`.
    Fixed64,
    /// `sfixed64`.
    Sfixed64,
    /// `double`.
    Double,
    /// An enum: a number, or one of the names.
    Enum(&'static Names),
    /// A message.
    Message(&'static Message),
    /// Whatever it is, it is passed over.
    Unknown,
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    /// The JSON name, for people.
    pub(super) name: &'static str,
    camel: Name,
    snake: Name,
    /// The field's number and wire type; the second byte is 0 when one is enough.
    pub(super) tag: [u8; 2],
    pub(super) kind: Kind,
    /// The value is a list.
    pub(super) repeated: bool,
    /// A zero is written too: that the field is there means something.
    pub(super) always: bool,
}

impl Field {
    /// The field of what is passed over, and of nothing yet.
    pub(super) const UNKNOWN: Self = Self {
        name: "",
        camel: Name::NONE,
        snake: Name::NONE,
        tag: [0; 2],
        kind: Kind::Unknown,
        repeated: false,
        always: false,
    };

    /// A field that is written when it is not zero.
    pub(super) const fn plain(name: &'static str, number: u8, kind: Kind) -> Self {
        let wire = match kind {
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => 1,
            Kind::Text | Kind::TraceId | Kind::SpanId | Kind::Bytes | Kind::Message(_) => 2,
            Kind::Fixed32 => 5,
            _ => 0,
        };
        let tag = if number < 16 {
            [(number << 3) | wire, 0]
        } else {
            [0x80 | ((number & 0x0f) << 3) | wire, number >> 4]
        };
        let (camel, snake) = (Name::of(name.as_bytes()), Name::snake(name));
        Self { name, camel, snake, tag, kind, repeated: false, always: false }
    }

    /// A field whose presence counts: a member of a `oneof`, or an `optional` one.
    pub(super) const fn present(name: &'static str, number: u8, kind: Kind) -> Self {
        Self { always: true, ..Self::plain(name, number, kind) }
    }

    /// A list; numbers are packed.
    pub(super) const fn list(name: &'static str, number: u8, kind: Kind) -> Self {
        Self { repeated: true, ..Self::plain(name, number, kind) }
    }

    /// Whether a list of it is one packed field.
    pub(super) const fn is_packed(&self) -> bool {
        let alone = matches!(self.kind, Kind::Text | Kind::TraceId | Kind::SpanId | Kind::Bytes);
        self.repeated && !alone && !matches!(self.kind, Kind::Message(_) | Kind::Unknown)
    }

    /// The tag of a packed list.
    pub(super) const fn packed_tag(&self) -> u8 {
        let [first, _] = self.tag;
        (first & !7) | 2
    }
}

/// How many bytes are reserved for the length of a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Guess {
    /// One: it is short, or holds itself.
    Short,
    /// As many as the last one of its sort took.
    Last(Sort),
}

/// Messages whose lengths are alike.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sort {
    /// A resource with all its items, and a scope with all its items.
    Group,
    /// A resource.
    Resource,
    /// A span, a log record, a metric.
    Item,
    /// A metric's points.
    Points,
    /// One of them.
    Point,
}

/// How many there are.
pub(super) const SORTS: usize = 5;

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) fields: &'static [Field],
    pub(super) guess: Guess,
}

impl Message {
    /// The field called `name` and its place. Fields are tried from `expected` on: writers of JSON
    /// keep to one order, mostly the tables'.
    #[inline]
    pub(super) fn field(&self, name: Name, expected: usize) -> Option<(usize, &'static Field)> {
        let fields = self.fields;
        if let Some(field) = fields.get(expected)
            && field.camel == name
        {
            return Some((expected, field));
        }
        self.search(name, expected)
    }

    fn search(&self, name: Name, expected: usize) -> Option<(usize, &'static Field)> {
        let fields = self.fields.iter().enumerate();
        let mut ahead = fields.clone().skip(expected).chain(fields.clone().take(expected));
        ahead
            .find(|(_, field)| field.camel == name)
            .or_else(|| fields.clone().find(|(_, field)| field.snake == name))
    }
}
