//! The real program as a child process: started, asked, told to stop, never left behind.
//!
//! ```text
//!  start -- stderr until "ready" --> addresses -- tests --> terminate, or drop (killed)
//! ```
//! All its ports are left to the system and read from its log, so tests run side by side. Whoever
//! waits here waits for a line of the log or for the metrics page, a bounded number of times, and
//! fails with the whole log. A test's file is laid over [`BASE`] and is what a reload reads again.
#![allow(dead_code, reason = "each test takes its part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where its gateway is missing")]

pub(crate) mod page;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use loadgen::client;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use page::Page;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at the metrics page.
const POLL: Duration = Duration::from_millis(25);
const POLLS_MAX: u32 = 1200;

/// What every test's gateway starts from.
const BASE: &str = "
extensions:
  health_check: {endpoint: 127.0.0.1:0}
  spanyard: {pin: false, admin: {endpoint: 127.0.0.1:0}}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: 127.0.0.1:0}
      http: {endpoint: 127.0.0.1:0}
service:
  extensions: [health_check, spanyard]
  telemetry:
    metrics: {address: 127.0.0.1:0}
";

/// Numbers the gateways of a test program.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// A running gateway.
pub(crate) struct Gateway {
    child: Child,
    directory: PathBuf,
    log: Arc<Log>,
    http: SocketAddr,
    grpc: SocketAddr,
    health: SocketAddr,
    metrics: SocketAddr,
    admin: SocketAddr,
}

/// How a gateway ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None`: ended by a signal.
    pub(crate) code: Option<i32>,
    /// Everything it said on stderr.
    pub(crate) log: String,
}

impl Gateway {
    /// Starts a gateway with `config` laid over [`BASE`] and waits until it is ready.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_with(config, &[])
    }

    /// The same, with more arguments.
    pub(crate) fn start_with(config: &str, arguments: &[&str]) -> Self {
        Self::launch(Command::new(env!("CARGO_BIN_EXE_spanyard")), config, arguments)
    }

    /// The same, with so many file descriptors at most.
    pub(crate) fn start_within(config: &str, descriptors: u32) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
        let _ = shell.args(["-c", &script, env!("CARGO_BIN_EXE_spanyard")]);
        Self::launch(shell, config, &[])
    }

    fn launch(mut program: Command, config: &str, arguments: &[&str]) -> Self {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("gateway-{}-{number}", std::process::id());
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).expect("a directory for the configuration");
        let (base, file) = (directory.join("base.yaml"), directory.join("test.yaml"));
        fs::write(&base, BASE).expect("the base is written");
        fs::write(&file, config).expect("the configuration is written");
        let mut child = program
            .arg("--config")
            .arg(&base)
            .arg("--config")
            .arg(&file)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gateway's program");
        let log = Log::follow(child.stderr.take().expect("piped"));
        let ready = log.line("INFO ready");
        assert!(ready.is_some(), "the gateway is not ready:\n{}", log.text());
        let [http, grpc, health, metrics, admin] =
            ["INFO OTLP/HTTP", "INFO OTLP/gRPC", "INFO health", "INFO metrics", "INFO admin"]
                .map(|door| log.address(door));
        assert_ne!(http, grpc, "each protocol has its own port");
        Self { child, directory, log, http, grpc, health, metrics, admin }
    }

    /// Where OTLP/HTTP is taken.
    pub(crate) const fn http(&self) -> SocketAddr {
        self.http
    }

    /// Where OTLP/gRPC is taken.
    pub(crate) const fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// The health port.
    pub(crate) const fn health(&self) -> SocketAddr {
        self.health
    }

    /// The admin port.
    pub(crate) const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The metrics page as it is now.
    pub(crate) fn metrics_page(&self) -> Page {
        let reply = client::get(self.metrics, "/metrics").expect("the metrics page answers");
        assert_eq!(reply.status, 200, "the metrics page");
        Page::new(String::from_utf8(reply.body).expect("text"))
    }

    /// The metrics page after one that satisfied `condition`: within one page the counters may be a
    /// moment older than the ledger.
    pub(crate) fn metrics_when(&self, what: &str, condition: impl Fn(&Page) -> bool) -> Page {
        for _ in 0..POLLS_MAX {
            if condition(&self.metrics_page()) {
                return self.metrics_page();
            }
            self.log.pause(POLL);
        }
        panic!("{what}: not on the metrics page:\n{}\n{}", self.metrics_page(), self.log.text());
    }

    /// Waits for a line of the log that contains `part`.
    pub(crate) fn log_line(&self, part: &str) -> String {
        let line = self.log.line(part);
        line.unwrap_or_else(|| panic!("no line with {part:?} in the log:\n{}", self.log.text()))
    }

    /// Everything it has said so far.
    pub(crate) fn log_text(&self) -> String {
        self.log.text()
    }

    /// Puts another configuration in the place of the first and has it read.
    pub(crate) fn reload(&self, config: &str) {
        self.rewrite(config);
        self.hang_up();
    }

    /// Puts another configuration in the place of the first, as a whole, and asks for nothing.
    pub(crate) fn rewrite(&self, config: &str) {
        let (fresh, file) = (self.directory.join("fresh"), self.directory.join("test.yaml"));
        fs::write(&fresh, config).expect("the configuration is written");
        fs::rename(fresh, file).expect("the configuration is put in place");
    }

    /// Asks for a reload over HTTP: status and body of the answer.
    pub(crate) fn ask_for_reload(&self) -> (u16, String) {
        let reply = client::post(self.admin, "/-/reload", &[], b"").expect("an answer");
        (reply.status, String::from_utf8(reply.body).expect("text"))
    }

    /// Asks for a reload by signal.
    pub(crate) fn hang_up(&self) {
        self.signal(Signal::SIGHUP);
    }

    /// The address in the first line of the log that contains `part`.
    pub(crate) fn address(&self, part: &str) -> SocketAddr {
        self.log.address(part)
    }

    /// Waits until something is so, looking again and again.
    pub(crate) fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        for _ in 0..POLLS_MAX {
            if condition() {
                return;
            }
            self.log.pause(POLL);
        }
        panic!("never: {what}\n{}", self.log.text());
    }

    /// Asks the gateway to stop, and waits for nothing.
    pub(crate) fn begin_to_stop(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Asks the gateway to stop and waits for its end.
    pub(crate) fn terminate(self) -> Ended {
        self.signal(Signal::SIGTERM);
        self.ended()
    }

    /// Waits for the end of a gateway that has been asked to stop.
    pub(crate) fn ended(mut self) -> Ended {
        assert!(self.log.ended(), "the gateway does not end:\n{}", self.log.text());
        let code = self.child.wait().expect("a child of ours").code();
        Ended { code, log: self.log.text() }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("the gateway takes signals");
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // They fail when it has ended already, or when nothing was written.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
        let _removed = fs::remove_dir_all(&self.directory);
    }
}

