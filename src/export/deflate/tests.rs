//! What is compressed, how often, and what happens without room.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;

use super::*;
use crate::buf::budget::Budget;
use crate::buf::pool::Pool;

struct Bench {
    deflater: Rc<Deflater>,
    pool: Pool,
    bytes: Arc<Lease>,
}

fn bench(budget: usize) -> Bench {
    let pool = Pool::install(22, MIB);
    let bytes = Budget::new(budget, budget, 1, 1).lease();
    Bench { deflater: Deflater::new(Counter::noop()), pool, bytes }
}

impl Bench {
    fn purse(&self) -> Purse<'_> {
        Purse { home: self.pool.home(), bytes: &self.bytes }
    }

    fn payload(&self, parts: &[&[u8]]) -> Payload {
        let mut payload = Payload::default();
        for part in parts {
            let rich = Budget::new(64 * MIB, 64 * MIB, 1, 1).lease();
            let mut block = Block::new(self.pool.home(), part.len(), rich.empty()).expect("room");
            block.put(part);
            payload.push(Chunk::whole(Arc::new(block)));
        }
        payload
    }

    async fn gzip(&self, payload: &Payload) -> Result<Arc<Payload>, Uncompressed> {
        self.deflater.compress(payload, Compression::Gzip(1), None, self.purse()).await
    }
}

fn inflated(payload: &Payload) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = MultiGzDecoder::new(payload.to_vec().as_slice()).read_to_end(&mut out).expect("gzip");
    out
}

/// Bytes that gzip cannot shrink.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

#[tokio::test]
async fn what_is_compressed_inflates_to_what_it_was() {
    let bench = bench(64 * MIB);
    let random = noise(300_000);
    let long = vec![7; 3 * MIB];
    let cases: [&[&[u8]]; 5] =
        [&[], &[b"a"], &[b"several", b"small", b"pieces"], &[&random, b"end"], &[&long, &random]];
    // Twice, so that states are used again.
    for parts in cases.iter().chain(&cases) {
        let made = bench.gzip(&bench.payload(parts)).await.expect("room");
        assert!(inflated(&made) == parts.concat(), "{} parts", parts.len());
    }
}

/// What a reader of each format makes of it.
fn read_back(with: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match with {
        Compression::None => out.extend_from_slice(bytes),
        Compression::Gzip(_) => {
            let _ = MultiGzDecoder::new(bytes).read_to_end(&mut out).expect("gzip");
        }
        Compression::Zlib(_) | Compression::Deflate(_) => {
            let mut reader = flate2::read::ZlibDecoder::new(bytes);
            let _ = reader.read_to_end(&mut out).expect("zlib");
        }
        Compression::Zstd(_) => {
            out.reserve(8 * MIB);
            let _ = zstd_safe::decompress(&mut out, bytes).expect("zstd");
        }
        Compression::Snappy => {
            out = snap::raw::Decoder::new().decompress_vec(bytes).expect("snappy")
        }
        Compression::SnappyFramed => {
            let _ = snap::read::FrameDecoder::new(bytes).read_to_end(&mut out).expect("frames");
        }
    }
    out
}

#[tokio::test]
async fn every_format_is_read_back_as_what_it_was_and_shared_by_a_fan_out() {
    let bench = bench(64 * MIB);
    let random = noise(300_000);
    let long = vec![7; 3 * MIB];
    let cases: [&[&[u8]]; 5] =
        [&[], &[b"a"], &[b"several", b"small", b"pieces"], &[&random, b"end"], &[&long, &random]];
    let formats = [
        Compression::Gzip(6),
        Compression::Zlib(1),
        Compression::Deflate(9),
        Compression::Zstd(1),
        Compression::Zstd(11),
        Compression::Snappy,
        Compression::SnappyFramed,
    ];
    for with in formats {
        for parts in cases.iter().chain(&cases) {
            let payload = bench.payload(parts);
            let shared = Shared::default();
            let make = || bench.deflater.compress(&payload, with, Some(&shared), bench.purse());
            let (one, other) = tokio::join!(make(), make());
            let one = one.expect("room");
            assert!(Arc::ptr_eq(&one, &other.expect("room")), "{with:?}: once");
            let back = read_back(with, &one.to_vec());
            assert!(back == parts.concat(), "{with:?}: {} parts", parts.len());
        }
        let poor = self::bench(8 * KIB);
        let payload = poor.payload(&[&random]);
        let made = poor.deflater.compress(&payload, with, None, poor.purse()).await;
        assert_eq!(made.err(), Some(Uncompressed::NoTicket), "{with:?}");
        assert!(poor.bytes.admit(8 * KIB, usize::MAX).is_ok(), "all of the budget is back");
    }
}

#[tokio::test]
async fn a_fan_out_compresses_once() {
    let bench = bench(64 * MIB);
    for len in [10_000, 2 * MIB] {
        let payload = bench.payload(&[&vec![1; len]]);
        let shared = Shared::default();
        let with = Compression::Gzip(1);
        let make = || bench.deflater.compress(&payload, with, Some(&shared), bench.purse());
        // Both run at the same time: the larger one yields in the middle.
        let (one, other) = tokio::join!(make(), make());
        assert!(Arc::ptr_eq(&one.expect("room"), &other.expect("room")), "{len} bytes");
    }
}

#[tokio::test]
async fn without_room_for_the_result_there_is_none_and_nothing_is_held() {
    let bench = bench(8 * KIB);
    let payload = bench.payload(&[&noise(300_000)]);
    assert_eq!(bench.gzip(&payload).await.err(), Some(Uncompressed::NoTicket));
    assert!(bench.bytes.admit(8 * KIB, usize::MAX).is_ok(), "all of the budget is back");
}

#[tokio::test]
async fn few_states_are_kept() {
    let bench = bench(64 * MIB);
    let payload = bench.payload(&[b"abc"]);
    for level in 1..=9 {
        let with = Compression::Gzip(level);
        let made = bench.deflater.compress(&payload, with, None, bench.purse()).await;
        assert_eq!(inflated(&made.expect("room")), b"abc", "level {level}");
    }
    assert_eq!(bench.deflater.states.borrow().len(), STATES_MAX);
}
