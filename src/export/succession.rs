//! A crew whose settings a reload has changed: what it has begun it ends through the crew that has
//! the new ones.
//!
//! ```text
//!  crew (old settings) -- heir --> crew -- heir --> crew (today's settings)
//! ```
//! An attempt under way ends as it began; the next one, and a wait for it, follow the last crew of
//! the chain. A crew never comes back: chains only grow at their end and end with their workers.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::Notify;

use super::worker::Crew;

/// Who comes after a crew, if anyone does.
#[derive(Default)]
pub(super) struct Succession {
    heir: RefCell<Option<Rc<Crew>>>,
    told: Notify,
}

impl Succession {
    /// From now on `heir` does what this crew did.
    pub(super) fn settle(&self, heir: &Rc<Crew>) {
        let _ = self.heir.borrow_mut().get_or_insert_with(|| Rc::clone(heir));
        self.told.notify_waiters();
    }

    /// Waits until there is an heir.
    pub(super) async fn over(&self) {
        let told = self.told.notified();
        if self.heir.borrow().is_none() {
            told.await;
        }
    }

    /// The last crew of the chain that begins with this one.
    pub(super) fn last(crew: &Rc<Crew>) -> Rc<Crew> {
        let mut last = Rc::clone(crew);
        loop {
            let next = last.succession.heir.borrow().clone();
            match next {
                Some(next) => last = next,
                None => return last,
            }
        }
    }
}
