//! Names of enum values, which the Collector takes beside numbers; the specification knows numbers
//! only.

/// Names with a common beginning; the place of a name is its number.
#[derive(Debug)]
pub(super) struct Names {
    prefix: &'static str,
    names: &'static [&'static str],
}

impl Names {
    /// The number of a name.
    pub(super) fn number(&self, name: &[u8]) -> Option<u32> {
        let rest = name.strip_prefix(self.prefix.as_bytes())?;
        let place = self.names.iter().position(|known| known.as_bytes() == rest)?;
        u32::try_from(place).ok()
    }
}

/// `Span.SpanKind`.
pub(super) static SPAN_KIND: Names = Names {
    prefix: "SPAN_KIND_",
    names: &["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"],
};

/// `Status.StatusCode`.
pub(super) static STATUS_CODE: Names =
    Names { prefix: "STATUS_CODE_", names: &["UNSET", "OK", "ERROR"] };

/// `AggregationTemporality`.
pub(super) static TEMPORALITY: Names =
    Names { prefix: "AGGREGATION_TEMPORALITY_", names: &["UNSPECIFIED", "DELTA", "CUMULATIVE"] };

/// `SeverityNumber`.
pub(super) static SEVERITY: Names = Names {
    prefix: "SEVERITY_NUMBER_",
    names: &[
        "UNSPECIFIED",
        "TRACE",
        "TRACE2",
        "TRACE3",
        "TRACE4",
        "DEBUG",
        "DEBUG2",
        "DEBUG3",
        "DEBUG4",
        "INFO",
        "INFO2",
        "INFO3",
        "INFO4",
        "WARN",
        "WARN2",
        "WARN3",
        "WARN4",
        "ERROR",
        "ERROR2",
        "ERROR3",
        "ERROR4",
        "FATAL",
        "FATAL2",
        "FATAL3",
        "FATAL4",
    ],
};
