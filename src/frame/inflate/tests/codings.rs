//! Every coding: what its encoders make comes out as it went in, and what is damaged does not.

use flate2::write::{DeflateEncoder, ZlibEncoder};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use proptest::prelude::*;
use zstd_safe::{CCtx, CParameter};

use super::*;

/// A way to encode, and the name under which it is sent.
type Way = (&'static str, Coding, fn(&[u8]) -> Vec<u8>);

const WAYS: [Way; 12] = [
    ("gzip", Coding::Gzip, member),
    ("zlib", Coding::Zlib, zlib),
    ("zlib as deflate", Coding::Deflate, zlib),
    ("raw deflate", Coding::Deflate, raw),
    ("raw deflate as zlib", Coding::Zlib, raw),
    ("zstd", Coding::Zstd, zstd),
    ("zstd of unknown length", Coding::Zstd, zstd_stream),
    ("snappy", Coding::Snappy, snappy),
    ("framed snappy", Coding::SnappyFramed, framed),
    ("framed snappy as snappy", Coding::Snappy, framed),
    ("lz4", Coding::Lz4, lz4),
    ("lz4, linked blocks, all sums", Coding::Lz4, lz4_linked),
];

/// Too large to be inflated at once.
const LARGE: usize = ONE_SHOT_MAX + 300_000;

/// Formats whose bodies may consist of several parts, one after the other.
const SEVERAL: [usize; 6] = [0, 5, 6, 8, 10, 11];

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn raw(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut state = CCtx::create();
    let _ = state.set_parameter(CParameter::ChecksumFlag(true)).unwrap();
    let mut out = Vec::with_capacity(zstd_safe::compress_bound(plain.len()));
    let _ = state.compress2(&mut out, plain).unwrap();
    out
}

/// As an encoder makes it that does not know how much is to come.
fn zstd_stream(plain: &[u8]) -> Vec<u8> {
    let mut state = CCtx::create();
    let _ = state.set_parameter(CParameter::ChecksumFlag(true)).unwrap();
    let _ = state.set_parameter(CParameter::WindowLog(20)).unwrap();
    let mut out = Vec::with_capacity(zstd_safe::compress_bound(plain.len()) + 64);
    let mut room = zstd_safe::OutBuffer::around(&mut out);
    let mut input = zstd_safe::InBuffer::around(plain);
    while input.pos < plain.len() {
        let _ = state.compress_stream(&mut room, &mut input).unwrap();
    }
    while state.end_stream(&mut room).unwrap() > 0 {}
    out
}

fn snappy(plain: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(plain).unwrap()
}

fn framed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(plain).unwrap();
    if plain.is_empty() {
        return b"\xff\x06\x00\x00sNaPpY".to_vec();
    }
    encoder.into_inner().unwrap()
}

