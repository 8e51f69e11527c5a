//! A list of attributes being edited: those of a resource, a span, a log record or a data point.
//!
//! Every attribute of the message becomes a [`Piece`] that knows where its key and its value are.
//! Edits mark pieces or append new ones; what differs in the end is handed to [`Changes`], and
//! nothing else of the message is written. Pieces hold offsets, not references, so the list is
//! scratch that outlives the request. Keys and values that edits bring are copied into `made`.
//!
//! A message that came in several parts is one list; each part keeps the attributes it had, and
//! new ones are written behind the last.
//!
//! Unknown fields inside an attribute whose value is replaced are written back in their place.

mod apply;

use crate::changes::Changes;
use crate::cursor::Cursor;
use crate::edit::Edit;
use crate::error::{Reason, WireError};
use crate::field::{self, Key};
use crate::resource::Pair;
use crate::schema;
use crate::segments::{BYTES_KEPT, Span};
use crate::value::Value;
use crate::varint;

/// How many attributes one message may have if it is to be edited. Each costs some memory, so a
/// request of tiny fields must not become a large one of bookkeeping.
const ATTRIBUTES_MAX: usize = 65_536;

/// How many attributes the list stays grown for between requests.
const PIECES_KEPT: usize = 1 << 10;

/// The keys of an attribute's own fields, key and value: numbers 1 and 2, length-delimited.
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;

/// Up to so many edits, only the attributes that they name are listed.
const EDITS_FEW: usize = 4;

/// What [`List::read`] needs to take in if nothing but `edits` asks for attributes.
pub(crate) fn only(edits: &[Edit]) -> &[Edit] {
    if edits.len() > EDITS_FEW { &[] } else { edits }
}

/// What an edit can refer to, and how much it may write.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) request: &'a [u8],
    pub(crate) slots: &'a [Option<&'a [u8]>],
    /// Bytes that edits may make.
    pub(crate) limit: usize,
}

/// Scratch: the attributes of the message at hand.
#[derive(Debug, Default)]
pub(crate) struct List {
    pieces: Vec<Piece>,
    /// Whether an attribute that came was changed or removed.
    touched: bool,
    /// Keys and values that edits brought.
    made: Vec<u8>,
    /// What a transform or an extraction is writing.
    fresh: Vec<u8>,
    /// Key and value of what is extracted, in `fresh`.
    puts: Vec<[Span; 2]>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// The whole field in the request; empty for an attribute that an edit added.
    field: Span,
    name: Place,
    value: Place,
    state: State,
}

/// Where a key or a value is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Request(Span),
    /// A value in several parts of the pair with this body.
    Split(Span),
    Made(Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Kept,
    Changed,
    Added,
    Gone,
}

impl List {
    pub(crate) const fn new() -> Self {
        Self {
            pieces: Vec::new(),
            touched: false,
            made: Vec::new(),
            fresh: Vec::new(),
            puts: Vec::new(),
        }
    }

