//! Cutting a request that a backend finds too large into smaller ones.
//!
//! Cuts are made at the edges of groups, and inside a group that is too large alone, at the edges
//! of its items. A group that is cut is repeated in each part with its resource and whatever else
//! it holds, and so is the scope; items and their order are untouched, so the parts together say
//! what the request said.
//!
//! What repeats (the context) must not multiply: a group whose context takes more than half of a
//! part is not cut, nor is a scope that does so together with its group. All parts together are
//! thus at most about three times the request. Unknown top-level fields go with the first part.
//!
//! A metric is one item: its data points stay together.

use crate::cursor::Cursor;
use crate::encode::Encoder;
use crate::error::WireError;
use crate::request::Request;
use crate::schema::{self, Signal};
use crate::varint;

/// Cuts a request into parts of at most `max` bytes each, in order. A part is larger only where it
/// holds a single item, or a group or scope that is not cut.
///
/// # Errors
/// A malformed request.
pub fn split(signal: Signal, bytes: &[u8], max: usize) -> Result<Vec<Vec<u8>>, WireError> {
    let mut request = Request::new();
    request.scan(signal, bytes)?;
    if bytes.len() <= max {
        return Ok(vec![bytes.to_vec()]);
    }
    let mut parts = Parts { max, done: Vec::new(), open: Vec::new() };
    for stray in &request.strays {
        parts.open.extend_from_slice(stray.of(bytes));
    }
    for group in &request.groups {
        let field = group.field.of(bytes);
        let body = Fields::read(group.body.of(bytes), &SCOPE_FIELDS)?;
        if field.len() <= max || body.context.len() > max / 2 || body.inner.is_empty() {
            parts.put(field);
        } else {
            cut_group(&body, &mut parts)?;
        }
    }
    parts.close();
    Ok(parts.done)
}

const SCOPE_FIELDS: [u32; 2] = [schema::SCOPES, schema::SCOPES_DEPRECATED];
const ITEM_FIELDS: [u32; 1] = [schema::ITEM];

/// A message taken apart: the fields that repeat in every part, and those to be dealt out.
struct Fields<'a> {
    context: Vec<u8>,
    inner: Vec<Inner<'a>>,
}

/// A field to be dealt out.
#[derive(Clone, Copy)]
struct Inner<'a> {
    number: u32,
    field: &'a [u8],
    body: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(message: &'a [u8], inner: &[u32]) -> Result<Self, WireError> {
        let mut fields = Self { context: Vec::new(), inner: Vec::new() };
        let mut cursor = Cursor::new(message);
        loop {
            let start = cursor.offset();
            let Some(key) = cursor.key()? else {
                return Ok(fields);
            };
            let number = key.number();
            if inner.contains(&number) {
                let body = cursor.body(key)?;
                let field = cursor.span_from(start).of(message);
                fields.inner.push(Inner { number, field, body });
            } else {
                cursor.skip(key)?;
                fields.context.extend_from_slice(cursor.span_from(start).of(message));
            }
        }
    }
}

/// The parts that are full, and the one being filled with whole groups.
struct Parts {
    max: usize,
    done: Vec<Vec<u8>>,
    open: Vec<u8>,
}

impl Parts {
    /// Adds encoded groups to the open part, or to a new one if they do not fit.
    fn put(&mut self, groups: &[u8]) {
        if self.open.len().saturating_add(groups.len()) > self.max {
            self.close();
        }
        self.open.extend_from_slice(groups);
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }
}

fn cut_group(group: &Fields<'_>, parts: &mut Parts) -> Result<(), WireError> {
    let mut cut = Cut { parts, context: &group.context, group: group.context.clone(), any: false };
    for scope in &group.inner {
        let fields = Fields::read(scope.body, &ITEM_FIELDS)?;
        let context = fields.context.len().saturating_add(group.context.len());
        if fields.inner.is_empty() || context > cut.parts.max / 2 {
            cut.put(scope.field);
        } else {
            cut.deal_items(scope.number, &fields);
        }
    }
    cut.close_group();
    Ok(())
}

/// A group being dealt out: `group` is the body that will go into the open part.
struct Cut<'a> {
    parts: &'a mut Parts,
    context: &'a [u8],
    group: Vec<u8>,
    /// Whether `group` holds more than its context.
    any: bool,
}

impl Cut<'_> {
    /// Bytes of the open part if the group got a scope field of this length and were closed.
    fn len_with(&self, scope_field: usize) -> usize {
        let group = self.group.len().saturating_add(scope_field);
        self.parts.open.len().saturating_add(varint::framed(1, group))
    }

    /// Adds a whole scope field to the group, in a new part if it does not fit.
    fn put(&mut self, scope_field: &[u8]) {
        if self.len_with(scope_field.len()) > self.parts.max {
            self.next_part();
        }
        self.group.extend_from_slice(scope_field);
        self.any = true;
    }

    fn deal_items(&mut self, number: u32, scope: &Fields<'_>) {
        let key_len = if number == schema::SCOPES { 1 } else { 2 };
        let mut body = scope.context.clone();
        for item in &scope.inner {
            let grown = body.len().saturating_add(item.field.len());
            if self.len_with(varint::framed(key_len, grown)) > self.parts.max {
                if body.len() > scope.context.len() {
                    self.put_scope(number, &body);
                    body.truncate(scope.context.len());
                }
                self.next_part();
            }
            body.extend_from_slice(item.field);
        }
        self.put_scope(number, &body);
    }

    fn put_scope(&mut self, number: u32, body: &[u8]) {
        Encoder::new(&mut self.group).bytes(number, body);
        self.any = true;
    }

    fn next_part(&mut self) {
        self.close_group();
        self.parts.close();
    }

    fn close_group(&mut self) {
        if self.any {
            Encoder::new(&mut self.parts.open).bytes(schema::GROUP, &self.group);
            self.group.truncate(self.context.len());
            self.any = false;
        }
    }
}

#[cfg(test)]
mod tests;
