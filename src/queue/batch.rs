//! A batch: what leaves in one request, and the joints along which it can be taken apart again.
//!
//! Small copies are gathered into one block of the batch, large ones travel as slices. Order inside
//! a batch is not promised, so the gathered block is always the first chunk.
//!
//! Invariants: `weight` is the sum of the parts' weights; every byte of the payload belongs to
//! exactly one part; a batch made of a compressed original has one part and is never joined with
//! another.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crate::buf::block::Block;
use crate::buf::budget::{Exhausted, Ticket};
use crate::buf::payload::{Chunk, Payload};
use crate::buf::pool::Home;
use crate::queue::Joining;
use crate::queue::context::Context;
use crate::queue::receipt::Claim;
use crate::units::{KIB, Weight};

/// Copies up to this size are gathered; larger ones travel as slices.
pub const GATHER_BYTES_MAX: usize = 8 * KIB;
/// The first gathered block of a batch; it doubles as needed.
const GATHER_BYTES_FIRST: usize = 16 * KIB;

/// What a payload's bytes are encoded with as they came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Plain protobuf.
    Identity,
    /// gzip, one or several members.
    Gzip,
    /// The zlib format, called `zlib`.
    Zlib,
    /// The zlib format, called `deflate`.
    Deflate,
    /// zstd.
    Zstd,
    /// One snappy block.
    Snappy,
    /// The framed snappy format.
    SnappyFramed,
}

/// A payload compressed once for every destination that wants it so.
pub type Shared = Rc<OnceCell<Arc<Payload>>>;

/// What a batch holds of its queue; dropping it gives it back.
#[derive(Debug)]
pub struct Held {
    slots: Ticket,
    share: Ticket,
}

/// One request's copy inside a batch.
#[derive(Clone, Debug)]
struct Part {
    weight: Weight,
    place: Place,
    claim: Option<Rc<Claim>>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Gathered { start: usize, end: usize },
    Chunks { start: usize, end: usize },
}

/// Copies of requests that leave together.
#[derive(Debug)]
pub struct Batch {
    gathered: Option<Block>,
    chunks: Vec<Chunk>,
    chunk_bytes: usize,
    parts: Vec<Part>,
    weight: Weight,
    encoding: Encoding,
    shared: Option<Shared>,
    context: Option<Rc<Context>>,
    held: Option<Held>,
    since: Instant,
    detached: bool,
}

/// A batch in its final form: shared slices, ready to be sent any number of times.
#[derive(Debug)]
pub struct Sealed {
    payload: Arc<Payload>,
    parts: Vec<Part>,
    gathered: bool,
    weight: Weight,
    encoding: Encoding,
    shared: Option<Shared>,
    context: Option<Rc<Context>>,
}

impl Batch {
    /// An empty batch whose first copy arrives now.
    #[must_use]
    pub fn new(since: Instant) -> Self {
        Self {
            gathered: None,
            chunks: Vec::new(),
            chunk_bytes: 0,
            parts: Vec::new(),
            weight: Weight::default(),
            encoding: Encoding::Identity,
            shared: None,
            context: None,
            held: None,
            since,
            detached: false,
        }
    }

    /// Makes room for a copy of `len` bytes, so that [`Batch::gather`] cannot fail.
    ///
    /// # Errors
    /// [`Exhausted`] when the byte budget has no room for the block.
    pub fn reserve(
        &mut self,
        home: &Arc<Home>,
        ticket: Ticket,
        len: usize,
    ) -> Result<(), Exhausted> {
        match &mut self.gathered {
            Some(block) => block.reserve(len),
            None => {
                let first = if self.parts.is_empty() { len } else { GATHER_BYTES_FIRST.max(len) };
                self.gathered = Some(Block::new(home, first, ticket)?);
                Ok(())
            }
        }
    }

    /// Appends a copy to the gathered block: `write` puts the bytes that were reserved.
    pub fn gather(&mut self, weight: Weight, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(block) = &mut self.gathered else {
            return;
        };
        let start = block.len();
        write(block.bytes_mut());
        let end = block.len();
        self.push(Part { weight, place: Place::Gathered { start, end }, claim: None });
        self.shared = None;
    }

    /// Appends a copy as slices. `shared` is given when the copy travels alone.
    pub fn attach(&mut self, weight: Weight, payload: &Payload, shared: Option<&Shared>) {
        let start = self.chunks.len();
        self.chunks.extend(payload.chunks().iter().cloned());
        self.chunk_bytes = self.chunk_bytes.saturating_add(payload.len());
        let end = self.chunks.len();
        self.push(Part { weight, place: Place::Chunks { start, end }, claim: None });
        self.shared = shared.filter(|_| self.parts.len() == 1).cloned();
    }

    /// A batch of one copy that leaves as it came, compressed.
    #[must_use]
    pub fn original(since: Instant, weight: Weight, payload: &Payload, encoding: Encoding) -> Self {
        let mut batch = Self::new(since);
        batch.attach(weight, payload, None);
        batch.encoding = encoding;
        batch
    }

    /// Takes over queue slots and bytes of the destination's share.
    pub fn hold(&mut self, slots: Ticket, share: Ticket) {
        match &mut self.held {
            Some(held) => {
                held.slots.absorb(slots);
                held.share.absorb(share);
            }
            None => self.held = Some(Held { slots, share }),
        }
    }

    /// Says what travels with the batch, the same for each of its copies, and who waits for the copy
    /// that was put in last.
    pub fn carry(&mut self, joining: &Joining) {
        self.context.clone_from(&joining.context);
        if let Some(last) = self.parts.last_mut() {
            last.claim.clone_from(&joining.claim);
        }
    }

    fn push(&mut self, part: Part) {
        self.weight = self.weight.plus(part.weight);
        self.parts.push(part);
    }

