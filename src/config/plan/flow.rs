//! The compiled pipelines: a tree of stages that ends in branches and legs.
//!
//! Invariants: a child has a larger index than its parent, so a walk ends; every `Leaf` and every
//! `DestinationId` exists. Nothing here is evaluated: that is `route`'s and `rewrite`'s work.

use std::time::Duration;

use spanyard_wire::edit::Edit;
use spanyard_wire::items::ItemStep;

use crate::actions::select::ResourceTest;
use crate::units::DestinationId;

/// What one (receiver, signal) does with a request: a tree walked per resource group.
#[derive(Debug)]
pub struct Flow {
    /// Where every request enters; several when the receiver feeds several pipelines.
    pub entry: Vec<StageId>,
    /// The tree's nodes; a child always has a larger index than its parent.
    pub stages: Vec<Stage>,
    /// The leaves.
    pub branches: Vec<Branch>,
    /// Values that edits take from the request (`from_context`), by slot number.
    pub slots: Vec<ContextKey>,
    /// No condition reads a resource: the whole request takes the same way.
    pub by_request: bool,
    /// The lowest admission limit of the `memory_limiter`s on every way in; bytes held process-wide
    /// above which this flow refuses. `None`: only the budget itself.
    pub admit_below: Option<usize>,
    /// The ids of these `memory_limiter`s, as written: each counts what enters.
    pub limiters: Vec<String>,
}

/// Index into [`Flow::stages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageId(pub usize);

/// A node of a [`Flow`].
#[derive(Debug)]
pub enum Stage {
    /// A `routing` connector: rows in order; a row that matches ends the walk unless it copies.
    Switch(Switch),
    /// The group goes to `Flow::branches[_]`.
    Leaf(usize),
}

/// A compiled routing table.
#[derive(Debug)]
pub struct Switch {
    /// Edits of the processors before the connector: conditions see their results.
    pub edits: Vec<Edit>,
    /// `table`.
    pub rows: Vec<Row>,
    /// `default_pipelines`: for groups that no `move` row took; may be empty.
    pub default: Vec<StageId>,
    /// `match_once: false`: the default is for groups that no row took at all.
    pub default_if_none: bool,
}

/// One row of a routing table.
#[derive(Debug)]
pub struct Row {
    /// Met: the group takes this row.
    pub when: Condition,
    /// The pipelines of the row.
    pub to: Vec<StageId>,
    /// `action: copy`: the rows below are still tried.
    pub copy: bool,
}

/// A compiled condition of a routing table. Semantics: the Collector's, as observed
/// (`docs/config.md`).
#[derive(Clone, Debug)]
pub enum Condition {
    /// Every one holds.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// The inner one does not.
    Not(Box<Self>),
    /// Constant.
    Always(bool),
    /// `request["Header"] == "v"`: any one value equals; a missing header never matches.
    HeaderIs {
        /// Lower-case header name.
        header: String,
        /// The value compared with.
        value: String,
        /// `!=` instead: any one value differs; a missing header never matches.
        negated: bool,
    },
    /// `attributes["k"] == literal`; `negated` is `!=`: true as well for a missing attribute or
    /// another type.
    AttributeIs {
        /// Attribute key.
        key: String,
        /// The literal.
        value: Literal,
        /// `!=`.
        negated: bool,
    },
    /// Any other comparison: `<`, `<=`, `>`, `>=`, request metadata, two attributes.
    Compare {
        /// What stands on the left.
        left: Operand,
        /// The operator.
        by: Comparison,
        /// What stands on the right.
        right: Operand,
    },
    /// `IsMatch(operand, "re")`: unanchored, on the text form of any type; missing is false.
    Matches {
        /// What is looked at.
        of: Operand,
        /// The pattern, compiled with Go's meaning.
        pattern: regex::bytes::Regex,
    },
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// `attributes["k"]`.
    Attribute(String),
    /// `otelcol.client.metadata["X"]`, needs `include_metadata`.
    Metadata {
        /// Lower-case header name.
        header: String,
        /// `[n]`: one of its values; without, the list of them.
        index: Option<usize>,
    },
    /// A constant.
    Literal(Literal),
}

/// A comparison of two values. Of different types only `!=` holds; two missing values are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    Different,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The right-hand side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `nil`: the attribute is missing or unset.
    Nil,
    /// Text.
    String(String),
    /// Whole number; compares with doubles by value.
    Int(i64),
    /// Number.
    Double(f64),
    /// `true` or `false`.
    Bool(bool),
    /// `0x` and hexadecimal digits.
    Bytes(Vec<u8>),
}

/// The end of a way: edits, then one or several destinations that get the same bytes.
#[derive(Debug)]
pub struct Branch {
    /// Name of the last pipeline, for logs (`traces/tempo`).
    pub pipeline: String,
    /// Edits of the resource by every processor on the way, in order.
    pub edits: Vec<Edit>,
    /// Edits of items by every processor on the way, in order.
    pub items: Vec<ItemRule>,
    /// Where the result goes.
    pub legs: Vec<Leg>,
}

/// An `attributes` processor on the way: edits of the items of those groups whose resource is as
/// asked for.
#[derive(Clone, Debug)]
pub struct ItemRule {
    /// How many of [`Branch::edits`] come before it: the resource is looked at as they leave it.
    pub after: usize,
    /// `include`: must hold for the resource.
    pub include: ResourceTest,
    /// What is done with the items, unless `exclude` says otherwise.
    pub step: ItemStep,
    /// `exclude`, if it asks for something of the resource.
    pub exclude: Option<Exclusion>,
}

/// What `exclude` makes of a group.
#[derive(Clone, Debug)]
pub struct Exclusion {
    /// Where this holds for the resource...
    pub resource: ResourceTest,
    /// ... this is done instead; `None`: nothing.
    pub step: Option<ItemStep>,
}

/// One destination of a branch.
#[derive(Clone, Debug)]
pub struct Leg {
    /// Whom to send to.
    pub destination: DestinationId,
    /// The `batch` processor on the way or the exporter's `sending_queue.batch`; `None`: merging by
    /// load.
    pub batch: Option<Batching>,
}

/// `batch` (or `sending_queue.batch`): wait for more before sending.
#[derive(Clone, Debug, PartialEq)]
pub struct Batching {
    /// `timeout` / `flush_timeout`.
    pub delay_max: Duration,
    /// `send_batch_size` / `min_size`: send as soon as this much waits.
    pub size_min: u64,
    /// `send_batch_max_size` / `max_size`: not more than this at once, unless one request is; 0 =
    /// no limit.
    pub size_max: u64,
    /// What the sizes count.
    pub sizer: Sizer,
    /// `metadata_keys`, lower case: requests that differ in these are not merged.
    pub metadata_keys: Vec<String>,
}

/// What a size counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sizer {
    /// Incoming requests.
    Requests,
    /// Spans, data points, log records.
    Items,
    /// Bytes of uncompressed protobuf.
    Bytes,
}

/// A value that comes from the request's surroundings (`from_context`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextKey {
    /// `metadata.<header>` or a bare name; lower case; several values are joined with `;`.
    Header(String),
    /// `client.address`: the peer's IP without port.
    ClientAddress,
}