impl Ended {
    /// The figure that the log gives `name`: `name=17`.
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let mut words = self.log.split_ascii_whitespace();
        let figure = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        figure
            .and_then(|figure| figure.parse().ok())
            .unwrap_or_else(|| panic!("no {name} in the log:\n{}", self.log))
    }
}

/// The lines of stderr, as far as they have come.
struct Log {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    all: Vec<String>,
    ended: bool,
}

impl Log {
    fn follow(stderr: ChildStderr) -> Arc<Self> {
        let log = Arc::new(Self { lines: Mutex::default(), changed: Condvar::new() });
        let writer = Arc::clone(&log);
        // Ends with the gateway.
        let _reader = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                writer.lock().all.push(line);
                writer.changed.notify_all();
            }
            writer.lock().ended = true;
            writer.changed.notify_all();
        });
        log
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first line that contains `part`, once there is one.
    fn line(&self, part: &str) -> Option<String> {
        let find = |lines: &Lines| lines.all.iter().find(|line| line.contains(part)).cloned();
        let missing = |lines: &mut Lines| find(lines).is_none() && !lines.ended;
        let waited = self.changed.wait_timeout_while(self.lock(), PATIENCE, missing);
        find(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Whether the gateway closes its end within [`PATIENCE`].
    fn ended(&self) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), PATIENCE, |lines| !lines.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }

    /// Waits for a line, a little while.
    fn pause(&self, time: Duration) {
        drop(self.changed.wait_timeout(self.lock(), time));
    }

    fn text(&self) -> String {
        self.lock().all.join("\n")
    }

    fn address(&self, door: &str) -> SocketAddr {
        let line = self.line(door).unwrap_or_default();
        let address = line.split_once("address=").map(|(_, rest)| rest);
        let address = address.and_then(|rest| rest.split_ascii_whitespace().next());
        address
            .and_then(|address| address.parse().ok())
            .unwrap_or_else(|| panic!("no address in {line:?} for {door:?}:\n{}", self.text()))
    }
}
