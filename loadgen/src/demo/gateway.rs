//! The gateway as a child process: found, started, waited for, measured, stopped.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{client, clock};

/// How long the gateway may take to answer on its health port, and to stop.
const START_MAX: Duration = Duration::from_secs(15);
const STOP_MAX: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
/// What the kernel counts CPU time in, on every architecture of Linux: 1/100 s.
const TICK: Duration = Duration::from_millis(10);
/// Lines of the log that an error shows.
const LOG_LINES: usize = 20;

/// A running gateway; killed when it is dropped before it was stopped.
#[derive(Debug)]
pub(super) struct Gateway {
    child: Child,
    log: PathBuf,
}

/// The binary to start.
pub(super) fn find(given: Option<&Path>) -> Result<PathBuf, String> {
    let beside = || {
        let exe = std::env::current_exe().map_err(|e| format!("path of this program: {e}"))?;
        Ok::<_, String>(exe.with_file_name("spanyard"))
    };
    let binary = given.map_or_else(beside, |given| Ok(given.to_owned()))?;
    if binary.is_file() {
        return Ok(binary);
    }
    let release = binary.components().any(|part| part.as_os_str() == "release");
    let flag = if release { " --release" } else { "" };
    Err(format!(
        "no gateway at {}: build it with `cargo build{flag} --locked --bin spanyard`",
        binary.display()
    ))
}

impl Gateway {
    pub(super) fn start(binary: &Path, config: &Path, log: &Path) -> Result<Self, String> {
        let place = |e: io::Error| format!("{}: {e}", log.display());
        let stdout = File::create(log).map_err(place)?;
        let stderr = stdout.try_clone().map_err(place)?;
        let child = Command::new(binary)
            .arg("--config")
            .arg(config)
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .map_err(|e| format!("{}: {e}", binary.display()))?;
        Ok(Self { child, log: log.to_owned() })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the health port says 200.
    pub(super) fn wait_until_healthy(&mut self, health: SocketAddr) -> Result<(), String> {
        let start = clock::now();
        while start.elapsed() < START_MAX {
            self.must_run()?;
            if client::get(health, "/").is_ok_and(|reply| reply.status == 200) {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        let log = self.last_lines();
        Err(format!("the gateway is not healthy on {health} after {START_MAX:?}:\n{log}"))
    }

    /// An error with the end of its log, if it has ended by itself.
    pub(super) fn must_run(&mut self) -> Result<(), String> {
        match self.child.try_wait().map_err(|e| format!("state of the gateway: {e}"))? {
            Some(status) => Err(format!("the gateway ended, {status}:\n{}", self.last_lines())),
            None => Ok(()),
        }
    }

    /// CPU time used so far, user and system.
    pub(super) fn cpu(&self) -> Result<Duration, String> {
        let file = format!("/proc/{}/stat", self.pid());
        let text = fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
        cpu_of(&text).ok_or_else(|| format!("{file}: expected utime and stime in {text:?}"))
    }

    /// Asks it to stop, and waits for that.
    pub(super) fn stop(mut self) -> Result<ExitStatus, String> {
        let pid = i32::try_from(self.pid()).map_err(|e| format!("process id: {e}"))?;
        kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|e| format!("SIGTERM to {pid}: {e}"))?;
        let start = clock::now();
        while start.elapsed() < STOP_MAX {
            if let Some(status) = self.child.try_wait().map_err(|e| e.to_string())? {
                return Ok(status);
            }
            std::thread::sleep(POLL);
        }
        Err(format!("the gateway did not stop within {STOP_MAX:?} of SIGTERM"))
    }

    fn last_lines(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        let from = lines.len().saturating_sub(LOG_LINES);
        lines.get(from..).unwrap_or_default().join("\n")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Both fail when it has been stopped in order, which is as it should be.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The program's name, in brackets, may hold anything; the fields are counted after it.
fn cpu_of(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user.saturating_add(system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_past_any_name() {
        let stat = "12 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu_of("12 (a) S 1"), None);
    }

    #[test]
    fn a_missing_binary_is_named_with_the_command_that_builds_it() {
        let error = find(Some(Path::new("/nowhere/release/spanyard"))).expect_err("missing");
        assert!(error.contains("cargo build --release --locked --bin spanyard"), "{error}");
    }
}
