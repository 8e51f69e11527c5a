//! The strict reading of HTTP/1: bytes on their way to hyper are followed, and what two readers
//! could take for two different things is refused.
//!
//! ```text
//!  Head -- length n --> Length(n) ----------------------------------------> Head
//!       -- chunked ---> Size -> (Extension) -> Data(n) -> CRLF -> Size ...
//!                       Size of 0 -> Trailers ----------------------------> Head
//! ```
//! Bodies are passed over by their count. State is one small value: nothing is allocated, nothing
//! is kept of a request but its length, and bytes may come in any pieces.
//!
//! Invariants: the verdict does not depend on the pieces; a byte that breaks a rule is not handed
//! on, nor is any byte after it, ever. In its place comes [`POISON`], which hyper refuses wherever
//! it stands: requests before it are answered in their order, then it answers 400 and closes.
//!
//! It is stricter than RFC 9112 where leniency serves nobody here: no `CONNECT`, no coding but one
//! `chunked`, no fragment, and no `Upgrade` but the offer of `h2c` with its `HTTP2-Settings`, which
//! is never taken up. How large a head may be is hyper's business.

use std::fmt;

mod class;
mod head;

#[cfg(test)]
mod tests;

use head::{Framing, Head};

/// What hyper gets to read in place of a byte that breaks a rule. In a head it is a CR without its
/// LF, and the end that has hyper look at the head; in the frame of a chunk no state takes a CR and
/// a NUL.
pub const POISON: &[u8] = b"\r\0\r\n\r\n";

/// An extension of a chunk is at most this long; nobody sends any.
const EXTENSION_MAX: u64 = 256;
/// Digits of a chunk's size, zeros in front included.
const SIZE_DIGITS_MAX: u64 = 15;

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The byte that broke it, counted from the begin of the piece.
    pub at: usize,
    /// In a head, not in the frame of a body.
    pub in_head: bool,
    /// What was found.
    pub why: &'static str,
}

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.why)
    }
}

/// How far a step came, or at which byte of the piece it broke off and why.
type Step<T> = Result<T, (usize, &'static str)>;

/// Follows the bytes of one connection.
#[derive(Clone, Debug)]
pub struct Strict {
    place: Place,
    head: Head,
    heads: u32,
}

/// Where the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Head,
    Length { left: u64 },
    Size { size: u64, digits: u64 },
    Extension { size: u64, len: u64 },
    SizeEnd { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    Trailers,
}

impl Default for Strict {
    fn default() -> Self {
        Self { place: Place::Head, head: Head::default(), heads: 0 }
    }
}

impl Strict {
    /// Follows the next piece.
    ///
    /// # Errors
    /// The first byte that breaks a rule: it and all after it are not to be handed on, and this is
    /// not to be called again.
    pub fn scan(&mut self, bytes: &[u8]) -> Result<(), Breach> {
        let mut at: usize = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.step(rest) {
                Ok(taken) => at = at.saturating_add(taken),
                Err((offset, why)) => {
                    let in_head = self.place == Place::Head;
                    return Err(Breach { at: at.saturating_add(offset), in_head, why });
                }
            }
        }
        Ok(())
    }

    /// Whether everything so far is whole requests and nothing else.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.place == Place::Head && self.head.is_fresh()
    }

    /// Heads that were complete so far; it wraps.
    #[must_use]
    pub const fn heads(&self) -> u32 {
        self.heads
    }

    fn step(&mut self, rest: &[u8]) -> Step<usize> {
        let Some(first) = rest.first().copied() else { return Ok(0) };
        match self.place {
            Place::Head => return self.head(rest),
            Place::Trailers => {
                let (taken, end) = self.head.step(rest)?;
                if end.is_some() {
                    self.next_request();
                }
                return Ok(taken);
            }
            Place::Length { left } => {
                let (taken, left) = pass(rest, left);
                self.place = Place::Length { left };
                if left == 0 {
                    self.next_request();
                }
                return Ok(taken);
            }
            Place::Data { left } => {
                let (taken, left) = pass(rest, left);
                self.place = if left == 0 { Place::DataCr } else { Place::Data { left } };
                return Ok(taken);
            }
            Place::Size { size, digits } => self.place = size_byte(first, size, digits)?,
            Place::Extension { size, len } => self.place = extension_byte(first, size, len)?,
            Place::SizeEnd { .. } | Place::DataLf if first != b'\n' => {
                return Err((0, "a chunk with CR but no LF"));
            }
            Place::SizeEnd { size: 0 } => {
                self.head.begin_trailers();
                self.place = Place::Trailers;
            }
            Place::SizeEnd { size } => self.place = Place::Data { left: size },
            Place::DataCr if first != b'\r' => {
                return Err((0, "a chunk that is longer than its size"));
            }
            Place::DataCr => self.place = Place::DataLf,
            Place::DataLf => self.place = Place::Size { size: 0, digits: 0 },
        }
        Ok(1)
    }

    fn head(&mut self, rest: &[u8]) -> Step<usize> {
        let (taken, end) = self.head.step(rest)?;
        if let Some(framing) = end {
            self.heads = self.heads.wrapping_add(1);
            match framing {
                Framing::Chunked => self.place = Place::Size { size: 0, digits: 0 },
                Framing::Length(0) => self.next_request(),
                Framing::Length(left) => self.place = Place::Length { left },
            }
        }
        Ok(taken)
    }

    fn next_request(&mut self) {
        self.head.begin();
        self.place = Place::Head;
    }
}

/// Passes over what is there of `left` bytes: how many, and what is then left.
fn pass(rest: &[u8], left: u64) -> (usize, u64) {
    let taken = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
    (taken, left.saturating_sub(taken as u64))
}

fn size_byte(byte: u8, size: u64, digits: u64) -> Step<Place> {
    match byte {
        b'\r' if digits > 0 => Ok(Place::SizeEnd { size }),
        b';' if digits > 0 => Ok(Place::Extension { size, len: 1 }),
        _ => {
            let digit = char::from(byte).to_digit(16).ok_or((0, "a chunk size that is none"))?;
            if digits >= SIZE_DIGITS_MAX {
                return Err((0, "a chunk size that is too large"));
            }
            let size = (size << 4) | u64::from(digit);
            Ok(Place::Size { size, digits: digits.saturating_add(1) })
        }
    }
}

fn extension_byte(byte: u8, size: u64, len: u64) -> Step<Place> {
    match byte {
        b'\r' => Ok(Place::SizeEnd { size }),
        _ if !class::is_text(byte) => Err((0, "a control character in a chunk extension")),
        _ if len >= EXTENSION_MAX => Err((0, "a chunk extension that is too long")),
        _ => Ok(Place::Extension { size, len: len.saturating_add(1) }),
    }
}
