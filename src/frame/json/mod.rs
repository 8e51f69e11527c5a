//! OTLP/JSON to protobuf, in one pass over the bytes: no tree of the document, nothing allocated
//! for spans.
//!
//! ```text
//!  cursor --> walk (one loop, by table) --> output (forward; lengths put in place afterwards)
//!                schema: JSON name -> number, kind
//! ```
//! What is taken, beyond what the specification demands, is what the Collector takes: names with
//! underscores, enums by name, integers as `1e3` or `2.0` when they are whole, doubles as strings,
//! both alphabets of base64. `null` is absence; as an element of a list it is an empty element. Of
//! a scalar given twice the last one holds, messages given twice are merged, lists are joined. Half
//! of a surrogate pair becomes U+FFFD. What no table knows is passed over, its syntax checked.
//!
//! What is refused, with its offset and its path: ids of a wrong length or not in hex, integers
//! that are none or out of range, bad UTF-8 anywhere, bytes behind the end, more than 100 levels.
//! (The Collector takes bytes behind the end, and sends bad UTF-8 on.)
//!
//! Invariants: the output is never larger than its limit plus the field in hand, and lies within
//! what its sink has paid for; what is written is a valid message. It knows no sockets and no
//! clock; who calls it decides when to pause.

mod cursor;
mod encoded;
mod enums;
mod error;
mod frame;
mod number;
mod output;
mod scalar;
mod schema;
mod table;
mod unescape;
mod walk;

#[cfg(test)]
mod tests;

use spanyard_wire::schema::Signal;
use spanyard_wire::varint;

pub use error::{JsonError, Reason};
pub use output::Sink;

use self::cursor::Cursor;
use self::error::{Stop, expected, other};
use self::output::Output;
use self::walk::Walk;
use super::FrameError;

/// How many times smaller protobuf is than JSON, about.
const SHRINKS: usize = 3;

/// A document that is being transcoded.
#[derive(Debug)]
pub struct Transcoder<'a> {
    json: &'a [u8],
    walk: Walk<'a>,
    started: bool,
    limit: usize,
}

impl<'a> Transcoder<'a> {
    /// Begins to turn `json`, an export request of `signal`, into at most `limit` bytes.
    #[must_use]
    pub fn new(signal: Signal, json: &'a [u8], limit: usize) -> Self {
        let likely = varint::len((json.len() / SHRINKS) as u64);
        let group = u8::try_from(likely).unwrap_or(1);
        let walk = Walk::new(schema::request(signal), json, group);
        Self { json, walk, started: false, limit }
    }

    /// Goes on for about `bytes` of the document; what it comes to is appended to `out`, which has
    /// to be the same each time and empty at first. Returns whether that was the end.
    ///
    /// # Errors
    /// [`FrameError::BadJson`] when the document is not taken, [`FrameError::TooLarge`] when it
    /// comes to more than the limit, [`FrameError::Overloaded`] when `out` has no room. What `out`
    /// holds then is of no use.
    pub fn step<S: Sink>(&mut self, out: &mut S, bytes: usize) -> Result<bool, FrameError> {
        let mut out = Output::new(out, self.limit);
        match self.advance(&mut out, bytes) {
            Ok(done) => Ok(done),
            Err(Stop::TooLarge) => Err(FrameError::TooLarge { limit: self.limit }),
            Err(Stop::NoRoom) => Err(FrameError::Overloaded),
            Err(Stop::Bad { left, reason }) => {
                let path = frame::path(self.walk.frames()).into_boxed_str();
                let offset = self.json.len().saturating_sub(left);
                Err(FrameError::BadJson(JsonError { offset, path, reason }))
            }
        }
    }

    fn advance<S: Sink>(&mut self, out: &mut Output<'_, S>, bytes: usize) -> Result<bool, Stop> {
        if !self.started {
            self.started = true;
            self.begin()?;
        }
        let pause = self.walk.cursor.left().saturating_sub(bytes);
        self.walk.advance(out, pause)?;
        if !self.walk.done {
            return Ok(false);
        }
        out.check()?;
        match self.walk.cursor.token() {
            (None, _) => Ok(true),
            (Some(_), here) => Err(expected(here.0, "the end")),
        }
    }

    /// The first byte: a request is an object, or nothing at all as `null`.
    fn begin(&mut self) -> Result<(), Stop> {
        let (token, here) = Cursor(self.json).token();
        match token {
            Some(b'{') => self.walk.cursor = here.skip(),
            Some(b'n') => {
                self.walk.cursor = here.literal("null")?;
                self.walk.done = true;
            }
            _ if here.0.starts_with(b"\xef\xbb\xbf") => {
                return Err(other(here.0, "a byte order mark, expected an object"));
            }
            _ => return Err(expected(here.0, "an object")),
        }
        Ok(())
    }
}

/// Turns a whole document into protobuf, without a pause.
///
/// # Errors
/// As [`Transcoder::step`].
pub fn transcode<S: Sink>(
    signal: Signal,
    json: &[u8],
    limit: usize,
    out: &mut S,
) -> Result<(), FrameError> {
    let mut transcoder = Transcoder::new(signal, json, limit);
    while !transcoder.step(out, usize::MAX)? {}
    Ok(())
}
