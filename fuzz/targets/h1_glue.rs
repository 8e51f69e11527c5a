//! Any bytes as a connection over HTTP/1, in any pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| spanyard_fuzz::h1_glue(data));
