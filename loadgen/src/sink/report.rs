//! What a sink has seen, as numbers.

use crate::json::Object;
use crate::verify::Counts;

/// A consistent picture of a sink at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Export requests read to their end.
    pub requests: u64,
    /// Those that were answered with success.
    pub accepted: u64,
    /// Those that were answered with a failure because of the mode.
    pub refused: u64,
    /// Those whose connection was closed because of the mode.
    pub closed: u64,
    /// Those whose body was not well compressed or no valid protobuf.
    pub malformed: u64,
    /// Requests being held or slowed now.
    pub waiting: u64,
    /// The most that were being held or slowed at one time.
    pub waiting_max: u64,
    /// Connections accepted so far.
    pub connections: u64,
    /// Requests by gRPC; the others came by HTTP.
    pub grpc_requests: u64,
    /// Requests compressed by gzip.
    pub gzip_requests: u64,
    /// Requests compressed by zstd.
    pub zstd_requests: u64,
    /// Bytes of the bodies as they came.
    pub bytes: u64,
    /// Bytes of the accepted bodies after inflating.
    pub inflated_bytes: u64,
    /// Metric points accepted.
    pub metric_points: u64,
    /// Log records accepted.
    pub log_records: u64,
    /// Requests not recorded because the record was full.
    pub unrecorded: u64,
    /// The accepted spans.
    pub spans: Counts,
}

impl Report {
    /// As JSON, one member a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut attributes = Object::default();
        for (pair, spans) in &self.spans.attributes {
            attributes = attributes.number(pair, spans);
        }
        self.rows()
            .iter()
            .fold(Object::default(), |object, (key, number)| object.number(key, number))
            .object("attributes", &attributes)
            .to_text()
            + "\n"
    }

    /// The numbers with their names, in the order in which they are shown.
    #[must_use]
    pub const fn rows(&self) -> [(&'static str, u64); 24] {
        [
            ("requests", self.requests),
            ("accepted", self.accepted),
            ("refused", self.refused),
            ("closed", self.closed),
            ("malformed", self.malformed),
            ("waiting", self.waiting),
            ("waiting_max", self.waiting_max),
            ("connections", self.connections),
            ("grpc_requests", self.grpc_requests),
            ("gzip_requests", self.gzip_requests),
            ("zstd_requests", self.zstd_requests),
            ("bytes", self.bytes),
            ("inflated_bytes", self.inflated_bytes),
            ("spans", self.spans.spans),
            ("unique", self.spans.unique),
            ("duplicated", self.spans.duplicated),
            ("corrupted", self.spans.corrupted),
            ("misrouted", self.spans.misrouted),
            ("rejected", self.spans.rejected),
            ("foreign", self.spans.foreign),
            ("untracked", self.spans.untracked),
            ("metric_points", self.metric_points),
            ("log_records", self.log_records),
            ("unrecorded", self.unrecorded),
        ]
    }
}
