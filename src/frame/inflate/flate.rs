//! gzip, zlib and raw deflate.
//!
//! ```text
//!  output expected <= 1 MiB   libdeflate, a member at once into the block (3.3 GB/s)
//!  more, or more than said    zlib-rs in steps, giving way to other tasks between them
//! ```
//! Every member of gzip is read, and its CRC and length are checked; of zlib and raw deflate there
//! is one stream and nothing behind it.
#![expect(clippy::disallowed_types, reason = "the home of decompressors")]

use std::cell::RefCell;

use flate2::{Decompress, Status};

use super::one_shot::{Member, OneShot, crc32, step};
use super::{INPUT_STEP, ONE_SHOT_MAX, PARTS_MAX, SLACK, STEP, Sink, Stop, Turn, bad};
use crate::frame::gzip;
use crate::units::KIB;

/// How much better than its input a large body is first believed to be compressed.
const RATIO_FIRST: usize = 16;
/// The same for formats that do not say how large the output is.
const RATIO_UNSAID: usize = 8;
/// Idle streaming states kept, at 40 KiB each.
const STREAMS_KEPT: usize = 4;

/// What is around the deflated bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrap {
    /// A gzip member.
    Gzip,
    /// zlib.
    Zlib,
    /// Nothing.
    Raw,
}

/// Whether bytes begin as zlib does. A stream of raw deflate does not, unless it begins with a
/// stored block whose padding is not zero.
pub(super) fn is_zlib(bytes: &[u8]) -> bool {
    let Some(&[method, flags]) = bytes.first_chunk::<2>() else { return false };
    method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}

/// The first block of a body in gzip.
pub(super) fn first_of_gzip(compressed: &[u8]) -> usize {
    let promised = gzip::promised(compressed);
    if promised <= ONE_SHOT_MAX {
        return promised;
    }
    let believed = promised.min(compressed.len().saturating_mul(RATIO_FIRST));
    believed.saturating_add(1).max(ONE_SHOT_MAX)
}

/// The first block of a body that does not say how large it is.
pub(super) fn first(compressed: &[u8]) -> usize {
    compressed.len().saturating_mul(RATIO_UNSAID)
}

/// The decompressors.
pub(super) struct Flate {
    one_shot: Option<OneShot>,
    streams: RefCell<Vec<Decompress>>,
}

impl Default for Flate {
    fn default() -> Self {
        Self { one_shot: OneShot::new(), streams: RefCell::default() }
    }
}

impl Flate {
    /// Inflates every member.
    pub(super) async fn gzip(&self, compressed: &[u8], sink: &mut Sink) -> Result<(), Stop> {
        let promised = gzip::promised(compressed);
        let at_once =
            promised <= ONE_SHOT_MAX && compressed.len() <= promised.saturating_add(SLACK);
        let mut at = 0;
        let mut turn = Turn::default();
        for _ in 0..PARTS_MAX {
            let input = compressed.get(at..).unwrap_or_default();
            let head = gzip::header(input).map_err(|reason| bad(at, 0, reason))?;
            let before = sink.out.len();
            let whole = if at_once { self.at_once(Wrap::Gzip, input, sink, at)? } else { None };
            let taken = match whole {
                Some(taken) => taken,
                None => self.in_steps(Wrap::Gzip, head, input, sink, at).await?,
            };
            at = at.saturating_add(taken);
            if at >= compressed.len() {
                return Ok(());
            }
            turn.spend(sink.out.len().saturating_sub(before).saturating_add(KIB)).await;
        }
        Err(bad(at, 0, "more members than are taken"))
    }

    /// Inflates the one stream of zlib or raw deflate.
    pub(super) async fn deflate(
        &self,
        wrap: Wrap,
        compressed: &[u8],
        sink: &mut Sink,
    ) -> Result<(), Stop> {
        let whole = match compressed.len() {
            0..=SLACK => self.at_once(wrap, compressed, sink, 0)?,
            _ => None,
        };
        let taken = match whole {
            Some(taken) => taken,
            None => self.in_steps(wrap, 0, compressed, sink, 0).await?,
        };
        if taken < compressed.len() {
            return Err(bad(0, taken, "bytes behind the end of the stream"));
        }
        Ok(())
    }

    /// Inflates one member in one call; `None` when it is too large for that.
    fn at_once(
        &self,
        wrap: Wrap,
        input: &[u8],
        sink: &mut Sink,
        at: usize,
    ) -> Result<Option<usize>, Stop> {
        let Some(one_shot) = self.one_shot.as_ref() else { return Ok(None) };
        loop {
            let allowed = sink.limit.saturating_sub(sink.out.len());
            let room = sink.out.room().min(allowed);
            match one_shot.member(wrap, input, sink.out.bytes_mut(), room) {
                Member::Whole(taken) => return Ok(Some(taken)),
                Member::Bad => return Err(bad(at, 0, "damaged or cut off")),
                Member::NoRoom if room == allowed => return Err(Stop::TooLarge),
                Member::NoRoom if sink.out.capacity() >= ONE_SHOT_MAX => return Ok(None),
                Member::NoRoom => sink.reserve(sink.out.room().saturating_add(1))?,
            }
        }
    }

    /// Inflates one member, whose deflated bytes begin at `head`, in steps.
    async fn in_steps(
        &self,
        wrap: Wrap,
        head: usize,
        input: &[u8],
        sink: &mut Sink,
        at: usize,
    ) -> Result<usize, Stop> {
        let kept = self.streams.borrow_mut().pop();
        let mut stream = kept.unwrap_or_else(|| Decompress::new(false));
        stream.reset(wrap == Wrap::Zlib);
        let deflated = input.get(head..).unwrap_or_default();
        let start = at.saturating_add(head);
        let result = steps(&mut stream, wrap, deflated, sink, start).await;
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
    wrap: Wrap,
    deflated: &[u8],
    sink: &mut Sink,
    at: usize,
) -> Result<usize, Stop> {
    let mut taken = 0_usize;
    let mut crc = 0;
    let mut size = 0_usize;
    loop {
        let room = sink.room(STEP)?;
        let rest = deflated.get(taken..).unwrap_or_default();
        let input = rest.get(..INPUT_STEP).unwrap_or(rest);
        let stepped = step(stream, input, sink.out.bytes_mut(), room);
        let (status, read, fresh) = stepped.map_err(|()| bad(at, taken, "damaged"))?;
        let wrote = fresh.len();
        if wrap == Wrap::Gzip {
            crc = crc32(crc, fresh);
        }
        size = size.saturating_add(wrote);
        taken = taken.saturating_add(read);
        sink.check()?;
        if matches!(status, Status::StreamEnd) {
            if wrap != Wrap::Gzip {
                return Ok(taken);
            }
            check_trailer(deflated.get(taken..).unwrap_or_default(), crc, size)
                .map_err(|reason| bad(at, taken, reason))?;
            return Ok(taken.saturating_add(gzip::TRAILER));
        }
        if read == 0 && wrote == 0 {
            return Err(bad(at, taken, "cut off"));
        }
        tokio::task::yield_now().await;
    }
}

fn check_trailer(rest: &[u8], crc: u32, size: usize) -> Result<(), &'static str> {
    let (crc_said, size_said) = gzip::trailer(rest).ok_or("cut off")?;
    if crc_said != crc {
        return Err("the CRC does not match");
    }
    if u64::from(size_said) != (size as u64) & u64::from(u32::MAX) {
        return Err("the length does not match");
    }
    Ok(())
}
