//! Who may hold how many bytes, and the blocks that hold them.
//!
//! ```text
//!  Budget (process) -> Lease (shard) -> Ticket -> Block -> Chunk -> Payload
//! ```
//! Invariants: bytes in tickets <= `Budget::limit`; a [`block::Block`] never holds more than its
//! ticket; a ticket goes back when the last chunk of its block is dropped, on whatever thread that
//! happens. Nothing here waits: what cannot be had is refused at once.

pub mod block;
pub mod budget;
pub mod payload;
pub mod pool;

#[cfg(test)]
mod tests;
