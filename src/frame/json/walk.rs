//! The walk over a document: one generic loop for every message of the tables.
//!
//! One turn reads a member of an object, an element of a list, or the end of either. The open frame
//! and the cursor are locals of the loop; the frames around lie on a stack. Between two turns the
//! walk may pause. What no table knows is read by the same loop, as objects without known fields.

use super::cursor::Cursor;
use super::error::{Reason, Stop, bad, expected};
use super::frame::{DEPTH_MAX, Frame};
use super::output::{FIELD_BYTES_MAX, Output, Sink};
use super::scalar::{self, Style};
use super::schema;
use super::table::{Field, Guess, Kind, Message, SORTS};

/// Depth that is expected; deeper documents make the stack grow.
const DEPTH_COMMON: usize = 16;

/// A walk between two turns.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) cursor: Cursor<'a>,
    /// The innermost open object or list.
    top: Frame,
    /// Those around it.
    around: Vec<Frame>,
    /// Bytes that the last length of each sort took.
    guesses: [u8; SORTS],
    /// Nothing is open.
    pub(super) done: bool,
}

impl<'a> Walk<'a> {
    /// A walk from the opening brace of a request on. `group` is how many bytes the length of its
    /// first group is believed to take.
    pub(super) fn new(request: &'static Message, json: &'a [u8], group: u8) -> Self {
        Self {
            cursor: Cursor(json),
            top: Frame::object(request, 0, 0),
            around: Vec::with_capacity(DEPTH_COMMON),
            guesses: [group, 2, 2, 2, 1],
            done: false,
        }
    }

