//! How many file descriptors the process may have, and how many of them connections may take.
//!
//! ```text
//!  soft limit, raised to the hard one at start = reserve + shards x connections of a shard
//! ```
//! The reserve is for everything else: listeners, health, metrics, backends, files. So a flood of
//! connections cannot take the last descriptor from those who look after the process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors that are kept from connections, where the limit is not tiny.
const RESERVE_MIN: u64 = 64;
/// The part of the limit that is kept from them, where that is more.
const RESERVE_PART: u64 = 8;

/// Raises the limit as far as the system lets us; what it is then.
///
/// # Errors
/// What the system says.
pub fn raise() -> nix::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    limit()
}

fn limit() -> nix::Result<u64> {
    getrlimit(Resource::RLIMIT_NOFILE).map(|(soft, _)| soft)
}

/// Connections that each of `shards` may have open. Without a known limit there is none.
#[must_use]
pub fn connections_max(shards: usize) -> usize {
    limit().map_or(usize::MAX, |limit| share(limit, shards))
}

fn share(limit: u64, shards: usize) -> usize {
    let reserve = RESERVE_MIN.max(limit / RESERVE_PART).min(limit / 2);
    let free = usize::try_from(limit.saturating_sub(reserve)).unwrap_or(usize::MAX);
    (free / shards.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_stays_whatever_the_limit() {
        let cases = [
            (20_000, 4, 4_375),
            (1024, 2, 448),
            (256, 2, 96),
            (256, 1, 192),
            (100, 1, 50),
            (10, 8, 1),
            (0, 1, 1),
        ];
        for (limit, shards, expected) in cases {
            assert_eq!(share(limit, shards), expected, "{limit} for {shards}");
        }
    }

    #[test]
    fn the_limit_is_raised_to_what_the_system_allows() {
        let limit = raise().unwrap();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (limit, limit));
        assert!(connections_max(1) < usize::try_from(limit).unwrap());
    }
}
