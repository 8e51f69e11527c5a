//! Threads, sockets, time and tasks: the thin edge between the operating system and everything
//! else.
//!
//! A foundation: it uses no stage. What a shard does is given to it as a closure.

pub mod clock;
pub mod cores;
pub mod descriptors;
pub mod engine;
pub mod host;
pub mod kept;
pub mod net;
pub mod shard;
pub mod task;
#[cfg(feature = "uring")]
pub mod uring;
