//! OTLP over gRPC, framed by us on the `h2` crate: one kept-alive connection a worker, one stream
//! at a time.
//!
//! ```text
//!  HEADERS (prepared once, cloned)  DATA: [flag, length][message]  END_STREAM
//!  HEADERS  DATA: [flag, length][response]  TRAILERS grpc-status   (or HEADERS alone)
//! ```
//! A connection of its own for each worker keeps a slow stream from holding up its neighbours and
//! needs no task between worker and socket; the queue prefers the worker that was idle last, so at
//! low load there is one connection. A backend that allows no stream is waited for until the
//! attempt times out.
//!
//! The message is handed to h2 whole: it is a reader over shared slices, so what waits for the
//! backend's window costs no memory. Bounds of what comes back: windows of 64 KiB, a header list of
//! 16 KiB, 4 MiB of message.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::client::{self, Connection, SendRequest};
use h2::{Reason, RecvStream};
use http::header::{CONTENT_TYPE, HOST, TE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, Version};
use spanyard_wire::schema::Signal;

use super::auth::Dresser;
use super::connect::{self, Dial, Io};
use super::deflate::encoding_of;
use super::keepalive::Heart;
use super::line::{Fault, Parcel, drive, poll_end};
use super::otlp_http::{AGENT, OURS, SUCCESS_BYTES_MAX};
use super::response::{self, Verdict};
use crate::buf::payload::{Prefix, Reader};
use crate::config::plan::{GrpcTarget, Keepalive};
use crate::queue::batch::Encoding;
use crate::runtime::kept::Renew;
use crate::units::KIB;

/// Windows for what backends send: answers are small.
const WINDOW_BYTES: u32 = 64 * 1024 - 1;
/// Headers and trailers of one answer.
const HEADER_LIST_BYTES_MAX: u32 = 16 * 1024;
/// The head of a gRPC message: a flag and a length.
const PREFIX_BYTES: usize = 5;
const _: () = assert!(SUCCESS_BYTES_MAX > 64 * KIB, "more than one window of answer is read");

/// What all requests to one backend have in common.
pub(super) struct Caller {
    dial: Arc<dyn Dial>,
    within: Duration,
    uri: Uri,
    plain: HeaderMap,
    coded: HeaderMap,
    dresser: Dresser,
    keepalive: Option<Keepalive>,
}

impl Caller {
    /// Builds the heads.
    ///
    /// # Errors
    /// An authority that HTTP cannot carry.
    pub(super) fn new(
        target: &GrpcTarget,
        signal: Signal,
        keys: Vec<String>,
        dial: Arc<dyn Dial>,
        files: &mut Vec<Arc<dyn Renew>>,
    ) -> Result<Self, String> {
        let uri = Uri::builder()
            .scheme(if target.peer.tls.is_some() { "https" } else { "http" })
            .authority(target.authority.as_str())
            .path_and_query(signal.grpc_path())
            .build()
            .map_err(|error| format!("authority {}: {error}", target.authority))?;
        let mut plain = HeaderMap::new();
        let _ = plain.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        let _ = plain.insert(TE, HeaderValue::from_static("trailers"));
        let _ = plain.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if let Some(timeout) = grpc_timeout(target.timeout) {
            let _ = plain.insert(HeaderName::from_static("grpc-timeout"), timeout);
        }
        let ours = |name: &HeaderName| OURS.contains(name) || [HOST, TE].contains(name);
        for (name, value) in target.headers.iter().filter(|(name, _)| !ours(name)) {
            let _ = plain.insert(name.clone(), value.clone());
        }
        let dresser = Dresser::new(&target.auth, keys, &mut plain, files)?;
        let mut coded = plain.clone();
        if let Some(name) = coding(encoding_of(target.compression)) {
            let encoding = HeaderName::from_static("grpc-encoding");
            let _ = coded.insert(encoding, HeaderValue::from_static(name));
        }
        let within = connect::bound(target.timeout);
        let keepalive = target.connection.keepalive;
        Ok(Self { dial, within, uri, plain, coded, dresser, keepalive })
    }

    /// What is done to the head of each request.
    pub(super) const fn dresser(&self) -> &Dresser {
        &self.dresser
    }

    fn request(&self, parcel: &Parcel) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
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

/// The name of an encoding in `grpc-encoding`; gRPC's snappy is framed.
const fn coding(encoding: Encoding) -> Option<&'static str> {
    Some(match encoding {
        Encoding::Identity => return None,
        Encoding::Gzip => "gzip",
        Encoding::Zlib => "zlib",
        Encoding::Deflate => "deflate",
        Encoding::Zstd => "zstd",
        Encoding::Snappy | Encoding::SnappyFramed => "snappy",
    })
}