    /// Forgets the message.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
        self.touched = false;
        self.made.clear();
    }

    /// Gives back memory beyond the usual.
    pub(crate) fn shrink(&mut self) {
        self.clear();
        self.fresh.clear();
        self.puts.clear();
        self.pieces.shrink_to(PIECES_KEPT);
        self.made.shrink_to(BYTES_KEPT);
        self.fresh.shrink_to(BYTES_KEPT);
        self.puts.shrink_to(PIECES_KEPT);
    }

    pub(crate) const fn memory(&self) -> usize {
        let pieces = self.pieces.capacity().saturating_mul(size_of::<Piece>());
        let puts = self.puts.capacity().saturating_mul(size_of::<[Span; 2]>());
        let bytes = self.made.capacity().saturating_add(self.fresh.capacity());
        pieces.saturating_add(puts).saturating_add(bytes)
    }

    /// Takes in the attributes of a message (or of a further part of it), which are its fields
    /// `number`; only those that the edits `only` name, unless there are none.
    pub(crate) fn read(
        &mut self,
        mut message: Cursor<'_>,
        number: u32,
        only: &[Edit],
    ) -> Result<(), WireError> {
        let wanted = Key::new(number, field::LEN).raw();
        loop {
            let start = message.offset();
            let pair = match message.plain_pair(wanted) {
                Some((key, value)) => Pair { key, value, split: false },
                None => {
                    let Some(key) = message.key()? else {
                        return Ok(());
                    };
                    if key.number() != number {
                        message.skip(key)?;
                        continue;
                    }
                    Pair::read(message.message(key)?)?
                }
            };
            let key = pair.key.rest();
            if !only.is_empty() && !only.iter().any(|edit| edit.names(key)) {
                continue;
            }
            if self.pieces.len() >= ATTRIBUTES_MAX {
                return Err(WireError::new(start, Reason::TooManyFields));
            }
            let value = pair.value.span();
            self.pieces.push(Piece {
                field: message.span_from(start),
                name: Place::Request(pair.key.span()),
                value: if pair.split { Place::Split(value) } else { Place::Request(value) },
                state: State::Kept,
            });
        }
    }

    /// The value of the first attribute with this key.
    pub(crate) fn value<'a>(&'a self, key: &[u8], request: &'a [u8]) -> Option<Value<'a>> {
        let at = self.find(key, request)?;
        self.pieces.get(at).map(|piece| piece.value.of(&self.made, request))
    }

    /// The same, if it stands in the request.
    pub(crate) fn lent<'a>(&self, key: &[u8], request: &'a [u8]) -> Option<Value<'a>> {
        let at = self.find(key, request)?;
        match self.pieces.get(at)?.value {
            Place::Made(_) => None,
            place => Some(place.of(&[], request)),
        }
    }

    #[inline]
    fn find(&self, key: &[u8], request: &[u8]) -> Option<usize> {
        let named = |piece: &Piece| {
            piece.name.len() == key.len() && piece.name.bytes(&self.made, request) == key
        };
        self.pieces.iter().position(|piece| named(piece) && piece.state != State::Gone)
    }

    /// Whether edits added something that is still there.
    pub(crate) fn adds(&self) -> bool {
        self.pieces.iter().rev().take_while(|piece| piece.field.is_empty()).any(Piece::is_added)
    }

    /// Writes what differs in the part of the message with this body, from the piece `from` on.
    /// Returns the first piece behind the part.
    pub(crate) fn write_part(
        &self,
        from: usize,
        body: Span,
        inputs: &Inputs<'_>,
        out: &mut Changes,
    ) -> Result<usize, WireError> {
        if !self.touched {
            return Ok(from);
        }
        let mut at = from;
        while let Some(piece) = self.pieces.get(at) {
            if piece.field.is_empty() || piece.field.start >= body.end {
                break;
            }
            match piece.state {
                State::Kept | State::Added => {}
                State::Gone => out.remove(piece.field),
                State::Changed => {
                    let start = out.buffer().len();
                    piece.write_changed(&self.made, inputs, out.buffer())?;
                    out.replace(piece.field, start);
                }
            }
            at = at.saturating_add(1);
        }
        Ok(at)
    }

    /// Writes the attributes that edits added, as fields `number`, at the offset `end`.
    pub(crate) fn write_added(
        &self,
        number: u32,
        end: u32,
        inputs: &Inputs<'_>,
        out: &mut Changes,
    ) {
        let start = out.buffer().len();
        let key = Key::new(number, field::LEN);
        for piece in self.pieces.iter().filter(|piece| piece.is_added()) {
            piece.write_added(key, &self.made, inputs, out.buffer());
        }
        out.replace(Span { start: end, end }, start);
    }
}

impl Piece {
    fn is_added(&self) -> bool {
        self.state == State::Added
    }

    fn write_added(&self, key: Key, made: &[u8], inputs: &Inputs<'_>, out: &mut Vec<u8>) {
        let name = self.name.bytes(made, inputs.request);
        let value = self.value.of(made, inputs.request);
        write_attribute(key, name, value, out);
    }

    /// The attribute with its `value` fields replaced by one, in the place of the first.
    fn write_changed(
        &self,
        made: &[u8],
        inputs: &Inputs<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), WireError> {
        let value = self.value.of(made, inputs.request);
        let mut cursor = Cursor::new(self.field.of(inputs.request));
        let Some(key) = cursor.key()? else {
            return Ok(());
        };
        let pair = cursor.body(key)?;
        let mut len = varint::framed(1, value.encoded_len());
        for_each_field(pair, |is_value, field| {
            len = len.saturating_add(if is_value { 0 } else { field.len() });
        })?;
        varint::write(u64::from(key.raw()), out);
        varint::write(len as u64, out);
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

impl Place {
    #[inline]
    const fn len(self) -> usize {
        let (Self::Request(span) | Self::Split(span) | Self::Made(span)) = self;
        span.len()
    }

    #[inline]
    fn bytes<'a>(self, made: &'a [u8], request: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Request(span) | Self::Split(span) => span.of(request),
            Self::Made(span) => span.of(made),
        }
    }

    fn of<'a>(self, made: &'a [u8], request: &'a [u8]) -> Value<'a> {
        let bytes = self.bytes(made, request);
        if matches!(self, Self::Split(_)) {
            Value::split(bytes, schema::ATTRIBUTE_VALUE)
        } else {
            Value::new(bytes)
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

/// Appends an attribute with this value as a field with the key `field`.
pub(crate) fn write(field: Key, name: &[u8], any_value: &[u8], out: &mut Vec<u8>) {
    write_attribute(field, name, Value::new(any_value), out);
}

#[inline]
fn write_attribute(field: Key, name: &[u8], value: Value<'_>, out: &mut Vec<u8>) {
    let name_len = varint::framed(1, name.len());
    let len = name_len.saturating_add(varint::framed(1, value.encoded_len()));
    varint::write(u64::from(field.raw()), out);
    varint::write(len as u64, out);
    write_head(KEY, name.len(), out);
    out.extend_from_slice(name);
    write_value(value, out);
}

fn write_head(key: u8, len: usize, out: &mut Vec<u8>) {
    out.push(key);
    varint::write(len as u64, out);
}

fn write_value(value: Value<'_>, out: &mut Vec<u8>) {
    write_head(VALUE, value.encoded_len(), out);
    value.append_to(out);
}
