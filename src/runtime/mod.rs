//! What a thread of the gateway stands on: clock, cores, sockets, tasks, shards.

pub mod clock;
