//! zstd: every frame, skippable ones passed over, checksums checked by libzstd.
//!
//! ```text
//!  28 b5 2f fd  descriptor  [window]  [dictionary id]  [content size]  blocks  [checksum]
//!  5x 2a 4d 18  size(4)  anything                                      a skippable frame
//! ```
//! A frame that says that it holds at most 1 MiB is inflated at once into the block; others in
//! steps, through a window of at most 8 MiB that a ticket pays for. Invariant: a frame's window is
//! known and paid for before libzstd sees the frame.

use std::cell::RefCell;

use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use super::{
    Damage, INPUT_STEP, ONE_SHOT_MAX, PARTS_MAX, SLACK, STEP, Sink, Stop, Turn, WINDOW_MAX, bad,
};
use crate::units::KIB;

const MAGIC: u32 = 0xfd2f_b528;
/// The magic numbers of skippable frames, without their last four bits.
const SKIPPABLE: u32 = 0x184d_2a50;
const WINDOW_LOG_MAX: u32 = 23;
/// What a state holds beside its window: tables (about 160 KiB) and a block in and out.
const STATE_BYTES: usize = 512 * KIB;
/// States kept; those that have grown a window are not.
const STATES_KEPT: usize = 2;
/// How much better than its input a body of unknown size is first believed to be compressed.
const RATIO_UNSAID: usize = 8;

/// A frame by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    /// Bytes of a frame to pass over.
    Skippable(usize),
    /// A frame with data: its window, and what it says it holds.
    Data { window: u64, content: Option<u64> },
}

/// Reads the header of the frame at the start of `bytes`.
fn frame(bytes: &[u8]) -> Result<Frame, Damage> {
    const CUT: Damage = Damage::Text("the header is cut off");
    let (magic, rest) = bytes.split_first_chunk::<4>().ok_or(CUT)?;
    let magic = u32::from_le_bytes(*magic);
    if magic & !0xf == SKIPPABLE {
        let (size, rest) = rest.split_first_chunk::<4>().ok_or(CUT)?;
        let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
        if rest.len() < size {
            return Err(Damage::Text("a skippable frame is cut off"));
        }
        return Ok(Frame::Skippable(size.saturating_add(8)));
    }
    if magic != MAGIC {
        return Err(Damage::Text("expected the bytes 28 b5 2f fd of a zstd frame"));
    }
    let (&descriptor, rest) = rest.split_first().ok_or(CUT)?;
    let single = descriptor & 0x20 != 0;
    let (window, rest) = if single {
        (0, rest)
    } else {
        let (&window, rest) = rest.split_first().ok_or(CUT)?;
        let base = 1_u64 << (10 + u32::from(window >> 3));
        (base + base / 8 * u64::from(window & 7), rest)
    };
    let id_len = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied().unwrap_or(0);
    let rest = rest.get(id_len..).ok_or(CUT)?;
    let content = match (descriptor >> 6, rest) {
        (0, _) if !single => None,
        (0, [size, ..]) => Some(u64::from(*size)),
        (1, [a, b, ..]) => Some(u64::from(u16::from_le_bytes([*a, *b])) + 256),
        (2, [a, b, c, d, ..]) => Some(u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
        (3, rest) => Some(u64::from_le_bytes(*rest.first_chunk::<8>().ok_or(CUT)?)),
        _ => return Err(CUT),
    };
    let window = if single { content.unwrap_or_default() } else { window };
    if window > WINDOW_MAX {
        return Err(Damage::Window(window));
    }
    Ok(Frame::Data { window, content })
}

/// The first block of a body.
pub(super) fn first(compressed: &[u8]) -> usize {
    let unsaid = compressed.len().saturating_mul(RATIO_UNSAID);
    match frame(compressed) {
        Ok(Frame::Data { content: Some(content), .. }) => {
            // One byte more shows that a frame ends where it says.
            let content = usize::try_from(content).unwrap_or(usize::MAX);
            if content <= ONE_SHOT_MAX { content } else { content.min(unsaid).saturating_add(1) }
        }
        _ => unsaid,
    }
}

/// The decompressors.
#[derive(Default)]
pub(super) struct Zstd {
    states: RefCell<Vec<DCtx<'static>>>,
}

impl Zstd {
    /// Inflates every frame.
    pub(super) async fn inflate(&self, compressed: &[u8], sink: &mut Sink) -> Result<(), Stop> {
        let mut at = 0_usize;
        let mut turn = Turn::default();
        for _ in 0..PARTS_MAX {
            let input = compressed.get(at..).unwrap_or_default();
            let before = sink.out.len();
            let taken = match frame(input).map_err(|reason| Stop::Bad(at, reason))? {
                Frame::Skippable(len) => len,
                Frame::Data { window, content } => {
                    let content = content.and_then(|len| usize::try_from(len).ok());
                    let small = content.filter(|len| {
                        *len <= ONE_SHOT_MAX && input.len() <= len.saturating_add(SLACK)
                    });
                    match small {
                        Some(len) => self.at_once(input, len, sink, at)?,
                        None => self.in_steps(input, window, sink, at).await?,
                    }
                }
            };
            at = at.saturating_add(taken);
            if at >= compressed.len() {
                return Ok(());
            }
            turn.spend(sink.out.len().saturating_sub(before).saturating_add(KIB)).await;
        }
        Err(bad(at, 0, "more frames than are taken"))
    }

    /// Inflates a frame that says it holds `len` bytes in one call.
    fn at_once(&self, input: &[u8], len: usize, sink: &mut Sink, at: usize) -> Result<usize, Stop> {
        let start = sink.out.len();
        if len > sink.limit.saturating_sub(start) {
            return Err(Stop::TooLarge);
        }
        let taken = zstd_safe::find_frame_compressed_size(input)
            .map_err(|_| bad(at, 0, "the frame is damaged or cut off"))?;
        let frame = input.get(..taken).unwrap_or_default();
        sink.reserve(len)?;
        let mut state = self.state().ok_or(Stop::Overloaded)?;
        let (_, spare) = sink.spare(len);
        let wrote = state.decompress(spare, frame);
        self.keep(state);
        match wrote {
            Ok(wrote) if wrote == len => Ok(taken),
            _ => Err(bad(at, 0, "the frame is damaged")),
        }
    }

    /// Inflates a frame in steps.
    async fn in_steps(
        &self,
        input: &[u8],
        window: u64,
        sink: &mut Sink,
        at: usize,
    ) -> Result<usize, Stop> {
        // Of a window no more is touched than there is output.
        let window = usize::try_from(window).unwrap_or(usize::MAX).min(sink.limit);
        let lease = sink.out.ticket().lease();
        let paid =
            lease.ticket(window.saturating_add(STATE_BYTES)).map_err(|_| Stop::Overloaded)?;
        let mut state = self.state().ok_or(Stop::Overloaded)?;
        let result = steps(&mut state, input, sink, at).await;
        self.keep(state);
        drop(paid);
        result
    }

    /// A state that is at the begin of a frame.
    fn state(&self) -> Option<DCtx<'static>> {
        if let Some(state) = self.states.borrow_mut().pop() {
            return Some(state);
        }
        let mut state = DCtx::try_create()?;
        let _ = state.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)).ok()?;
        Some(state)
    }

    fn keep(&self, mut state: DCtx<'static>) {
        let mut states = self.states.borrow_mut();
        let fresh = state.reset(ResetDirective::SessionOnly).is_ok();
        if fresh && states.len() < STATES_KEPT && state.sizeof() <= STATE_BYTES {
            states.push(state);
        }
    }
}

