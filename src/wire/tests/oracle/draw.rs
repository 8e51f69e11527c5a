//! Choices out of bytes: what makes a random message, and random edits, from a fuzzer's or
//! proptest's input. When the bytes run out every choice is the first, so inputs shrink well.

use crate::tools::{Asks, Halves, Turn, With};
use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode;
use spanyard_wire::items::{ItemFilter, ItemStep};
use std::sync::Arc;

/// Keys of attributes, in messages and in edits alike, so that they meet.
pub(crate) const KEYS: [&str; 6] = ["a", "service.name", "b", "", "telemetry.sdk.language", "ключ"];

/// A supply of choices.
pub(crate) struct Draw<'a> {
    bytes: &'a [u8],
}

/// Names of spans and metrics, in messages and in filters.
pub(crate) const NAMES: [&str; 3] = ["GET /orders", "", "queue.size"];

/// Edits of the resource and of items, and the values that the request brings for their slots.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) edits: Vec<Edit>,
    pub(crate) steps: Vec<ItemStep>,
    /// The filter of each step.
    pub(crate) asks: Vec<Option<Asks>>,
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
        let edits = (0..self.pick(4)).map(|_| self.edit()).collect();
        let mut plan = Plan { edits, steps: Vec::new(), asks: Vec::new(), slots: Vec::new() };
        for _ in 0..self.pick(4) {
            let edits = (0..1 + self.pick(2)).map(|_| self.edit()).collect();
            let asks = self.one_in(2).then(|| self.asks());
            let filter = asks.clone().map(|asks| Arc::new(asks) as Arc<dyn ItemFilter>);
            plan.steps.push(ItemStep::new(edits, filter));
            plan.asks.push(asks);
        }
        plan.slots = vec![Some(self.any_value()), None, Some(self.any_value())];
        plan
    }

    fn asks(&mut self) -> Asks {
        match self.pick(7) {
            0 => Asks::Has(self.of(&KEYS)),
            1 => Asks::Name(self.of(&NAMES)),
            2 => Asks::Kind(i32::from(self.byte() % 3)),
            3 => Asks::Text(self.of(&KEYS), self.of(&["x", "production"])),
            4 => Asks::Scope(self.of(&["library", ""]), self.of(&["", "1.0"])),
            5 => Asks::Severity(i32::from(self.byte() % 3), self.of(&["", "WARN"])),
            _ => Asks::Body(self.of(&["x", "production"])),
        }
    }

    fn edit(&mut self) -> Edit {
        let key = self.of(&KEYS).as_bytes();
        let action = match self.pick(8) {
            0 => Action::Upsert(self.source()),
            1 => Action::Delete,
            2 => Action::Insert(self.source()),
            3 => Action::Update(self.source()),
            4 => Action::Replace(Arc::new(Turn)),
            5 => {
                let target = |draw: &mut Self| draw.of(&KEYS).as_bytes().into();
                Action::Extract(Arc::new(Halves([target(self), target(self)])))
            }
            6 => return Edit::matching(self.pattern(), Action::Delete),
            _ => return Edit::matching(self.pattern(), Action::Replace(Arc::new(Turn))),
        };
        Edit::new(key, action)
    }

    fn pattern(&mut self) -> Arc<With> {
        Arc::new(With(self.of(b"aeb.")))
    }

    fn source(&mut self) -> Source {
        match self.pick(4) {
            0 => Source::Value(self.any_value().into()),
            1 => Source::Attribute(self.of(&KEYS).as_bytes().into()),
            2 => Source::Slot(self.pick(4)),
            _ => Source::Or(Box::new(self.source()), self.any_value().into()),
        }
    }
}