    /// The open frames, outermost first.
    pub(super) fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.around.iter().chain(std::iter::once(&self.top))
    }

    /// Walks on until `pause` bytes or fewer are left, or nothing is open.
    pub(super) fn advance<S: Sink>(
        &mut self,
        out: &mut Output<'_, S>,
        pause: usize,
    ) -> Result<(), Stop> {
        let (mut top, mut cursor) = (self.top, self.cursor);
        let mut result = Ok(());
        while !self.done && cursor.left() > pause {
            let turn = if top.list {
                self.element(&mut top, cursor, out)
            } else {
                self.member(&mut top, cursor, out)
            };
            match turn {
                Ok(next) => cursor = next,
                Err(stop) => {
                    result = Err(stop);
                    break;
                }
            }
        }
        if result.is_ok() && !self.done && cursor.left() == 0 {
            result = Err(expected(cursor.0, if top.list { "]" } else { "}" }));
        }
        (self.top, self.cursor) = (top, cursor);
        result
    }

    /// The next member of an object, or its end.
    #[inline(always)]
    fn member<S: Sink>(
        &mut self,
        top: &mut Frame,
        cursor: Cursor<'a>,
        out: &mut Output<'_, S>,
    ) -> Result<Cursor<'a>, Stop> {
        top.field = &Field::UNKNOWN;
        let (token, here) = cursor.token();
        let quote = match token {
            Some(b',') if !top.fresh => here.skip().expect(b'"', "a name")?,
            Some(b'"') if top.fresh => here.skip(),
            Some(b'}') => return self.close(top, here.skip(), out),
            _ if top.fresh => return Err(expected(here.0, "a name or }")),
            _ => return Err(expected(here.0, "a comma or }")),
        };
        top.fresh = false;
        let (name, here) = quote.name()?;
        let (token, here) = here.expect(b':', "a colon")?.token();
        let Some((place, field)) = top.message.field(name, top.at) else {
            return self.unknown(top, token, here);
        };
        (top.at, top.field) = (place.wrapping_add(1), field);
        if token == Some(b'n') {
            return here.literal("null");
        }
        out.room(FIELD_BYTES_MAX)?;
        if field.repeated {
            return self.open_list(top, field, here, out);
        }
        if let Kind::Message(message) = field.kind {
            return self.open(top, field, message, here, out);
        }
        let style = Style { tagged: true, always: field.always || top.see(place) };
        scalar::value(field, style, here, out)
    }

    /// The next element of a list, or its end.
    #[inline(always)]
    fn element<S: Sink>(
        &mut self,
        top: &mut Frame,
        cursor: Cursor<'a>,
        out: &mut Output<'_, S>,
    ) -> Result<Cursor<'a>, Stop> {
        let (token, here) = cursor.token();
        let (token, here) = match token {
            Some(b',') if !top.fresh => {
                top.at = top.at.wrapping_add(1);
                here.skip().token()
            }
            Some(b']') => return self.close(top, here.skip(), out),
            _ if top.fresh => (token, here),
            _ => return Err(expected(here.0, "a comma or ]")),
        };
        top.fresh = false;
        out.room(FIELD_BYTES_MAX)?;
        let field = top.field;
        match field.kind {
            Kind::Unknown => self.unknown(top, token, here),
            Kind::Message(message) if token != Some(b'n') => {
                self.open(top, field, message, here, out)
            }
            Kind::Message(_) | Kind::Text if token == Some(b'n') => {
                // As in the Collector: an element that is null is an empty one.
                out.tag(field);
                out.byte(0);
                here.literal("null")
            }
            _ => {
                let style = Style { tagged: !field.is_packed(), always: true };
                scalar::value(field, style, here, out)
            }
        }
    }

    /// Opens a message; the next byte should be its brace.
    #[inline(always)]
    fn open<S: Sink>(
        &mut self,
        top: &mut Frame,
        field: &'static Field,
        message: &'static Message,
        here: Cursor<'a>,
        out: &mut Output<'_, S>,
    ) -> Result<Cursor<'a>, Stop> {
        let Some((b'{', behind)) = here.0.split_first() else {
            return Err(expected(here.0, "an object"));
        };
        self.push(*top, here)?;
        let reserved = match message.guess {
            Guess::Short => 1,
            Guess::Last(sort) => self.guesses.get(sort as usize).copied().unwrap_or(1),
        };
        out.tag(field);
        out.leave(reserved);
        *top = Frame::object(message, out.len(), reserved);
        Ok(Cursor(behind))
    }

    /// Opens a list; the next byte should be its bracket.
    #[inline(always)]
    fn open_list<S: Sink>(
        &mut self,
        top: &mut Frame,
        field: &'static Field,
        here: Cursor<'a>,
        out: &mut Output<'_, S>,
    ) -> Result<Cursor<'a>, Stop> {
        let Some((b'[', behind)) = here.0.split_first() else {
            return Err(expected(here.0, "an array"));
        };
        self.push(*top, here)?;
        let reserved = u8::from(field.is_packed());
        if reserved > 0 {
            out.byte(field.packed_tag());
            out.leave(reserved);
        }
        *top = Frame::list(field, out.len(), reserved);
        Ok(Cursor(behind))
    }

    /// Ends the open object or list.
    #[inline(always)]
    fn close<S: Sink>(
        &mut self,
        top: &mut Frame,
        behind: Cursor<'a>,
        out: &mut Output<'_, S>,
    ) -> Result<Cursor<'a>, Stop> {
        if top.list && top.reserved > 0 && out.len() == top.start {
            // An empty list is not written: neither its tag nor its length.
            out.truncate(top.start.saturating_sub(2));
        } else if top.reserved > 0 {
            let took = out.close(top, &mut self.around)?;
            if let Guess::Last(sort) = top.message.guess
                && let Some(guess) = self.guesses.get_mut(sort as usize)
            {
                *guess = took;
            }
        }
        match self.around.pop() {
            Some(frame) => *top = frame,
            None => self.done = true,
        }
        Ok(behind)
    }

    /// Puts a frame away, since another is opened at `here`.
    #[inline(always)]
    fn push(&mut self, frame: Frame, here: Cursor<'a>) -> Result<(), Stop> {
        // The new one is not on the stack.
        if self.around.len().wrapping_add(2) > DEPTH_MAX {
            return Err(bad(here.0, Reason::TooDeep));
        }
        self.around.push(frame);
        Ok(())
    }

    /// A value of which nothing is written.
    #[inline(never)]
    fn unknown(
        &mut self,
        top: &mut Frame,
        token: Option<u8>,
        here: Cursor<'a>,
    ) -> Result<Cursor<'a>, Stop> {
        match token {
            Some(b'{') => {
                self.push(*top, here)?;
                *top = Frame::object(&schema::UNKNOWN, 0, 0);
                Ok(here.skip())
            }
            Some(b'[') => {
                self.push(*top, here)?;
                *top = Frame::list(&Field::UNKNOWN, 0, 0);
                Ok(here.skip())
            }
            Some(b'"') => super::unescape::skipped(here.skip()),
            Some(b't') => here.literal("true"),
            Some(b'f') => here.literal("false"),
            Some(b'n') => here.literal("null"),
            Some(b'-' | b'0'..=b'9') => here.number().map(|(_, behind)| behind),
            _ => Err(expected(here.0, "a value")),
        }
    }
}
