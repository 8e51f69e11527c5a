//! What a client waits for that wants to know what became of its request: one answer for all copies
//! that somebody waits for.
//!
//! ```text
//!  Receipt (with the client) <--- tell, or drop --- Claim (with each copy)
//! ```
//! Invariants: a claim tells once, and one that is dropped untold tells that the copy was given up,
//! so a receipt always gets its answer; nothing depends on whether the client still waits. One
//! thread only.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// gRPC's code for "not now".
const UNAVAILABLE: u8 = 14;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Every copy that is waited for is delivered.
    Delivered,
    /// It is, but for a part that the one backend did not take.
    Partial {
        /// Items not taken.
        rejected: u64,
        /// The backend's words.
        message: String,
    },
    /// A backend did not take it.
    Failed(Failure),
}

/// Why a copy was not delivered, in gRPC's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The gRPC code.
    pub code: u8,
    /// What the backend asked its clients to wait.
    pub after: Option<Duration>,
}

impl Failure {
    /// The copy was given up without a backend's word.
    pub const UNAVAILABLE: Self = Self { code: UNAVAILABLE, after: None };

    /// Whether another try may help.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self.code, 1 | 4 | 8 | 10 | 11 | 14 | 15)
    }
}

#[derive(Debug, Default)]
struct Slip {
    claims: Cell<usize>,
    untold: Cell<usize>,
    worst: RefCell<Option<Answer>>,
    waiting: RefCell<Option<Waker>>,
}

/// The client's end.
#[derive(Debug, Default)]
pub struct Receipt(Rc<Slip>);

/// A copy's end.
#[derive(Debug)]
pub struct Claim {
    slip: Rc<Slip>,
    told: Cell<bool>,
}

impl Receipt {
    /// A claim on this receipt, for one copy.
    #[must_use]
    pub fn claim(&self) -> Rc<Claim> {
        let slip = Rc::clone(&self.0);
        slip.claims.set(slip.claims.get().saturating_add(1));
        slip.untold.set(slip.untold.get().saturating_add(1));
        Rc::new(Claim { slip, told: Cell::new(false) })
    }

    /// Waits until every claim has told.
    pub async fn answer(self) -> Answer {
        poll_fn(|context| {
            if self.0.untold.get() > 0 {
                *self.0.waiting.borrow_mut() = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        let answer = self.0.worst.borrow_mut().take().unwrap_or(Answer::Delivered);
        match answer {
            // A part that one backend of several did not take says nothing about the others.
            Answer::Partial { .. } if self.0.claims.get() > 1 => Answer::Delivered,
            answer => answer,
        }
    }
}

impl Claim {
    /// Tells what became of the copy; only the first word counts.
    pub fn tell(&self, answer: Answer) {
        if self.told.replace(true) {
            return;
        }
        let mut worst = self.slip.worst.borrow_mut();
        if worst.as_ref().is_none_or(|known| rank(known) < rank(&answer)) {
            *worst = Some(answer);
        }
        drop(worst);
        self.slip.untold.set(self.slip.untold.get().saturating_sub(1));
        if self.slip.untold.get() == 0
            && let Some(waiting) = self.slip.waiting.borrow_mut().take()
        {
            waiting.wake();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.tell(Answer::Failed(Failure::UNAVAILABLE));
    }
}

/// The higher one is told: what a further try may mend goes before what it cannot.
const fn rank(answer: &Answer) -> u8 {
    match answer {
        Answer::Delivered => 0,
        Answer::Partial { .. } => 1,
        Answer::Failed(failure) if failure.is_retryable() => 3,
        Answer::Failed(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: Answer = Answer::Failed(Failure { code: 5, after: None });
    const BUSY: Answer = Answer::Failed(Failure { code: 14, after: Some(Duration::from_secs(7)) });

    fn partial() -> Answer {
        Answer::Partial { rejected: 3, message: "old".to_owned() }
    }

    async fn told(answers: &[Answer]) -> Answer {
        let receipt = Receipt::default();
        let claims: Vec<_> = answers.iter().map(|_| receipt.claim()).collect();
        for (claim, answer) in claims.iter().zip(answers) {
            claim.tell(answer.clone());
        }
        receipt.answer().await
    }

    #[tokio::test]
    async fn the_answer_is_the_worst_that_a_further_try_may_mend() {
        assert_eq!(told(&[]).await, Answer::Delivered);
        assert_eq!(told(&[Answer::Delivered, Answer::Delivered]).await, Answer::Delivered);
        assert_eq!(told(&[Answer::Delivered, GONE]).await, GONE);
        assert_eq!(told(&[BUSY, GONE]).await, BUSY);
        assert_eq!(told(&[GONE, BUSY]).await, BUSY);
        assert_eq!(told(&[partial()]).await, partial());
        assert_eq!(told(&[partial(), Answer::Delivered]).await, Answer::Delivered);
    }

    #[tokio::test]
    async fn a_claim_that_is_dropped_tells_that_its_copy_was_given_up() {
        let receipt = Receipt::default();
        let (one, other) = (receipt.claim(), receipt.claim());
        one.tell(Answer::Delivered);
        let dropping = async {
            tokio::task::yield_now().await;
            drop(other);
        };
        let (answer, ()) = tokio::join!(receipt.answer(), dropping);
        assert_eq!(answer, Answer::Failed(Failure::UNAVAILABLE));
    }

    #[test]
    fn nobody_minds_a_client_that_has_gone() {
        let receipt = Receipt::default();
        let claim = receipt.claim();
        drop(receipt);
        claim.tell(Answer::Delivered);
    }
}
