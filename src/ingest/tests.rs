//! The front as clients meet it: raw bytes over loopback sockets, with a real pipeline behind.

mod drain;
mod fair;
mod floods;
mod grpc;
mod http1;
mod json;
mod limits;
mod panics;
mod raw;
mod site;
mod slow;
mod streams;
mod times;
