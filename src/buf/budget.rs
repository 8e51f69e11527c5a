//! One bounded quantity for the whole process, leased to shards in strides.
//!
//! The same type bounds bytes (`memory_limiter`) and queue slots (`sending_queue.queue_size`).
//!
//! ```text
//!  sum of tickets + sum of spares = leased <= limit
//! ```
//! A shard takes from its own spare without touching the shared counter, asks for a stride when the
//! spare is short, and gives back what exceeds two strides. A shard that finds nothing left raises
//! `starving`: every lease then gives its whole spare back at its next release or sweep, so what
//! one shard hoards is never more than two strides and not for long.
//!
//! It does not queue or wake waiters; a refusal is an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The process-wide quantity.
#[derive(Debug)]
pub struct Budget {
    limit: AtomicUsize,
    soft: AtomicUsize,
    leased: AtomicUsize,
    starving: AtomicBool,
    stride: usize,
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
}

/// An amount taken from a budget; dropping it gives it back.
#[derive(Debug)]
pub struct Ticket {
    lease: Arc<Lease>,
    amount: usize,
}

impl Budget {
    /// `soft <= limit`: new admissions stop at `soft`, growth of what is admitted at `limit`.
    /// The stride is chosen so that all shards' spares together stay below an eighth of the limit.
    #[must_use]
    pub fn new(limit: usize, soft: usize, shards: usize, stride_max: usize) -> Arc<Self> {
        let stride = (limit / shards.max(1) / 16).clamp(1, stride_max.max(1));
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            soft: AtomicUsize::new(soft.min(limit)),
            leased: AtomicUsize::new(0),
            starving: AtomicBool::new(false),
            stride,
        })
    }

    /// Changes the bounds; what is already held stays held.
    pub fn resize(&self, limit: usize, soft: usize) {
        self.limit.store(limit, Ordering::Relaxed);
        self.soft.store(soft.min(limit), Ordering::Relaxed);
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
        Arc::new(Lease { budget: Arc::clone(self), spare: AtomicUsize::new(0) })
    }

    fn take(&self, amount: usize, ceiling: usize) -> Result<(), Exhausted> {
        let taken = self.leased.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |leased| {
            leased.checked_add(amount).filter(|sum| *sum <= ceiling)
        });
        match taken {
            Ok(_) => Ok(()),
            Err(leased) => {
                self.starving.store(true, Ordering::Relaxed);
                Err(Exhausted { wanted: amount, leased, ceiling })
            }
        }
    }

    fn give(&self, amount: usize) {
        let before = self.leased.fetch_sub(amount, Ordering::AcqRel);
        debug_assert!(before >= amount, "gave back {amount} of {before}");
    }
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

    /// Gives the spare back when another shard starves. Called by the shard's sweep.
    pub fn sweep(&self) {
        if self.budget.starving.load(Ordering::Relaxed) {
            self.budget.give(self.spare.swap(0, Ordering::AcqRel));
            self.budget.starving.store(false, Ordering::Relaxed);
        }
    }

    fn acquire(&self, amount: usize, ceiling: usize) -> Result<(), Exhausted> {
        let spare = self.spare.load(Ordering::Relaxed);
        let held = self.budget.leased().saturating_sub(spare);
        if held.saturating_add(amount) > ceiling {
            self.budget.starving.store(true, Ordering::Relaxed);
            return Err(Exhausted { wanted: amount, leased: held, ceiling });
        }
        let from_spare = self
            .spare
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |spare| spare.checked_sub(amount));
        if from_spare.is_ok() {
            return Ok(());
        }
        let stride = self.budget.stride;
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
                Err(exhausted)
            }
        }
    }

    fn release(&self, amount: usize) {
        let spare = self.spare.fetch_add(amount, Ordering::AcqRel).saturating_add(amount);
        let starving = self.budget.starving.load(Ordering::Relaxed);
        let keep = if starving { 0 } else { self.budget.stride };
        if starving || spare > self.budget.stride.saturating_mul(2) {
            let surplus = self.spare.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |spare| {
                (spare > keep).then_some(keep)
            });
            if let Ok(spare) = surplus {
                self.budget.give(spare.saturating_sub(keep));
            }
            if starving {
                self.budget.starving.store(false, Ordering::Relaxed);
            }
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
