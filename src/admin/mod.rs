//! The doors for operators: health, metrics and control, on a thread of their own.
//!
//! ```text
//!  spanyard-admin ── current-thread runtime ─┬─ health  listener ─> `health`, `status`
//!                                            ├─ metrics listener ─> `metrics`
//!                                            └─ control listener ─> `control` ─> main thread
//! ```
//! The thread shares nothing with the shards but cells it reads, so a page is answered while every
//! shard is busy. A connection carries one request, as the Collector's health check does. Limits:
//! - connections open at a listener <= [`CONNECTIONS_MAX`]; the next one waits in the kernel;
//! - a connection lives <= [`CONNECTION_AGE_MAX`], idle and slow ones too; at the control door, where
//!   an answer waits for a reload, <= [`CONTROL_AGE_MAX`];
//! - a request head is <= 16 KiB, so the listeners hold at most 3 x 64 x (16 KiB + one page).
//!
//! It changes nothing itself: a reload is asked for, and done by the main thread. Sockets are bound
//! by the caller.

mod control;
mod health;
pub mod json;
mod metrics;
mod readiness;
mod spelling;
mod status;

use std::convert::Infallible;
use std::future::{Future, ready};
use std::io;
use std::net;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time;

use crate::config::plan::{Admin, HealthForm, Outline};
use crate::runtime::clock;
use crate::telemetry::cells::Registry;
use crate::telemetry::ledger::Ledger;
use crate::telemetry::scrape::{BudgetLevel, Identity};

pub use control::{ASKS_MAX, Ask, Told, asks};
pub use readiness::{Phase, Readiness, View};
use status::Watcher;

/// Connections open at one listener.
pub const CONNECTIONS_MAX: usize = 64;
/// How long a connection may take from its accept to its end.
pub const CONNECTION_AGE_MAX: Duration = Duration::from_secs(5);
/// The same at the control door.
pub const CONTROL_AGE_MAX: Duration = Duration::from_secs(60);
/// How often the state of the parts is looked at, where a page tells since when they are in it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Bytes of a request head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// What the pages are made from.
pub struct AdminState {
    /// Whether requests are welcome.
    pub readiness: Arc<Readiness>,
    /// The cells of all shards.
    pub registry: Arc<Registry>,
    /// The ledger of all shards.
    pub ledger: Arc<Ledger>,
    /// Reads the byte budget.
    pub budget: Box<dyn Fn() -> BudgetLevel + Send + Sync>,
    /// Who this process is.
    pub identity: Identity,
    /// When the process started.
    pub started: (Instant, SystemTime),
    /// Counts the plans that are alive.
    pub plans: Box<dyn Fn() -> usize + Send + Sync>,
    /// The names of the current plan.
    pub outline: Box<dyn Fn() -> Outline + Send + Sync>,
    /// Takes requests for a reload.
    pub reloads: mpsc::Sender<Ask>,
}

/// The bound sockets, one for each door of the plan's [`Admin`]; a door without a socket stays
/// shut.
#[derive(Debug, Default)]
pub struct Sockets {
    /// For `health_check`.
    pub health: Option<net::TcpListener>,
    /// For the metrics page.
    pub metrics: Option<net::TcpListener>,
    /// For reloads.
    pub control: Option<net::TcpListener>,
}

/// The running thread. Dropping the handle stops it without waiting.
#[derive(Debug)]
pub struct AdminHandle {
    stop: watch::Sender<bool>,
    thread: thread::JoinHandle<()>,
}

impl AdminHandle {
    /// Closes the doors, cutting open connections short, and waits for the thread's end.
    pub fn stop(self) {
        let _ = self.stop.send_replace(true);
        if self.thread.join().is_err() {
            tracing::error!("the admin thread panicked");
        }
    }
}

/// Opens the doors on a thread of their own.
///
/// # Errors
/// If the thread or its runtime cannot be made, or a socket cannot be taken over.
pub fn serve(admin: &Admin, sockets: Sockets, state: Arc<AdminState>) -> io::Result<AdminHandle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = watch::channel(false);
    let mut doors = JoinSet::new();
    if let (Some(health), Some(socket)) = (&admin.health, sockets.health) {
        let listener = take_over(&runtime, socket)?;
        open_health(health.form.clone(), listener, &state, &mut doors, runtime.handle());
    }
    if let (Some(page), Some(socket)) = (admin.metrics.clone(), sockets.metrics) {
        let listener = take_over(&runtime, socket)?;
        let state = Arc::clone(&state);
        let answer = move |request: &Request<Incoming>| {
            ready(metrics::answer(&page, request.uri().path(), &state, clock::now()))
        };
        let _ = doors.spawn_on(run_door(listener, Arc::new(answer)), runtime.handle());
    }
    if let (Some(_), Some(socket)) = (admin.control, sockets.control) {
        let listener = take_over(&runtime, socket)?;
        let answer = move |request: &Request<Incoming>| {
            let asked = control::Request {
                method: request.method().clone(),
                path: request.uri().path().to_owned(),
                headers: request.headers().clone(),
            };
            control::answer(asked, state.reloads.clone())
        };
        let door = run_door_for(CONTROL_AGE_MAX, listener, Arc::new(answer));
        let _ = doors.spawn_on(door, runtime.handle());
    }
    let thread = thread::Builder::new().name("spanyard-admin".to_owned());
    let thread = thread.spawn(move || runtime.block_on(until_stopped(stopped, doors)))?;
    Ok(AdminHandle { stop, thread })
}

