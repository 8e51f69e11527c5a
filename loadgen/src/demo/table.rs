//! Tables for the terminal: the first column to the left, numbers to the right.

use std::fmt;

use super::Stream;
use crate::sink::Report;
use crate::units::{count, span};

const FIRST_WIDTH: usize = 12;
const WIDTH: usize = 12;

/// Rows of seven cells under their heads.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<[String; 7]>,
}

impl Table {
    pub(super) fn new(heads: [&str; 7]) -> Self {
        Self { rows: vec![heads.map(str::to_owned)] }
    }

    pub(super) fn stream(&mut self, stream: &Stream) {
        let tally = &stream.outcome.tally;
        let latency = tally.latency();
        self.rows.push([
            stream.name.to_owned(),
            count(tally.accepted),
            count(stream.proof.acknowledged),
            count(tally.refused + tally.failed + tally.broken),
            count(stream.proof.lost),
            span(latency.p50),
            span(latency.p99),
        ]);
    }

    pub(super) fn backend(&mut self, name: &str, report: &Report, rewritten: u64) {
        let spans = &report.spans;
        self.rows.push([
            name.to_owned(),
            count(spans.spans),
            count(spans.unique),
            count(spans.duplicated),
            count(spans.corrupted),
            count(spans.misrouted),
            count(rewritten),
        ]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let mut cells = row.iter();
            write!(f, "{:<FIRST_WIDTH$}", cells.next().map_or("", String::as_str))?;
            for cell in cells {
                write!(f, "{cell:>WIDTH$}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let mut table = Table::new(["received", "a", "b", "c", "d", "e", "f"]);
        let mut report = Report::default();
        report.spans.spans = 1_234_567;
        table.backend("shop", &report, 0);
        let text = table.to_string();
        let widths: Vec<_> = text.lines().map(str::len).collect();
        assert_eq!(widths, [84, 84]);
        assert!(text.contains("shop           1,234,567           0"), "{text}");
    }
}
