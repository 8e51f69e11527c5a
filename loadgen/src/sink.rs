//! A backend on this machine: takes OTLP over HTTP and gRPC and proves what arrived.
//!
//! ```text
//! socket -> first bytes -> HTTP/1 (hyper) | HTTP/2 (h2): gRPC and plain -> mode -> receiver
//! ```
//! Both ports take both protocols. A sink runs on one thread of its own and stops when it is
//! dropped. What is counted as arrived was answered with success; refused, silent and closed
//! requests are counted apart and set no bits.
//!
//! Beside OTLP it answers `GET /report` (JSON), `GET /runs/RUN` (the bits of a run, RUN in
//! hexadecimal) and `POST /mode` (the body is the new mode).

mod http1;
mod http2;
mod mode;
mod report;
mod shared;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;

pub use mode::Mode;
pub use report::Report;
pub use shared::{Protocol, Recorded};

use crate::net;
use crate::verify::{Bitmap, Expect};
use shared::Shared;

/// How a sink is set up.
#[derive(Clone, Debug)]
pub struct SinkOptions {
    /// First listener; port 0 takes a free one.
    pub http: SocketAddr,
    /// Second listener; it takes the same protocols, for gateways that want two addresses.
    pub grpc: SocketAddr,
    /// How requests are answered at first.
    pub mode: Mode,
    /// Count requests and bytes only: nothing is decoded, proved or recorded.
    pub cheap: bool,
    /// What the resource of every span must look like; other spans are misrouted.
    pub expect: Vec<Expect>,
    /// Keep heads and bodies of the first requests: see [`Sink::bodies`].
    pub record: bool,
    /// Bytes of recorded bodies at most; further requests are only counted.
    pub record_bytes_max: usize,
}

impl Default for SinkOptions {
    fn default() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            http: any,
            grpc: any,
            mode: Mode::Ok,
            cheap: false,
            expect: Vec::new(),
            record: false,
            record_bytes_max: 64 << 20,
        }
    }
}

/// A running sink.
#[derive(Debug)]
pub struct Sink {
    http: SocketAddr,
    grpc: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    /// Binds both ports and starts answering.
    ///
    /// # Errors
    /// When a port cannot be bound or a thread cannot be started.
    pub fn start(options: SinkOptions) -> io::Result<Self> {
        let listeners = [net::listen(options.http)?, net::listen(options.grpc)?];
        let [http, grpc] = [listeners[0].local_addr()?, listeners[1].local_addr()?];
        let shared = Arc::new(Shared::new(options));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let given = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sink".to_owned()).spawn(move || {
            runtime.block_on(async move {
                for listener in listeners {
                    let _task = tokio::spawn(accept(listener, Arc::clone(&given)));
                }
                // An error means that the `Sink` is gone, which stops it as well.
                let _stopped = stopped.await;
            });
        })?;
        Ok(Self { http, grpc, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// The first address.
    #[must_use]
    pub const fn addr_http(&self) -> SocketAddr {
        self.http
    }

    /// The second address.
    #[must_use]
    pub const fn addr_grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// What has arrived so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.shared.report()
    }

    /// Changes how requests are answered from now on; requests held by [`Mode::Silent`] are
    /// answered in the new way.
    pub fn set_mode(&self, mode: Mode) {
        self.shared.set_mode(mode);
    }

    /// The recorded requests, oldest first. Empty unless `record` was set.
    #[must_use]
    pub fn bodies(&self) -> Vec<Recorded> {
        self.shared.bodies()
    }

    /// The sequences of a run that arrived whole.
    #[must_use]
    pub fn run(&self, run: u32) -> Bitmap {
        self.shared.run(run)
    }

    /// Waits until the report satisfies `condition`.
    ///
    /// # Errors
    /// The last report, when `timeout` is over before.
    pub fn wait_for(
        &self,
        condition: impl Fn(&Report) -> bool,
        timeout: Duration,
    ) -> Result<Report, Box<Report>> {
        self.shared.wait_for(condition, timeout)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; there is nothing left to do about it.
            let _ended = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                let _task = tokio::spawn(serve(stream, shared));
            }
            // Out of file descriptors, most likely: others must close before it can go on.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    shared.connected();
    match starts_http2(&stream).await {
        Ok(true) => http2::serve(stream, shared).await,
        Ok(false) => http1::serve(stream, shared).await,
        Err(_) => {}
    }
}

/// Whether the client begins with the HTTP/2 preface. `PRI` is no HTTP/1 method, so three bytes
/// decide; they stay in the socket.
async fn starts_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; 3];
    loop {
        let seen = stream.peek(&mut first).await?;
        let seen = first.get(..seen).unwrap_or_default();
        if seen.len() == first.len() || !b"PRI".starts_with(seen) || seen.is_empty() {
            return Ok(seen == b"PRI");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
