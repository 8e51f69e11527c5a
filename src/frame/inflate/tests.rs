//! gzip bodies as clients send them, and as attackers do; [`codings`] has the same for all others.

use std::io::Write as _;
use std::sync::Arc;

use flate2::{Compression, write::GzEncoder};

mod codings;

use super::*;
use crate::buf::budget::{Budget, Lease};
use crate::buf::pool::Pool;

const LIMIT: usize = 20 * MIB;

struct Bench {
    lease: Arc<Lease>,
    home: Arc<Home>,
    inflater: Inflater,
}

impl Bench {
    fn new() -> Self {
        Self::with_budget(256 * MIB)
    }

    fn with_budget(bytes: usize) -> Self {
        let pool = Pool::install(1, 8 * MIB);
        Self {
            lease: Budget::new(bytes, bytes, 1, 1).lease(),
            home: Arc::clone(pool.home()),
            inflater: Inflater::default(),
        }
    }

    fn gzip(&self, compressed: &[u8], limit: usize) -> Result<Vec<u8>, FrameError> {
        self.inflate(Coding::Gzip, compressed, limit)
    }

    fn inflate(&self, coding: Coding, bytes: &[u8], limit: usize) -> Result<Vec<u8>, FrameError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ticket = self.lease.empty();
        let future = self.inflater.inflate(coding, bytes, limit, &self.home, ticket);
        runtime.block_on(future).map(|block| {
            assert!(block.capacity() <= block.ticket().amount());
            assert!(block.len() <= limit);
            block.to_vec()
        })
    }
}

fn member(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Text that compresses about as well as spans do.
fn text(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut bytes = Vec::with_capacity(len + 32);
    while bytes.len() < len {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        write!(bytes, "span {} took {} us; ", state >> 28, state >> 16).unwrap();
    }
    bytes.truncate(len);
    bytes
}

#[test]
fn bodies_of_every_size_come_out_as_they_went_in() {
    let bench = Bench::new();
    for len in [0, 1, 100, 4096, 65_536, ONE_SHOT_MAX - 1, ONE_SHOT_MAX, ONE_SHOT_MAX + 1, 5 * MIB]
    {
        let plain = text(len);
        assert_eq!(bench.gzip(&member(&plain), LIMIT), Ok(plain), "{len} bytes");
    }
}

#[test]
fn every_member_counts() {
    let bench = Bench::new();
    for sizes in
        [&[10, 20][..], &[0, 0, 5], &[3000, 2, 90_000, 1], &[3 * MIB, 7, 2 * MIB], &[7, 3 * MIB]]
    {
        let plain: Vec<Vec<u8>> = sizes.iter().map(|len| text(*len)).collect();
        let body: Vec<u8> = plain.iter().flat_map(|part| member(part)).collect();
        assert_eq!(bench.gzip(&body, LIMIT), Ok(plain.concat()), "{sizes:?}");
    }
}

#[test]
fn the_limit_holds_to_the_byte() {
    let bench = Bench::new();
    for len in [5000, 300_000, ONE_SHOT_MAX, 3 * MIB] {
        let body = member(&text(len));
        assert_eq!(bench.gzip(&body, len).map(|plain| plain.len()), Ok(len));
        assert_eq!(bench.gzip(&body, len - 1), Err(FrameError::TooLarge { limit: len - 1 }));
        let twice = [body.clone(), body].concat();
        assert_eq!(bench.gzip(&twice, len), Err(FrameError::TooLarge { limit: len }));
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let bench = Bench::new();
    let body = member(&vec![0; 32 * MIB]);
    assert!(body.len() < 100_000);
    assert_eq!(bench.gzip(&body, 2 * MIB), Err(FrameError::TooLarge { limit: 2 * MIB }));
    let bombs = body.repeat(3);
    assert_eq!(bench.gzip(&bombs, LIMIT), Err(FrameError::TooLarge { limit: LIMIT }));
}

#[test]
fn a_body_beyond_the_budget_is_refused_and_everything_is_given_back() {
    let bench = Bench::with_budget(2 * MIB);
    let body = member(&text(5 * MIB));
    assert_eq!(bench.gzip(&body, LIMIT), Err(FrameError::Overloaded));
    bench.lease.sweep();
    assert!(bench.lease.ticket(2 * MIB).is_ok());
}

#[test]
fn an_isize_that_lies_is_found_out() {
    let bench = Bench::new();
    for len in [50, 100_000, 3 * MIB] {
        let body = member(&text(len));
        for lie in [0, 1, 77, 2_000_000, u32::MAX] {
            let mut lying = body.clone();
            let end = lying.len();
            lying[end - 4..].copy_from_slice(&lie.to_le_bytes());
            let answer = bench.gzip(&lying, LIMIT);
            assert!(
                matches!(answer, Err(FrameError::BadCompression { .. })),
                "{len} as {lie}: {answer:?}"
            );
        }
    }
}

#[test]
fn a_wrong_crc_is_found_out() {
    let bench = Bench::new();
    for len in [50, 3 * MIB] {
        let mut body = member(&text(len));
        let end = body.len();
        body[end - 5] ^= 1;
        assert!(matches!(bench.gzip(&body, LIMIT), Err(FrameError::BadCompression { .. })));
    }
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    let bench = Bench::new();
    let small = [member(&text(40)), member(&text(30))].concat();
    let joint = member(&text(40)).len();
    for end in (0..small.len()).filter(|end| *end != joint) {
        let answer = bench.gzip(&small[..end], LIMIT);
        assert!(
            matches!(answer, Err(FrameError::BadCompression { .. })),
            "cut at {end}: {answer:?}"
        );
    }
    let large = member(&text(3 * MIB));
    for missing in [1, 8, 9, 1000, large.len() / 2] {
        let answer = bench.gzip(&large[..large.len() - missing], LIMIT);
        assert!(answer.is_err(), "{missing} bytes missing");
    }
}

#[test]
fn rubbish_behind_the_last_member_is_refused_with_its_offset() {
    let bench = Bench::new();
    for len in [40, 3 * MIB] {
        let mut body = member(&text(len));
        let end = body.len();
        body.extend_from_slice(b"rubbish that is no member");
        let Err(FrameError::BadCompression { offset, .. }) = bench.gzip(&body, LIMIT) else {
            panic!("accepted");
        };
        assert_eq!(offset, end);
    }
}

#[test]
fn what_is_no_gzip_is_refused() {
    let bench = Bench::new();
    for body in [&b""[..], b"x", b"plain text that is longer than a header", &[0x1f, 0x8b]] {
        let answer = bench.gzip(body, LIMIT);
        assert!(matches!(answer, Err(FrameError::BadCompression { offset: 0, .. })), "{answer:?}");
    }
}

#[test]
fn members_without_end_are_refused() {
    let bench = Bench::new();
    let body = member(b"").repeat(PARTS_MAX + 1);
    assert!(matches!(bench.gzip(&body, LIMIT), Err(FrameError::BadCompression { .. })));
    let body = member(b"").repeat(PARTS_MAX);
    assert_eq!(bench.gzip(&body, LIMIT), Ok(Vec::new()));
}
