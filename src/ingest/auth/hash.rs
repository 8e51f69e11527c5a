//! One password of an htpasswd file: how it is written, and whether a given one fits.
//!
//! bcrypt, `{SHA}`, `{SSHA}`, `$apr1$` and plain text, told apart as go-htpasswd does, which the
//! Collector uses. A kind that is written like a hash and is none of these is an error: taken for
//! plain text, the hash itself would be the password.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bcrypt::HashParts;
use md5::Context;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::hmac;

use super::{Mark, mark, same};

/// A bcrypt cost above this takes seconds for each new client.
const COST_MAX: u32 = 16;
/// Bytes of a SHA-1.
const SHA1_BYTES: usize = 20;
/// Rounds of `$apr1$`.
const ROUNDS: usize = 1000;
const APR1: &str = "$apr1$";
/// Its alphabet.
const ITOA64: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A password as it is kept.
pub(super) enum Hash {
    /// The whole text, and its cost.
    Bcrypt(String, u32),
    /// Salt and hash.
    Apr1(String, String),
    /// SHA-1 of password and salt.
    Sha(Vec<u8>, Vec<u8>),
    /// The digest of a plain password.
    Plain(Mark),
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("****")
    }
}

impl Hash {
    /// Reads what follows the user's name and the colon.
    ///
    /// # Errors
    /// What is wrong with it, without any of it.
    pub(super) fn parse(written: &str, key: &hmac::Key) -> Result<Self, &'static str> {
        if let Some(rest) = written.strip_prefix(APR1) {
            let (salt, hash) = rest.split_once('$').ok_or("an apr1 hash without its salt")?;
            let fits = hash.len() == 22 && hash.bytes().all(|byte| ITOA64.contains(&byte));
            return if fits && salt.len() <= 8 {
                Ok(Self::Apr1(salt.to_owned(), hash.to_owned()))
            } else {
                Err("an apr1 hash that is not 22 characters behind a salt of at most 8")
            };
        }
        for (prefix, salted) in [("{SHA}", false), ("{SSHA}", true)] {
            if let Some(encoded) = written.strip_prefix(prefix) {
                return sha(encoded, salted).ok_or("a SHA hash that is not base64 of 20 bytes");
            }
        }
        if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| written.starts_with(prefix)) {
            let parts: HashParts = written.parse().map_err(|_| "a bcrypt hash that is damaged")?;
            let cost = parts.get_cost();
            return match cost {
                4..=COST_MAX => Ok(Self::Bcrypt(written.to_owned(), cost)),
                _ => Err("a bcrypt cost outside of 4 to 16"),
            };
        }
        if is_kind(written) {
            return Err("a hash of a kind that is not known: use bcrypt");
        }
        if written.is_empty() {
            return Err("no password");
        }
        Ok(Self::Plain(mark(key, written.as_bytes())))
    }

    /// Takes as long as those of the same kind and cost, and nothing fits.
    pub(super) fn decoy(like: &Self) -> Self {
        match like {
            Self::Bcrypt(_, cost) => Self::Bcrypt(format!("$2b${cost:02}${:.<53}", ""), *cost),
            Self::Apr1(..) => Self::Apr1("........".to_owned(), "#".repeat(22)),
            Self::Sha(_, salt) => Self::Sha(vec![0; SHA1_BYTES], salt.clone()),
            Self::Plain(_) => Self::Plain(Mark::default()),
        }
    }

    /// What a check costs: those with 0 take microseconds.
    pub(super) const fn cost(&self) -> u32 {
        match self {
            Self::Plain(_) | Self::Sha(..) => 0,
            Self::Apr1(..) => 1,
            Self::Bcrypt(_, cost) => *cost,
        }
    }

    /// Whether this is the password.
    pub(super) fn fits(&self, password: &[u8], key: &hmac::Key) -> bool {
        match self {
            Self::Bcrypt(hash, _) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Apr1(salt, hash) => same(&apr1(password, salt.as_bytes()), hash.as_bytes()),
            Self::Sha(hash, salt) => {
                let found = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[password, salt].concat());
                same(found.as_ref(), hash)
            }
            Self::Plain(known) => same(&mark(key, password), known),
        }
    }
}

fn sha(encoded: &str, salted: bool) -> Option<Hash> {
    let bytes = STANDARD.decode(encoded).ok()?;
    let (hash, salt) = bytes.split_at_checked(SHA1_BYTES)?;
    (salted != salt.is_empty()).then(|| Hash::Sha(hash.to_vec(), salt.to_vec()))
}

