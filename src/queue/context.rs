//! Values of request headers that travel with a payload to its destination (`from_context`).
//!
//! Invariants: copies that leave as one request have the same values, because the values are part
//! of the merge key; the bytes are paid for by a ticket, once for all copies that share them.

use http::HeaderValue;

use crate::buf::budget::Ticket;

/// The values of a destination's context keys, in the order of `Target::context_keys`.
#[derive(Debug)]
pub struct Context {
    values: Vec<Carried>,
    _paid: Ticket,
}

/// What a request had to say under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// Nothing.
    Absent,
    /// One value.
    One(HeaderValue),
    /// That many, of which none can be chosen.
    Several(usize),
}

impl Context {
    /// Values and what pays for them.
    #[must_use]
    pub const fn new(values: Vec<Carried>, paid: Ticket) -> Self {
        Self { values, _paid: paid }
    }

    /// The value at a place; absent where there is none.
    #[must_use]
    pub fn at(&self, place: usize) -> &Carried {
        self.values.get(place).unwrap_or(&Carried::Absent)
    }
}
