//! What attribute actions do to values, and the tests that say on which items they act.
//!
//! ```text
//! hash convert extract ....... a value becomes another one
//! pattern .................... keys by regular expression
//! select ..................... `include` and `exclude`
//! text json number regexp .... how Go writes and reads what is compared and converted
//! ```
//! Everything here is a function of its arguments and is made once, when a file is loaded; the wire
//! crate calls it where an edit names it. The results are the Collector's, as observed; where its
//! results are mistakes (infinite numbers as text, numbers out of range), values stay as they are.
//! Nothing is routed or edited here.

pub mod convert;
pub mod extract;
pub mod hash;
mod json;
pub mod number;
pub mod pattern;
pub mod regexp;
pub mod select;
pub mod text;
mod tree;

#[cfg(test)]
mod tests;
