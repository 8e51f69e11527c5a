//! The bytes of each request, ready to be written: HTTP/1 with its head, gRPC with its prefix.

use std::io;

use bytes::Bytes;
use http::{Request, Version};

use super::Plan;
use crate::grpc_frame;
use crate::gzip;
use crate::otlp::Signal;
use crate::shape::{Template, pick};
use crate::sink::Protocol;

/// Makes the requests of a run.
#[derive(Debug)]
pub(super) struct Bodies {
    templates: Vec<Template>,
    /// Prepared once, when requests need no ids of their own.
    reused: Vec<Bytes>,
    protocol: Protocol,
    gzip: bool,
    /// The HTTP/1 head up to the value of `Content-Length`.
    http_head: String,
    grpc_request: Request<()>,
}

impl Bodies {
    pub(super) fn new(plan: &Plan) -> io::Result<Self> {
        let mut bodies = Self {
            templates: plan.shape.templates(),
            reused: Vec::new(),
            protocol: plan.protocol,
            gzip: plan.gzip,
            http_head: http_head(plan)?,
            grpc_request: grpc_request(plan).map_err(io::Error::other)?,
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

    pub(super) const fn grpc_request(&self) -> &Request<()> {
        &self.grpc_request
    }

    fn make(&self, index: u64) -> Bytes {
        let Some(template) = pick(&self.templates, index) else {
            return Bytes::new();
        };
        let first = index * template.spans();
        let mut message = Vec::new();
        template.write(first, &mut message);
        if self.gzip {
            // Compressing into memory cannot fail.
            message = gzip::deflate(&message).unwrap_or_default();
        }
        if self.protocol == Protocol::Grpc {
            return grpc_frame::frame(self.gzip, &message);
        }
        let mut request = format!("{}{}\r\n\r\n", self.http_head, message.len()).into_bytes();
        request.append(&mut message);
        Bytes::from(request)
    }
}

fn http_head(plan: &Plan) -> io::Result<String> {
    let mut head = format!("POST {} HTTP/1.1\r\nHost: {}\r\n", plan.path, plan.authority);
    head.push_str("Content-Type: application/x-protobuf\r\n");
    if plan.gzip {
        head.push_str("Content-Encoding: gzip\r\n");
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

fn grpc_request(plan: &Plan) -> http::Result<Request<()>> {
    let mut request = Request::builder()
        .method("POST")
        .version(Version::HTTP_2)
        .uri(format!("http://{}{}", plan.authority, Signal::Traces.grpc_path()))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if plan.gzip {
        request = request.header("grpc-encoding", "gzip");
    }
    for (name, value) in &plan.headers {
        request = request.header(name.to_ascii_lowercase(), value);
    }
    request.body(())
}
