//! What the machine, or the cgroup, gives to this process.

use std::fs;

/// Bytes of memory the process may use: its cgroup's limit (version 2, then 1), else the machine's.
/// `None` when the system does not say.
#[must_use]
pub fn memory_bytes() -> Option<u64> {
    let machine = machine_bytes(&fs::read_to_string("/proc/meminfo").unwrap_or_default());
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    match (group, machine) {
        // Version 1 says "no limit" with a number larger than any memory.
        (Some(group), Some(machine)) => Some(u64::min(group, machine)),
        (group, machine) => group.or(machine),
    }
}

fn machine_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_its_memory_in_kib() {
        let text = "MemTotal:       24688204 kB\nMemFree:        22000000 kB\n";
        assert_eq!(machine_bytes(text), Some(24_688_204 * 1024));
        assert_eq!(machine_bytes("MemTotal: much"), None);
    }
}
