//! OTLP over HTTP/1.1: one kept-alive connection a worker, one request at a time.
//!
//! ```text
//!  Parcel -> Request { head: prepared once, cloned; body: one multi-chunk frame } -> one writev
//! ```
//! Bounds: a head of 16 KiB and a read buffer of 64 KiB a connection, an answer of 4 MiB when it is
//! a success and 64 KiB when it is an error; what is longer is not read and the connection is
//! dropped. Redirects are not followed.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use super::auth::Dresser;
use super::connect::{self, Dial, Io};
use super::deflate::encoding_of;
use super::line::{Fault, Parcel, Progress, drive, poll_end};
use super::response::{self, Verdict};
use crate::buf::payload::{Prefix, Reader};
use crate::config::plan::HttpTarget;
use crate::queue::batch::Encoding;
use crate::runtime::clock;
use crate::runtime::kept::Renew;
use crate::units::{KIB, MIB};

/// An answer's head.
const HEAD_BYTES_MAX: usize = 16 * KIB;
/// hyper's read buffer.
const READ_BYTES_MAX: usize = 64 * KIB;
/// The body of a success, as OTLP recommends.
pub(super) const SUCCESS_BYTES_MAX: usize = 4 * MIB;
/// The body of an error: only its words are of use.
const ERROR_BYTES_MAX: usize = 64 * KIB;
/// Headers that belong to the connection or the encoding; the file cannot set them.
pub(super) const OURS: [HeaderName; 4] =
    [CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING];
/// Who we say we are.
pub(super) const AGENT: &str = concat!("spanyard/", env!("CARGO_PKG_VERSION"));

/// What all requests to one backend have in common.
pub(super) struct Caller {
    dial: Arc<dyn Dial>,
    within: Duration,
    uri: Uri,
    plain: HeaderMap,
    coded: HeaderMap,
    dresser: Dresser,
    single_use: bool,
}

