//! The sender's side: what was acknowledged against what the sinks have.

use super::Bitmap;

/// What a sender was told about its requests. Request `r` holds the sequences
/// `r * spans .. (r + 1) * spans`.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    /// Spans in each request.
    pub spans_per_request: u64,
    /// Requests answered with success.
    pub requests: Bitmap,
    /// Spans the answers said were rejected (partial success).
    pub rejected: u64,
}

impl Acknowledged {
    /// Spans acknowledged and not rejected.
    #[must_use]
    pub const fn spans(&self) -> u64 {
        (self.requests.len() * self.spans_per_request).saturating_sub(self.rejected)
    }
}

/// What one sink has of the run, and what it noticed.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Sequences that arrived whole.
    pub arrived: Bitmap,
    /// Spans that came again.
    pub duplicated: u64,
    /// Spans with a wrong checksum.
    pub corrupted: u64,
    /// Spans that belong elsewhere.
    pub misrouted: u64,
}

/// The result, in spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Acknowledged and not rejected.
    pub acknowledged: u64,
    /// Different spans found in the sinks.
    pub arrived: u64,
    /// Acknowledged, and in no sink (with `each`: missing in at least one).
    pub lost: u64,
    /// More often than once in a sink, or (without `each`) in more than one sink.
    pub duplicated: u64,
    /// Wrong checksum.
    pub corrupted: u64,
    /// In a sink that expected something else.
    pub misrouted: u64,
    /// In a sink though never acknowledged: refused, or the answer was lost. No fault.
    pub unacknowledged: u64,
    /// The first lost sequences, at most ten.
    pub first_lost: Vec<u64>,
}

impl Proof {
    /// Whether nothing but `loss` lost spans went wrong.
    #[must_use]
    pub const fn holds(&self, loss: u64) -> bool {
        self.lost <= loss && self.duplicated == 0 && self.corrupted == 0 && self.misrouted == 0
    }
}

/// Compares. With `each`, every sink must have every span (fan-out); otherwise the sinks share
/// them, each span in exactly one.
#[must_use]
pub fn prove(acknowledged: &Acknowledged, sinks: &[Evidence], each: bool) -> Proof {
    let mut union = Bitmap::default();
    let mut proof = Proof { acknowledged: acknowledged.spans(), ..Proof::default() };
    let mut copies = 0;
    for sink in sinks {
        union.union(&sink.arrived);
        copies += sink.arrived.len();
        proof.duplicated += sink.duplicated;
        proof.corrupted += sink.corrupted;
        proof.misrouted += sink.misrouted;
    }
    if !each {
        proof.duplicated += copies - union.len();
    }
    let arrived = |bit| {
        if each { sinks.iter().all(|sink| sink.arrived.contains(bit)) } else { union.contains(bit) }
    };
    let spans = acknowledged.spans_per_request;
    let mut expected = 0;
    for request in acknowledged.requests.iter() {
        for sequence in request * spans..(request + 1) * spans {
            expected += u64::from(union.contains(sequence));
            if !arrived(sequence) {
                proof.lost += 1;
                if proof.first_lost.len() < 10 {
                    proof.first_lost.push(sequence);
                }
            }
        }
    }
    proof.arrived = union.len();
    proof.unacknowledged = union.len() - expected;
    proof.lost = proof.lost.saturating_sub(acknowledged.rejected);
    proof
}
