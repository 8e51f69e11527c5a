//! Taking a refused batch apart, so that one bad request does not cost its neighbours.
//!
//! ```text
//!  [a b c d] refused -> [a b] refused -> [a] delivered, [b] refused: rejected
//!                       [c d] delivered
//! ```
//! Each level halves what holds the bad part: it is sent at most `1 + ceil(log2 n)` times. A
//! backend that refuses everything would be sent everything twice: after [`FUTILE_MAX`] batches in
//! a row of which it took no part, one request of a refused batch is tried, and the rest only if it
//! is taken. The caller sends the pieces in the order given here; nothing is sent from here.

use std::rc::Rc;

use crate::queue::batch::Sealed;
use crate::queue::receipt::Claim;

/// Batches in a row that were taken apart for nothing.
pub(super) const FUTILE_MAX: u32 = 3;

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

    /// Who waits for what is left.
    pub(super) fn claims(&self) -> Vec<Rc<Claim>> {
        self.next.iter().chain(&self.rest).flat_map(Sealed::claims).collect()
    }

    /// The next piece to send.
    pub(super) fn take(&mut self) -> Option<Sealed> {
        self.next.take().or_else(|| self.rest.pop())
    }

    /// Puts the parts of a refused piece in its place: its halves, or with `probing` its first
    /// request and the rest. False for a single request.
    pub(super) fn split(&mut self, refused: &Sealed, probing: bool) -> bool {
        let cut = if probing { refused.first_and_rest() } else { refused.halves() };
        let Some((left, right)) = cut else { return false };
        self.rest.push(right);
        self.next = Some(left);
        true
    }
}
