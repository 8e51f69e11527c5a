//! Logs to stderr or stdout, console or JSON, that never hold up a shard; and the brake on repeated
//! warnings.
//!
//! ```text
//!  any thread -- event --> line -- try_send --> [<= 512 lines] -- its own thread -> stderr, stdout
//!                                      └─ full: dropped, counted
//! ```
//! A reader that has stopped reading costs lines, never data. A line is cut at 8 KiB, so
//! what waits is at most 4 MiB. Levels and fields are the callers' business.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::plan::{LogOutput, Logs};

mod throttle;

pub use throttle::Throttle;

/// Lines that may wait to be written.
pub const LINES_MAX: usize = 512;
/// Bytes of a line; what is longer is cut.
pub const LINE_BYTES_MAX: usize = 8 * 1024;

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Lines that were dropped because nobody read them.
#[must_use]
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Makes one place of all log lines of the process, and hands back the means to flush it.
///
/// # Errors
/// If the thread cannot be started, or logs have been set up before.
pub fn install(logs: &Logs) -> io::Result<Flush> {
    let (lines, waiting) = sync_channel(LINES_MAX);
    let writer = thread::Builder::new().name("spanyard-log".to_owned());
    let output = logs.output;
    let _ = writer.spawn(move || match output {
        LogOutput::Stderr => write_out(&waiting, &mut io::stderr()),
        LogOutput::Stdout => write_out(&waiting, &mut io::stdout()),
        LogOutput::Both => write_out(&waiting, &mut Both),
    })?;
    let sink = Sink::new(lines.clone(), logs);
    let terminal = match output {
        LogOutput::Stderr => io::stderr().is_terminal(),
        LogOutput::Stdout => io::stdout().is_terminal(),
        LogOutput::Both => io::stdout().is_terminal() && io::stderr().is_terminal(),
    };
    let plain = !terminal || std::env::var_os("NO_COLOR").is_some();
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

/// Writes to stdout and stderr; one that fails does not keep the other from its line.
struct Both;

impl Write for Both {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let (first, second) = (io::stdout().write_all(line), io::stderr().write_all(line));
        first.and(second).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let (first, second) = (io::stdout().flush(), io::stderr().flush());
        first.and(second)
    }
}

/// The end of the queue that `tracing` writes to: each write is one line.
#[derive(Clone, Debug)]
struct Sink {
    lines: SyncSender<Message>,
    /// What every line ends with, and what that replaces: the closing brace of a JSON line.
    tail: Arc<str>,
    end: &'static str,
}

impl Sink {
    fn new(lines: SyncSender<Message>, logs: &Logs) -> Self {
        let (tail, end) = match (logs.fields.as_str(), logs.json) {
            ("", _) => (String::new(), ""),
            (fields, true) => (format!(",{fields}}}\n"), "}\n"),
            (fields, false) => (format!(" {{{fields}}}\n"), "\n"),
        };
        Self { lines, tail: tail.into(), end }
    }

    /// A line with the fields of all lines at its end, cut if it is too long.
    fn kept(&self, line: &[u8]) -> Vec<u8> {
        if let Some(start) = line.get(..LINE_BYTES_MAX) {
            return cut(start);
        }
        let mut kept = line.to_vec();
        if kept.ends_with(self.end.as_bytes()) {
            kept.truncate(kept.len().saturating_sub(self.end.len()));
            kept.extend_from_slice(self.tail.as_bytes());
        }
        kept
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(Message::Line(self.kept(line))) {
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

/// Runs until every sender is gone. What is refused there is lost: there is nowhere to say so.
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
