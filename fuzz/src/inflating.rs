//! The target `inflate`: the first byte chooses the coding, the rest is a body, or what is to be
//! encoded.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use spanyard::buf::budget::{Budget, Lease};
use spanyard::buf::pool::{Home, Pool};
use spanyard::frame::FrameError;
use spanyard::frame::inflate::{Coding, Inflater};

/// Bytes that may come out.
const LIMIT: usize = 1 << 20;

struct Bench {
    lease: Arc<Lease>,
    home: Arc<Home>,
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let home = Arc::clone(Pool::install(1, LIMIT).home());
        Bench { lease: Budget::new(64 << 20, 64 << 20, 1, 1).lease(), home }
    })
}

fn run(coding: Coding, bytes: &[u8], limit: usize) -> Result<Vec<u8>, FrameError> {
    let Bench { lease, home } = bench();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let inflater = Inflater::default();
    let future = inflater.inflate(coding, bytes, limit, home, lease.empty());
    runtime.block_on(future).map(|block| block.to_vec())
}

pub(crate) fn inflate(data: &[u8]) {
    let Some((head, bytes)) = data.split_first() else {
        return;
    };
    let Some(coding) = Coding::ALL.get(usize::from(*head) % Coding::ALL.len()).copied() else {
        return;
    };
    match run(coding, bytes, LIMIT) {
        Ok(out) => {
            assert!(out.len() <= LIMIT);
            if let Some(less) = out.len().checked_sub(1) {
                assert_eq!(run(coding, bytes, less), Err(FrameError::TooLarge { limit: less }));
            }
        }
        Err(FrameError::BadCompression { offset, .. }) => assert!(offset <= bytes.len()),
        Err(_) => {}
    }
    let body = encode(coding, bytes);
    let out = run(coding, &body, LIMIT).expect("what an encoder makes is taken");
    assert!(out == bytes, "{} bytes in {}", bytes.len(), coding.name());
}

/// Two bodies in each coding: short, and of more than one block.
pub(crate) fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let long = b"a span, and another one; ".repeat(3000);
    let mut seeds = Vec::new();
    for (head, coding) in (0_u8..).zip(Coding::ALL) {
        for (name, plain) in [("short", &b"spans"[..]), ("long", &long)] {
            let seed = [&[head], encode(coding, plain).as_slice()].concat();
            seeds.push(("inflate", format!("{} {name}", coding.name()), seed));
        }
    }
    seeds
}

fn encode(coding: Coding, plain: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::new(6);
    let mut out = Vec::new();
    match coding {
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(out, level);
            encoder.write_all(plain).expect("a vector");
            encoder.finish().expect("a vector")
        }
        Coding::Zlib => {
            let mut encoder = flate2::write::ZlibEncoder::new(out, level);
            encoder.write_all(plain).expect("a vector");
            encoder.finish().expect("a vector")
        }
        Coding::Deflate => {
            let mut encoder = flate2::write::DeflateEncoder::new(out, level);
            encoder.write_all(plain).expect("a vector");
            encoder.finish().expect("a vector")
        }
        Coding::Zstd => {
            out.reserve(zstd_safe::compress_bound(plain.len()));
            let _ = zstd_safe::compress(&mut out, plain, 3).expect("room");
            out
        }
        Coding::Snappy => snap::raw::Encoder::new().compress_vec(plain).expect("small"),
        Coding::SnappyFramed => {
            if plain.is_empty() {
                // The encoder writes nothing then, not even that it is a stream.
                return b"\xff\x06\x00\x00sNaPpY".to_vec();
            }
            let mut encoder = snap::write::FrameEncoder::new(out);
            encoder.write_all(plain).expect("a vector");
            encoder.into_inner().expect("a vector")
        }
        Coding::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(out);
            encoder.write_all(plain).expect("a vector");
            encoder.finish().expect("a vector")
        }
    }
}
