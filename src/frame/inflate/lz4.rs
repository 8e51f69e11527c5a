//! lz4: every frame, skippable ones passed over, all checksums checked.
//!
//! ```text
//!  04 22 4d 18  flags  sizes  [content size]  [dictionary id]  sum
//!  { size(4)  block  [sum(4)] }*  0(4)  [sum of the content (4)]
//! ```
//! Blocks are decoded straight into the output, which is also the dictionary of linked blocks:
//! nothing is held beside it. A block, at most 4 MiB of output (about 2 ms), is decoded in one go.
//! Not taken: the legacy format, and dictionaries that are not sent along.

use lz4_flex::block::{DecompressError, decompress_into, decompress_into_with_dict};

use super::xxh32::Xxh32;
use super::{PARTS_MAX, Sink, Stop, Turn, bad};
use crate::units::KIB;

const MAGIC: u32 = 0x184d_2204;
/// The magic numbers of skippable frames, without their last four bits.
const SKIPPABLE: u32 = 0x184d_2a50;
/// How far back linked blocks may refer.
const WINDOW: usize = 64 * KIB;
/// The best that a block can do.
const RATIO_MAX: usize = 255;
/// How much better than its input a block is first believed to be compressed.
const RATIO_FIRST: usize = 8;
/// The bit of a block's size that says it is not compressed.
const PLAIN: u32 = 1 << 31;

/// What a frame says of itself.
#[derive(Clone, Copy, Debug)]
struct Header {
    len: usize,
    linked: bool,
    block_sums: bool,
    content_sum: bool,
    content: Option<u64>,
    block_max: usize,
}

/// Takes the next four bytes at `at` as a number.
fn word(input: &[u8], at: &mut usize) -> Option<u32> {
    let bytes = input.get(*at..)?.first_chunk::<4>()?;
    *at = at.saturating_add(4);
    Some(u32::from_le_bytes(*bytes))
}

fn header(bytes: &[u8]) -> Result<Header, &'static str> {
    const CUT: &str = "the header is cut off";
    let &[flags, sizes] = bytes.get(4..).and_then(|rest| rest.first_chunk::<2>()).ok_or(CUT)?;
    if flags >> 6 != 1 || flags & 0x02 != 0 || sizes & 0x8f != 0 {
        return Err("a version or flag that is not known");
    }
    if flags & 0x01 != 0 {
        return Err("a dictionary is asked for");
    }
    let block_max = match sizes >> 4 {
        size @ 4..=7 => 1_usize << (8 + 2 * u32::from(size)),
        _ => return Err("a block size that is not known"),
    };
    let rest = bytes.get(6..).unwrap_or_default();
    let (content, end) = match flags & 0x08 {
        0 => (None, 6),
        _ => (Some(u64::from_le_bytes(*rest.first_chunk::<8>().ok_or(CUT)?)), 14),
    };
    let [_, sum, ..] = Xxh32::of(bytes.get(4..end).ok_or(CUT)?).to_le_bytes();
    if *bytes.get(end).ok_or(CUT)? != sum {
        return Err("the sum of the header does not match");
    }
    Ok(Header {
        len: end.saturating_add(1),
        linked: flags & 0x20 == 0,
        block_sums: flags & 0x10 != 0,
        content_sum: flags & 0x04 != 0,
        content,
        block_max,
    })
}

/// Inflates every frame.
pub(super) async fn inflate(compressed: &[u8], sink: &mut Sink) -> Result<(), Stop> {
    let mut at = 0_usize;
    let mut turn = Turn::default();
    for _ in 0..PARTS_MAX {
        let input = compressed.get(at..).unwrap_or_default();
        let mut place = 0;
        let magic = word(input, &mut place).ok_or_else(|| bad(at, 0, "the header is cut off"))?;
        let taken = if magic & !0xf == SKIPPABLE {
            let size = word(input, &mut place).and_then(|size| usize::try_from(size).ok());
            let end = size.map(|size| size.saturating_add(8)).filter(|end| *end <= input.len());
            end.ok_or_else(|| bad(at, 0, "a skippable frame is cut off"))?
        } else if magic == MAGIC {
            let header = header(input).map_err(|reason| bad(at, 0, reason))?;
            frame(header, input, sink, at, &mut turn).await?
        } else {
            return Err(bad(at, 0, "expected the bytes 04 22 4d 18 of an lz4 frame"));
        };
        at = at.saturating_add(taken);
        if at >= compressed.len() {
            return Ok(());
        }
        turn.spend(KIB).await;
    }
    Err(bad(at, 0, "more frames than are taken"))
}

