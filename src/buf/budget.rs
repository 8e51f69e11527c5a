//! One bounded quantity for the whole process, leased to shards in strides.
//!
//! The same type bounds bytes (`memory_limiter`) and queue slots (`sending_queue.queue_size`).
//!
//! ```text
//!  sum of tickets + sum of spares = leased <= limit
//! ```
//! A shard takes from its own spare without touching the shared counter, asks for a stride when the
//! spare is short, and gives back what exceeds two strides. A refusal starts a new `famine`: every
//! lease that notices, at its next release or sweep, gives its whole spare back once. So what one
//! shard hoards is never more than two strides, and not for long.
//!
//! It does not queue or wake waiters; a refusal is an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The process-wide quantity.
#[derive(Debug)]
pub struct Budget {
    limit: AtomicUsize,
    soft: AtomicUsize,
    leased: AtomicUsize,
    famine: AtomicU64,
    shards: usize,
    stride: AtomicUsize,
    stride_max: usize,
}

/// There is not enough left. The caller refuses the request; nothing has been taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// What was asked for.
    pub wanted: usize,
    /// What all shards hold together.
    pub leased: usize,
    /// The bound that would have been passed.
    pub ceiling: usize,
}

/// One shard's share of a [`Budget`].
#[derive(Debug)]
pub struct Lease {
    budget: Arc<Budget>,
    spare: AtomicUsize,
    famine_seen: AtomicU64,
}

/// An amount taken from a budget; dropping it gives it back.
#[derive(Debug)]
pub struct Ticket {
    lease: Arc<Lease>,
    amount: usize,
}

impl Budget {
    /// `soft <= limit`: new admissions stop at `soft`, growth of what is admitted at `limit`.
    /// The stride is a sixteenth of a shard's part of the limit, at least 1 and at most
    /// `stride_max`: all spares together stay below an eighth of a large limit. It changes with the
    /// limit.
    #[must_use]
    pub fn new(limit: usize, soft: usize, shards: usize, stride_max: usize) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            soft: AtomicUsize::new(soft.min(limit)),
            leased: AtomicUsize::new(0),
            famine: AtomicU64::new(0),
            shards,
            stride: AtomicUsize::new(stride_of(limit, shards, stride_max)),
            stride_max,
        })
    }

    /// Changes the bounds; what is already held stays held.
    pub fn resize(&self, limit: usize, soft: usize) {
        self.limit.store(limit, Ordering::Relaxed);
        self.soft.store(soft.min(limit), Ordering::Relaxed);
        self.stride.store(stride_of(limit, self.shards, self.stride_max), Ordering::Relaxed);
    }

    fn stride(&self) -> usize {
        self.stride.load(Ordering::Relaxed)
    }

    /// The hard bound.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// The bound for new admissions.
    #[must_use]
    pub fn soft(&self) -> usize {
        self.soft.load(Ordering::Relaxed)
    }

    /// What shards hold, spares included.
    #[must_use]
    pub fn leased(&self) -> usize {
        self.leased.load(Ordering::Relaxed)
    }

    /// A share for one shard.
    #[must_use]
    pub fn lease(self: &Arc<Self>) -> Arc<Lease> {
        Arc::new(Lease {
            budget: Arc::clone(self),
            spare: AtomicUsize::new(0),
            famine_seen: AtomicU64::new(self.famine.load(Ordering::Relaxed)),
        })
    }

    fn take(&self, amount: usize, ceiling: usize) -> Result<(), Exhausted> {
        let taken = self.leased.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |leased| {
            leased.checked_add(amount).filter(|sum| *sum <= ceiling)
        });
        taken.map(drop).map_err(|leased| Exhausted { wanted: amount, leased, ceiling })
    }

    fn give(&self, amount: usize) {
        let before = self.leased.fetch_sub(amount, Ordering::AcqRel);
        debug_assert!(before >= amount, "gave back {amount} of {before}");
    }
}

/// How much a lease takes at once under this limit.
fn stride_of(limit: usize, shards: usize, stride_max: usize) -> usize {
    (limit / shards.max(1) / 16).clamp(1, stride_max.max(1))
}

impl Lease {
    /// A ticket for something new: refused above `ceiling` or the soft bound, whichever is lower.
    ///
    /// # Errors
    /// [`Exhausted`] when the bound would be passed.
    pub fn admit(self: &Arc<Self>, amount: usize, ceiling: usize) -> Result<Ticket, Exhausted> {
        self.acquire(amount, ceiling.min(self.budget.soft()))?;
        Ok(Ticket { lease: Arc::clone(self), amount })
    }

