//! The sink's side of the proof: takes encoded trace requests, counts and remembers.

use std::collections::{BTreeMap, HashSet};

use super::{ATTRIBUTES_MAX, Bitmap, Expect, FOREIGN_MAX, RUNS_MAX, SEQUENCE_MAX};
use crate::checksum::{self, CHECKSUM_KEY, RESOURCE_KEY};
use crate::pb::{Fields, Malformed, Payload};
use crate::shape::MAGIC;

/// What has arrived so far, in spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All spans, each time they came.
    pub spans: u64,
    /// Different spans.
    pub unique: u64,
    /// Spans that had come before.
    pub duplicated: u64,
    /// Spans of ours whose checksum is wrong or gone.
    pub corrupted: u64,
    /// Spans whose resource is not as expected of this sink.
    pub misrouted: u64,
    /// Spans refused by a partial success; they are in none of the other counts.
    pub rejected: u64,
    /// Spans made by others: no sequence, no checksum. They are in `unique` or `duplicated`.
    pub foreign: u64,
    /// Spans beyond the bounds of what is remembered: neither unique nor duplicated.
    pub untracked: u64,
    /// Spans by `key=value` of their resource's string attributes.
    pub attributes: BTreeMap<String, u64>,
}

/// Takes requests one by one.
#[derive(Debug, Default)]
pub struct Receiver {
    expect: Vec<Expect>,
    counts: Counts,
    runs: BTreeMap<u32, Bitmap>,
    foreign: HashSet<(u128, u64)>,
}

/// One span as found in a request, before anything is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Ours { run: u32, sequence: u64 },
    Corrupted,
    Foreign { trace_id: u128, span_id: u64 },
}

/// One `ResourceSpans` of a request.
struct Group {
    pairs: Vec<String>,
    misrouted: bool,
    spans: Vec<Seen>,
}

impl Receiver {
    /// A receiver that calls spans misrouted unless their resource is as expected.
    #[must_use]
    pub fn new(expect: Vec<Expect>) -> Self {
        Self { expect, ..Self::default() }
    }

    /// What has arrived so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The sequences of `run` that arrived whole.
    #[must_use]
    pub fn run(&self, run: u32) -> Option<&Bitmap> {
        self.runs.get(&run)
    }

    /// Takes an encoded `ExportTraceServiceRequest`, except its first `reject` spans.
    ///
    /// # Errors
    /// When it is malformed; then nothing of it is counted.
    pub fn take(&mut self, request: &[u8], reject: u64) -> Result<(), Malformed> {
        let mut groups = Vec::new();
        for field in Fields::of(request) {
            if let (1, Payload::Bytes(group)) = field? {
                groups.push(read_group(group, &self.expect)?);
            }
        }
        let mut to_reject = reject;
        for group in &groups {
            self.count(group, &mut to_reject);
        }
        Ok(())
    }

    fn count(&mut self, group: &Group, to_reject: &mut u64) {
        let mut taken = 0;
        for &seen in &group.spans {
            if *to_reject > 0 {
                *to_reject -= 1;
                self.counts.rejected += 1;
            } else {
                taken += 1;
                self.mark(seen);
            }
        }
        self.counts.spans += taken;
        if group.misrouted {
            self.counts.misrouted += taken;
        }
        for pair in &group.pairs {
            add(&mut self.counts.attributes, pair, taken);
        }
    }

    fn mark(&mut self, seen: Seen) {
        let new = match seen {
            Seen::Corrupted => {
                self.counts.corrupted += 1;
                return;
            }
            Seen::Ours { run, sequence } => {
                let known = self.runs.contains_key(&run) || self.runs.len() < RUNS_MAX;
                (known && sequence <= SEQUENCE_MAX)
                    .then(|| self.runs.entry(run).or_default().set(sequence))
            }
            Seen::Foreign { trace_id, span_id } => {
                self.counts.foreign += 1;
                let id = (trace_id, span_id);
                let known = self.foreign.contains(&id);
                (known || self.foreign.len() < FOREIGN_MAX).then(|| self.foreign.insert(id))
            }
        };
        match new {
            Some(true) => self.counts.unique += 1,
            Some(false) => self.counts.duplicated += 1,
            None => self.counts.untracked += 1,
        }
    }
}

