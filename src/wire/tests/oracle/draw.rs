//! Choices out of bytes: what makes a random message, and random edits, from a fuzzer's or
//! proptest's input. When the bytes run out every choice is the first, so inputs shrink well.

use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode;

/// Keys of attributes, in messages and in edits alike, so that they meet.
pub(crate) const KEYS: [&str; 6] = ["a", "service.name", "b", "", "telemetry.sdk.language", "ключ"];

/// A supply of choices.
pub(crate) struct Draw<'a> {
    bytes: &'a [u8],
}

/// Edits and the values that the request brings for their slots.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) edits: Vec<Edit>,
    pub(crate) slots: Vec<Option<Vec<u8>>>,
}

impl Plan {
    pub(crate) fn slots(&self) -> Vec<Option<&[u8]>> {
        self.slots.iter().map(Option::as_deref).collect()
    }
}

impl<'a> Draw<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        first
    }

    /// A number below `count`; 0 when the bytes have run out.
    pub(crate) fn pick(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// True once in `count`, never when the bytes have run out.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.pick(count) == count - 1
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.pick(choices.len());
        *choices.get(at).expect("pick stays below the count")
    }

    /// In order, reversed, or mixed.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        match self.pick(3) {
            0 => {}
            1 => items.reverse(),
            _ => (1..items.len()).for_each(|at| items.swap(at, self.pick(at + 1))),
        }
    }

    pub(crate) fn bytes(&mut self, longest: usize) -> Vec<u8> {
        (0..self.pick(longest + 1)).map(|_| self.byte()).collect()
    }

    /// An encoded `AnyValue` that prost accepts.
    pub(crate) fn any_value(&mut self) -> Vec<u8> {
        match self.pick(12) {
            0 => encode::any_value_string("x"),
            1 => encode::any_value_string("production"),
            2 => encode::any_value_string(&"v".repeat(100 + self.pick(64))),
            3 => encode::any_value_int(-1),
            4 => encode::any_value_int(i64::from(self.byte())),
            5 => encode::any_value_bool(false),
            6 => encode::any_value_double(f64::NAN),
            7 => encode::any_value_bytes(&self.bytes(9)),
            8 => encode::any_value_array(&[encode::any_value_int(1), Vec::new()]),
            9 => encode::any_value_map(&[("k", encode::any_value_bool(true))]),
            10 => [encode::any_value_string("x"), encode::any_value_int(7)].concat(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn plan(&mut self) -> Plan {
        let edits = (0..self.pick(5)).map(|_| self.edit()).collect();
        let slots = vec![Some(self.any_value()), None, Some(self.any_value())];
        Plan { edits, slots }
    }

    fn edit(&mut self) -> Edit {
        let key = self.of(&KEYS).as_bytes();
        let action = match self.pick(4) {
            0 => Action::Upsert(self.source()),
            1 => Action::Delete,
            2 => Action::Insert(self.source()),
            _ => Action::Update(self.source()),
        };
        Edit::new(key, action)
    }

    fn source(&mut self) -> Source {
        match self.pick(3) {
            0 => Source::Value(self.any_value().into()),
            1 => Source::Attribute(self.of(&KEYS).as_bytes().into()),
            _ => Source::Slot(self.pick(4)),
        }
    }
}
