//! How a sink answers: well, slowly, badly, or not at all.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::units;

/// How requests are answered. Whatever the mode, the request is read to its end first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// At once, with success.
    Ok,
    /// With success, after this time.
    Slow(Duration),
    /// With this HTTP status, or the gRPC code that corresponds to it.
    Fail {
        /// 400 to 599.
        status: u16,
        /// `Retry-After` over HTTP, `RetryInfo` over gRPC, in seconds.
        retry_after: Option<u32>,
    },
    /// With a partial success that rejects the first spans of each request.
    Reject(u64),
    /// Never: the request is held until the mode changes.
    Silent,
    /// By closing the connection.
    Close,
}

impl Mode {
    /// A failure without a delay to wait for.
    #[must_use]
    pub const fn fail(status: u16) -> Self {
        Self::Fail { status, retry_after: None }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || {
            format!(
                "{text:?}: expected ok, slow=50ms, fail=503, fail=503:2, reject=N, silent or close"
            )
        };
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        match (name, value) {
            ("ok", "") => Ok(Self::Ok),
            ("silent", "") => Ok(Self::Silent),
            ("close", "") => Ok(Self::Close),
            ("slow", value) => units::duration(value).map(Self::Slow),
            ("reject", value) => value.parse().map(Self::Reject).map_err(|_| bad()),
            ("fail", value) => {
                let (status, delay) = match value.split_once(':') {
                    Some((status, delay)) => (status, Some(delay.parse().map_err(|_| bad())?)),
                    None => (value, None),
                };
                let status = status.parse().map_err(|_| bad())?;
                if !(400..600).contains(&status) {
                    return Err(bad());
                }
                Ok(Self::Fail { status, retry_after: delay })
            }
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Slow(delay) => write!(f, "slow={}us", delay.as_micros()),
            Self::Fail { status, retry_after: None } => write!(f, "fail={status}"),
            Self::Fail { status, retry_after: Some(delay) } => write!(f, "fail={status}:{delay}"),
            Self::Reject(spans) => write!(f, "reject={spans}"),
            Self::Silent => f.write_str("silent"),
            Self::Close => f.write_str("close"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_they_are_written() {
        let modes = [
            Mode::Ok,
            Mode::Slow(Duration::from_millis(50)),
            Mode::fail(503),
            Mode::Fail { status: 429, retry_after: Some(2) },
            Mode::Reject(3),
            Mode::Silent,
            Mode::Close,
        ];
        for mode in modes {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in ["", "okay", "slow", "slow=5", "fail", "fail=200", "fail=503:x", "reject=-1"] {
            assert!(bad.parse::<Mode>().is_err(), "{bad:?}");
        }
    }
}