fn lz4(plain: &[u8]) -> Vec<u8> {
    let mut encoder = FrameEncoder::new(Vec::new());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn lz4_linked(plain: &[u8]) -> Vec<u8> {
    let info = FrameInfo::new()
        .block_mode(BlockMode::Linked)
        .block_size(BlockSize::Max64KB)
        .block_checksums(true)
        .content_checksum(true)
        .content_size(Some(plain.len() as u64));
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn is_damage(answer: &Result<Vec<u8>, FrameError>, len: usize) -> bool {
    matches!(answer, Err(FrameError::BadCompression { offset, .. }) if *offset <= len)
}

#[test]
fn what_every_encoder_makes_comes_out_as_it_went_in() {
    let bench = Bench::new();
    for (way, coding, encode) in WAYS {
        for len in [0, 1, 100, 65_536, 65_537, ONE_SHOT_MAX, LARGE] {
            for plain in [text(len), vec![0; len], noise(len)] {
                let answer = bench.inflate(coding, &encode(&plain), LIMIT);
                assert!(answer == Ok(plain), "{way}, {len} bytes");
            }
        }
    }
}

/// Bytes that cannot be compressed.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn every_frame_counts_and_skippable_ones_do_not() {
    let bench = Bench::new();
    for (way, coding, encode) in SEVERAL.map(|index| WAYS[index]) {
        for sizes in [&[10, 20][..], &[0, 0, 5], &[90_000, 1], &[LARGE, 7, 300_000]] {
            let plain: Vec<Vec<u8>> = sizes.iter().map(|len| text(*len)).collect();
            let mut body: Vec<u8> = plain.iter().flat_map(|part| encode(part)).collect();
            assert!(bench.inflate(coding, &body, LIMIT) == Ok(plain.concat()), "{way}: {sizes:?}");
            if matches!(coding, Coding::Zstd | Coding::Lz4) {
                body.extend_from_slice(&[0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]);
                assert!(bench.inflate(coding, &body, LIMIT) == Ok(plain.concat()), "{way}");
                let answer = bench.inflate(coding, &body[..body.len() - 1], LIMIT);
                assert!(is_damage(&answer, body.len()), "{way}: {answer:?}");
            }
        }
    }
}

#[test]
fn the_limit_of_every_coding_holds_to_the_byte() {
    let bench = Bench::new();
    for (way, coding, encode) in WAYS {
        for len in [5000, ONE_SHOT_MAX, LARGE] {
            for plain in [text(len), vec![0; len]] {
                let body = encode(&plain);
                let answer = bench.inflate(coding, &body, len);
                assert!(answer == Ok(plain), "{way}, {len}");
                let answer = bench.inflate(coding, &body, len - 1);
                let expected = Err(FrameError::TooLarge { limit: len - 1 });
                assert!(answer == expected, "{way}, {len} less 1");
            }
        }
    }
}

#[test]
fn a_bomb_in_any_coding_is_stopped_at_the_limit() {
    let zeros = vec![0; 16 * MIB];
    for (way, coding, encode) in WAYS {
        // The budget is what the output may hold, its last doubling and a window.
        let bench = Bench::with_budget(12 * MIB);
        let answer = bench.inflate(coding, &encode(&zeros), 2 * MIB);
        assert!(answer == Err(FrameError::TooLarge { limit: 2 * MIB }), "{way}");
        bench.lease.sweep();
        assert!(bench.lease.ticket(12 * MIB).is_ok(), "{way}: everything is given back");
    }
}

#[test]
fn without_room_in_the_budget_every_coding_is_refused_for_now() {
    for (way, coding, encode) in WAYS {
        let bench = Bench::with_budget(2 * MIB);
        let answer = bench.inflate(coding, &encode(&text(3 * MIB)), LIMIT);
        assert!(answer == Err(FrameError::Overloaded), "{way}");
        bench.lease.sweep();
        assert!(bench.lease.ticket(2 * MIB).is_ok(), "{way}: everything is given back");
    }
}

#[test]
fn a_body_in_any_coding_cut_anywhere_is_refused_but_for_where_a_stream_may_end() {
    let bench = Bench::new();
    for (way, coding, encode) in WAYS {
        for plain in [text(60), text(100_000)] {
            let body = encode(&plain);
            let step = (body.len() / 60).max(1);
            for end in (1..body.len()).step_by(step) {
                match bench.inflate(coding, &body[..end], LIMIT) {
                    Err(FrameError::BadCompression { offset, .. }) => assert!(offset <= end),
                    // The framed format has no end: what is left are whole chunks.
                    Ok(out) if encode(b"").starts_with(b"\xff\x06\0\0") => {
                        assert!(out.len() < plain.len() && plain.starts_with(&out), "{way}");
                    }
                    answer => panic!("{way}: cut at {end} of {}: {answer:?}", body.len()),
                }
            }
        }
    }
}

#[test]
fn rubbish_behind_any_coding_is_refused() {
    let bench = Bench::new();
    for (way, coding, encode) in WAYS {
        for len in [40, LARGE] {
            let mut body = encode(&text(len));
            let end = body.len();
            body.extend_from_slice(&[9; 60]);
            let answer = bench.inflate(coding, &body, LIMIT);
            let offset = match &answer {
                Err(FrameError::BadCompression { offset, .. }) => *offset,
                other => panic!("{way}: {:?}", other.as_ref().map(Vec::len)),
            };
            assert!(offset == end, "{way}: told at {offset}, is at {end}");
        }
    }
}

#[test]
fn damage_at_any_byte_is_an_error_or_the_sums_are_silent_about_it() {
    let bench = Bench::new();
    for (way, coding, encode) in WAYS {
        let plain = text(300);
        let body = encode(&plain);
        let sums = !matches!(way, "raw deflate" | "raw deflate as zlib" | "snappy" | "lz4");
        for at in 0..body.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = body.clone();
                damaged[at] ^= flip;
                match bench.inflate(coding, &damaged, LIMIT) {
                    Err(FrameError::BadCompression { offset, .. }) => {
                        assert!(offset <= damaged.len(), "{way}: {at} ^ {flip:#x}");
                    }
                    Err(FrameError::TooLarge { .. }) => {}
                    Err(other) => panic!("{way}: {at} ^ {flip:#x}: {other:?}"),
                    Ok(out) => assert!(
                        !sums || out == plain || !is_covered(&body, at),
                        "{way}: {at} ^ {flip:#x} came out different"
                    ),
                }
            }
        }
    }
}

