//! The users of a `basicauth`, and who has been checked lately.
//!
//! Lines are `user:hash`; those of the file come first, and of two with the same user the later
//! counts, so that inline ones go before. Empty lines and those that begin with `#` are passed
//! over. Every other line can be used, or nothing is: a user that silently does not exist is found
//! out too late. A change of the file makes a new table, which remembers nobody.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use ring::hmac;

use super::hash::Hash;
use super::memory::Memory;
use super::{Mark, mark, text};
use crate::config::plan::Secret;
use crate::runtime::clock;

/// Sets of credentials that are known to be good, and for how long.
const GOOD: (usize, Duration) = (256, Duration::from_secs(300));
/// Sets of wrong ones: clients that are set up wrongly send the same again and again.
const BAD: (usize, Duration) = (64, Duration::from_secs(30));
/// As Go reads it: bits behind the last byte do not matter.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);
const SCHEME: &[u8] = b"Basic ";

/// User and password as a client sent them.
pub(super) struct Credentials {
    pub(super) user: Vec<u8>,
    pub(super) password: Vec<u8>,
}

impl Credentials {
    /// Those of a header's value.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let (scheme, encoded) = value.split_at_checked(SCHEME.len())?;
        let mut user =
            scheme.eq_ignore_ascii_case(SCHEME).then(|| BASE64.decode(encoded).ok())??;
        let colon = user.iter().position(|byte| *byte == b':')?;
        let password = user.split_off(colon).split_off(1);
        Some(Self { user, password })
    }
}

/// All users.
pub(super) struct Users {
    key: hmac::Key,
    source: Mark,
    users: HashMap<Vec<u8>, Hash>,
    /// What is checked for users that there are not.
    decoy: Hash,
    good: Memory,
    bad: Memory,
}

impl PartialEq for Users {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Users {
    /// # Errors
    /// The file that cannot be read, the line that cannot be used, or that there is no user.
    pub(super) fn read(
        file: Option<&Path>,
        inline: &Secret,
        key: &hmac::Key,
    ) -> Result<Self, String> {
        let first = file.map(text).transpose()?.unwrap_or_default();
        let last = match inline {
            Secret::Plain(text) => text.clone(),
            Secret::File(path) => text(path)?,
        };
        let mut users = HashMap::new();
        let place = file.map(|path| path.display().to_string()).unwrap_or_default();
        for (text, place) in [(&first, place.as_str()), (&last, "htpasswd.inline")] {
            read_lines(text, &mut users, key).map_err(|(line, why)| {
                format!("{place}: line {line}: expected user:hash, found {why}")
            })?;
        }
        let costly = users.values().max_by_key(|hash: &&Hash| hash.cost());
        let decoy = Hash::decoy(costly.ok_or("there is no user in the htpasswd lines")?);
        let now = clock::now();
        Ok(Self {
            source: mark(key, &[first.as_bytes(), b"\0", last.as_bytes()].concat()),
            key: key.clone(),
            users,
            decoy,
            good: Memory::new(GOOD.0, GOOD.1, now),
            bad: Memory::new(BAD.0, BAD.1, now),
        })
    }

    /// The digest of a header's value.
    pub(super) fn mark(&self, value: &[u8]) -> Mark {
        mark(&self.key, value)
    }

    /// What is known of such credentials without computing anything.
    pub(super) fn recall(&self, mark: &Mark, now: Instant) -> Option<bool> {
        if self.good.knows(mark, now) {
            return Some(true);
        }
        self.bad.knows(mark, now).then_some(false)
    }

    /// Whether a check takes too long for a shard.
    pub(super) const fn is_slow(&self) -> bool {
        self.decoy.cost() > 0
    }

    /// Checks the credentials and remembers the outcome. A user that there is not takes as long as
    /// one of the costliest kind; users whose costs differ can be told apart.
    pub(super) fn verify(&self, mark: &Mark, credentials: &Credentials, now: Instant) -> bool {
        let Credentials { user, password } = credentials;
        let known = self.users.get(user);
        let fits = known.is_some_and(|hash| hash.fits(password, &self.key));
        if !known.is_some_and(|hash| hash.cost() > 1 || hash.cost() == self.decoy.cost()) {
            let _ = black_box(self.decoy.fits(password, &self.key));
        }
        let memory = if fits { &self.good } else { &self.bad };
        memory.learn(mark, now);
        fits
    }
}

/// Takes the lines of `text`; the error is the number of a line and what is wrong with it.
fn read_lines(
    text: &str,
    users: &mut HashMap<Vec<u8>, Hash>,
    key: &hmac::Key,
) -> Result<(), (usize, &'static str)> {
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index.saturating_add(1);
        let (user, written) = line.split_once(':').ok_or((number, "no colon"))?;
        let hash = Hash::parse(written, key).map_err(|why| (number, why))?;
        let _ = users.insert(user.as_bytes().to_vec(), hash);
    }
    Ok(())
}
