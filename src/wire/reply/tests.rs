//! Replies: written and read back, and read as other servers write them.

use super::*;
use crate::error::Reason;

#[test]
fn a_partial_success_is_read_back_as_written() {
    for (rejected, message) in [
        (3, "no route"),
        (0, "slow down"),
        (i64::MAX, ""),
        (-1, "odd"),
    ] {
        let body = partial_success(rejected, message);
        let expected = Partial {
            rejected,
            message: message.into(),
        };
        assert_eq!(read_partial_success(&body), Ok(Some(expected)));
    }
}

#[test]
fn an_empty_reply_and_an_empty_partial_success_are_full_successes() {
    assert_eq!(read_partial_success(&[]), Ok(None));
    assert_eq!(read_partial_success(&[0x0a, 0]), Ok(None));
    assert_eq!(
        read_partial_success(&[0x10, 1]),
        Ok(None),
        "unknown fields say nothing"
    );
}

#[test]
fn a_status_is_read_back_as_written() {
    let delays = [
        None,
        Some(Duration::ZERO),
        Some(Duration::from_secs(2)),
        Some(Duration::from_millis(1500)),
        Some(Duration::from_nanos(1)),
    ];
    for delay in delays {
        for (code, message) in [(14, "queue full"), (0, ""), (-1, "negative")] {
            let bytes = status(code, message, delay);
            let expected = StatusView {
                code,
                message: message.into(),
                retry_after: delay,
            };
            assert_eq!(read_status(&bytes), Ok(expected));
        }
    }
}

#[test]
fn a_status_has_the_bytes_that_other_implementations_write() {
    let mut expected = vec![0x08, 14, 0x12, 1, b'x', 0x1a, 48, 0x0a, 40];
    expected.extend(RETRY_INFO.as_bytes());
    expected.extend([0x12, 4, 0x0a, 2, 0x08, 1]);
    assert_eq!(status(14, "x", Some(Duration::from_secs(1))), expected);
    assert_eq!(RETRY_INFO.len(), 40);
}

#[test]
fn other_details_and_negative_delays_give_no_wait() {
    let other = encoded(|out| out.message(3, |any| any.string(1, "type.x/google.rpc.BadRequest")));
    assert_eq!(read_status(&other).unwrap().retry_after, None);
    let negative = encoded(|out| {
        out.message(3, |any| {
            any.string(1, RETRY_INFO);
            any.message(2, |info| info.message(1, |duration| duration.int(1, -5)));
        });
    });
    assert_eq!(
        read_status(&negative).unwrap().retry_after,
        Some(Duration::ZERO)
    );
}

#[test]
fn malformed_replies_are_refused_with_their_place() {
    let error = read_status(&[0x08, 14, 0x12, 9, b'x']).unwrap_err();
    assert_eq!(
        error,
        WireError::new(4, Reason::LengthPastEnd { length: 9, left: 1 })
    );
    let error = read_partial_success(&[0x0a, 1, 0x08]).unwrap_err();
    assert_eq!(error, WireError::new(3, Reason::Truncated));
    let full = status(14, "queue full", Some(Duration::from_secs(1)));
    for cut in 0..full.len() {
        drop(read_status(&full[..cut]));
    }
}

#[test]
fn text_that_is_no_utf8_is_taken_with_replacements() {
    let bytes = [0x12, 2, 0xff, b'a'];
    assert_eq!(read_status(&bytes).unwrap().message, "\u{fffd}a");
}
