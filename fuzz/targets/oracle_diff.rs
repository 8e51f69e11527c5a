//! Any bytes and odd but valid requests, against prost.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| spanyard_fuzz::oracle_diff(data));