/// Whether a sum covers the byte: not the kind of a snappy chunk (which may become one to skip),
/// nor what tells zlib from raw deflate.
fn is_covered(body: &[u8], at: usize) -> bool {
    at >= 2 && !(is_snappy_stream(body) && at <= 14)
}

fn is_snappy_stream(body: &[u8]) -> bool {
    body.starts_with(b"\xff\x06\x00\x00sNaPpY")
}

#[test]
fn a_frame_of_zstd_that_wants_a_large_window_is_refused_with_its_size() {
    let bench = Bench::new();
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 14 << 3, 1, 0, 0];
    let Err(error) = bench.inflate(Coding::Zstd, &frame, LIMIT) else { panic!("accepted") };
    assert_eq!(error.to_string(), "zstd at offset 0: window of 16777216 bytes, at most 8 MiB");
}

#[test]
fn parts_without_end_are_refused_in_every_coding() {
    let bench = Bench::new();
    for coding in [Coding::Gzip, Coding::Zstd, Coding::Lz4] {
        let (_, _, encode) = WAYS.into_iter().find(|way| way.1 == coding).unwrap();
        let body = encode(b"").repeat(PARTS_MAX + 1);
        let answer = bench.inflate(coding, &body, LIMIT);
        assert!(is_damage(&answer, body.len()), "{coding:?}: {answer:?}");
    }
}

#[test]
fn a_decoder_that_met_damage_decodes_the_next_body() {
    let bench = Bench::new();
    for (way, coding, encode) in WAYS {
        for len in [500, LARGE] {
            let plain = text(len);
            let mut damaged = encode(&plain);
            let middle = damaged.len() / 2;
            damaged[middle..].fill(0xa5);
            drop(bench.inflate(coding, &damaged, LIMIT));
            let answer = bench.inflate(coding, &encode(&plain), LIMIT);
            assert!(answer == Ok(plain), "{way}");
        }
    }
}

#[test]
fn bodies_that_are_inflated_side_by_side_do_not_mix() {
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let plain = [text(LARGE), noise(LARGE)];
    for (way, coding, encode) in WAYS {
        let bodies = plain.each_ref().map(|plain| encode(plain));
        let [first, second] = bodies.each_ref().map(|body| {
            bench.inflater.inflate(coding, body, LIMIT, &bench.home, bench.lease.empty())
        });
        let (first, second) = runtime.block_on(async { tokio::join!(first, second) });
        assert!(first.unwrap()[..] == plain[0][..], "{way}");
        assert!(second.unwrap()[..] == plain[1][..], "{way}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_bytes_survive_any_coding(
        plain in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(7)], 0..3000),
        times in 1..30_usize,
    ) {
        let (bench, plain) = (Bench::new(), plain.repeat(times));
        for (way, coding, encode) in WAYS {
            let answer = bench.inflate(coding, &encode(&plain), LIMIT);
            prop_assert!(answer.as_ref() == Ok(&plain), "{}", way);
        }
    }

    #[test]
    fn any_bytes_are_taken_for_any_coding_without_panic_and_within_the_limit(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        keep in 0..40_usize,
    ) {
        let bench = Bench::new();
        for (_, coding, encode) in WAYS {
            let mut body = encode(b"spans and spans and spans");
            body.truncate(keep);
            body.extend_from_slice(&bytes);
            if let Ok(out) = bench.inflate(coding, &body, 10_000) {
                prop_assert!(out.len() <= 10_000);
            }
        }
    }
}
