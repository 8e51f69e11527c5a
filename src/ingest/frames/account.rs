//! What a connection may cost before it must have been of use.
//!
//! Units are about a microsecond of a core. The figures rest on what clients are known to send for
//! one call beside its data, in units:
//!
//! ```text
//!  grpc-go         HEADERS 2, empty DATA 1, PING 2 (its estimate of bandwidth),
//!                  WINDOW_UPDATE 1                                                  6
//!  grpc C core     the same, WINDOW_UPDATE twice, at times SETTINGS 4           to 11
//!  Java, Node      HEADERS 2, empty DATA 1, WINDOW_UPDATE to 4, PRIORITY 1        8
//!  refused early   HEADERS 2, PING 2, WINDOW_UPDATE 2, RST_STREAM 8              14
//! ```
//! A field block costs a unit more for each [`BYTES_PER_UNIT`], so a token of 3 KiB that is sent
//! anew with every call costs 48. An accepted call brings [`ANSWERED`] and one that fails
//! [`FAILED`], more than any of them spends. What is never answered is paid for by time:
//! [`REFILL_PER_TICK`] is enough for some 80 calls a second that their client gives up before the
//! answer (HEADERS of 150 bytes and RST_STREAM), for 500 PINGs or for 1,000 WINDOW_UPDATEs of a
//! slow reader. [`BALANCE_MAX`] is enough for 300 calls given up at once. A flood of 50,000 frames
//! a second lasts 80 ms, and one that is never caught is slower than 1,000 frames a second: a
//! thousandth of a core.

use super::Kind;

/// Units a connection begins with, and at most has.
const BALANCE_MAX: u32 = 4_000;
/// Units that come back in each tick of the watch, which is half a second.
const REFILL_PER_TICK: u32 = 500;
/// What an answer to an accepted request brings.
pub(in crate::ingest) const ANSWERED: u32 = 80;
/// What an answer brings when the request had a body and was not accepted, and its client still
/// wanted to hear it.
pub(in crate::ingest) const FAILED: u32 = 64;
/// Bytes of a header block or of settings that cost one unit more.
const BYTES_PER_UNIT: usize = 64;
/// Data frames of fewer bytes cost a unit; of twice as many, they bring one.
const SMALL_DATA: usize = 64;

/// The units of one connection.
#[derive(Debug)]
pub(super) struct Account {
    balance: u32,
    /// When time was last paid for.
    tick: u32,
}

impl Account {
    pub(super) const fn new(now: u32) -> Self {
        Self { balance: BALANCE_MAX, tick: now }
    }

    /// Adds what the time since the last call and answers have brought.
    pub(super) fn settle(&mut self, now: u32, earned: u32) {
        let ticks = now.saturating_sub(self.tick);
        self.tick = now;
        self.earn(ticks.saturating_mul(REFILL_PER_TICK).saturating_add(earned));
    }

    /// Takes units away, or gives some if they are negative; `None`: there are not as many.
    pub(super) fn pay(&mut self, units: i32) -> Option<()> {
        if units < 0 {
            self.earn(units.unsigned_abs());
            return Some(());
        }
        self.balance = self.balance.checked_sub(units.unsigned_abs())?;
        Some(())
    }

    fn earn(&mut self, units: u32) {
        self.balance = self.balance.saturating_add(units).min(BALANCE_MAX);
    }
}

/// What a frame costs; less than nothing for data.
pub(super) fn cost(kind: Kind, len: usize) -> i32 {
    let by_len = i32::try_from(len.div_euclid(BYTES_PER_UNIT)).unwrap_or(i32::MAX);
    match kind {
        Kind::Data if len >= 2 * SMALL_DATA => -1,
        Kind::Data if len >= SMALL_DATA => 0,
        Kind::Headers => by_len.saturating_add(2),
        Kind::Ping => 2,
        Kind::Settings => by_len.saturating_add(4),
        Kind::Reset => 8,
        Kind::Data | Kind::Priority | Kind::GoAway | Kind::WindowUpdate => 1,
        Kind::Promise | Kind::Continuation | Kind::Unknown => by_len.saturating_add(1),
    }
}
