//! The frames of an HTTP/2 connection, read along on their way to the protocol library.
//!
//! ```text
//!  socket -> Frames::read -> bytes up to the first bad frame -> h2
//!                  \-> Breach: the driver says GOAWAY with its code and closes
//! ```
//! Two things are looked at. **The rules** that the library does not keep, or answers with another
//! code than RFC 9113 names: the first frame, lengths of frames, values of settings, frames inside
//! of a header block, headers or data after the end of a stream. **The account**: what makes work
//! without being a request is paid for in units, which come back with time and with every answer
//! ([`account`]). Who has none left is told to calm down.
//!
//! Invariants: the verdict and its place in the stream do not depend on how the bytes are split; a
//! frame that is faulty by its head or by the settings in it is never passed on whole; nothing is
//! allocated, and a request of three frames costs three looks at nine bytes.
//!
//! What it leaves to the library: header compression, the states of streams, flow control.

use h2::Reason;

mod account;
mod pings;
#[cfg(test)]
mod tests;

pub(super) use account::{ANSWERED, FAILED};
use account::{Account, cost};
pub(super) use pings::Pings;

/// Length of the preface, which [`super::sniff`] has compared.
const PREFACE_LEN: usize = 24;
const HEAD_LEN: usize = 9;
/// No larger one is announced in our settings.
const FRAME_BYTES_MAX: usize = 16_384;
const WINDOW_MAX: u32 = (1 << 31) - 1;
const INITIAL_WINDOW_SIZE: u16 = 4;
/// Streams whose end is remembered: late headers on one of them are told apart from a stream that
/// was skipped.
const ENDS_KEPT: usize = 16;
/// Highest index of a pseudo-header in the static table.
const PSEUDO_INDEX_MAX: u8 = 14;

const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Breach {
    /// The code of the GOAWAY.
    pub(super) reason: Reason,
    /// More work than use, rather than a broken rule.
    pub(super) flood: bool,
}

impl Breach {
    const FLOOD: Self = Self { reason: Reason::ENHANCE_YOUR_CALM, flood: true };

    const fn rule(reason: Reason) -> Self {
        Self { reason, flood: false }
    }
}

/// What a frame is, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Data,
    Headers,
    Priority,
    Reset,
    Settings,
    Promise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    Unknown,
}

/// The head of a frame.
#[derive(Clone, Copy, Debug)]
struct Head {
    len: usize,
    kind: Kind,
    flags: u8,
    stream: u32,
}

/// What is looked at of the payload that comes.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// Nothing more.
    Away,
    /// Settings, six bytes each.
    Settings { part: [u8; 6], have: usize },
    /// The length of the padding of data.
    Padding,
    /// The first byte of trailers, after so many others.
    Trailers { after: usize },
}

/// The place in the frames of one connection, and its account.
#[derive(Debug)]
pub(super) struct Frames {
    /// Bytes of the preface that are still to come.
    preface: usize,
    part: [u8; HEAD_LEN],
    have: usize,
    /// Bytes of the payload that are still to come.
    left: usize,
    look: Look,
    /// Whether it is data.
    data: bool,
    /// The first frame has come.
    begun: bool,
    /// The stream whose header block is open.
    block: Option<u32>,
    /// The highest stream so far.
    last: u32,
    ends: [u32; ENDS_KEPT],
    ended: usize,
    account: Account,
    /// What the file says of pings.
    pings: Option<Pings>,
}

impl Frames {
    /// A connection of which nothing, not even the preface, has been read by tick `now`.
    pub(super) const fn new(now: u32, pings: Option<Pings>) -> Self {
        Self {
            preface: PREFACE_LEN,
            part: [0; HEAD_LEN],
            have: 0,
            left: 0,
            look: Look::Away,
            data: false,
            begun: false,
            block: None,
            last: 0,
            ends: [0; ENDS_KEPT],
            ended: 0,
            account: Account::new(now),
            pings,
        }
    }

