//! Any bytes as a request in JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| spanyard_fuzz::json(data));