fn add(attributes: &mut BTreeMap<String, u64>, pair: &str, spans: u64) {
    if let Some(count) = attributes.get_mut(pair) {
        *count += spans;
    } else if attributes.len() < ATTRIBUTES_MAX {
        let _none = attributes.insert(pair.to_owned(), spans);
    } else {
        *attributes.entry("others=".to_owned()).or_default() += spans;
    }
}

fn read_group(group: &[u8], expect: &[Expect]) -> Result<Group, Malformed> {
    let mut attributes: Vec<(&[u8], &[u8])> = Vec::new();
    let mut scopes = Vec::new();
    for field in Fields::of(group) {
        match field? {
            (1, Payload::Bytes(resource)) => read_attributes(resource, &mut attributes)?,
            (2 | 1000, Payload::Bytes(scope)) => scopes.push(scope),
            _ => {}
        }
    }
    let find = |key: &str| attributes.iter().find(|(found, _)| *found == key.as_bytes());
    let mark = find(RESOURCE_KEY).map_or(&b""[..], |(_, value)| value);
    let misrouted = expect.iter().any(|expected| {
        find(&expected.key).map(|(_, value)| *value) != expected.value.as_deref().map(str::as_bytes)
    });
    let mut spans = Vec::new();
    for scope in scopes {
        for field in Fields::of(scope) {
            if let (2, Payload::Bytes(span)) = field? {
                spans.push(read_span(span, mark)?);
            }
        }
    }
    let pairs = attributes
        .iter()
        .filter(|(key, _)| *key != RESOURCE_KEY.as_bytes())
        .map(|(key, value)| {
            format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(value))
        })
        .collect();
    Ok(Group { pairs, misrouted, spans })
}

/// String attributes only: the others take no part in routing checks or counts.
fn read_attributes<'a>(
    resource: &'a [u8],
    attributes: &mut Vec<(&'a [u8], &'a [u8])>,
) -> Result<(), Malformed> {
    for field in Fields::of(resource) {
        if let (1, Payload::Bytes(attribute)) = field? {
            let key = checksum::attribute_key(attribute)?;
            if let Some(value) = checksum::attribute_text(attribute)? {
                attributes.push((key, value));
            }
        }
    }
    Ok(())
}

fn read_span(span: &[u8], mark: &[u8]) -> Result<Seen, Malformed> {
    let (mut trace_id, mut span_id): (&[u8], &[u8]) = (b"", b"");
    let mut carried = None;
    for field in Fields::of(span) {
        match field? {
            (1, Payload::Bytes(id)) => trace_id = id,
            (2, Payload::Bytes(id)) => span_id = id,
            (9, Payload::Bytes(attribute))
                if checksum::attribute_key(attribute)? == CHECKSUM_KEY.as_bytes() =>
            {
                carried = checksum::attribute_text(attribute)?;
            }
            _ => {}
        }
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n: u128, byte| n << 8 | u128::from(*byte));
    let low = u64::try_from(number(span_id) & u128::from(u64::MAX)).unwrap_or(0);
    let ours = trace_id.strip_prefix(&MAGIC).and_then(|rest| rest.first_chunk::<4>());
    let Some(run) = ours else {
        let seen = Seen::Foreign { trace_id: number(trace_id), span_id: low };
        return Ok(if carried.is_some() { Seen::Corrupted } else { seen });
    };
    let expected = checksum::hex(checksum::finish(checksum::span_sum(span)?, mark));
    if carried != Some(&expected) || low == 0 {
        return Ok(Seen::Corrupted);
    }
    Ok(Seen::Ours { run: u32::from_be_bytes(*run), sequence: low - 1 })
}
