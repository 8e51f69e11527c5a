//! Any bytes as a request, with any edits: what comes out is scanned again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| spanyard_fuzz::splice_roundtrip(data));