    /// Time is `now` in ticks of the watch, answers since the last call were worth `earned`, and
    /// requests are under way or not.
    pub(super) fn settle(&mut self, now: u32, earned: u32, in_use: bool) {
        self.account.settle(now, earned);
        if let Some(pings) = &mut self.pings {
            pings.settle(now, earned > 0, in_use);
        }
    }

    /// Whether the client's settings have begun to come.
    pub(super) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether the client owes the rest of something other than data.
    pub(super) const fn is_amid(&self) -> bool {
        self.have > 0 || self.block.is_some() || (self.left > 0 && !self.data)
    }

    /// Reads on.
    ///
    /// # Errors
    /// The breach, and how many of `bytes` come before the frame that makes it.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), (usize, Breach)> {
        let skipped = self.preface.min(bytes.len());
        self.preface = self.preface.saturating_sub(skipped);
        let mut rest = bytes.get(skipped..).unwrap_or_default();
        let mut start = 0;
        while !rest.is_empty() {
            let step = if self.left > 0 {
                let (payload, later) = rest.split_at(self.left.min(rest.len()));
                rest = later;
                self.left = self.left.saturating_sub(payload.len());
                self.look_at(payload)
            } else {
                if self.have == 0 {
                    start = bytes.len().saturating_sub(rest.len());
                }
                match self.head(&mut rest) {
                    None => return Ok(()),
                    Some(head) => self.judge(head),
                }
            };
            step.map_err(|breach| (start, breach))?;
        }
        Ok(())
    }

    /// The head of the next frame, once it is whole.
    fn head(&mut self, rest: &mut &[u8]) -> Option<Head> {
        let missing = self.part.get_mut(self.have..).unwrap_or_default();
        let (came, later) = rest.split_at(missing.len().min(rest.len()));
        missing.iter_mut().zip(came).for_each(|(place, byte)| *place = *byte);
        *rest = later;
        self.have = self.have.saturating_add(came.len());
        if self.have < HEAD_LEN {
            return None;
        }
        self.have = 0;
        let head = Head::of(&self.part);
        self.left = head.len;
        Some(head)
    }

    /// What can be said by the head alone.
    fn judge(&mut self, head: Head) -> Result<(), Breach> {
        self.look = Look::Away;
        self.data = head.kind == Kind::Data;
        if self.block.is_some_and(|open| head.kind != Kind::Continuation || head.stream != open) {
            return Err(Breach::rule(Reason::PROTOCOL_ERROR));
        }
        let late = matches!(head.kind, Kind::Headers | Kind::Data) && head.stream > 0;
        if late && self.ends.contains(&head.stream) {
            return Err(Breach::rule(Reason::STREAM_CLOSED));
        }
        let first = !std::mem::replace(&mut self.begun, true);
        if first && (head.kind != Kind::Settings || head.has(ACK)) {
            return Err(Breach::rule(Reason::PROTOCOL_ERROR));
        }
        head.check().map_err(Breach::rule)?;
        match head.kind {
            Kind::Headers => self.headers(head)?,
            Kind::Continuation if self.block.is_none() => {
                return Err(Breach::rule(Reason::PROTOCOL_ERROR));
            }
            Kind::Continuation if head.has(END_HEADERS) => self.block = None,
            Kind::Reset => self.end(head.stream),
            Kind::Ping if !head.has(ACK) && self.pinged_too_often() => return Err(Breach::FLOOD),
            Kind::Settings if !head.has(ACK) => {
                self.look = Look::Settings { part: [0; 6], have: 0 };
            }
            Kind::Data => {
                if head.has(PADDED) && head.len > 0 {
                    self.look = Look::Padding;
                }
                if head.has(END_STREAM) {
                    self.end(head.stream);
                }
            }
            _ => {}
        }
        self.account.pay(cost(head.kind, head.len)).ok_or(Breach::FLOOD)
    }

    /// A ping has come: whether that is more than the file permits.
    fn pinged_too_often(&mut self) -> bool {
        self.pings.as_mut().is_some_and(Pings::too_many)
    }

    fn headers(&mut self, head: Head) -> Result<(), Breach> {
        let late = head.stream <= self.last;
        self.last = self.last.max(head.stream);
        if late {
            let padding = usize::from(head.has(PADDED));
            let priority = if head.has(PRIORITY) { 5 } else { 0 };
            self.look = Look::Trailers { after: padding.saturating_add(priority) };
        }
        if !head.has(END_HEADERS) {
            self.block = Some(head.stream);
        }
        if head.has(END_STREAM) {
            self.end(head.stream);
        }
        Ok(())
    }

    /// The client is done with a stream.
    fn end(&mut self, stream: u32) {
        if let Some(place) = self.ends.get_mut(self.ended % ENDS_KEPT) {
            *place = stream;
        }
        self.ended = self.ended.wrapping_add(1);
    }

    /// What the payload adds to the head.
    fn look_at(&mut self, payload: &[u8]) -> Result<(), Breach> {
        match &mut self.look {
            Look::Away => {}
            Look::Padding => {
                self.look = Look::Away;
                let padding = payload.first().copied().unwrap_or_default();
                let payload_len = self.left.saturating_add(payload.len());
                if payload_len <= usize::from(padding).saturating_add(1) {
                    return self.account.pay(2).ok_or(Breach::FLOOD);
                }
            }
            Look::Trailers { after } => {
                if let Some(first) = payload.get(*after) {
                    self.look = Look::Away;
                    if is_pseudo(*first) {
                        return Err(Breach::rule(Reason::PROTOCOL_ERROR));
                    }
                } else {
                    *after = after.saturating_sub(payload.len());
                }
            }
            Look::Settings { part, have } => {
                for byte in payload {
                    if let Some(place) = part.get_mut(*have) {
                        *place = *byte;
                    }
                    *have = have.saturating_add(1);
                    if *have < part.len() {
                        continue;
                    }
                    *have = 0;
                    let [a, b, value @ ..] = *part;
                    let (id, value) = (u16::from_be_bytes([a, b]), u32::from_be_bytes(value));
                    if id == INITIAL_WINDOW_SIZE && value > WINDOW_MAX {
                        return Err(Breach::rule(Reason::FLOW_CONTROL_ERROR));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Head {
    fn of(bytes: &[u8; HEAD_LEN]) -> Self {
        let [a, b, c, kind, flags, stream @ ..] = *bytes;
        let len = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        let kind = match kind {
            0 => Kind::Data,
            1 => Kind::Headers,
            2 => Kind::Priority,
            3 => Kind::Reset,
            4 => Kind::Settings,
            5 => Kind::Promise,
            6 => Kind::Ping,
            7 => Kind::GoAway,
            8 => Kind::WindowUpdate,
            9 => Kind::Continuation,
            _ => Kind::Unknown,
        };
        // The highest bit of a stream's number means nothing.
        Self { len, kind, flags, stream: u32::from_be_bytes(stream) & WINDOW_MAX }
    }

    const fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Lengths, which are right or wrong whatever came before.
    fn check(self) -> Result<(), Reason> {
        let fits = match self.kind {
            Kind::Priority => self.len == 5,
            Kind::Reset | Kind::WindowUpdate => self.len == 4,
            Kind::Ping => self.len == 8,
            Kind::GoAway => self.len >= 8,
            Kind::Settings if self.has(ACK) => self.len == 0,
            Kind::Settings => self.len.is_multiple_of(6),
            _ => true,
        };
        if fits && self.len <= FRAME_BYTES_MAX { Ok(()) } else { Err(Reason::FRAME_SIZE_ERROR) }
    }
}

/// Whether a header block that begins with this byte begins with a pseudo-header of the static
/// table, in any of the four forms of a field.
const fn is_pseudo(first: u8) -> bool {
    let index = match first {
        0x80.. => first & 0x7f,
        0x40..=0x7f => first & 0x3f,
        0x20..=0x3f => 0,
        _ => first & 0x0f,
    };
    index >= 1 && index <= PSEUDO_INDEX_MAX
}
