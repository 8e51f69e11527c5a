//! Any bytes as a request: scanned, looked into, split.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| spanyard_fuzz::request(data));
