//! What servers answer: `Export*ServiceResponse` and `google.rpc.Status`.
//!
//! The three responses have one form: `partial_success = 1 { rejected = 1; error_message = 2 }`.
//! A full success is the empty message. Errors, over HTTP as over gRPC, carry a `Status`
//! `{ code = 1; message = 2; details = 3 }`, whose details may hold a `RetryInfo`.
//!
//! Answers come from backends and are hostile too: malformed ones are errors, text is taken with
//! its invalid parts replaced.

use crate::cursor::Cursor;
use crate::encode::{Encoder, encoded};
use crate::error::WireError;
use std::borrow::Cow;
use std::time::Duration;

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
const RETRY_INFO_NAME: &[u8] = b"/google.rpc.RetryInfo";

/// What a backend did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial<'a> {
    /// Items that were rejected; 0 makes the message a warning.
    pub rejected: i64,
    /// Why.
    pub message: Cow<'a, str>,
}

/// A `google.rpc.Status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusView<'a> {
    /// The gRPC code; unused over HTTP.
    pub code: i32,
    /// The text.
    pub message: Cow<'a, str>,
    /// The delay of a `RetryInfo` among the details. `Some` says that a retry may help.
    pub retry_after: Option<Duration>,
}

/// An `Export*ServiceResponse` that says some items were rejected.
#[must_use]
pub fn partial_success(rejected: i64, message: &str) -> Vec<u8> {
    encoded(|response| {
        response.message(1, |partial| {
            if rejected != 0 {
                partial.int(1, rejected);
            }
            non_empty(partial, 2, message);
        });
    })
}

/// Reads an `Export*ServiceResponse`; `None` when everything was accepted. A `partial_success` that
/// is set but empty (the Collector always sends one) also says so.
///
/// # Errors
/// A malformed response.
pub fn read_partial_success(body: &[u8]) -> Result<Option<Partial<'_>>, WireError> {
    let mut found = Partial {
        rejected: 0,
        message: Cow::default(),
    };
    let mut response = Cursor::new(body);
    while let Some(key) = response.key()? {
        if key.number() != 1 {
            response.skip(key)?;
            continue;
        }
        let mut partial = response.message(key)?;
        while let Some(key) = partial.key()? {
            match key.number() {
                1 => found.rejected = partial.number(key)?.cast_signed(),
                2 => found.message = String::from_utf8_lossy(partial.body(key)?),
                _ => partial.skip(key)?,
            }
        }
    }
    Ok((found.rejected != 0 || !found.message.is_empty()).then_some(found))
}

/// A `google.rpc.Status`; `retry_after` puts a `RetryInfo` into its details.
#[must_use]
pub fn status(code: i32, message: &str, retry_after: Option<Duration>) -> Vec<u8> {
    encoded(|status| {
        if code != 0 {
            status.int(1, i64::from(code));
        }
        non_empty(status, 2, message);
        let Some(delay) = retry_after else { return };
        status.message(3, |detail| {
            detail.string(1, RETRY_INFO);
            detail.message(2, |retry_info| {
                retry_info.message(1, |duration| {
                    if delay.as_secs() != 0 {
                        duration.uint(1, delay.as_secs());
                    }
                    if delay.subsec_nanos() != 0 {
                        duration.uint(2, u64::from(delay.subsec_nanos()));
                    }
                });
            });
        });
    })
}

/// Reads a `google.rpc.Status`.
///
/// # Errors
/// A malformed status. Details of other types are not opened.
pub fn read_status(bytes: &[u8]) -> Result<StatusView<'_>, WireError> {
    let mut found = StatusView::default();
    let mut status = Cursor::new(bytes);
    while let Some(key) = status.key()? {
        match key.number() {
            1 => found.code = low_half(status.number(key)?),
            2 => found.message = String::from_utf8_lossy(status.body(key)?),
            3 => {
                if let Some(delay) = read_detail(status.message(key)?)? {
                    found.retry_after = Some(delay);
                }
            }
            _ => status.skip(key)?,
        }
    }
    Ok(found)
}

fn read_detail(mut detail: Cursor<'_>) -> Result<Option<Duration>, WireError> {
    let mut is_retry_info = false;
    let mut value = None;
    while let Some(key) = detail.key()? {
        match key.number() {
            1 => is_retry_info = detail.body(key)?.ends_with(RETRY_INFO_NAME),
            2 => value = Some(detail.message(key)?),
            _ => detail.skip(key)?,
        }
    }
    if !is_retry_info {
        return Ok(None);
    }
    value.map_or(Ok(Some(Duration::ZERO)), |value| {
        read_retry_info(value).map(Some)
    })
}

/// The delay of a `RetryInfo`; a negative or absent one is none.
fn read_retry_info(mut retry_info: Cursor<'_>) -> Result<Duration, WireError> {
    let (mut seconds, mut nanos) = (0_i64, 0_i32);
    while let Some(key) = retry_info.key()? {
        if key.number() != 1 {
            retry_info.skip(key)?;
            continue;
        }
        let mut duration = retry_info.message(key)?;
        while let Some(key) = duration.key()? {
            match key.number() {
                1 => seconds = duration.number(key)?.cast_signed(),
                2 => nanos = low_half(duration.number(key)?),
                _ => duration.skip(key)?,
            }
        }
    }
    let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Ok(seconds.saturating_add(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))))
}

fn non_empty(out: &mut Encoder<'_>, field: u32, text: &str) {
    if !text.is_empty() {
        out.string(field, text);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "an int32 is the low half of its varint"
)]
const fn low_half(value: u64) -> i32 {
    (value as u32).cast_signed()
}

#[cfg(test)]
mod tests;
