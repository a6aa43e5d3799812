//! How much memory this process holds.

/// Resident bytes of this process, where the system tells.
pub(crate) fn resident_bytes() -> Option<u64> {
    field("VmRSS:")
}

/// The most that it has ever held.
pub(crate) fn peak_resident_bytes() -> Option<u64> {
    field("VmHWM:")
}

fn field(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
