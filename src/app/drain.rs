//! What a drain could not deliver.

use std::fmt;

use crate::units::Weight;

/// Acknowledged and not delivered when the gateway stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Never sent.
    pub unsent: Weight,
    /// Sent, and the backend had not answered: it may have them.
    pub sent_unanswered: Weight,
}

impl Losses {
    /// The sum of two.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            unsent: self.unsent.plus(other.unsent),
            sent_unanswered: self.sent_unanswered.plus(other.sent_unanswered),
        }
    }

    /// Whether nothing was lost.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Losses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unsent, sent_unanswered } = self;
        write!(
            out,
            "unsent: {} items of {} requests; sent, not answered: {} items of {} requests",
            unsent.items, unsent.requests, sent_unanswered.items, sent_unanswered.requests
        )
    }
}
