//! OTLP protobuf requests as bytes: read, counted, edited, split and joined without decoding them.
//!
//! A request is a list of self-delimited groups (`ResourceSpans`, `ResourceMetrics`,
//! `ResourceLogs`). [`request::Request::scan`] walks tags and lengths once and remembers where the
//! groups lie. [`resource::Resource`] and [`value::Value`] look into a group's resource.
//! [`splice::Splice`] says what leaves: slices of what came, plus a few patched bytes.
//!
//! ```text
//! bytes -> Request::scan -> groups -> Resource::find / edit::lookup   (which lane takes it)
//!                             |
//!                             +-----> Splice::keep / rewrite_group     (slices + patch leave)
//! ```
//!
//! Invariants:
//! - Input is hostile: what is malformed is a [`error::WireError`] with an offset, never a panic.
//! - What is not edited leaves byte for byte; unknown fields and field order survive an edit.
//! - An item is opened only where the bytes of a key that matters occur in it.
//! - Nothing allocates per span; scratch that is used again allocates nothing once it has grown.
//!
//! Not here: I/O, clocks, threads, compression, JSON, the meaning of attributes.
//!
//! In reading order: the bytes (`varint`, `field`, `cursor`), the shape (`schema`, `request`,
//! `count`, `nesting`), the view (`resource`, `value`), the change (`edit`, `items`, `attributes`,
//! `changes`, `segments`, `splice`, `split`), and what travels around a request (`prefix`, `reply`,
//! `encode`).
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod attributes;
mod changes;
pub mod count;
pub mod cursor;
pub mod edit;
pub mod encode;
pub mod error;
pub mod field;
pub mod items;
pub mod nesting;
pub mod prefix;
pub mod reply;
pub mod request;
pub mod resource;
pub mod schema;
pub mod segments;
pub mod splice;
pub mod split;
pub mod value;
pub mod varint;