    /// Bytes that wait, as they will be read by an encoder.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunk_bytes.saturating_add(self.gathered.as_ref().map_or(0, |block| block.len()))
    }

    /// Whether nothing has been put in.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// What it weighs.
    #[must_use]
    pub const fn weight(&self) -> Weight {
        self.weight
    }

    /// When its first copy arrived.
    #[must_use]
    pub const fn since(&self) -> Instant {
        self.since
    }

    /// Copies slices that pin more than twice their size into blocks of their own, once in a
    /// batch's life. Without a ticket for that the batch stays as it is and the answer is `Err`:
    /// the caller drops it, since 1 KiB for a dead destination must not hold half a megabyte.
    ///
    /// # Errors
    /// [`Exhausted`] when the byte budget has no room for the copy.
    pub fn detach(&mut self, home: &Arc<Home>) -> Result<(), Exhausted> {
        if self.detached {
            return Ok(());
        }
        self.detached = true;
        let pinned = pinned_bytes(&self.chunks);
        if self.chunk_bytes.saturating_mul(2) >= pinned {
            return Ok(());
        }
        let Some(first) = self.chunks.first() else {
            return Ok(());
        };
        let ticket = first.block().ticket().lease().empty();
        let mut own = Block::new(home, self.chunk_bytes, ticket)?;
        let mut ends = Vec::with_capacity(self.chunks.len());
        for chunk in &self.chunks {
            let start = own.len();
            own.put(chunk.bytes());
            ends.push((start, own.len()));
        }
        let own = Arc::new(own);
        for (chunk, (start, end)) in self.chunks.iter_mut().zip(ends) {
            *chunk = Chunk::new(Arc::clone(&own), start, end);
        }
        Ok(())
    }

    /// Freezes the batch. What it holds of its queue comes along apart: it is held until the answer
    /// is there.
    #[must_use]
    pub fn seal(self) -> (Sealed, Option<Held>) {
        let mut payload = Payload::default();
        let gathered = self.gathered.is_some();
        if let Some(block) = self.gathered {
            payload.push(Chunk::whole(Arc::new(block)));
        }
        for chunk in self.chunks {
            payload.push(chunk);
        }
        let sealed = Sealed {
            payload: Arc::new(payload),
            parts: self.parts,
            gathered,
            weight: self.weight,
            encoding: self.encoding,
            shared: self.shared,
            context: self.context,
        };
        (sealed, self.held)
    }
}

impl Sealed {
    /// The bytes, encoded as [`Sealed::encoding`] says.
    #[must_use]
    pub const fn payload(&self) -> &Arc<Payload> {
        &self.payload
    }

    /// What the bytes are encoded with.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What it weighs.
    #[must_use]
    pub const fn weight(&self) -> Weight {
        self.weight
    }

    /// Incoming requests in it.
    #[must_use]
    pub const fn requests(&self) -> usize {
        self.parts.len()
    }

    /// Where the compressed form is shared with other destinations, if it is.
    #[must_use]
    pub const fn shared(&self) -> Option<&Shared> {
        self.shared.as_ref()
    }

    /// Who waits for what becomes of its copies; mostly nobody.
    #[must_use]
    pub fn claims(&self) -> Vec<Rc<Claim>> {
        self.parts.iter().filter_map(|part| part.claim.clone()).collect()
    }

    /// What travels with it.
    #[must_use]
    pub const fn context(&self) -> Option<&Rc<Context>> {
        self.context.as_ref()
    }

    /// Cuts a merged batch in two along its joints; `None` for a single request.
    #[must_use]
    pub fn halves(&self) -> Option<(Self, Self)> {
        self.cut(self.parts.len().div_euclid(2))
    }

    /// Cuts the first request off a merged batch; `None` for a single request.
    #[must_use]
    pub fn first_and_rest(&self) -> Option<(Self, Self)> {
        self.cut(1)
    }

    fn cut(&self, at: usize) -> Option<(Self, Self)> {
        if self.parts.len() < 2 {
            return None;
        }
        let (left, right) = self.parts.split_at_checked(at)?;
        Some((self.subset(left), self.subset(right)))
    }

    fn subset(&self, parts: &[Part]) -> Self {
        let first_slice = usize::from(self.gathered);
        let chunks = self.payload.chunks();
        let mut payload = Payload::default();
        let mut kept = Vec::with_capacity(parts.len());
        let mut weight = Weight::default();
        for part in parts {
            let start = payload.chunks().len();
            match part.place {
                Place::Gathered { start, end } => {
                    if let Some(block) = chunks.first() {
                        payload.push(block.slice(start, end));
                    }
                }
                Place::Chunks { start, end } => {
                    let range = start.saturating_add(first_slice)..end.saturating_add(first_slice);
                    for chunk in chunks.get(range).unwrap_or_default() {
                        payload.push(chunk.clone());
                    }
                }
            }
            let place = Place::Chunks { start, end: payload.chunks().len() };
            kept.push(Part { weight: part.weight, place, claim: part.claim.clone() });
            weight = weight.plus(part.weight);
        }
        Self {
            payload: Arc::new(payload),
            parts: kept,
            gathered: false,
            weight,
            encoding: self.encoding,
            shared: None,
            context: self.context.clone(),
        }
    }
}

/// Capacity of the distinct blocks behind `chunks`; neighbours mostly share one.
fn pinned_bytes(chunks: &[Chunk]) -> usize {
    let mut sum = 0_usize;
    let mut last: Option<&Arc<Block>> = None;
    for chunk in chunks {
        if !last.is_some_and(|block| Arc::ptr_eq(block, chunk.block())) {
            sum = sum.saturating_add(chunk.block().capacity());
        }
        last = Some(chunk.block());
    }
    sum
}
