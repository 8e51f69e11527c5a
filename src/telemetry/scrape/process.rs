//! What the kernel knows about this process: CPU time and memory, from `/proc/self`.
//!
//! A figure that cannot be read is left out of the page. Files of `/proc` are made in memory:
//! reading them does not wait for a disk.

use std::fs;

/// CPU time and memory of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Seconds of CPU time, user and system, all threads.
    pub cpu_seconds: Option<f64>,
    /// Bytes of resident memory.
    pub rss: Option<u64>,
    /// Bytes of resident memory that is backed by no file: heap and stacks.
    pub rss_anon: Option<u64>,
    /// Bytes the kernel keeps for the process: resident, swapped, page tables.
    pub held: Option<u64>,
}

impl Process {
    /// Reads `/proc/self/stat` and `/proc/self/status`.
    #[must_use]
    pub fn read() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self::parse(&stat, &status)
    }

    fn parse(stat: &str, status: &str) -> Self {
        let rss = kib(status, "VmRSS:");
        let beside = kib(status, "VmSwap:").zip(kib(status, "VmPTE:"));
        let held = rss
            .zip(beside)
            .map(|(rss, (swap, tables))| rss.saturating_add(swap).saturating_add(tables));
        Self { cpu_seconds: cpu_seconds(stat), rss, rss_anon: kib(status, "RssAnon:"), held }
    }
}

/// Fields 14 and 15, `utime` and `stime`. The name in field 2 may hold spaces and brackets, so
/// fields are counted from its last closing bracket.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some((f64::from(user) + f64::from(system)) / TICKS_PER_SECOND)
}

/// `USER_HZ`, which Linux fixes at 100 on every architecture it is built for here.
const TICKS_PER_SECOND: f64 = 100.0;

/// A line such as `VmRSS:     1234 kB`, in bytes.
fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let figure = line.trim().strip_suffix("kB")?.trim();
    figure.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "42 (a) b (c) S 1 42 42 0 -1 4194304 9 0 0 0 250 150 0 0 20 0 3 0 77 1 2";

    #[test]
    fn cpu_time_is_read_whatever_the_name_of_the_process() {
        assert_eq!(Process::parse(STAT, "").cpu_seconds, Some(4.0));
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status =
            "Name:\ta\nVmRSS:\t    2048 kB\nRssAnon:\t 1024 kB\nVmPTE:\t 4 kB\nVmSwap:\t 0 kB\n";
        let process = Process::parse("", status);
        assert_eq!(process.rss, Some(2048 * 1024));
        assert_eq!(process.rss_anon, Some(1024 * 1024));
        assert_eq!(process.held, Some(2052 * 1024));
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        assert_eq!(Process::parse("42 (a) S 1", "VmRSS: many kB"), Process::default());
    }

    #[test]
    fn this_process_can_be_read() {
        let process = Process::read();
        assert!(process.cpu_seconds.is_some() && process.held.is_some());
        assert!(process.rss.expect("resident memory") >= process.rss_anon.expect("heap"));
    }
}