/// Whether it begins with the name of a hash: `$5$`, `{CRYPT}`.
fn is_kind(written: &str) -> bool {
    let named = |open: char, close: char| {
        let name = written.strip_prefix(open).and_then(|rest| rest.split_once(close));
        let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        name.is_some_and(|(name, _)| !name.is_empty() && name.len() <= 16 && plain(name))
    };
    named('$', '$') || named('{', '}')
}

/// Apache's MD5: a thousand rounds over password, salt and what came before.
fn apr1(password: &[u8], salt: &[u8]) -> Vec<u8> {
    let sum = |parts: &[&[u8]]| {
        let mut context = Context::new();
        parts.iter().for_each(|part| context.consume(part));
        context.finalize().0
    };
    let inner = sum(&[password, salt, password]);
    let mut first = [password, APR1.as_bytes(), salt].concat();
    first.extend(inner.iter().cycle().take(password.len()));
    let mut left = password.len();
    while left > 0 {
        let byte = if left & 1 == 1 { 0 } else { password.first().copied().unwrap_or_default() };
        first.push(byte);
        left >>= 1;
    }
    let mut last = sum(&[&first]);
    for round in 0..ROUNDS {
        let (odd, empty): (bool, &[u8]) = (round & 1 == 1, &[]);
        let salt = if round.is_multiple_of(3) { empty } else { salt };
        let again = if round.is_multiple_of(7) { empty } else { password };
        last = if odd {
            sum(&[password, salt, again, &last])
        } else {
            sum(&[&last, salt, again, password])
        };
    }
    spelled(&last)
}

/// The hash in its own kind of base64, whose bytes stand in an order of their own.
fn spelled(hash: &[u8; 16]) -> Vec<u8> {
    let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15] = *hash;
    let groups = [(b0, b6, b12), (b1, b7, b13), (b2, b8, b14), (b3, b9, b15), (b4, b10, b5)];
    let mut text = Vec::with_capacity(24);
    for (high, middle, low) in groups.into_iter().chain([(0, 0, b11)]) {
        let mut bits = u32::from_be_bytes([0, high, middle, low]);
        for _ in 0..4 {
            let at = usize::try_from(bits & 0x3f).unwrap_or_default();
            text.push(ITOA64.get(at).copied().unwrap_or(b'.'));
            bits >>= 6;
        }
    }
    text.truncate(22);
    text
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;

    fn key() -> hmac::Key {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).unwrap()
    }

    #[test]
    fn every_kind_of_hash_takes_its_password_and_no_other() {
        // Made with `openssl passwd -apr1` and libxcrypt.
        let long = "a longer password than sixteen bytes";
        let cases = [
            ("$apr1$TqI9WECO$j9r/e6j19vJ/UYfK.IcXb/", "mypassword"),
            ("$apr1$saltsalt$fQOsGdVFkAc33miSw81BR1", long),
            ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "password"),
            ("$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", "secret"),
            ("$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", "secret"),
            ("$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a", "secret"),
            ("hunter2", "hunter2"),
            ("pa$$word", "pa$$word"),
        ];
        let key = key();
        for (written, password) in cases {
            let hash = Hash::parse(written, &key).unwrap();
            assert!(hash.fits(password.as_bytes(), &key), "{written}");
            assert!(!hash.fits(b"wrong", &key), "{written}");
            assert!(!hash.fits(b"", &key), "{written}");
            let decoy = Hash::decoy(&hash);
            assert!(!decoy.fits(password.as_bytes(), &key) && decoy.cost() == hash.cost());
        }
    }

    #[test]
    fn a_salted_sha_takes_its_password() {
        let key = key();
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, b"secretsalt");
        let text = format!("{{SSHA}}{}", STANDARD.encode([digest.as_ref(), b"salt"].concat()));
        let hash = Hash::parse(&text, &key).unwrap();
        assert!(hash.fits(b"secret", &key) && !hash.fits(b"secrets", &key));
    }

    #[test]
    fn what_cannot_be_used_is_an_error_that_shows_nothing_of_it() {
        let cases = [
            "",
            "$apr1$nosaltatall",
            "$apr1$salt$short",
            "{SHA}not base64",
            "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            "$2y$05$short",
            "$2y$31$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
            "$6$salt$hash",
            "$1$salt$hash",
            "{CRYPT}x",
        ];
        for written in cases {
            let why = Hash::parse(written, &key()).expect_err(written);
            assert!(written.is_empty() || !why.contains(written), "{why}");
        }
    }
}