/// Opens the health door in the form that the file asks for.
fn open_health(
    form: HealthForm,
    listener: TcpListener,
    state: &Arc<AdminState>,
    doors: &mut JoinSet<()>,
    handle: &Handle,
) {
    let state = Arc::clone(state);
    match form {
        HealthForm::Page { path, body } => {
            let answer = move |request: &Request<Incoming>| {
                let view = state.readiness.view();
                let up = clock::now().saturating_duration_since(state.started.0);
                let up = (state.started.1, up);
                ready(health::answer(&path, body.as_ref(), request.uri().path(), &view, up))
            };
            let _ = doors.spawn_on(run_door(listener, Arc::new(answer)), handle);
        }
        HealthForm::Status(page) => {
            let watcher = Arc::new(Watcher::new(page));
            let (eye, seen) = (Arc::clone(&watcher), Arc::clone(&state));
            let looks = async move {
                let mut ticks = time::interval(LOOK_EVERY);
                loop {
                    let _ = ticks.tick().await;
                    eye.look(&seen);
                }
            };
            let _ = doors.spawn_on(looks, handle);
            let answer = move |request: &Request<Incoming>| {
                let uri = request.uri();
                ready(watcher.answer(uri.path(), uri.query(), &state))
            };
            let _ = doors.spawn_on(run_door(listener, Arc::new(answer)), handle);
        }
    }
}

fn take_over(runtime: &Runtime, socket: net::TcpListener) -> io::Result<TcpListener> {
    let _reactor = runtime.enter();
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket)
}

/// Ends when told to, or when the handle is gone; the doors end with it.
async fn until_stopped(mut stopped: watch::Receiver<bool>, doors: JoinSet<()>) {
    let told = stopped.wait_for(|stopped| *stopped).await.is_ok();
    drop(doors);
    tracing::debug!(told, "the doors for operators are closed");
}

/// One page.
type Page = Response<Full<Bytes>>;

/// Where connections come from; a test puts a failing one in its place.
trait Accept {
    fn accept(&mut self) -> impl Future<Output = io::Result<TcpStream>> + Send;
}

impl Accept for TcpListener {
    async fn accept(&mut self) -> io::Result<TcpStream> {
        Self::accept(self).await.map(|(stream, _)| stream)
    }
}

/// Accepts until dropped, connections that live at most [`CONNECTION_AGE_MAX`].
async fn run_door<A, F>(listener: impl Accept, answer: Arc<A>)
where
    A: Fn(&Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Page> + Send + 'static,
{
    run_door_for(CONNECTION_AGE_MAX, listener, answer).await;
}

/// Accepts until dropped. An error that accept gives is never the end of a door: it waits a little,
/// longer each time, for what is short (descriptors, memory) to come back.
async fn run_door_for<A, F>(age_max: Duration, mut listener: impl Accept, answer: Arc<A>)
where
    A: Fn(&Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Page> + Send + 'static,
{
    let mut open = JoinSet::new();
    let mut errors = 0u32;
    loop {
        while open.len() >= CONNECTIONS_MAX {
            let _ = open.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(stream) => {
                    errors = 0;
                    let _ = open.spawn(run_connection(stream, age_max, Arc::clone(&answer)));
                }
                Err(error) => {
                    errors = errors.saturating_add(1);
                    tracing::warn!(%error, errors, "admin connection not accepted");
                    time::sleep(pause(errors)).await;
                }
            },
            Some(_) = open.join_next() => {}
        }
    }
}

/// How long to wait after so many accept errors in a row: 5 ms, doubled each time, at most 1 s.
fn pause(errors: u32) -> Duration {
    let doublings = errors.saturating_sub(1).min(8);
    Duration::from_millis(5 << doublings).min(Duration::from_secs(1))
}

async fn run_connection<A, F>(stream: TcpStream, age_max: Duration, answer: Arc<A>)
where
    A: Fn(&Request<Incoming>) -> F,
    F: Future<Output = Page>,
{
    let service = service_fn(|request| {
        let page = answer(&request);
        async { Ok::<_, Infallible>(page.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CONNECTION_AGE_MAX)
        .keep_alive(false)
        .half_close(true)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    match time::timeout(age_max, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "admin connection broke"),
        Err(_) => tracing::debug!("admin connection took too long"),
    }
}

#[cfg(test)]
mod tests;
