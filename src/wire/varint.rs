//! Varints: seven bits a byte, low bits first, the high bit says that more follow.
//!
//! Reading accepts padded forms (`80 80 00` is 0) up to ten bytes; more than 64 bits is an error.
//! Writing gives the shortest form.
//!
//! One and two bytes are read in line, because nearly every key has one and nearly every length of
//! a span has two; the rest is a loop out of line.

use crate::error::Reason;

/// The longest varint, in bytes.
pub const LEN_MAX: usize = 10;

/// Reads a varint from the front; returns it with the bytes behind it.
///
/// # Errors
/// [`Reason::Truncated`] when the bytes end first, [`Reason::VarintTooLong`] beyond 64 bits.
#[inline]
pub fn read(bytes: &[u8]) -> Result<(u64, &[u8]), Reason> {
    match bytes {
        [a, rest @ ..] if *a < 0x80 => Ok((u64::from(*a), rest)),
        [a, b, rest @ ..] if *b < 0x80 => Ok((u64::from(*a & 0x7f) | (u64::from(*b) << 7), rest)),
        _ => read_long(bytes),
    }
}

#[inline(never)]
fn read_long(bytes: &[u8]) -> Result<(u64, &[u8]), Reason> {
    let mut value = 0_u64;
    let mut rest = bytes;
    for shift in (0_u32..70).step_by(7) {
        let Some((&byte, after)) = rest.split_first() else {
            return Err(Reason::Truncated);
        };
        rest = after;
        // The tenth byte holds the 64th bit and nothing else.
        if shift == 63 && byte > 1 {
            return Err(Reason::VarintTooLong);
        }
        value |= u64::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            return Ok((value, rest));
        }
    }
    Err(Reason::VarintTooLong)
}

/// Appends the shortest form of `value`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "seven bits are left, or less than 0x80"
)]
pub fn write(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes that the shortest form of `value` takes: 1 to 10.
#[inline]
#[must_use]
pub const fn len(value: u64) -> usize {
    let mut left = value >> 7;
    let mut count = 1_usize;
    while left != 0 {
        left >>= 7;
        count = count.wrapping_add(1);
    }
    count
}

/// Bytes that a length-delimited field takes: `key_len` bytes of key, the length, `body_len` bytes.
#[inline]
#[must_use]
pub const fn framed(key_len: usize, body_len: usize) -> usize {
    key_len
        .saturating_add(len(body_len as u64))
        .saturating_add(body_len)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: &[u64] = &[
        0,
        1,
        127,
        128,
        300,
        16_383,
        16_384,
        1 << 21,
        1 << 28,
        1 << 35,
        1 << 63,
        u64::MAX,
    ];

    #[test]
    fn what_is_written_is_read_back_and_has_the_promised_length() {
        for &value in EDGES {
            let mut out = Vec::new();
            write(value, &mut out);
            assert_eq!(out.len(), len(value), "{value}");
            out.push(0xff);
            assert_eq!(read(&out), Ok((value, &[0xff_u8][..])), "{value}");
        }
    }

    #[test]
    fn padded_forms_up_to_ten_bytes_are_read() {
        for pad in 1..=9 {
            let mut bytes = vec![0x85];
            bytes.resize(pad, 0x80);
            bytes.push(0);
            assert_eq!(read(&bytes), Ok((5, &[][..])), "{pad} padded bytes");
        }
    }

    #[test]
    fn more_than_sixty_four_bits_is_an_error() {
        let mut bytes = vec![0xff; 9];
        bytes.push(1);
        assert_eq!(read(&bytes), Ok((u64::MAX, &[][..])));
        bytes[9] = 2;
        assert_eq!(read(&bytes), Err(Reason::VarintTooLong));
        assert_eq!(read(&[0x80; 11]), Err(Reason::VarintTooLong));
        let mut eleven = vec![0x80; 10];
        eleven.push(0);
        assert_eq!(read(&eleven), Err(Reason::VarintTooLong));
    }

    #[test]
    fn every_cut_of_a_varint_is_truncated() {
        for &value in EDGES {
            let mut out = Vec::new();
            write(value, &mut out);
            for cut in 0..out.len() {
                assert_eq!(
                    read(&out[..cut]),
                    Err(Reason::Truncated),
                    "{value} cut at {cut}"
                );
            }
        }
    }
}
