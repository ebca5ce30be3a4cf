//! The two, each as a process of this machine.

use std::{
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use embedded_jaeger::Addresses;

use crate::{
    real_jaeger,
    support::{Result, process::Process},
};

/// A start that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program in the image.
const IN_IMAGE: &str = "/go/bin/all-in-one-linux";

/// Whose spans per second are counted.
#[derive(Clone, Debug)]
pub(crate) enum Server {
    Embedded,
    Real(PathBuf),
}

/// A running one.
pub(crate) struct Running {
    pub(crate) process: Process,
    pub(crate) addresses: Addresses,
}

impl Server {
    /// The real one: the program that `JAEGER_ALL_IN_ONE` names, or the one in Docker's image, so
    /// that it runs as the embedded one does, without Docker's network between; `None` where there
    /// is neither.
    pub(crate) fn real(folder: &Path) -> Option<Self> {
        if let Some(program) = std::env::var_os(real_jaeger::PROGRAM) {
            return Some(Self::Real(program.into()));
        }
        let container = docker(&["create", real_jaeger::IMAGE])?;
        let program = folder.join("jaeger-all-in-one");
        let from = format!("{container}:{IN_IMAGE}");
        let copied = docker(&["cp", &from, &program.to_string_lossy()]);
        let _ = docker(&["rm", &container]);
        copied.map(|_| Self::Real(program))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Real(_) => "real",
        }
    }

    /// Started, and listening. Neither refuses or evicts anything for want of room.
    pub(crate) fn start(&self) -> Result<Running> {
        let (addresses, flags) = real_jaeger::flags();
        let mut command = match self {
            Self::Embedded => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_axum-jaeger"));
                command.args(["jaeger", "--max-memory-mib", "8192"]);
                for (flag, address) in [
                    ("--compact-port", addresses.compact),
                    ("--binary-port", addresses.binary),
                    ("--http-port", addresses.http),
                    ("--grpc-port", addresses.grpc),
                    ("--query-port", addresses.query),
                ] {
                    command.args([flag, &address.port().to_string()]);
                }
                command
            }
            Self::Real(program) => {
                let mut command = Command::new(program);
                command.args(flags).args([
                    "--memory.max-traces=10000000",
                    "--collector.queue-size=1000000",
                    "--processor.jaeger-compact.server-queue-size=100000",
                    "--log-level=error",
                ]);
                command
            }
        };
        let process = Process::start(command.env_clear().stderr(std::process::Stdio::null()))?;
        for address in [addresses.http, addresses.grpc, addresses.query] {
            wait_for(address)?;
        }
        Ok(Running { process, addresses })
    }
}

impl Running {
    /// Waits until it does nothing for a while, and says when it stopped.
    pub(crate) fn idle_since(&self) -> Result<Instant> {
        const STEP: Duration = Duration::from_millis(20);
        let mut last = (self.process.cpu_time()?, Instant::now());
        loop {
            thread::sleep(STEP);
            let now = self.process.cpu_time()?;
            // What a waiting program does, its own housekeeping, takes less than this share.
            if now - last.0 > STEP / 5 {
                last.1 = Instant::now();
            } else if last.1.elapsed() > Duration::from_secs(1) {
                return Ok(last.1);
            }
            last.0 = now;
        }
    }
}

fn wait_for(address: SocketAddr) -> Result<()> {
    let since = Instant::now();
    while let Err(error) = TcpStream::connect(address) {
        if since.elapsed() > PATIENCE {
            return Err(format!("nobody listens on {address}: {error}").into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The first line that `docker ARGS` prints; `None` where it fails.
fn docker(args: &[&str]) -> Option<String> {
    let output = Command::new("docker").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    output.status.success().then_some(line)
}
