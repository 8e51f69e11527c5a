//! Proof of delivery: which spans arrived, how often, whole, and where they belong.
//!
//! `Receiver` is the sink's side: it takes encoded requests and keeps, for each run, one bit for
//! each sequence number. `prove` is the sender's side: it compares what was acknowledged with the
//! bits of all sinks. Memory is bounded: see the constants. A span whose checksum is wrong sets no
//! bit (its id cannot be trusted), so it shows as corrupted here and as lost in the proof.

mod bitmap;
mod proof;
mod receiver;
#[cfg(test)]
mod tests;

pub use bitmap::Bitmap;
pub use proof::{Acknowledged, Evidence, Proof, prove};
pub use receiver::{Counts, Receiver};

/// Runs whose sequences are tracked; spans of further runs are counted as `untracked`.
/// Worst case with `SEQUENCE_MAX`: 8 runs of 128 MiB.
const RUNS_MAX: usize = 8;
/// Highest sequence tracked. One bit each: 128 MiB for a run of a thousand million spans.
const SEQUENCE_MAX: u64 = 1 << 30;
/// Foreign spans remembered, 24 bytes each plus the table's slack: about 100 MiB.
const FOREIGN_MAX: usize = 2_000_000;
/// Distinct `key=value` pairs counted; further ones go to the pair `others=`.
const ATTRIBUTES_MAX: usize = 1_024;

/// What a sink expects of the resource of every span; a span without it is misrouted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The resource attribute.
    pub key: String,
    /// Its value, or nothing where the attribute must be absent.
    pub value: Option<String>,
}

impl Expect {
    /// Reads `key=value`, or `!key` for an attribute that must be absent.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(key) = text.strip_prefix('!') {
            return Ok(Self { key: key.to_owned(), value: None });
        }
        let (key, value) =
            text.split_once('=').ok_or_else(|| format!("{text:?}: expected key=value or !key"))?;
        Ok(Self { key: key.to_owned(), value: Some(value.to_owned()) })
    }
}