/// One connection.
pub(super) struct Line {
    caller: Arc<Caller>,
    sender: SendRequest<Reader>,
    connection: Option<Connection<Box<dyn Io>, Reader>>,
    heart: Option<Heart>,
    served: bool,
}

impl Line {
    /// Connects. The backend's settings are not waited for.
    pub(super) async fn open(caller: &Arc<Caller>) -> Result<Self, Fault> {
        let stream = caller.dial.dial(caller.within).0.await.map_err(Fault::unconnected)?;
        let (sender, mut connection) = client::Builder::new()
            .enable_push(false)
            .initial_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_header_list_size(HEADER_LIST_BYTES_MAX)
            .handshake(stream)
            .await
            .map_err(|error| Fault::unconnected(format!("handshake: {error}")))?;
        let caller = Arc::clone(caller);
        let heart = caller.keepalive.and_then(|plan| {
            let pings = connection.ping_pong()?;
            Some(Heart::new(pings, plan))
        });
        Ok(Self { caller, sender, connection: Some(connection), heart, served: false })
    }

    /// Whether the connection can carry another request.
    pub(super) const fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Drives the idle connection; ready once it is closed.
    pub(super) fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(heart) = self.heart.as_mut().filter(|heart| heart.beats_idle())
            && heart.poll(context).is_ready()
        {
            self.connection = None;
            return Poll::Ready(());
        }
        poll_end(&mut self.connection, context)
    }

    /// One request and its answer.
    pub(super) async fn exchange(&mut self, parcel: &Parcel) -> Result<Verdict, Fault> {
        let Self { caller, sender, connection, heart, served } = self;
        let prefix = prefix(parcel)?;
        let stale = *served;
        let exchange = async {
            let lost = |error: h2::Error| {
                Fault::broken(error.to_string(), stale || is_unprocessed(&error))
            };
            poll_fn(|context| sender.poll_ready(context)).await.map_err(lost)?;
            let request = caller.request(parcel);
            let (response, mut stream) = sender.send_request(request, false).map_err(lost)?;
            // A stream that was refused meanwhile takes no data: the answer says why.
            let _refused = stream.send_data(parcel.payload.reader(prefix), true);
            let response = response.await.map_err(lost)?;
            read(response).await.map_err(|error| Fault::broken(error.to_string(), false))
        };
        if let Some(heart) = heart {
            heart.rest();
        }
        let verdict = drive(connection, beating(heart, exchange)).await?;
        *served = true;
        Ok(verdict)
    }
}

/// An exchange that ends when the connection turns out to be dead.
async fn beating<T>(
    heart: &mut Option<Heart>,
    exchange: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let mut exchange = pin!(exchange);
    poll_fn(|context| {
        if let Some(heart) = heart
            && heart.poll(context).is_ready()
        {
            return Poll::Ready(Err(Fault::broken(heart.verdict(), false)));
        }
        exchange.as_mut().poll(context)
    })
    .await
}

/// The head of the message; its length has four bytes.
fn prefix(parcel: &Parcel) -> Result<Prefix, Fault> {
    let length = parcel.payload.len();
    let Ok(length) = u32::try_from(length) else {
        return Err(Fault::unconnected(format!(
            "a message of {length} bytes does not fit a gRPC frame"
        )));
    };
    let flag = u8::from(parcel.encoding != Encoding::Identity);
    let [a, b, c, d] = length.to_be_bytes();
    Ok(Prefix::grpc([flag, a, b, c, d]))
}

/// Whether the backend says that it did not look at the request.
fn is_unprocessed(error: &h2::Error) -> bool {
    let orderly = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
    error.is_remote() && (orderly || error.reason() == Some(Reason::REFUSED_STREAM))
}

/// Reads an answer to its end and judges it.
async fn read(response: Response<RecvStream>) -> Result<Verdict, h2::Error> {
    let (head, mut body) = response.into_parts();
    if head.headers.contains_key("grpc-status") {
        return Ok(response::grpc::judge(head.status, &head.headers, &[]));
    }
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        let room = SUCCESS_BYTES_MAX.saturating_sub(bytes.len());
        bytes.extend_from_slice(data.get(..room).unwrap_or(&data));
        if room < data.len() {
            return Ok(response::grpc::too_long());
        }
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    // Answers are asked for without compression; one that is compressed all the same is not read.
    let plain = bytes.first().is_none_or(|flag| *flag == 0);
    let message = bytes.get(PREFIX_BYTES..).filter(|_| plain).unwrap_or_default();
    Ok(response::grpc::judge(head.status, &trailers, message))
}

/// The `grpc-timeout` header: at most eight digits of milliseconds.
fn grpc_timeout(timeout: Duration) -> Option<HeaderValue> {
    if timeout.is_zero() {
        return None;
    }
    let millis = timeout.as_millis().clamp(1, 99_999_999);
    HeaderValue::from_str(&format!("{millis}m")).ok()
}
