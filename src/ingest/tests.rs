//! The front as clients meet it: raw bytes over loopback sockets, with a real pipeline behind.

mod drain;
mod grpc;
mod http1;
mod json;
mod limits;
mod panics;
mod rest;
mod site;
mod slow;
mod smuggling;
mod streams;
mod times;