    /// A ticket for work on something already admitted: refused above the hard bound only.
    ///
    /// # Errors
    /// [`Exhausted`] when the bound would be passed.
    pub fn ticket(self: &Arc<Self>, amount: usize) -> Result<Ticket, Exhausted> {
        self.acquire(amount, self.budget.limit())?;
        Ok(Ticket { lease: Arc::clone(self), amount })
    }

    /// A ticket for nothing, to be grown later.
    #[must_use]
    pub fn empty(self: &Arc<Self>) -> Ticket {
        Ticket { lease: Arc::clone(self), amount: 0 }
    }

    /// The budget this is a share of.
    #[must_use]
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Gives the spare back when a shard has been refused since the last time. Called by the
    /// shard's sweep, for a lease that nothing is released to.
    pub fn sweep(&self) {
        if self.notices_famine() {
            self.budget.give(self.spare.swap(0, Ordering::AcqRel));
        }
    }

    fn notices_famine(&self) -> bool {
        let famine = self.budget.famine.load(Ordering::Relaxed);
        self.famine_seen.swap(famine, Ordering::Relaxed) != famine
    }

    /// A refusal: the others are asked for their spares.
    fn starve(&self, exhausted: Exhausted) -> Exhausted {
        let famine = self.budget.famine.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        self.famine_seen.store(famine, Ordering::Relaxed);
        exhausted
    }

    fn acquire(&self, amount: usize, ceiling: usize) -> Result<(), Exhausted> {
        let spare = self.spare.load(Ordering::Relaxed);
        let held = self.budget.leased().saturating_sub(spare);
        if held.saturating_add(amount) > ceiling {
            return Err(self.starve(Exhausted { wanted: amount, leased: held, ceiling }));
        }
        let from_spare = self
            .spare
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |spare| spare.checked_sub(amount));
        if from_spare.is_ok() {
            return Ok(());
        }
        let stride = self.budget.stride();
        let limit = self.budget.limit();
        if self.budget.take(amount.saturating_add(stride), limit).is_ok() {
            let _ = self.spare.fetch_add(stride, Ordering::AcqRel);
            return Ok(());
        }
        let spare = self.spare.swap(0, Ordering::AcqRel);
        let missing = amount.saturating_sub(spare);
        match self.budget.take(missing, limit) {
            Ok(()) => {
                let left = spare.saturating_add(missing).saturating_sub(amount);
                let _ = self.spare.fetch_add(left, Ordering::AcqRel);
                Ok(())
            }
            Err(exhausted) => {
                let _ = self.spare.fetch_add(spare, Ordering::AcqRel);
                Err(self.starve(exhausted))
            }
        }
    }

    fn release(&self, amount: usize) {
        let spare = self.spare.fetch_add(amount, Ordering::AcqRel).saturating_add(amount);
        let famine = self.notices_famine();
        if !famine && spare <= self.budget.stride().saturating_mul(2) {
            return;
        }
        let keep = if famine { 0 } else { self.budget.stride() };
        let surplus = self.spare.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |spare| {
            (spare > keep).then_some(keep)
        });
        if let Ok(spare) = surplus {
            self.budget.give(spare.saturating_sub(keep));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.give(*self.spare.get_mut());
    }
}

impl Ticket {
    /// What it is good for.
    #[must_use]
    pub const fn amount(&self) -> usize {
        self.amount
    }

    /// Takes `more` up to the hard bound. A refusal leaves the ticket as it was.
    ///
    /// # Errors
    /// [`Exhausted`] when the bound would be passed.
    pub fn grow(&mut self, more: usize) -> Result<(), Exhausted> {
        self.lease.acquire(more, self.lease.budget.limit())?;
        self.amount = self.amount.saturating_add(more);
        Ok(())
    }

    /// Gives back everything above `amount`.
    pub fn shrink_to(&mut self, amount: usize) {
        if let Some(surplus) = self.amount.checked_sub(amount) {
            self.amount = amount;
            self.lease.release(surplus);
        }
    }

    /// Takes over what `other`, a ticket of the same lease, is good for.
    pub fn absorb(&mut self, mut other: Self) {
        debug_assert!(Arc::ptr_eq(&self.lease, &other.lease), "tickets of two leases");
        self.amount = self.amount.saturating_add(other.amount);
        other.amount = 0;
    }

    /// The lease it came from.
    #[must_use]
    pub const fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.amount > 0 {
            self.lease.release(self.amount);
        }
    }
}
