//! Newtypes for ids and sizes, so that an index of one kind cannot be used as another.
//!
//! They carry no behaviour beyond conversion; arithmetic on plain integers stays with its owner.

/// Index of a destination in [`crate::config::plan::Plan::destinations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DestinationId(pub usize);

/// Index of a receiver in [`crate::config::plan::Plan::receivers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReceiverId(pub usize);

/// One KiB in bytes.
pub const KIB: usize = 1024;
/// One MiB in bytes.
pub const MIB: usize = 1024 * KIB;

/// What a payload weighs in the ledger: items (spans, data points or log records), the incoming
/// requests it came from, and bytes of uncompressed protobuf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Spans, metric data points or log records.
    pub items: u64,
    /// Copies of incoming requests.
    pub requests: u64,
    /// Bytes of uncompressed protobuf.
    pub bytes: u64,
}

impl Weight {
    /// What is left after `other` has been taken away; never below zero.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self {
            items: self.items.saturating_sub(other.items),
            requests: self.requests.saturating_sub(other.requests),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    /// The sum of two weights.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            items: self.items.wrapping_add(other.items),
            requests: self.requests.wrapping_add(other.requests),
            bytes: self.bytes.wrapping_add(other.bytes),
        }
    }
}
