//! What the gateway says about itself: counters, the ledger, the metrics page's text, logs.
//!
//! ```text
//!  shard 0 ─ meters ─> its own cells ─┐
//!  shard 1 ─ meters ─> its own cells ─┼─ scrape: read, add up ─> text
//!  shard n ─ rows ───> its own ledger ┘
//! ```
//! Whoever counts, writes a cell that no other thread writes; whoever reads, adds up. Nothing here
//! is shared between two writers, so counting costs a load and a store. This room serves no
//! requests: `admin` does.

pub mod cells;
pub mod ledger;
pub mod log;
pub mod names;
pub mod scrape;
