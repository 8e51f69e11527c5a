//! The front as clients meet it: raw bytes over loopback sockets, with a real pipeline behind.

mod auth;
mod bodies;
mod codings;
mod cors;
mod crowd;
mod drain;
mod fair;
mod floods;
mod grpc;
mod h3;
mod http1;
mod json;
mod limits;
mod panics;
mod quic;
mod raw;
mod rest;
mod site;
mod slow;
mod smuggling;
mod spellings;
mod stalls;
mod streams;
mod tenants;
mod times;
mod tls;
