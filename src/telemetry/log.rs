//! Logs to stderr, console or JSON, that never hold up a shard; and the brake on repeated warnings.
//!
//! ```text
//!  any thread -- event --> line -- try_send --> [<= 512 lines] -- its own thread --> stderr
//!                                      └─ full: dropped, counted
//! ```
//! A reader of stderr that has stopped reading costs lines, never data. A line is cut at 8 KiB, so
//! what waits is at most 4 MiB. Levels and fields are the callers' business.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::plan::Logs;

mod throttle;

pub use throttle::Throttle;

/// Lines that may wait for stderr.
pub const LINES_MAX: usize = 512;
/// Bytes of a line; what is longer is cut.
pub const LINE_BYTES_MAX: usize = 8 * 1024;

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Lines that were dropped because stderr was not read.
#[must_use]
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Makes stderr the place of all log lines of the process, and hands back the means to flush it.
///
/// # Errors
/// If the thread cannot be started, or logs have been set up before.
pub fn install(logs: &Logs) -> io::Result<Flush> {
    let (lines, waiting) = sync_channel(LINES_MAX);
    let writer = thread::Builder::new().name("spanyard-log".to_owned());
    let _ = writer.spawn(move || write_out(&waiting, &mut io::stderr()))?;
    let sink = Sink { lines: lines.clone() };
    let plain = !io::stderr().is_terminal() || std::env::var_os("NO_COLOR").is_some();
    let subscriber = subscriber(logs, !plain, sink);
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)?;
    Ok(Flush { lines })
}

fn subscriber<W>(logs: &Logs, ansi: bool, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(logs.level))
        .with_target(false)
        .with_ansi(ansi)
        .log_internal_errors(false)
        .with_writer(writer);
    if logs.json {
        Box::new(builder.json().flatten_event(true).with_current_span(false).finish())
    } else {
        Box::new(builder.finish())
    }
}

/// Waits for log lines to be written; to be used before the process ends.
#[derive(Clone, Debug)]
pub struct Flush {
    lines: SyncSender<Message>,
}

impl Flush {
    /// Waits until every line logged so far is written, at most `within`. Says whether it was.
    #[must_use]
    pub fn wait(&self, within: Duration) -> bool {
        let (done, wait) = sync_channel(1);
        // A queue that is full has a reader that does not read; waiting would be in vain.
        self.lines.try_send(Message::Flush(done)).is_ok() && wait.recv_timeout(within).is_ok()
    }
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// The end of the queue that `tracing` writes to: each write is one line.
#[derive(Clone, Debug)]
struct Sink {
    lines: SyncSender<Message>,
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let kept = line.get(..LINE_BYTES_MAX).map_or_else(|| line.to_vec(), cut);
        if let Err(TrySendError::Full(_)) = self.lines.try_send(Message::Line(kept)) {
            let _ = DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn cut(start: &[u8]) -> Vec<u8> {
    let mut line = start.to_vec();
    line.extend_from_slice(b"... (cut)\n");
    line
}

/// Runs until every sender is gone. What stderr refuses is lost: there is nowhere to say so.
fn write_out(waiting: &Receiver<Message>, out: &mut impl Write) {
    for message in waiting {
        match message {
            Message::Line(line) => drop(out.write_all(&line)),
            Message::Flush(done) => {
                drop(out.flush());
                done.try_send(()).unwrap_or_default(); // or nobody waits any more
            }
        }
    }
}

#[cfg(test)]
mod tests;
