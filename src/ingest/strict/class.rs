//! Classes of bytes in a head, and how far a run of one class goes.
//!
//! Values are most of a head, so they are looked over eight bytes at a time.

/// Whether a name or a method may have this byte.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Whether a value may have this byte: text, blanks, and bytes beyond ASCII.
pub(super) const fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// Whether a target may have this byte.
const fn is_target(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'#'
}

/// Whether a host and its port may have this byte.
pub(super) const fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b':'
                | b'['
                | b']'
                | b'%'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b';'
                | b'='
        )
}

const TOKENS: Table = Table::of_tokens();
const TARGETS: Table = Table::of_targets();

struct Table([bool; 256]);

impl Table {
    #[expect(clippy::indexing_slicing, reason = "a byte indexes 256 places, at compile time")]
    const fn of_tokens() -> Self {
        let mut places = [false; 256];
        let mut byte = 0u8;
        while byte < 0x80 {
            places[byte as usize] = is_token(byte);
            byte += 1;
        }
        Self(places)
    }

    #[expect(clippy::indexing_slicing, reason = "a byte indexes 256 places, at compile time")]
    const fn of_targets() -> Self {
        let mut places = [false; 256];
        let mut byte = 0u8;
        while byte < 0x80 {
            places[byte as usize] = is_target(byte);
            byte += 1;
        }
        Self(places)
    }

    fn run(&self, bytes: &[u8]) -> usize {
        let has = |byte: &u8| self.0.get(usize::from(*byte)).copied().unwrap_or(false);
        bytes.iter().position(|byte| !has(byte)).unwrap_or(bytes.len())
    }
}

/// How many bytes in front belong to a name.
pub(super) fn tokens(bytes: &[u8]) -> usize {
    TOKENS.run(bytes)
}

/// How many bytes in front belong to a target.
pub(super) fn targets(bytes: &[u8]) -> usize {
    TARGETS.run(bytes)
}

/// How many bytes in front belong to a value.
pub(super) fn texts(bytes: &[u8]) -> usize {
    let mut at: usize = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(word) = rest.first_chunk::<8>() else { break };
        if !is_plain(u64::from_le_bytes(*word)) {
            break;
        }
        at = at.saturating_add(8);
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let more = rest.iter().position(|byte| !is_text(*byte)).unwrap_or(rest.len());
    at.saturating_add(more)
}

/// Whether none of eight bytes is a control character. Errs on the side of no.
const fn is_plain(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    const TOPS: u64 = ONES << 7;
    let below_blank = word.wrapping_sub(ONES * 0x20) & !word;
    let deleted = word ^ (ONES * 0x7f);
    let is_deleted = deleted.wrapping_sub(ONES) & !deleted;
    (below_blank | is_deleted) & TOPS == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_at_once_are_judged_as_one_at_a_time() {
        for byte in 0..=255u8 {
            for at in 0..20 {
                let mut line = [b'a'; 20];
                line[at] = byte;
                let expected = if is_text(byte) { 20 } else { at };
                assert_eq!(texts(&line), expected, "byte {byte:#x} at {at}");
                line[(at + 7) % 20] = 0xff;
                assert_eq!(texts(&line), expected, "byte {byte:#x} at {at} beside 0xff");
            }
        }
    }

    #[test]
    fn runs_end_with_the_first_byte_of_another_class() {
        assert_eq!(tokens(b"content-length: 1"), 14);
        assert_eq!(tokens(b"host"), 4);
        assert_eq!(targets(b"/v1/traces?a=b HTTP"), 14);
        assert_eq!(targets(b"/v1#f"), 3);
        assert_eq!(tokens(b"\xffa") + targets(b"\x80"), 0);
    }
}
