//! The oracle: the crate against prost, which decodes, edits and encodes slowly and plainly.
//!
//! What is compared: which requests are accepted, how many items they hold, what attributes a
//! resource has, what edits make of it and of its items, what a look-up finds, and what splitting and joining
//! keep. On named seeds (`traps`), and on messages made from random choices (`random`). The fuzz
//! targets run the same comparisons on the same seeds.
#![expect(clippy::expect_used, reason = "an oracle reports a disagreement by panicking")]

mod check;
mod draw;
mod full;
mod items;
mod numbers;
mod random;
mod seeds;
mod shapes;
mod skeleton;
mod survival;
mod tools;
mod traps;
