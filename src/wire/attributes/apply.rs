//! What each action does to a list of attributes.

use super::{Inputs, List, Piece, Place, State};
use crate::edit::{Action, Edit, Extract, Keys, Pattern, Source, Transform};
use crate::error::{Reason, WireError};
use crate::segments::Span;
use crate::value::{Kind, Value};
use crate::varint;

/// The key of the text in an `AnyValue`: field 1, length-delimited.
const TEXT: u8 = 0x0a;

/// A new value: one that the list has already, or bytes that are not yet in `made`.
#[derive(Clone, Copy)]
enum Brought<'a> {
    Place(Place),
    Bytes(&'a [u8]),
}

impl List {
    /// Applies the edits in order.
    ///
    /// # Errors
    /// The edits make more bytes than they may.
    pub(crate) fn apply<'e>(
        &mut self,
        edits: impl IntoIterator<Item = &'e Edit>,
        inputs: &Inputs<'_>,
    ) -> Result<(), WireError> {
        for edit in edits {
            match &edit.keys {
                Keys::One(key) => self.apply_one(key, &edit.action, inputs),
                Keys::Matching(pattern) => self.apply_all(&**pattern, &edit.action, inputs),
            }
            if self.made.len() > inputs.limit {
                return Err(WireError::new(0, Reason::EditsTooLarge(inputs.limit)));
            }
        }
        Ok(())
    }

    fn apply_one(&mut self, key: &[u8], action: &Action, inputs: &Inputs<'_>) {
        let found = self.find(key, inputs.request);
        match (action, found) {
            (Action::Delete, Some(at)) => self.remove(at),
            (Action::Replace(transform), Some(at)) => self.transform(at, &**transform, inputs),
            (Action::Extract(extract), Some(at)) => self.extract(at, &**extract, inputs),
            (Action::Update(source) | Action::Upsert(source), Some(at)) => {
                if let Some(value) = self.source(source, inputs) {
                    self.set(at, value, inputs);
                }
            }
            (Action::Insert(source) | Action::Upsert(source), None) => {
                if let Some(value) = self.source(source, inputs) {
                    self.add(key, value);
                }
            }
            (Action::Insert(_), Some(_))
            | (Action::Delete | Action::Replace(_) | Action::Extract(_), None)
            | (Action::Update(_), None) => {}
        }
    }

    fn apply_all(&mut self, pattern: &dyn Pattern, action: &Action, inputs: &Inputs<'_>) {
        for at in 0..self.pieces.len() {
            let Some(piece) = self.pieces.get(at) else { break };
            let name = piece.name.bytes(&self.made, inputs.request);
            if piece.state == State::Gone || !pattern.matches(name) {
                continue;
            }
            match action {
                Action::Delete => self.remove(at),
                Action::Replace(transform) => self.transform(at, &**transform, inputs),
                Action::Insert(_) | Action::Update(_) | Action::Upsert(_) | Action::Extract(_) => {}
            }
        }
    }

    fn remove(&mut self, at: usize) {
        if let Some(piece) = self.pieces.get_mut(at) {
            piece.state = State::Gone;
        }
    }

    fn source<'a>(&self, source: &'a Source, inputs: &Inputs<'a>) -> Option<Brought<'a>> {
        let mut default = None;
        let mut source = source;
        let found = loop {
            match source {
                Source::Or(inner, bytes) => {
                    (source, default) = (inner, Some(Brought::Bytes(bytes)))
                }
                Source::Value(bytes) => break Some(Brought::Bytes(bytes)),
                Source::Slot(at) => {
                    break inputs.slots.get(*at).copied().flatten().map(Brought::Bytes);
                }
                Source::Attribute(key) => {
                    let at = self.find(key, inputs.request);
                    let piece = at.and_then(|at| self.pieces.get(at));
                    break piece.map(|piece| Brought::Place(piece.value));
                }
            }
        };
        found.or(default)
    }

    /// Gives the attribute another value; the same value is no change.
    fn set(&mut self, at: usize, value: Brought<'_>, inputs: &Inputs<'_>) {
        let Some(piece) = self.pieces.get(at) else { return };
        let old = piece.value.of(&self.made, inputs.request);
        let same = match value {
            Brought::Place(place) => place.of(&self.made, inputs.request).same_bytes(&old),
            Brought::Bytes(bytes) => Value::new(bytes).same_bytes(&old),
        };
        if same {
            return;
        }
        let value = self.place(value);
        if let Some(piece) = self.pieces.get_mut(at) {
            piece.value = value;
            if piece.state == State::Kept {
                piece.state = State::Changed;
            }
        }
    }

    fn add(&mut self, key: &[u8], value: Brought<'_>) {
        let name = self.place(Brought::Bytes(key));
        let value = self.place(value);
        self.pieces.push(Piece { field: Span::default(), name, value, state: State::Added });
    }

    fn place(&mut self, value: Brought<'_>) -> Place {
        match value {
            Brought::Place(place) => place,
            Brought::Bytes(bytes) => {
                let start = self.made.len();
                self.made.extend_from_slice(bytes);
                Place::Made(Span::new(start, self.made.len()))
            }
        }
    }

    fn transform(&mut self, at: usize, transform: &dyn Transform, inputs: &Inputs<'_>) {
        let Some(piece) = self.pieces.get(at) else { return };
        let value = piece.value.of(&self.made, inputs.request);
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.clear();
        if transform.apply(value, &mut fresh) {
            self.set(at, Brought::Bytes(&fresh), inputs);
        }
        self.fresh = fresh;
    }

    fn extract(&mut self, at: usize, extract: &dyn Extract, inputs: &Inputs<'_>) {
        let Some(piece) = self.pieces.get(at) else { return };
        let Kind::String(text) = piece.value.of(&self.made, inputs.request).kind() else {
            return;
        };
        // The text may lie in `made`, which upserting changes: what is put is collected first.
        let (mut fresh, mut puts) =
            (std::mem::take(&mut self.fresh), std::mem::take(&mut self.puts));
        fresh.clear();
        puts.clear();
        extract.extract(text, &mut |key, text| {
            let start = fresh.len();
            fresh.extend_from_slice(key);
            let middle = fresh.len();
            fresh.push(TEXT);
            varint::write(text.len() as u64, &mut fresh);
            fresh.extend_from_slice(text);
            puts.push([Span::new(start, middle), Span::new(middle, fresh.len())]);
        });
        for [key, value] in &puts {
            let (key, value) = (key.of(&fresh), Brought::Bytes(value.of(&fresh)));
            match self.find(key, inputs.request) {
                Some(at) => self.set(at, value, inputs),
                None => self.add(key, value),
            }
        }
        (self.fresh, self.puts) = (fresh, puts);
    }
}
