//! The frame of a gzip member (RFC 1952): where the deflated bytes begin and what its end promises.
//!
//! ```text
//!  1f 8b 08 flags mtime(4) xfl os [extra] [name 0] [comment 0] [crc16] | deflate | crc32 isize
//! ```
//! Invariant: a header that is accepted lies wholly inside the bytes given. Nothing is inflated
//! here.

/// Bytes of a trailer: CRC-32 and the length modulo 2^32.
pub const TRAILER: usize = 8;
/// The best that deflate can do: 258 bytes from two bits.
pub const RATIO_MAX: usize = 1032;
/// Bytes of a header without optional parts.
const HEADER: usize = 10;

const CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// Length of the header of the member that begins at the start of `bytes`.
///
/// # Errors
/// What is wrong with it.
pub fn header(bytes: &[u8]) -> Result<usize, &'static str> {
    const CUT: &str = "the header is cut off";
    let (fixed, mut rest) = bytes.split_at_checked(HEADER).ok_or(CUT)?;
    let [0x1f, 0x8b, 8, flags, ..] = *fixed else {
        return Err("expected the bytes 1f 8b 08 of a gzip member");
    };
    if flags & RESERVED != 0 {
        return Err("a reserved flag is set");
    }
    if flags & EXTRA != 0 {
        let (len, after) = rest.split_first_chunk::<2>().ok_or(CUT)?;
        rest = after.get(usize::from(u16::from_le_bytes(*len))..).ok_or(CUT)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = memchr_zero(rest).ok_or(CUT)?;
            rest = rest.get(end.saturating_add(1)..).ok_or(CUT)?;
        }
    }
    if flags & CRC != 0 {
        rest = rest.get(2..).ok_or(CUT)?;
    }
    Ok(bytes.len().saturating_sub(rest.len()))
}

fn memchr_zero(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == 0)
}

/// CRC-32 and length of a member, from its last eight bytes.
#[must_use]
pub fn trailer(bytes: &[u8]) -> Option<(u32, u32)> {
    let (crc, size) = bytes.get(..TRAILER)?.split_first_chunk::<4>()?;
    let size = size.first_chunk::<4>()?;
    Some((u32::from_le_bytes(*crc), u32::from_le_bytes(*size)))
}

/// How large the output may be by what the last member says of itself, cut to what deflate can do.
/// It may lie either way, and says nothing of the members before.
#[must_use]
pub fn promised(bytes: &[u8]) -> usize {
    let size = bytes.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size));
    usize::try_from(size).unwrap_or(usize::MAX).min(bytes.len().saturating_mul(RATIO_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(flags: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255];
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn every_optional_part_of_a_header_is_passed_over() {
        assert_eq!(header(&head(0, b"data")), Ok(10));
        assert_eq!(header(&head(EXTRA, &[3, 0, 1, 2, 3, 9])), Ok(15));
        assert_eq!(header(&head(NAME, b"a.txt\0rest")), Ok(16));
        assert_eq!(header(&head(NAME | COMMENT, b"a\0b\0rest")), Ok(14));
        assert_eq!(header(&head(CRC, &[1, 2, 3])), Ok(12));
        assert_eq!(header(&head(1 | EXTRA | NAME | COMMENT | CRC, &[0, 0, 0, 0, 7, 7])), Ok(16));
    }

    #[test]
    fn a_header_cut_anywhere_is_an_error() {
        let whole = head(EXTRA | NAME | COMMENT | CRC, &[2, 0, 1, 1, b'n', 0, b'c', 0, 5, 5]);
        assert_eq!(header(&whole), Ok(whole.len()));
        for end in 0..whole.len() {
            assert!(header(&whole[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn what_is_not_gzip_is_named() {
        assert!(header(b"{\"resourceSpans\":[]}").is_err());
        assert!(header(&head(0x20, b"")).is_err());
        assert_eq!(trailer(&[1, 0, 0, 0, 2, 0, 0, 0]), Some((1, 2)));
        assert_eq!(trailer(&[1, 0, 0]), None);
    }

    #[test]
    fn a_promise_beyond_what_deflate_can_do_is_cut() {
        let mut bytes = vec![0; 16];
        bytes.extend_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(promised(&bytes), 20 * RATIO_MAX);
        assert_eq!(promised(&[]), 0);
    }
}
