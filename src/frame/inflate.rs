//! gzip to plain bytes: every member, bounded, checked to the last byte.
//!
//! ```text
//!  output expected <= 1 MiB   libdeflate, a member at once into the block (3.3 GB/s)
//!  more, or more than said    zlib-rs in steps of 256 KiB, giving way to other tasks between them
//! ```
//! The last member's ISIZE is a hint for the first block and may lie: the block grows by its
//! ticket, up to the limit. Invariants: output <= limit; every byte of the input belongs to a
//! member whose CRC and length have been checked; no other file names a decompressor.
//!
//! This is the one file with unsafe code: the safe wrapper of libdeflate tells neither how many
//! bytes a member had nor that others follow (it would lose them in silence).
#![expect(unsafe_code, reason = "libdeflate's count of consumed bytes has no safe wrapper")]
#![expect(clippy::disallowed_types, reason = "the home of decompressors")]

use std::cell::RefCell;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

use flate2::{Decompress, FlushDecompress, Status};
use libdeflate_sys as ffi;

use super::{FrameError, gzip};
use crate::buf::block::Block;
use crate::buf::budget::Ticket;
use crate::buf::pool::Home;
use crate::units::{KIB, MIB};

/// Output expected to be larger than this is inflated in steps.
pub const ONE_SHOT_MAX: usize = MIB;
/// Output of one step: about 0.1 ms.
const STEP: usize = 256 * KIB;
/// Members of one body; each costs about a microsecond however little is in it.
pub const MEMBERS_MAX: usize = 4096;
/// The first block, when the input promises less.
const FIRST_MIN: usize = 4 * KIB;
/// How much better than its input a large body is first believed to be compressed.
const RATIO_FIRST: usize = 16;
/// Idle streaming states kept, at 40 KiB each.
const STREAMS_KEPT: usize = 4;

/// The decompressors of one shard.
pub struct Inflater {
    one_shot: Option<OneShot>,
    streams: RefCell<Vec<Decompress>>,
}

impl fmt::Debug for Inflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Inflater").finish_non_exhaustive()
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self { one_shot: OneShot::new(), streams: RefCell::default() }
    }
}

impl Inflater {
    /// Inflates all members of `compressed` into a block of `home` paid for by `ticket`, which
    /// grows as needed.
    ///
    /// # Errors
    /// More than `limit` bytes, no room in the budget, or not gzip to the last byte.
    pub async fn gzip(
        &self,
        compressed: &[u8],
        limit: usize,
        home: &Arc<Home>,
        ticket: Ticket,
    ) -> Result<Block, FrameError> {
        let promised = gzip::promised(compressed);
        let believed = promised.min(compressed.len().saturating_mul(RATIO_FIRST));
        let first = if promised <= ONE_SHOT_MAX {
            promised.max(FIRST_MIN)
        } else {
            believed.saturating_add(1).max(ONE_SHOT_MAX)
        };
        let first = first.min(limit.max(1));
        let mut out = Block::new(home, first, ticket).map_err(|_| FrameError::Overloaded)?;
        let mut at = 0;
        let mut since_yield = 0;
        for _ in 0..MEMBERS_MAX {
            let input = compressed.get(at..).unwrap_or_default();
            let before = out.len();
            let taken = match self.at_once(promised, input, &mut out, limit, at)? {
                Some(taken) => taken,
                None => self.in_steps(input, &mut out, limit, at).await?,
            };
            at = at.saturating_add(taken);
            if at >= compressed.len() {
                return Ok(out);
            }
            since_yield += out.len().saturating_sub(before).saturating_add(KIB);
            if since_yield >= STEP {
                since_yield = 0;
                tokio::task::yield_now().await;
            }
        }
        Err(bad(at, 0, "more members than are taken"))
    }

