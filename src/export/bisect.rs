//! Taking a refused batch apart, so that one bad request does not cost its neighbours.
//!
//! ```text
//!  [a b c d] refused -> [a b] refused -> [a] delivered, [b] refused: rejected
//!                       [c d] delivered
//! ```
//! Each level halves what holds the bad part: it is sent at most `1 + ceil(log2 n)` times. The
//! caller sends the pieces in the order given here; nothing is sent from here.

use crate::queue::batch::Sealed;

/// What is still to be sent of one batch.
#[derive(Debug)]
pub(super) struct Pieces {
    next: Option<Sealed>,
    rest: Vec<Sealed>,
}

impl Pieces {
    /// All of a batch in one piece.
    pub(super) const fn whole(batch: Sealed) -> Self {
        Self { next: Some(batch), rest: Vec::new() }
    }

    /// The next piece to send.
    pub(super) fn take(&mut self) -> Option<Sealed> {
        self.next.take().or_else(|| self.rest.pop())
    }

    /// Puts the halves of a refused piece in its place; false for a single request.
    pub(super) fn split(&mut self, refused: &Sealed) -> bool {
        let Some((left, right)) = refused.halves() else {
            return false;
        };
        self.rest.push(right);
        self.next = Some(left);
        true
    }
}
