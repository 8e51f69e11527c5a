//! A payload: slices of shared blocks, in order, and a reader that hands them to a socket.
//!
//! No slice has a reference count of its own: cloning a payload clones one `Arc` a chunk, sending
//! it clones one `Arc` in all.

use std::io::IoSlice;
use std::sync::Arc;

use bytes::Buf;
use smallvec::SmallVec;

use super::block::Block;

/// A slice of a block.
#[derive(Clone, Debug)]
pub struct Chunk {
    block: Arc<Block>,
    start: usize,
    end: usize,
}

impl Chunk {
    /// `start..end` of `block`, cut to what the block holds.
    #[must_use]
    pub fn new(block: Arc<Block>, start: usize, end: usize) -> Self {
        let end = end.min(block.len());
        Self { block, start: start.min(end), end }
    }

    /// All of `block`.
    #[must_use]
    pub fn whole(block: Arc<Block>) -> Self {
        let end = block.len();
        Self { block, start: 0, end }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.block.get(self.start..self.end).unwrap_or_default()
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `start..end` of this chunk.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let end = self.start.saturating_add(end).min(self.end);
        let start = self.start.saturating_add(start).min(end);
        Self { block: Arc::clone(&self.block), start, end }
    }

    /// The block it is a slice of.
    #[must_use]
    pub const fn block(&self) -> &Arc<Block> {
        &self.block
    }
}

/// Chunks in order.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    chunks: SmallVec<[Chunk; 4]>,
    len: usize,
}

impl Payload {
    /// Appends a chunk.
    pub fn push(&mut self, chunk: Chunk) {
        if !chunk.is_empty() {
            self.len = self.len.saturating_add(chunk.len());
            self.chunks.push(chunk);
        }
    }

    /// The chunks.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Bytes in all.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A copy in one vector, for tests and for readers that need contiguous bytes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len);
        for chunk in &self.chunks {
            out.extend_from_slice(chunk.bytes());
        }
        out
    }

    /// A reader over the payload, with `prefix` before it (the gRPC frame head; empty for HTTP).
    #[must_use]
    pub fn reader(self: &Arc<Self>, prefix: Prefix) -> Reader {
        Reader {
            prefix,
            prefix_at: 0,
            payload: Arc::clone(self),
            index: 0,
            at: 0,
            remaining: self.len.saturating_add(prefix.len()),
        }
    }
}

impl From<Chunk> for Payload {
    fn from(chunk: Chunk) -> Self {
        let mut payload = Self::default();
        payload.push(chunk);
        payload
    }
}

/// Up to five bytes sent before a payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prefix {
    bytes: [u8; 5],
    len: u8,
}

impl Prefix {
    /// The five bytes of a gRPC message head.
    #[must_use]
    pub const fn grpc(bytes: [u8; 5]) -> Self {
        Self { bytes, len: 5 }
    }

    const fn len(self) -> usize {
        self.len as usize
    }
}

/// A multi-chunk [`Buf`]: one vectored write takes as many chunks as the socket layer offers slots
/// for.
#[derive(Debug)]
pub struct Reader {
    prefix: Prefix,
    prefix_at: usize,
    payload: Arc<Payload>,
    index: usize,
    at: usize,
    remaining: usize,
}

impl Reader {
    fn prefix_rest(&self) -> &[u8] {
        self.prefix.bytes.get(self.prefix_at..self.prefix.len()).unwrap_or_default()
    }

    fn rest_of(&self, index: usize) -> &[u8] {
        let from = if index == self.index { self.at } else { 0 };
        self.payload
            .chunks
            .get(index)
            .and_then(|chunk| chunk.bytes().get(from..))
            .unwrap_or_default()
    }
}

impl Buf for Reader {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        let prefix = self.prefix_rest();
        if prefix.is_empty() { self.rest_of(self.index) } else { prefix }
    }

    fn chunks_vectored<'a>(&'a self, slots: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        let mut slots = slots.iter_mut();
        let prefix = self.prefix_rest();
        if !prefix.is_empty() {
            let Some(slot) = slots.next() else {
                return filled;
            };
            *slot = IoSlice::new(prefix);
            filled += 1;
        }
        for (index, slot) in (self.index..self.payload.chunks.len()).zip(slots) {
            *slot = IoSlice::new(self.rest_of(index));
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        self.remaining = self.remaining.saturating_sub(count);
        let of_prefix = count.min(self.prefix_rest().len());
        self.prefix_at = self.prefix_at.saturating_add(of_prefix);
        count = count.saturating_sub(of_prefix);
        while count > 0 {
            let rest = self.rest_of(self.index).len();
            if rest == 0 && self.index >= self.payload.chunks.len() {
                return;
            }
            if count < rest {
                self.at = self.at.saturating_add(count);
                return;
            }
            count = count.saturating_sub(rest);
            self.index = self.index.saturating_add(1);
            self.at = 0;
        }
    }
}