    /// Inflates one member in one call; `None` when it is too large for that.
    fn at_once(
        &self,
        promised: usize,
        input: &[u8],
        out: &mut Block,
        limit: usize,
        at: usize,
    ) -> Result<Option<usize>, FrameError> {
        let Some(one_shot) = self.one_shot.as_ref().filter(|_| promised <= ONE_SHOT_MAX) else {
            return Ok(None);
        };
        let _ = gzip::header(input).map_err(|reason| bad(at, 0, reason))?;
        loop {
            let allowed = limit.saturating_sub(out.len());
            let room = out.room().min(allowed);
            match one_shot.member(input, out.bytes_mut(), room) {
                Member::Whole(taken) => return Ok(Some(taken)),
                Member::Bad => return Err(bad(at, 0, "the member is damaged or cut off")),
                Member::NoRoom if room == allowed => return Err(FrameError::TooLarge { limit }),
                Member::NoRoom if out.capacity() >= ONE_SHOT_MAX => return Ok(None),
                Member::NoRoom => {
                    let more = out.room().saturating_add(1);
                    out.reserve(more).map_err(|_| FrameError::Overloaded)?;
                }
            }
        }
    }

    /// Inflates one member in steps.
    async fn in_steps(
        &self,
        input: &[u8],
        out: &mut Block,
        limit: usize,
        at: usize,
    ) -> Result<usize, FrameError> {
        let head = gzip::header(input).map_err(|reason| bad(at, 0, reason))?;
        let deflated = input.get(head..).unwrap_or_default();
        let kept = self.streams.borrow_mut().pop();
        let mut stream = kept.unwrap_or_else(|| Decompress::new(false));
        let result = steps(&mut stream, deflated, out, limit, at.saturating_add(head)).await;
        stream.reset(false);
        let mut streams = self.streams.borrow_mut();
        if streams.len() < STREAMS_KEPT {
            streams.push(stream);
        }
        result.map(|taken| taken.saturating_add(head))
    }
}

/// Inflates `deflated` up to its end and checks the trailer behind it; `at` is where it lies in the
/// body.
async fn steps(
    stream: &mut Decompress,
    deflated: &[u8],
    out: &mut Block,
    limit: usize,
    at: usize,
) -> Result<usize, FrameError> {
    let mut taken = 0_usize;
    let mut crc = 0;
    let mut size = 0_usize;
    loop {
        if out.room() == 0 {
            out.reserve(1).map_err(|_| FrameError::Overloaded)?;
        }
        // One byte beyond the limit may be written, so that a body of exactly the limit ends.
        let room = limit.saturating_sub(out.len()).saturating_add(1).min(STEP);
        let input = deflated.get(taken..).unwrap_or_default();
        let stepped = step(stream, input, out.bytes_mut(), room);
        let (status, read, fresh) = stepped.map_err(|()| bad(at, taken, "damaged"))?;
        let wrote = fresh.len();
        crc = crc32(crc, fresh);
        size = size.saturating_add(wrote);
        taken = taken.saturating_add(read);
        if out.len() > limit {
            return Err(FrameError::TooLarge { limit });
        }
        if matches!(status, Status::StreamEnd) {
            let rest = deflated.get(taken..).unwrap_or_default();
            let (crc_said, size_said) =
                gzip::trailer(rest).ok_or_else(|| bad(at, taken, "cut off"))?;
            if crc_said != crc {
                return Err(bad(at, taken, "the CRC does not match"));
            }
            if u64::from(size_said) != (size as u64) & u64::from(u32::MAX) {
                return Err(bad(at, taken, "the length does not match"));
            }
            return Ok(taken.saturating_add(gzip::TRAILER));
        }
        if read == 0 && wrote == 0 {
            return Err(bad(at, taken, "cut off"));
        }
        tokio::task::yield_now().await;
    }
}

/// What is wrong `taken` bytes behind `at`.
const fn bad(at: usize, taken: usize, reason: &'static str) -> FrameError {
    FrameError::BadGzip { offset: at.saturating_add(taken), reason }
}

