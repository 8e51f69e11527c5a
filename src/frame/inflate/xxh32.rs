//! XXH32, the checksum of lz4 frames, over bytes that lie in one piece.
//!
//! The sum of a growing output is kept up stripe by stripe, so that no step has to hash all of it.

const PRIMES: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];
const STRIPE: usize = 16;

/// A sum with seed 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Xxh32 {
    lanes: [u32; 4],
    /// Bytes that the lanes have seen: whole stripes.
    seen: usize,
}

impl Default for Xxh32 {
    fn default() -> Self {
        let [first, second, ..] = PRIMES;
        let lanes = [first.wrapping_add(second), second, 0, 0_u32.wrapping_sub(first)];
        Self { lanes, seen: 0 }
    }
}

impl Xxh32 {
    /// The sum of `bytes`.
    pub(super) fn of(bytes: &[u8]) -> u32 {
        Self::default().finish(bytes)
    }

    /// Sees the stripes of `whole` that it has not seen yet; `whole` is everything so far.
    pub(super) fn see(&mut self, whole: &[u8]) {
        let [first, second, ..] = PRIMES;
        let stripes = whole.get(self.seen..).unwrap_or_default().chunks_exact(STRIPE);
        for stripe in stripes {
            let (words, _) = stripe.as_chunks::<4>();
            for (lane, word) in self.lanes.iter_mut().zip(words) {
                let sum = lane.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(second));
                *lane = sum.rotate_left(13).wrapping_mul(first);
            }
            self.seen = self.seen.saturating_add(STRIPE);
        }
    }

    /// The sum of `whole`, of which it has seen the stripes before.
    pub(super) fn finish(mut self, whole: &[u8]) -> u32 {
        self.see(whole);
        let [first, second, third, fourth, fifth] = PRIMES;
        let [a, b, c, d] = self.lanes;
        let mut sum = if whole.len() >= STRIPE {
            let pair = a.rotate_left(1).wrapping_add(b.rotate_left(7));
            pair.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18))
        } else {
            fifth
        };
        // The length counts modulo 2^32.
        let [a, b, c, d, ..] = (whole.len() as u64).to_le_bytes();
        sum = sum.wrapping_add(u32::from_le_bytes([a, b, c, d]));
        let (words, rest) = whole.get(self.seen..).unwrap_or_default().as_chunks::<4>();
        for word in words {
            sum = sum.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(third));
            sum = sum.rotate_left(17).wrapping_mul(fourth);
        }
        for byte in rest {
            sum = sum.wrapping_add(u32::from(*byte).wrapping_mul(fifth));
            sum = sum.rotate_left(11).wrapping_mul(first);
        }
        sum = (sum ^ (sum >> 15)).wrapping_mul(second);
        sum = (sum ^ (sum >> 13)).wrapping_mul(third);
        sum ^ (sum >> 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_reference() {
        assert_eq!(Xxh32::of(b""), 0x02cc_5d05);
        assert_eq!(Xxh32::of(b"a"), 0x550d_7456);
        assert_eq!(Xxh32::of(b"abc"), 0x32d1_53ff);
        assert_eq!(Xxh32::of(b"Nobody inspects the spammish repetition"), 0xe229_3b2f);
    }

    #[test]
    fn a_sum_kept_up_in_pieces_is_the_sum_of_the_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for cuts in [&[1, 15, 16, 17, 999][..], &[500], &[16, 32, 33]] {
            let mut sum = Xxh32::default();
            for cut in cuts {
                sum.see(&bytes[..*cut]);
            }
            assert_eq!(sum.finish(&bytes), Xxh32::of(&bytes));
        }
    }
}
