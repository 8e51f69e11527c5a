//! Which protocol a connection speaks: its first bytes tell.
//!
//! HTTP/2 with prior knowledge begins with a fixed preface that no HTTP/1 request can begin with;
//! whatever differs from it in one byte is HTTP/1. The bytes read are handed on and read again
//! ([`super::io`]). A connection that has sent nothing holds no buffer for it.

use std::future::poll_fn;
use std::io;

use tokio::io::AsyncRead;

use super::io::poll_some;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.0 or 1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// Reads until the protocol is known. `None`: the client went away before.
pub(super) async fn protocol<S: AsyncRead + Unpin>(
    stream: &mut S,
) -> io::Result<Option<(Protocol, Vec<u8>)>> {
    let mut first = Vec::new();
    loop {
        if poll_fn(|context| poll_some(stream, context, &mut first)).await? == 0 {
            return Ok(None);
        }
        if let Some(protocol) = guess(&first) {
            return Ok(Some((protocol, first)));
        }
    }
}

/// What begins with `first`; `None`: it is too short to tell.
fn guess(first: &[u8]) -> Option<Protocol> {
    if PREFACE.starts_with(first) && first.len() < PREFACE.len() {
        return None;
    }
    Some(if first.starts_with(PREFACE) { Protocol::Http2 } else { Protocol::Http1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preface_tells_the_protocols_apart_as_early_as_possible() {
        for end in 0..PREFACE.len() {
            assert_eq!(guess(&PREFACE[..end]), None, "{end} bytes");
            let mut other = PREFACE[..end].to_vec();
            other.push(b'!');
            assert_eq!(guess(&other), Some(Protocol::Http1), "{end} bytes and one that differs");
        }
        assert_eq!(guess(PREFACE), Some(Protocol::Http2));
        assert_eq!(guess(&[PREFACE, b"\0\0"].concat()), Some(Protocol::Http2));
        assert_eq!(guess(b"POST /v1/traces HTTP/1.1\r\n"), Some(Protocol::Http1));
        assert_eq!(guess(b"PROPFIND / HTTP/1.1\r\n"), Some(Protocol::Http1));
    }
}
