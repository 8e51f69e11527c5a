//! One bit for each sequence number, grown on demand.

/// A set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    ones: u64,
}

impl Bitmap {
    /// Adds `bit`; says whether it was new.
    pub fn set(&mut self, bit: u64) -> bool {
        let Ok(word) = usize::try_from(bit / 64) else {
            return false;
        };
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let Some(word) = self.words.get_mut(word) else {
            return false;
        };
        let mask = 1 << (bit % 64);
        let new = *word & mask == 0;
        *word |= mask;
        self.ones += u64::from(new);
        new
    }

    /// Whether `bit` is in the set.
    #[must_use]
    pub fn contains(&self, bit: u64) -> bool {
        let word = usize::try_from(bit / 64).ok().and_then(|word| self.words.get(word));
        word.is_some_and(|word| word & (1 << (bit % 64)) != 0)
    }

    /// How many numbers are in the set.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.ones
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ones == 0
    }

    /// Adds every number of `other`.
    pub fn union(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            self.ones += u64::from((theirs & !*mine).count_ones());
            *mine |= theirs;
        }
    }

    /// The words in little-endian bytes, as they travel from a sink to a sender.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// The set whose words these bytes are; a trailing part of a word is ignored.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let words: Vec<u64> = bytes
            .chunks_exact(8)
            .map(|chunk| chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)))
            .collect();
        let ones = words.iter().map(|word| u64::from(word.count_ones())).sum();
        Self { words, ones }
    }

    /// The numbers in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        (0_u64..).step_by(64).zip(&self.words).flat_map(|(base, &word)| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| base + bit)
        })
    }
}
