//! gzip both ways. Reading takes all members and is bounded; writing is at a low level, as
//! exporters do.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// Largest inflated body a sink takes: 256 MiB.
pub(crate) const INFLATED_BYTES_MAX: u64 = 256 << 20;

/// Replaces `out` by the content of all gzip members of `bytes`.
pub(crate) fn inflate(bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    out.clear();
    let mut bounded = MultiGzDecoder::new(bytes).take(INFLATED_BYTES_MAX + 1);
    let read = bounded.read_to_end(out)?;
    if read as u64 > INFLATED_BYTES_MAX {
        return Err(io::Error::other(format!("gzip content above {INFLATED_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// `bytes` as one gzip member.
///
/// # Errors
/// Never in practice: the output is memory.
pub fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let room = Vec::with_capacity(bytes.len() / 4 + 64);
    let mut encoder = GzEncoder::new(room, Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_are_read() {
        let two = [deflate(b"first ").expect("gzip"), deflate(b"second").expect("gzip")].concat();
        let mut out = b"old".to_vec();
        inflate(&two, &mut out).expect("two members");
        assert_eq!(out, b"first second");
    }

    #[test]
    fn a_broken_member_is_an_error() {
        let mut bytes = deflate(b"content").expect("gzip");
        bytes.truncate(bytes.len() - 1);
        assert!(inflate(&bytes, &mut Vec::new()).is_err());
    }
}