async fn steps(
    state: &mut DCtx<'static>,
    input: &[u8],
    sink: &mut Sink,
    at: usize,
) -> Result<usize, Stop> {
    let mut taken = 0_usize;
    loop {
        let room = sink.room(STEP)?;
        let rest = input.get(taken..).unwrap_or_default();
        let mut piece = InBuffer::around(rest.get(..INPUT_STEP).unwrap_or(rest));
        let start = sink.out.len();
        let (_, spare) = sink.spare(room);
        let mut out = OutBuffer::around(spare);
        let left = state.decompress_stream(&mut out, &mut piece);
        let wrote = out.pos();
        sink.keep(start.saturating_add(wrote));
        taken = taken.saturating_add(piece.pos());
        let left = left.map_err(|_| bad(at, taken, "the frame is damaged"))?;
        sink.check()?;
        if left == 0 {
            return Ok(taken);
        }
        if piece.pos() == 0 && wrote == 0 {
            return Err(bad(at, taken, "the frame is cut off"));
        }
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_a_frame_is_read_from_its_header() {
        let head = |descriptor, rest: &[u8]| {
            frame(&[&MAGIC.to_le_bytes(), &[descriptor][..], rest].concat())
        };
        let data = |window, content| Ok(Frame::Data { window, content });
        assert_eq!(head(0, &[0]), data(1024, None));
        assert_eq!(head(0, &[(13 << 3)]), data(8 << 20, None));
        assert_eq!(head(0, &[(13 << 3) | 1]), Err(Damage::Window(9 << 20)));
        assert_eq!(head(0, &[255]), Err(Damage::Window((1 << 41) + 7 * (1 << 38))));
        assert_eq!(head(0x20, &[9]), data(9, Some(9)));
        assert_eq!(head(0x61, &[1, 44, 1]), data(556, Some(556)), "behind a dictionary's id");
        assert_eq!(head(0xa0, &[0, 0, 0, 1]), Err(Damage::Window(1 << 24)));
        assert_eq!(head(0xc0, &[8, 1, 0, 0, 0, 0, 0, 0, 0]), data(2048, Some(1)));
    }
}
