//! A resource being edited: its fields as places in the request, edited as a list, written once.
//!
//! Every field of every part of the resource becomes a [`Piece`]. Edits mark pieces or append new
//! ones; nothing is copied until [`Rewrite::encode`]. Pieces hold offsets and indices, not
//! references, so the list is scratch that outlives the request.
//!
//! Fields that are no attributes, and unknown fields inside an attribute whose value is replaced,
//! are written back in their place.

use crate::cursor::Cursor;
use crate::edit::{Action, Edit, Keys, Source};
use crate::error::WireError;
use crate::resource::Pair;
use crate::schema;
use crate::segments::{BYTES_KEPT, Span};
use crate::value::Value;
use crate::varint;

/// The keys of fields 1 and 2 as messages: attribute and key, value.
const FIELD_1: u8 = 0x0a;
const FIELD_2: u8 = 0x12;

/// How many fields of a resource the lists stay grown for between requests.
const PIECES_KEPT: usize = 1 << 10;

/// What an edit can refer to.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) request: &'a [u8],
    pub(super) edits: &'a [Edit],
    pub(super) slots: &'a [Option<&'a [u8]>],
}

/// Scratch: the resource of the group at hand.
#[derive(Debug, Default)]
pub(super) struct Rewrite {
    /// The `resource` fields of the group, whole.
    parts: Vec<Span>,
    pieces: Vec<Piece>,
    encoded: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// The whole field in the request; empty for an attribute that an edit added.
    field: Span,
    /// The body of the field, if it is an attribute.
    pair: Span,
    name: Name,
    value: Place,
    state: State,
}

/// Where an attribute's key is.
#[derive(Clone, Copy, Debug)]
enum Name {
    /// The field is no attribute.
    None,
    Request(Span),
    /// The key of the edit with this index.
    Edit(usize),
}

/// Where an encoded value is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Request(Span),
    /// In several parts of the pair with this body.
    Split(Span),
    /// In the edit with this index.
    Edit(usize),
    Slot(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Kept,
    Changed,
    Added,
    Gone,
}

impl Rewrite {
    pub(super) const fn new() -> Self {
        Self { parts: Vec::new(), pieces: Vec::new(), encoded: Vec::new() }
    }

    /// Forgets the resource; memory beyond the usual is given back.
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.parts.shrink_to(PIECES_KEPT);
        self.pieces.clear();
        self.pieces.shrink_to(PIECES_KEPT);
        self.encoded.clear();
        self.encoded.shrink_to(BYTES_KEPT);
    }

    pub(super) const fn memory(&self) -> usize {
        let parts = self.parts.capacity().saturating_mul(size_of::<Span>());
        let pieces = self.pieces.capacity().saturating_mul(size_of::<Piece>());
        parts.saturating_add(pieces).saturating_add(self.encoded.capacity())
    }

    /// The `resource` fields of the group, whole, in order.
    pub(super) fn parts(&self) -> &[Span] {
        &self.parts
    }

    /// The body of the resource after [`Self::encode`].
    pub(super) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Takes the group's resource apart and applies the edits; whether anything changed.
    pub(super) fn apply(
        &mut self,
        group: Cursor<'_>,
        inputs: &Inputs<'_>,
    ) -> Result<bool, WireError> {
        self.take_apart(group)?;
        for (index, edit) in inputs.edits.iter().enumerate() {
            self.apply_one(index, edit, inputs);
        }
        let added_and_gone = |piece: &Piece| piece.state == State::Gone && piece.field.is_empty();
        Ok(self.pieces.iter().any(|piece| piece.state != State::Kept && !added_and_gone(piece)))
    }

    fn take_apart(&mut self, mut group: Cursor<'_>) -> Result<(), WireError> {
        self.parts.clear();
        self.pieces.clear();
        loop {
            let start = group.offset();
            let Some(key) = group.key()? else {
                return Ok(());
            };
            if key.number() != schema::RESOURCE {
                group.skip(key)?;
                continue;
            }
            let mut resource = group.message(key)?;
            self.parts.push(group.span_from(start));
            loop {
                let start = resource.offset();
                let Some(key) = resource.key()? else { break };
                let (pair, name, value) = if key.number() == schema::ATTRIBUTE {
                    let body = resource.message(key)?;
                    let pair = Pair::read(body)?;
                    let value = pair.value.span();
                    let value =
                        if pair.split { Place::Split(value) } else { Place::Request(value) };
                    (body.span(), Name::Request(pair.key.span()), value)
                } else {
                    resource.skip(key)?;
                    (Span::default(), Name::None, Place::Request(Span::default()))
                };
                let field = resource.span_from(start);
                self.pieces.push(Piece { field, pair, name, value, state: State::Kept });
            }
        }
    }

    fn apply_one(&mut self, index: usize, edit: &Edit, inputs: &Inputs<'_>) {
        let Keys::One(key) = &edit.keys else { return };
        let found = self.find(key, inputs);
        match (&edit.action, found) {
            (Action::Delete, Some(at)) => {
                if let Some(piece) = self.pieces.get_mut(at) {
                    piece.state = State::Gone;
                }
            }
            (Action::Insert(source) | Action::Upsert(source), None) => {
                if let Some(value) = self.source(index, source, inputs) {
                    let (field, pair) = (Span::default(), Span::default());
                    let (name, state) = (Name::Edit(index), State::Added);
                    self.pieces.push(Piece { field, pair, name, value, state });
                }
            }
            (Action::Update(source) | Action::Upsert(source), Some(at)) => {
                let value = self.source(index, source, inputs);
                if let (Some(value), Some(piece)) = (value, self.pieces.get_mut(at)) {
                    piece.set(value, inputs);
                }
            }
            (Action::Insert(_), Some(_)) | (Action::Update(_) | Action::Delete, None) => {}
            (Action::Replace(_) | Action::Extract(_), _) => {}
        }
    }

    /// The first attribute with this key.
    fn find(&self, key: &[u8], inputs: &Inputs<'_>) -> Option<usize> {
        let named = |piece: &Piece| piece.name.of(inputs) == Some(key);
        self.pieces.iter().position(|piece| piece.state != State::Gone && named(piece))
    }

    fn source(&self, index: usize, source: &Source, inputs: &Inputs<'_>) -> Option<Place> {
        match source {
            Source::Value(_) => Some(Place::Edit(index)),
            Source::Attribute(key) => {
                let at = self.find(key, inputs)?;
                self.pieces.get(at).map(|piece| piece.value)
            }
            Source::Or(inner, _) => self.source(index, inner, inputs),
            Source::Slot(at) => inputs.slots.get(*at).copied().flatten().map(|_| Place::Slot(*at)),
        }
    }

    /// Writes the body of the edited resource.
    pub(super) fn encode(&mut self, inputs: &Inputs<'_>) -> Result<(), WireError> {
        let out = &mut self.encoded;
        out.clear();
        for piece in &self.pieces {
            match piece.state {
                State::Kept => out.extend_from_slice(piece.field.of(inputs.request)),
                State::Changed => piece.write_changed(inputs, out)?,
                State::Added => piece.write_added(inputs, out),
                State::Gone => {}
            }
        }
        Ok(())
    }
}

