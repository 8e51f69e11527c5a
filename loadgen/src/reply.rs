//! HTTP/1 responses, read from a buffer that grows until one is whole.
//!
//! The same few lines serve the load sender, where a response is nearly always one read, and the
//! blocking test clients. Interim (1xx) responses are skipped. Bodies: by length, chunked, or up
//! to the end of the connection.

use std::io;

/// A whole response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer coding.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What the sender needs of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) framing: Framing,
    /// The server will close the connection.
    pub(crate) close: bool,
    /// `Retry-After` in seconds; a date counts as absent.
    pub(crate) retry_after: Option<u64>,
    /// Bytes of the head with the empty line.
    pub(crate) size: usize,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// Response heads above this are refused.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Reads the head of the response that begins the buffer; nothing while it is incomplete.
pub(crate) fn head(buffer: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        let room = buffer.len() <= HEAD_BYTES_MAX;
        return if room { Ok(None) } else { Err(bad("head above 64 KiB")) };
    };
    let text = buffer.get(..end).unwrap_or_default();
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let status = lines.next().and_then(status_of).ok_or_else(|| bad("no HTTP status line"))?;
    let mut head = Head {
        status,
        framing: Framing::UntilClose,
        close: false,
        retry_after: None,
        size: end + 4,
    };
    if status == 204 || status == 304 || status < 200 {
        head.framing = Framing::Length(0);
    }
    for line in lines {
        let Some((name, value)) = field_of(line) else {
            continue;
        };
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = decimal(value).and_then(|length| usize::try_from(length).ok());
            head.framing = Framing::Length(length.ok_or_else(|| bad("bad content length"))?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            head.framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case(b"connection") {
            head.close = value.eq_ignore_ascii_case(b"close");
        } else if name.eq_ignore_ascii_case(b"retry-after") {
            head.retry_after = decimal(value);
        }
    }
    Ok(Some(head))
}

/// Reads the response that begins the buffer and says how many bytes it took; nothing while it is
/// incomplete. `ended`: no more bytes will come.
pub(crate) fn reply(buffer: &[u8], ended: bool) -> io::Result<Option<(Reply, usize)>> {
    let mut skipped = 0;
    let (head, rest) = loop {
        let rest = buffer.get(skipped..).unwrap_or_default();
        match head(rest)? {
            Some(head) if head.status < 200 => skipped += head.size,
            Some(head) => break (head, rest),
            None if ended => return Err(io::ErrorKind::UnexpectedEof.into()),
            None => return Ok(None),
        }
    };
    let (text, after) = rest.split_at_checked(head.size).unwrap_or((rest, b""));
    let body = match head.framing {
        Framing::Length(length) => after.get(..length).map(|body| (body.to_vec(), length)),
        Framing::Chunked => unchunk(after)?,
        Framing::UntilClose => ended.then(|| (after.to_vec(), after.len())),
    };
    let Some((body, length)) = body else {
        return if ended { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(None) };
    };
    let headers = text.split(|byte| *byte == b'\n').filter_map(field_of).map(|(name, value)| {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        (name, String::from_utf8_lossy(value).into_owned())
    });
    let reply = Reply { status: head.status, headers: headers.collect(), body };
    Ok(Some((reply, skipped + head.size + length)))
}

/// The content of a chunked body and the bytes it took; nothing while it is incomplete.
fn unchunk(mut rest: &[u8]) -> io::Result<Option<(Vec<u8>, usize)>> {
    let whole = rest.len();
    let mut content = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else {
            return Ok(None);
        };
        let (line, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size.trim_ascii()).unwrap_or("-");
        let size = usize::from_str_radix(size, 16).map_err(|_| bad("bad chunk size"))?;
        let Some(after) = after.get(2..) else {
            return Ok(None);
        };
        if size == 0 {
            // Trailers are not looked for: loadgen asks for none.
            return Ok(after.get(2..).map(|left| (content, whole - left.len())));
        }
        let Some(data) = after.get(..size) else {
            return Ok(None);
        };
        content.extend_from_slice(data);
        let Some(left) = after.get(size + 2..) else {
            return Ok(None);
        };
        rest = left;
    }
}

fn status_of(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let digits = rest.get(2..5)?;
    decimal(digits).and_then(|status| u16::try_from(status).ok())
}

fn field_of(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
}

fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn bad(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("HTTP response: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, ended: bool) -> Option<(u16, Vec<u8>, usize)> {
        let reply = reply(text.as_bytes(), ended).expect("well formed");
        reply.map(|(reply, size)| (reply.status, reply.body, size))
    }

    #[test]
    fn bodies_end_where_the_head_says() {
        let cases = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabXX", "ab", 40),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "ab", 59),
            ("HTTP/1.1 204 No Content\r\n\r\n", "", 27),
        ];
        for (text, body, size) in cases {
            let status = head(text.as_bytes()).expect("ok").expect("whole").status;
            assert_eq!(read(text, false), Some((status, body.into(), size)), "{text:?}");
        }
        assert_eq!(read("HTTP/1.0 200 OK\r\n\r\nall", true), Some((200, b"all".to_vec(), 22)));
    }

    #[test]
    fn every_cut_of_a_response_asks_for_more() {
        let text = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\
                    transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(reply(&text[..end], false).expect("no error"), None, "cut at {end}");
            assert!(reply(&text[..end], true).is_err(), "ended at {end}");
        }
        let whole = reply(text, false).expect("well formed").expect("whole");
        assert_eq!((whole.0.body.as_slice(), whole.1), (&b"ab"[..], text.len()));
    }

    #[test]
    fn what_the_sender_needs_is_in_the_head() {
        let text =
            b"HTTP/1.1 503 x\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        let found = head(text).expect("well formed").expect("whole");
        assert_eq!((found.status, found.retry_after, found.close), (503, Some(2), true));
        assert_eq!((found.framing, found.size), (Framing::Length(0), text.len()));
    }

    #[test]
    fn other_protocols_are_refused() {
        assert!(head(b"SSH-2.0\r\n\r\n").is_err());
    }
}
