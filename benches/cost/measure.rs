//! One run of one variant, in a fresh process.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    load::{self, Load},
    support::{
        Result,
        process::Process,
        receiver::{Received, Receivers},
        statistics::percentile,
    },
    variant::Variant,
};

/// Load before the measured one, so that connections, caches and the allocator are warm.
const WARM_UP: Duration = Duration::from_secs(1);

/// A start that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is needed for any run.
pub(crate) struct Bench<'b> {
    /// The service's program.
    pub(crate) service: &'b Path,
    /// The folder with the peers' programs.
    pub(crate) programs: &'b Path,
    pub(crate) receivers: &'b Receivers,
}

/// What one run came to.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    /// Requests answered in the measured time.
    pub(crate) requests: u64,
    pub(crate) requests_per_second: f64,
    /// CPU time of the service, until its last span has left, by requests.
    pub(crate) cpu_microseconds_per_request: f64,
    /// At a constant rate; 0 at full load.
    pub(crate) p50_microseconds: u32,
    pub(crate) p99_microseconds: u32,
    /// Requests that the process answered in all, the ones to warm it up too: so many spans and log
    /// lines it should have made.
    pub(crate) answered: u64,
    pub(crate) spans_received: u64,
    pub(crate) lines_written: u64,
    pub(crate) message_bytes: u64,
    pub(crate) peak_memory_bytes: u64,
    /// The share of all cores' time in which they were not idle.
    pub(crate) cores_busy: f64,
}

impl Bench<'_> {
    /// Starts `variant`, puts `load` on it for `time`, and ends it.
    pub(crate) fn run(&self, variant: Variant, load: Load, time: Duration) -> Result<Run> {
        let result = self.measure(variant, load, time);
        result.map_err(|error| format!("{}: {error}", variant.name()).into())
    }

    fn measure(&self, variant: Variant, load: Load, time: Duration) -> Result<Run> {
        let before = self.receivers.received();
        let (process, address) = self.start(variant)?;
        wait_for_port(address)?;

        let warm_up = load::run(address, load, WARM_UP)?.requests;
        self.settle(variant, before, warm_up);

        let (cpu, cores) = (process.cpu_time()?, Cores::now()?);
        let outcome = load::run(address, load, time)?;
        let cores_busy = Cores::now()?.busy_since(&cores);
        let answered = warm_up + outcome.requests;
        self.settle(variant, before, answered);
        let cpu = process.cpu_time()? - cpu;

        let peak_memory_bytes = process.peak_memory()?;
        let lines = process.lines_until(if variant.writes_lines() { answered } else { 0 });
        process.terminate()?;
        self.settle(variant, before, answered);
        let received = self.receivers.received();
        if received.malformed > before.malformed {
            return Err("it sent messages that cannot be read".into());
        }
        Ok(Run {
            requests: outcome.requests,
            requests_per_second: outcome.requests as f64 / outcome.time.as_secs_f64(),
            cpu_microseconds_per_request: cpu.as_secs_f64() * 1e6 / outcome.requests as f64,
            p50_microseconds: percentile(&outcome.latencies, 0.50),
            p99_microseconds: percentile(&outcome.latencies, 0.99),
            answered,
            spans_received: received.spans - before.spans,
            lines_written: lines,
            message_bytes: received.bytes - before.bytes,
            peak_memory_bytes,
            cores_busy,
        })
    }

    /// A process that will listen on the address; it need not do so yet.
    pub(crate) fn start(&self, variant: Variant) -> Result<(Process, SocketAddr)> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = variant.command(self.service, self.programs, address, self.receivers);
        Ok((Process::start(&mut command)?, address))
    }

    fn settle(&self, variant: Variant, before: Received, answered: u64) {
        if variant.makes_spans() {
            self.receivers.settle(before.spans + answered);
        }
    }
}

fn wait_for_port(address: SocketAddr) -> Result<()> {
    let since = Instant::now();
    while let Err(error) = std::net::TcpStream::connect(address) {
        if since.elapsed() > PATIENCE {
            return Err(format!("it does not listen on {address}: {error}").into());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Time of all cores, in ticks of the clock.
struct Cores {
    all: u64,
    idle: u64,
}

impl Cores {
    fn now() -> Result<Self> {
        let text = std::fs::read_to_string("/proc/stat")?;
        let first = text.lines().next().unwrap_or_default();
        let ticks = first.split_whitespace().skip(1).map(str::parse);
        let ticks: Vec<u64> = ticks.collect::<Result<_, _>>()?;
        Ok(Self {
            // user, nice, system, idle, iowait, irq, softirq, steal; the guests' are in user.
            all: ticks.iter().take(8).sum(),
            idle: ticks.iter().skip(3).take(2).sum(),
        })
    }

    fn busy_since(&self, before: &Self) -> f64 {
        1.0 - (self.idle - before.idle) as f64 / (self.all - before.all).max(1) as f64
    }
}
