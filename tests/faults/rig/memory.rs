//! The memory of a process.

/// The most resident memory that process `id` ever had, in MiB.
pub(crate) fn peak(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() / 1024
}

/// The memory that a service may take, with its queue full, in MiB.
pub(crate) const BOUND: u64 = 64;

/// Fails when process `id` ever had more than `mib`.
pub(crate) fn is_within(id: u32, mib: u64) {
    let peak = peak(id);
    println!("  memory: {peak} of {mib} MiB");
    assert!(peak <= mib, "{peak} MiB, and the bound is {mib} MiB");
}
