//! A block: bytes of one body, the ticket that pays for them, and the way home.
//!
//! Invariant: `capacity <= ticket.amount()`. A block is filled by its only owner, then shared as
//! `Arc<Block>` and never written again.

use std::ops::Deref;
use std::sync::Arc;

use super::budget::{Exhausted, Ticket};
use super::pool::{Home, class_size};

/// Pooled bytes with their ticket.
#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
    ticket: Ticket,
    home: Arc<Home>,
}

impl Block {
    /// A block of at least `capacity` bytes; the ticket is grown or cut to the block's size.
    ///
    /// # Errors
    /// [`Exhausted`] when the ticket cannot grow to the block's size.
    pub fn new(home: &Arc<Home>, capacity: usize, mut ticket: Ticket) -> Result<Self, Exhausted> {
        let size = class_size(capacity);
        if let Some(more) = size.checked_sub(ticket.amount()) {
            ticket.grow(more)?;
        }
        let bytes = home.take(capacity);
        ticket.shrink_to(bytes.capacity().max(size));
        Ok(Self { bytes, ticket, home: Arc::clone(home) })
    }

    /// Makes room for `more` bytes; a larger block takes this one's place when needed, at least
    /// doubling, so that the copies of a growing body sum up to less than its size.
    ///
    /// # Errors
    /// [`Exhausted`] when there is no ticket for the larger block; this one is as it was.
    pub fn reserve(&mut self, more: usize) -> Result<(), Exhausted> {
        let needed = self.bytes.len().saturating_add(more);
        if needed <= self.bytes.capacity() {
            return Ok(());
        }
        let doubled = class_size(needed.max(self.bytes.capacity().saturating_mul(2)));
        let exact = class_size(needed);
        let held = self.ticket.amount();
        // Both blocks exist during the copy: the ticket covers the larger one, the old one is slack
        // of the shard for that moment.
        let size = match self.ticket.grow(doubled.saturating_sub(held)) {
            Ok(()) => doubled,
            Err(_) => {
                self.ticket.grow(exact.saturating_sub(held))?;
                exact
            }
        };
        let mut larger = self.home.take(size);
        larger.extend_from_slice(&self.bytes);
        let smaller = std::mem::replace(&mut self.bytes, larger);
        self.home.give(smaller);
        Ok(())
    }

    /// Appends bytes for which [`Block::reserve`] or [`Block::new`] made room.
    pub fn put(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.len() <= self.room(), "room was not reserved");
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes that fit without growing.
    #[must_use]
    pub fn room(&self) -> usize {
        self.bytes.capacity().saturating_sub(self.bytes.len())
    }

    /// What the block occupies.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The vector itself, for a writer that fills spare capacity (a decompressor). It must not be
    /// made to grow.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Where blocks of this shard come from.
    #[must_use]
    pub const fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// The ticket that pays for the block.
    #[must_use]
    pub const fn ticket(&self) -> &Ticket {
        &self.ticket
    }
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.home.give(std::mem::take(&mut self.bytes));
    }
}
