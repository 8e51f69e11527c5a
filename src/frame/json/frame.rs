//! Where the walk is: one frame for each object and each list that is open.

use super::schema;
use super::table::{Field, Message};

/// Objects and arrays in each other.
pub(super) const DEPTH_MAX: usize = 100;

/// An open object or list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// An object's message.
    pub(super) message: &'static Message,
    /// The field of an object that is being read; the field that a list is the value of.
    pub(super) field: &'static Field,
    /// The field that an object is believed to have next; the element of a list.
    pub(super) at: usize,
    /// The fields that an object had, a bit for each.
    pub(super) seen: u32,
    /// Bytes left for the length, which end where the body starts; 0: nothing is written.
    pub(super) reserved: u8,
    /// Where in the output the body starts.
    pub(super) start: usize,
    /// A list, not an object.
    pub(super) list: bool,
    /// Nothing has been read of it.
    pub(super) fresh: bool,
}

impl Frame {
    /// An object that has just been opened.
    #[inline(always)]
    pub(super) const fn object(message: &'static Message, start: usize, reserved: u8) -> Self {
        let field = &Field::UNKNOWN;
        Self { message, field, at: 0, seen: 0, reserved, start, list: false, fresh: true }
    }

    /// A list that has just been opened.
    #[inline(always)]
    pub(super) const fn list(field: &'static Field, start: usize, reserved: u8) -> Self {
        let message = &schema::UNKNOWN;
        Self { message, field, at: 0, seen: 0, reserved, start, list: true, fresh: true }
    }

    /// Notes that the object has the field at `place`; whether it had it before.
    #[inline(always)]
    pub(super) const fn see(&mut self, place: usize) -> bool {
        let bit = 1_u32 << (place % 32);
        let seen = self.seen & bit != 0;
        self.seen |= bit;
        seen
    }
}

/// The path through open frames: `resourceSpans[0].scopeSpans[0].spans[3].traceId`.
pub(super) fn path<'f>(frames: impl Iterator<Item = &'f Frame>) -> String {
    let mut path = String::new();
    for frame in frames {
        if frame.list {
            if !frame.field.name.is_empty() {
                path.push_str(&format!("[{}]", frame.at));
            }
        } else if !frame.field.name.is_empty() {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(frame.field.name);
        }
    }
    path
}