/// One step: at most `room` bytes appended to `out`. Returns what was read and the bytes written.
fn step<'a>(
    stream: &mut Decompress,
    input: &[u8],
    out: &'a mut Vec<u8>,
    room: usize,
) -> Result<(Status, usize, &'a [u8]), ()> {
    let start = out.len();
    let (read_before, wrote_before) = (stream.total_in(), stream.total_out());
    let spare = out.spare_capacity_mut();
    let room = room.min(spare.len());
    let spare = spare.get_mut(..room).unwrap_or_default();
    let status = stream.decompress_uninit(input, spare, FlushDecompress::None).map_err(|_| ())?;
    let read = usize::try_from(stream.total_in().saturating_sub(read_before)).map_err(|_| ())?;
    let wrote = usize::try_from(stream.total_out().saturating_sub(wrote_before)).map_err(|_| ())?;
    let end = start.saturating_add(wrote.min(room));
    // SAFETY: `end` is at most `start + spare.len()`, so within the capacity, and the decompressor
    // has initialised the bytes from `start` to `end`: it counts in `total_out` what it has
    // written.
    unsafe { out.set_len(end) };
    Ok((status, read, out.get(start..).unwrap_or_default()))
}

/// What became of a member.
#[derive(Debug, PartialEq, Eq)]
enum Member {
    /// It was written; this many bytes of the input were it.
    Whole(usize),
    /// It is larger than the room there was; nothing was written.
    NoRoom,
    /// It is no whole, sound member.
    Bad,
}

/// libdeflate's state: tables of 11 KiB, used again for each member.
struct OneShot(NonNull<ffi::libdeflate_decompressor>);

impl OneShot {
    /// `None` when there is no memory for it.
    fn new() -> Option<Self> {
        // SAFETY: the call has no preconditions; it returns null or a pointer that we own.
        NonNull::new(unsafe { ffi::libdeflate_alloc_decompressor() }).map(Self)
    }

    /// Appends the member at the start of `input` to `out`, at most `room` bytes, all or nothing.
    fn member(&self, input: &[u8], out: &mut Vec<u8>, room: usize) -> Member {
        let start = out.len();
        let spare = out.spare_capacity_mut();
        let room = room.min(spare.len());
        let (mut read, mut wrote) = (0, 0);
        // SAFETY: the decompressor is ours and used by one call at a time (`OneShot` is not
        // `Sync`); `input` is readable for its length, `spare` writable for `room` bytes, which may
        // be uninitialised since the decompressor reads only output that it wrote in this call; the
        // two counters are valid for writes. All of these live longer than the call.
        let result = unsafe {
            ffi::libdeflate_gzip_decompress_ex(
                self.0.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                spare.as_mut_ptr().cast(),
                room,
                &raw mut read,
                &raw mut wrote,
            )
        };
        match result {
            ffi::libdeflate_result_LIBDEFLATE_SUCCESS if wrote <= room && read > 0 => {
                // SAFETY: on success the decompressor has initialised `wrote` bytes from `start`
                // on, and `wrote` is at most the spare capacity.
                unsafe { out.set_len(start.saturating_add(wrote)) };
                Member::Whole(read)
            }
            ffi::libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE => Member::NoRoom,
            _ => Member::Bad,
        }
    }
}

impl Drop for OneShot {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `libdeflate_alloc_decompressor` and is freed once, here.
        unsafe { ffi::libdeflate_free_decompressor(self.0.as_ptr()) };
    }
}

/// CRC-32 of `bytes` after those that gave `crc`; 0 to begin with.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    if bytes.is_empty() {
        return crc;
    }
    // SAFETY: `bytes` is readable for its length and lives longer than the call.
    unsafe { ffi::libdeflate_crc32(crc, bytes.as_ptr().cast(), bytes.len()) }
}

#[cfg(test)]
mod tests;
