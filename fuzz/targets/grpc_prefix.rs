//! Any bytes as a stream of gRPC messages, and as replies.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| spanyard_fuzz::grpc_prefix(data));