impl Caller {
    /// Builds the heads.
    ///
    /// # Errors
    /// A path or authority that HTTP cannot carry.
    pub(super) fn new(
        target: &HttpTarget,
        keys: Vec<String>,
        dial: Arc<dyn Dial>,
        files: &mut Vec<Arc<dyn Renew>>,
    ) -> Result<Self, String> {
        let uri = target.path.parse().map_err(|error| format!("path {}: {error}", target.path))?;
        let host = HeaderValue::from_str(&target.authority)
            .map_err(|_| format!("not a host: {}", target.authority))?;
        let mut plain = HeaderMap::new();
        let _ = plain.insert(HOST, host);
        let _ = plain.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        let _ = plain.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, value) in target.headers.iter().filter(|(name, _)| !OURS.contains(name)) {
            let _ = plain.insert(name.clone(), trimmed(value)?);
        }
        let single_use = target.connection.single_use;
        if single_use {
            let _ = plain.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let dresser = Dresser::new(&target.auth, keys, &mut plain, files)?;
        let mut coded = plain.clone();
        if let Some(name) = coding(encoding_of(target.compression)) {
            let _ = coded.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        let within = connect::bound(target.timeout);
        Ok(Self { dial, within, uri, plain, coded, dresser, single_use })
    }

    /// What is done to the head of each request.
    pub(super) const fn dresser(&self) -> &Dresser {
        &self.dresser
    }

    fn request(&self, parcel: &Parcel) -> Request<OneFrame> {
        let reader = parcel.payload.reader(Prefix::default());
        let mut request = Request::new(OneFrame(Some(reader)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        // What is encoded at all is encoded as this destination wants it.
        let head = request.headers_mut();
        *head = match parcel.encoding {
            Encoding::Identity => self.plain.clone(),
            _ => self.coded.clone(),
        };
        self.dresser.dress(head, parcel.context.as_deref());
        request
    }
}

/// A header's value without the blanks around it, which HTTP/1.1 does not carry.
fn trimmed(value: &HeaderValue) -> Result<HeaderValue, String> {
    let mut inner = HeaderValue::from_bytes(value.as_bytes().trim_ascii())
        .map_err(|error| format!("value of a header: {error}"))?;
    inner.set_sensitive(value.is_sensitive());
    Ok(inner)
}

/// The name of an encoding in `Content-Encoding`.
const fn coding(encoding: Encoding) -> Option<&'static str> {
    Some(match encoding {
        Encoding::Identity => return None,
        Encoding::Gzip => "gzip",
        Encoding::Zlib => "zlib",
        Encoding::Deflate => "deflate",
        Encoding::Zstd => "zstd",
        Encoding::Snappy => "snappy",
        Encoding::SnappyFramed => "x-snappy-framed",
    })
}

/// One connection.
pub(super) struct Line {
    caller: Arc<Caller>,
    sender: SendRequest<OneFrame>,
    connection: Option<Connection<TokioIo<Box<dyn Io>>, OneFrame>>,
    served: bool,
    cut: bool,
}

impl Line {
    /// Connects.
    pub(super) async fn open(caller: &Arc<Caller>) -> Result<Self, Fault> {
        let stream = caller.dial.dial(caller.within).0.await.map_err(Fault::unconnected)?;
        let (sender, connection) = http1::Builder::new()
            .writev(true)
            .max_header_size(HEAD_BYTES_MAX)
            .max_buf_size(READ_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Fault::unconnected(format!("handshake: {error}")))?;
        let caller = Arc::clone(caller);
        Ok(Self { caller, sender, connection: Some(connection), served: false, cut: false })
    }

    /// Whether the connection can carry another request.
    pub(super) fn is_open(&self) -> bool {
        self.connection.is_some() && !self.cut && !(self.served && self.caller.single_use)
    }

    /// Drives the idle connection; ready once it is closed.
    pub(super) fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        poll_end(&mut self.connection, context)
    }

    /// One request and its answer.
    pub(super) async fn exchange(
        &mut self,
        parcel: &Parcel,
        progress: &Cell<Progress>,
    ) -> Result<Verdict, Fault> {
        let Self { caller, sender, connection, served, cut } = self;
        let stale = *served;
        let exchange = async {
            let lost = |error: hyper::Error| Fault::broken(cause(&error), stale);
            poll_fn(|context| sender.poll_ready(context)).await.map_err(lost)?;
            let response = sender.send_request(caller.request(parcel)).await.map_err(lost)?;
            if response.status().is_success() {
                progress.set(Progress::Accepted);
            }
            Ok(read(response).await)
        };
        let (verdict, whole) = drive(connection, exchange).await?;
        *served = true;
        *cut = !whole;
        Ok(verdict)
    }
}

/// Reads an answer's body as far as it is of use, and judges it. A status that has arrived counts,
/// even if the body after it breaks off. The second value is whether the answer was read to its
/// end.
async fn read(response: Response<Incoming>) -> (Verdict, bool) {
    let (head, mut body) = response.into_parts();
    let success = head.status.is_success();
    let limit = if success { SUCCESS_BYTES_MAX } else { ERROR_BYTES_MAX };
    let mut bytes = Vec::new();
    let mut whole = true;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let data = frame.ok().map(Frame::into_data);
        match data {
            Some(Ok(data)) if bytes.len().saturating_add(data.len()) <= limit => {
                bytes.extend_from_slice(&data);
            }
            Some(Err(_trailers)) => {}
            Some(Ok(_)) | None => {
                whole = false;
                break;
            }
        }
    }
    let readable = if whole || !success { bytes.as_slice() } else { &[] };
    (response::http::judge(head.status, &head.headers, readable, clock::wall()), whole)
}

/// An error with its cause: hyper's own text names only the place.
fn cause(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// A body of one frame, whose length is known.
pub(super) struct OneFrame(Option<Reader>);

impl Body for OneFrame {
    type Data = Reader;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Reader>, Infallible>>> {
        Poll::Ready(self.0.take().map(|reader| Ok(Frame::data(reader))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.0.as_ref().map_or(0, bytes::Buf::remaining);
        SizeHint::with_exact(u64::try_from(rest).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_leaves_without_the_blanks_around_it_and_stays_secret() {
        let mut value = HeaderValue::from_static(" \tBasic a b \t");
        value.set_sensitive(true);
        let sent = trimmed(&value).expect("a value");
        assert_eq!(sent.as_bytes(), b"Basic a b");
        assert!(sent.is_sensitive());
        assert_eq!(trimmed(&HeaderValue::from_static("  ")).expect("a value").as_bytes(), b"");
    }
}
