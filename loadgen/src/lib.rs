//! loadgen: OTLP load, fake backends, and the proof that what was sent has arrived.
//!
//! Every span it sends carries a sequence number in its ids and a checksum of its content in an
//! attribute (`shape`, `checksum`). A sink (`sink`) sets one bit for each sequence that arrives
//! whole; comparing the bits with what was acknowledged (`verify`) tells lost, duplicated,
//! corrupted and misrouted spans to the span.
//!
//! The binary sends (`loadgen send`), receives (`loadgen sink`) and shows the gateway at work
//! (`loadgen demo`). The same sinks and a few plain blocking clients (`client`) serve the
//! gateway's integration tests. Nothing here uses the gateway's own reader of OTLP bytes.

pub mod backends;
pub mod client;
pub mod demo;
pub mod otlp;
pub mod pace;
pub mod report;
pub mod send;
pub mod shape;
pub mod sink;
pub mod tally;
pub mod units;
pub mod verify;

mod checksum;
mod clock;
mod coding;
mod dial;
mod grpc_frame;
mod gzip;
mod json;
mod net;
mod pb;
mod reply;
mod send_grpc;
mod send_h3;
mod send_http;

pub use checksum::{CHECKSUM_KEY, RESOURCE_KEY};
pub use clock::{run_id, unix_nanos};
pub use coding::Coding;
pub use dial::{Carrier, Tls};
pub use gzip::deflate;
pub use pb::Malformed;
