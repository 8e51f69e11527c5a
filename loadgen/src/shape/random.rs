//! A small generator of repeatable random numbers and texts (SplitMix64). Not for secrets.

/// The state; equal seeds give equal sequences.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `bound`; 0 when the bound is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// `length` bytes of words as they stand in paths, names and ids: neither constant nor noise,
    /// so that a compressor finds about what it finds in real spans.
    pub(super) fn text(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length + 12);
        while text.len() < length {
            let word = usize::try_from(self.below(WORDS.len() as u64 * 2)).unwrap_or(0);
            match WORDS.get(word) {
                Some(word) => text.push_str(word),
                None => text.push_str(&format!("{:x}", self.next() & 0xffff)),
            }
            text.push('-');
        }
        text.truncate(length);
        text
    }
}

const WORDS: [&str; 16] = [
    "cart",
    "order",
    "user",
    "eu-west-1",
    "api",
    "v2",
    "checkout",
    "prod",
    "payment",
    "session",
    "search",
    "item",
    "worker",
    "queue",
    "render",
    "image",
];
