//! The bytes of each request, ready to be written: HTTP/1 with its head, gRPC with its prefix,
//! HTTP/3 as the body alone.

use std::io;

use bytes::Bytes;
use http::{Request, Version};

use super::Plan;
use crate::coding::Coding;
use crate::dial::Carrier;
use crate::grpc_frame;
use crate::otlp::Signal;
use crate::shape::{Template, pick};
use crate::sink::Protocol;

/// Makes the requests of a run.
#[derive(Debug)]
pub(super) struct Bodies {
    templates: Vec<Template>,
    /// Prepared once, when requests need no ids of their own.
    reused: Vec<Bytes>,
    framing: Framing,
    coding: Coding,
    /// The HTTP/1 head up to the value of `Content-Length`.
    http_head: String,
    /// The head of a gRPC call or of a request over HTTP/3.
    request: Request<()>,
}

/// What is written before a body on the same stream.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Head,
    Prefix,
    Nothing,
}

impl Bodies {
    pub(super) fn new(plan: &Plan) -> io::Result<Self> {
        let mut bodies = Self {
            templates: plan.shape.templates(),
            reused: Vec::new(),
            framing: match (plan.protocol, &plan.carrier) {
                (Protocol::Grpc, _) => Framing::Prefix,
                (Protocol::Http, Carrier::Quic(_)) => Framing::Nothing,
                (Protocol::Http, _) => Framing::Head,
            },
            coding: plan.coding,
            http_head: http_head(plan)?,
            request: request(plan).map_err(io::Error::other)?,
        };
        if !plan.fresh {
            let count = bodies.templates.len() as u64;
            bodies.reused = (0..count).map(|index| bodies.make(index)).collect();
        }
        Ok(bodies)
    }

    /// The bytes of request `index`.
    pub(super) fn body(&self, index: u64) -> Bytes {
        let count = self.reused.len() as u64;
        let nth = usize::try_from(index.checked_rem(count).unwrap_or(0)).unwrap_or(0);
        self.reused.get(nth).cloned().unwrap_or_else(|| self.make(index))
    }

    /// Spans in each request.
    pub(super) fn spans(&self) -> u64 {
        self.templates.first().map_or(0, Template::spans)
    }

    /// Bytes of a body before compression.
    pub(super) fn body_bytes(&self) -> usize {
        self.templates.first().map_or(0, Template::size_bytes)
    }

    pub(super) const fn request(&self) -> &Request<()> {
        &self.request
    }

    fn make(&self, index: u64) -> Bytes {
        let Some(template) = pick(&self.templates, index) else {
            return Bytes::new();
        };
        let first = index * template.spans();
        let mut message = Vec::new();
        template.write(first, &mut message);
        // Compressing into memory cannot fail.
        let mut message = self.coding.compress(message).unwrap_or_default();
        match self.framing {
            Framing::Prefix => grpc_frame::frame(self.coding.name().is_some(), &message),
            Framing::Nothing => Bytes::from(message),
            Framing::Head => {
                let head = format!("{}{}\r\n\r\n", self.http_head, message.len());
                let mut request = head.into_bytes();
                request.append(&mut message);
                Bytes::from(request)
            }
        }
    }
}

fn http_head(plan: &Plan) -> io::Result<String> {
    let mut head = format!("POST {} HTTP/1.1\r\nHost: {}\r\n", plan.path, plan.authority);
    head.push_str("Content-Type: application/x-protobuf\r\n");
    if let Some(coding) = plan.coding.name() {
        head.push_str(&format!("Content-Encoding: {coding}\r\n"));
    }
    for (name, value) in &plan.headers {
        if name.contains(['\r', '\n', ':']) || value.contains(['\r', '\n']) {
            let message = format!("header {name:?}: expected a name and a value on one line");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("Content-Length: ");
    Ok(head)
}

fn request(plan: &Plan) -> http::Result<Request<()>> {
    let scheme = if plan.carrier == Carrier::Tcp { "http" } else { "https" };
    let (path, encoding) = match plan.protocol {
        Protocol::Http => (plan.path.as_str(), "content-encoding"),
        Protocol::Grpc => (Signal::Traces.grpc_path(), "grpc-encoding"),
    };
    let uri = format!("{scheme}://{}{path}", plan.authority);
    let mut request = Request::builder().method("POST").uri(uri);
    request = match plan.protocol {
        Protocol::Http => {
            request.version(Version::HTTP_3).header("content-type", "application/x-protobuf")
        }
        Protocol::Grpc => request
            .version(Version::HTTP_2)
            .header("content-type", "application/grpc")
            .header("te", "trailers"),
    };
    if let Some(coding) = plan.coding.name() {
        request = request.header(encoding, coding);
    }
    for (name, value) in &plan.headers {
        request = request.header(name.to_ascii_lowercase(), value);
    }
    request.body(())
}