impl Piece {
    /// Gives the attribute another value; the same value is no change.
    fn set(&mut self, value: Place, inputs: &Inputs<'_>) {
        if value.of(inputs).same_bytes(&self.value.of(inputs)) {
            return;
        }
        self.value = value;
        if self.state == State::Kept {
            self.state = State::Changed;
        }
    }

    fn write_added(&self, inputs: &Inputs<'_>, out: &mut Vec<u8>) {
        let key = self.name.of(inputs).unwrap_or_default();
        let value = self.value.of(inputs);
        let key_len = varint::framed(1, key.len());
        let len = key_len.saturating_add(varint::framed(1, value.encoded_len()));
        write_key(FIELD_1, len, out);
        write_key(FIELD_1, key.len(), out);
        out.extend_from_slice(key);
        write_value(value, out);
    }

    /// The pair with its `value` fields replaced by one, in the place of the first.
    fn write_changed(&self, inputs: &Inputs<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
        let value = self.value.of(inputs);
        let pair = self.pair.of(inputs.request);
        let mut len = varint::framed(1, value.encoded_len());
        for_each_field(pair, |is_value, field| {
            len = len.saturating_add(if is_value { 0 } else { field.len() });
        })?;
        write_key(FIELD_1, len, out);
        let mut written = false;
        for_each_field(pair, |is_value, field| {
            if !is_value {
                out.extend_from_slice(field);
            } else if !written {
                write_value(value, out);
                written = true;
            }
        })?;
        if !written {
            write_value(value, out);
        }
        Ok(())
    }
}

impl Name {
    fn of<'a>(self, inputs: &Inputs<'a>) -> Option<&'a [u8]> {
        match self {
            Self::None => None,
            Self::Request(span) => Some(span.of(inputs.request)),
            Self::Edit(index) => match inputs.edits.get(index).map(|edit| &edit.keys) {
                Some(Keys::One(key)) => Some(key),
                _ => None,
            },
        }
    }
}

impl Place {
    fn of<'a>(self, inputs: &Inputs<'a>) -> Value<'a> {
        match self {
            Self::Request(span) => Value::new(span.of(inputs.request)),
            Self::Split(span) => Value::split(span.of(inputs.request)),
            Self::Slot(at) => {
                Value::new(inputs.slots.get(at).copied().flatten().unwrap_or_default())
            }
            Self::Edit(index) => {
                let source = inputs.edits.get(index).and_then(|edit| edit.action.source());
                match source {
                    Some(Source::Value(bytes)) => Value::new(bytes),
                    _ => Value::new(&[]),
                }
            }
        }
    }
}

fn for_each_field(pair: &[u8], mut each: impl FnMut(bool, &[u8])) -> Result<(), WireError> {
    let mut cursor = Cursor::new(pair);
    loop {
        let start = cursor.offset();
        let Some(key) = cursor.key()? else {
            return Ok(());
        };
        cursor.skip(key)?;
        each(key.number() == schema::ATTRIBUTE_VALUE, cursor.span_from(start).of(pair));
    }
}

fn write_key(key: u8, len: usize, out: &mut Vec<u8>) {
    out.push(key);
    varint::write(len as u64, out);
}

fn write_value(value: Value<'_>, out: &mut Vec<u8>) {
    write_key(FIELD_2, value.encoded_len(), out);
    value.append_to(out);
}
