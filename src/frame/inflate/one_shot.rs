//! The one file with unsafe code: libdeflate, and the step of a streaming decompressor into memory
//! that is not initialised.
//!
//! The safe wrapper of libdeflate tells neither how many bytes a member had nor that others follow
//! (it would lose them in silence). Invariants: what is appended to a vector has been written by
//! the decompressor, and lies within its capacity.
#![expect(unsafe_code, reason = "libdeflate's count of consumed bytes has no safe wrapper")]
#![expect(clippy::disallowed_types, reason = "the home of decompressors")]

use std::ptr::NonNull;

use flate2::{Decompress, FlushDecompress, Status};
use libdeflate_sys as ffi;

use super::flate::Wrap;

/// One step: at most `room` bytes appended to `out`. Returns what was read and the bytes written.
pub(super) fn step<'a>(
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

/// What became of a member or stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// It was written; this many bytes of the input were it.
    Whole(usize),
    /// It is larger than the room there was; nothing was written.
    NoRoom,
    /// It is not whole and sound.
    Bad,
}

/// libdeflate's state: tables of 11 KiB, used again for each member.
pub(super) struct OneShot(NonNull<ffi::libdeflate_decompressor>);

impl OneShot {
    /// `None` when there is no memory for it.
    pub(super) fn new() -> Option<Self> {
        // SAFETY: the call has no preconditions; it returns null or a pointer that we own.
        NonNull::new(unsafe { ffi::libdeflate_alloc_decompressor() }).map(Self)
    }

    /// Appends the member or stream at the start of `input` to `out`, at most `room` bytes, all or
    /// nothing.
    pub(super) fn member(
        &self,
        wrap: Wrap,
        input: &[u8],
        out: &mut Vec<u8>,
        room: usize,
    ) -> Member {
        let start = out.len();
        let spare = out.spare_capacity_mut();
        let room = room.min(spare.len());
        let (mut read, mut wrote) = (0, 0);
        let inflate = match wrap {
            Wrap::Gzip => ffi::libdeflate_gzip_decompress_ex,
            Wrap::Zlib => ffi::libdeflate_zlib_decompress_ex,
            Wrap::Raw => ffi::libdeflate_deflate_decompress_ex,
        };
        // SAFETY: the decompressor is ours and used by one call at a time (`OneShot` is not
        // `Sync`); `input` is readable for its length, `spare` writable for `room` bytes, which may
        // be uninitialised since the decompressor reads only output that it wrote in this call; the
        // two counters are valid for writes. All of these live longer than the call. The three
        // functions have the same contract.
        let result = unsafe {
            inflate(
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
pub(super) fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    if bytes.is_empty() {
        return crc;
    }
    // SAFETY: `bytes` is readable for its length and lives longer than the call.
    unsafe { ffi::libdeflate_crc32(crc, bytes.as_ptr().cast(), bytes.len()) }
}