/// Inflates the blocks of a frame and checks what stands behind them; returns the frame's length.
async fn frame(
    header: Header,
    input: &[u8],
    sink: &mut Sink,
    at: usize,
    turn: &mut Turn,
) -> Result<usize, Stop> {
    let start = sink.out.len();
    let limit = sink.limit.saturating_sub(start);
    if header.content.is_some_and(|len| usize::try_from(len).is_ok_and(|len| len > limit)) {
        return Err(Stop::TooLarge);
    }
    let mut sum = Xxh32::default();
    let mut taken = header.len;
    loop {
        let begin = taken;
        let cut = bad(at, begin, "the frame is cut off");
        let size = word(input, &mut taken).ok_or(cut)?;
        if size == 0 {
            break;
        }
        let len = usize::try_from(size & !PLAIN).unwrap_or(usize::MAX);
        if len > header.block_max {
            return Err(bad(at, begin, "a block larger than the header says"));
        }
        let end = taken.saturating_add(len);
        let block = input.get(taken..end).ok_or(cut)?;
        taken = end;
        if header.block_sums && word(input, &mut taken).ok_or(cut)? != Xxh32::of(block) {
            return Err(bad(at, begin, "the sum of a block does not match"));
        }
        let before = sink.out.len();
        if size & PLAIN != 0 {
            sink.reserve(len)?;
            sink.out.put(block);
            sink.check()?;
        } else {
            let place = Place { start, linked: header.linked, max: header.block_max };
            decode(block, place, sink, bad(at, begin, "a block is damaged"))?;
        }
        if header.content_sum {
            sum.see(sink.out.get(start..).unwrap_or_default());
        }
        let work = sink.out.len().saturating_sub(before).saturating_add(len).saturating_add(64);
        turn.spend(work).await;
    }
    let content = sink.out.get(start..).unwrap_or_default();
    if header.content.is_some_and(|len| len != content.len() as u64) {
        return Err(bad(at, taken, "the length does not match"));
    }
    if header.content_sum {
        let said = word(input, &mut taken).ok_or_else(|| bad(at, taken, "the frame is cut off"))?;
        if said != sum.finish(content) {
            return Err(bad(at, taken, "the sum of the content does not match"));
        }
    }
    Ok(taken)
}

/// Where a block stands: its frame's begin in the output, and what the frame says of blocks.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    linked: bool,
    max: usize,
}

/// Decodes a block behind what is there; the room for it grows until it is enough.
fn decode(block: &[u8], place: Place, sink: &mut Sink, damaged: Stop) -> Result<(), Stop> {
    let len = sink.out.len();
    let allowed = sink.limit.saturating_sub(len).saturating_add(1);
    let most = place.max.min(block.len().saturating_mul(RATIO_MAX)).min(allowed);
    let mut room = block.len().saturating_mul(RATIO_FIRST).clamp(KIB, 64 * KIB).min(most);
    loop {
        sink.reserve(room)?;
        let (before, spare) = sink.spare(room);
        let history =
            if place.linked { before.get(place.start..).unwrap_or_default() } else { &[] };
        let history = history.last_chunk::<WINDOW>().map_or(history, |window| window);
        let decoded = match history {
            [] => decompress_into(block, spare),
            _ => decompress_into_with_dict(block, spare, history),
        };
        let wrote = *decoded.as_ref().unwrap_or(&0);
        sink.keep(len.saturating_add(wrote));
        match decoded {
            Ok(_) => return sink.check(),
            Err(DecompressError::OutputTooSmall { .. }) if room < most => {
                room = room.saturating_mul(4).min(most);
            }
            Err(DecompressError::OutputTooSmall { .. }) if most == allowed => {
                return Err(Stop::TooLarge);
            }
            Err(_) => return Err(damaged),
        }
    }
}
