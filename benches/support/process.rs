//! A program under measurement: what it takes, from the outside.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    time::{ClockId, clock_getcpuclockid, clock_gettime},
    unistd::Pid,
};

use super::Result;

/// Longer than any of the programs may take to shut down.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; killed when it goes out of scope.
pub(crate) struct Process {
    child: Child,
    id: Pid,
    clock: ClockId,
    lines: Arc<AtomicU64>,
}

impl Process {
    /// Its standard output is a pipe that is read, as a container's is.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let id = Pid::from_raw(child.id().try_into()?);
        let lines = Arc::default();
        if let Some(output) = child.stdout.take() {
            let lines = Arc::clone(&lines);
            thread::spawn(move || count_lines(output, &lines));
        }
        Ok(Self {
            child,
            id,
            clock: clock_getcpuclockid(id)?,
            lines,
        })
    }

    /// CPU time of all its threads until now, those that ended too; in nanoseconds of resolution.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        Ok(clock_gettime(self.clock)?.into())
    }

    /// Lines that it wrote to standard output, once there are `expected` or no more come.
    pub(crate) fn lines_until(&self, expected: u64) -> u64 {
        let mut last = 0;
        loop {
            let lines = self.lines.load(Relaxed);
            if lines >= expected || lines == last {
                return lines;
            }
            last = lines;
            thread::sleep(Duration::from_millis(500));
        }
    }

    /// The most memory that it had at a time, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    /// The memory that it has now, in bytes.
    pub(crate) fn resident_memory(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    fn memory(&self, field: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.ok_or("no such line in its status")?.parse()?;
        Ok(kibibytes * 1024)
    }

    /// SIGTERM, then the end.
    pub(crate) fn terminate(mut self) -> Result<()> {
        kill(self.id, Signal::SIGTERM)?;
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return match status.success() {
                    true => Ok(()),
                    false => Err(format!("it ended with {status}").into()),
                };
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err("it does not end on SIGTERM".into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn count_lines(mut from: impl Read, lines: &AtomicU64) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let ends = buffer[..read].iter().filter(|&&byte| byte == b'\n').count();
        lines.fetch_add(ends as u64, Relaxed);
    }
}
