//! What the requests look like: how many resources and spans, which attributes, which ids.
//!
//! A shape is turned once into templates: encoded requests plus the places of everything that
//! differs from request to request (ids and checksums). Making the next request is then a copy and
//! a few patched bytes for each span, so a sender costs little and every span is still unique.
//!
//! ```text
//! trace id = "LGEN" | run id, 4 bytes | sequence of the trace's first span, 8 bytes
//! span id  = sequence + 1, 8 bytes        attribute loadgen.checksum = see `checksum`
//! ```
//! All numbers are big-endian. Request `r` of a run holds the sequences
//! `r * spans .. (r + 1) * spans`, which is how a missing span is found without a list.

mod random;
mod template;
#[cfg(test)]
mod tests;

pub use template::Template;

/// The first four bytes of every trace id of ours.
pub const MAGIC: [u8; 4] = *b"LGEN";
/// Spans that share a trace: one root and its children.
pub(crate) const TRACE_SPANS_MAX: u64 = 8;
/// Templates prepared at most; a longer list of attribute values repeats sooner.
const TEMPLATES_MAX: usize = 64;

/// What one request holds. All requests of a run have the same shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Spans in one request, over all its resources.
    pub spans_per_request: usize,
    /// `ResourceSpans` in one request.
    pub resources: usize,
    /// Attributes of a span beside the checksum.
    pub attrs: usize,
    /// Bytes in the value of each of these attributes.
    pub attr_size: usize,
    /// Resource attributes: key, and the values to spread over the resources in turn.
    pub resource_attributes: Vec<(String, Vec<String>)>,
    /// What the generated texts are made from: equal seeds give equal content.
    pub seed: u64,
    /// Part of every trace id: tells the spans of this run from those of another.
    pub run: u32,
    /// Start time of the first span, in nanoseconds since 1970.
    pub start_unix_nanos: u64,
}

/// The three requests that all published figures are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// 10 resources of 100 spans, about 482 KB.
    A,
    /// One resource of 50 spans, about 24.7 KB.
    B,
    /// One resource of 5 spans, about 2.9 KB.
    C,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            spans_per_request: 512,
            resources: 1,
            attrs: 7,
            attr_size: 29,
            resource_attributes: Vec::new(),
            seed: 1,
            run: 1,
            start_unix_nanos: 1_760_000_000_000_000_000,
        }
    }
}

impl Shape {
    /// The shape of one of the three published cases.
    #[must_use]
    pub fn case(case: Case) -> Self {
        let (resources, spans_per_request) = match case {
            Case::A => (10, 1_000),
            Case::B => (1, 50),
            Case::C => (1, 5),
        };
        Self { spans_per_request, resources, ..Self::default() }
    }

    /// Adds a resource attribute whose values, separated by `|`, are spread over the resources.
    #[must_use]
    pub fn with_resource(mut self, key: &str, values: &str) -> Self {
        let values = values.split('|').map(str::to_owned).collect();
        self.resource_attributes.push((key.to_owned(), values));
        self
    }

    /// The templates that requests take in turn: request `r` is made from `r % len`. There is
    /// more than one when the attribute values do not come out even with the resources.
    #[must_use]
    pub fn templates(&self) -> Vec<Template> {
        let cycle = self
            .resource_attributes
            .iter()
            .fold(1, |cycle, (_, values)| common_multiple(cycle, values.len().max(1)));
        let resources = self.resources.max(1);
        let variants = common_multiple(cycle, resources) / resources;
        (0..variants.clamp(1, TEMPLATES_MAX))
            .map(|variant| Template::new(self, variant * resources))
            .collect()
    }

    /// The value of attribute `values` on the resource with this number.
    fn value(values: &[String], resource: usize) -> &str {
        values.get(resource % values.len().max(1)).map_or("", String::as_str)
    }
}

/// The request number `index` of a run of this shape, from scratch. For tests; a sender keeps the
/// templates.
#[must_use]
pub fn build_request(shape: &Shape, index: u64) -> Vec<u8> {
    let templates = shape.templates();
    let mut out = Vec::new();
    if let Some(template) = pick(&templates, index) {
        template.write(index * template.spans(), &mut out);
    }
    out
}

/// The template for the request number `index`.
pub(crate) fn pick(templates: &[Template], index: u64) -> Option<&Template> {
    let count = u64::try_from(templates.len()).unwrap_or(1).max(1);
    templates.get(usize::try_from(index % count).unwrap_or(0))
}

const fn common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x).saturating_mul(b)
}
