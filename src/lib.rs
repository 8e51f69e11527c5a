//! spanyard sorts OpenTelemetry requests to their backends without unpacking them.
//!
//! A request comes in through [`ingest`], which holds a ticket from the byte budget for it before
//! the body is read. [`frame`] turns what was sent into one protobuf message, keeping the
//! compressed bytes.
//!
//! [`pipeline`] is the hot path on one screen: the wire crate finds the resource groups as offsets,
//! [`route`] chooses the branches of each group, [`rewrite`] makes slices and patched bytes of
//! them.
//!
//! [`queue`] is the only place where payloads wait, one for each destination and shard; what waits
//! together leaves together. [`export`] sends it, classifies the answer and gives the ticket back.

pub mod actions;
pub mod admin;
pub mod app;
pub mod buf;
pub mod cli;
pub mod config;
pub mod explain;
pub mod export;
pub mod frame;
pub mod ingest;
pub mod pipeline;
pub mod queue;
pub mod rewrite;
pub mod route;
pub mod runtime;
pub mod telemetry;
pub mod tls;
pub mod units;
