//! Distributed tracing of a Rust service with Jaeger, to see, to run and to copy.
//!
//! This file is the command line: it picks the command, prints its error, and sets the exit code.
//!
//! The way of a span, and where to read about each step:
//!
//! | step | place |
//! |---|---|
//! | a request comes in | [`service`]: router, endpoints, the chain, a server that stops gracefully |
//! | it becomes a span, and lines in the log | `crates/telemetry`: `server`, `client`, `log` |
//! | the span leaves, by one of three paths | `crates/telemetry`, `export`: gRPC, Thrift over HTTP, Thrift over UDP |
//! | it arrives, is kept, and is asked for | `crates/embedded-jaeger`: receivers, store, query API and page |
//! | its arrival is checked | [`verify`]: one trace, looked for in Jaeger and in Loki |
//!
//! [`config`] turns the environment into settings, [`demo`] runs all of it on one machine and shows
//! the services' log lines on Jaeger's page, and [`shutdown`] ends it.

mod config;
mod demo;
mod jaeger_flags;
mod service;
mod shutdown;
mod verify;

use std::{error::Error, io::Read, process::ExitCode, time::Duration};

use axum_jaeger_telemetry::{self as telemetry, Telemetry};
use clap::{Args, Parser, Subcommand};
use embedded_jaeger::{self as jaeger, Jaeger};
use mimalloc::MiMalloc;
use tokio_util::sync::CancellationToken;

use self::{
    config::{Config, ConfigError},
    jaeger_flags::JaegerFlags,
};

/// A span and its export are some hundred small allocations: the system's allocator takes a fifth
/// to a third more instructions for a traced request. It needs a C compiler, and is built without
/// huge pages, which took it 8 to 30 MiB more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// See distributed tracing of a Rust service with Jaeger.
///
/// Without a command: the demo.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    demo: demo::Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Run three traced services and the embedded Jaeger on this machine
    Demo(demo::Settings),
    /// Run one traced service, set up by environment variables alone
    Serve(Serve),
    /// Run the embedded Jaeger alone: for seeing and for tests, all in bounded memory
    Jaeger(JaegerFlags),
    /// Ask a running system for proof: make a trace, find it in Jaeger and in Loki
    Verify(Box<verify::Settings>),
}

#[derive(Args)]
struct Serve {
    /// Shut down when standard input ends, as it does when the process at its other end is gone
    #[arg(long)]
    until_stdin_ends: bool,
}

/// How long spans may take to leave at the end; Kubernetes gives 30 s, requests in flight take 20.
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

/// A setting or an argument cannot be used; clap exits with the same.
const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let result = runtime.block_on(run(cli));
    // An export that hangs may not hold the process.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => fail(error.as_ref()),
    }
}

fn fail(error: &(dyn Error + 'static)) -> ExitCode {
    eprintln!("{error}");
    if error.is::<ConfigError>() {
        ExitCode::from(BAD_USAGE)
    } else {
        ExitCode::FAILURE
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Box<dyn Error>> {
    match cli.command.unwrap_or(Command::Demo(cli.demo)) {
        Command::Demo(settings) => {
            // The ports of its services are flags of its own.
            let _telemetry = log_only("demo", |name| !name.ends_with("_PORT"))?;
            demo::run(&settings, shutdown::on_signal()?).await?;
        }
        Command::Serve(args) => run_service(&args).await?,
        Command::Jaeger(flags) => {
            let _telemetry = log_only("jaeger", |name| LOG_VARIABLES.contains(&name))?;
            let shutdown = shutdown::on_signal()?;
            let jaeger = Jaeger::start(&jaeger::Settings::from(&flags)).await?;
            shutdown.cancelled().await;
            jaeger.shutdown().await;
        }
        Command::Verify(settings) => {
            let report = verify::run(&settings).await;
            print!("{report}");
            if !report.failures.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The variables that set up the log.
const LOG_VARIABLES: [&str; 2] = ["LOG_FORMAT", "RUST_LOG"];

/// The log of a command that makes no spans; of the environment it reads what it `uses` alone.
fn log_only(name: &str, uses: impl Fn(&str) -> bool) -> Result<Telemetry, Box<dyn Error>> {
    let settings = telemetry::Settings {
        service_name: name.to_owned(),
        destination: None,
        ..Config::from_env_if(uses)?.telemetry
    };
    Ok(telemetry::init(&settings)?)
}

async fn run_service(args: &Serve) -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    let shutdown = shutdown::on_signal()?;
    if args.until_stdin_ends {
        cancel_when_stdin_ends(shutdown.clone());
    }
    let telemetry = telemetry::init(&config.telemetry)?;
    for variable in &config.ignored {
        tracing::warn!("{variable}; it counts as not set");
    }
    tracing::info!("settings: {}", config.effective_line());
    let result = service::run(&config.service, &telemetry, shutdown).await;
    telemetry.shutdown(FLUSH_DEADLINE).await;
    Ok(result?)
}

/// On a thread of its own, since a read of standard input cannot be cancelled.
fn cancel_when_stdin_ends(shutdown: CancellationToken) {
    std::thread::spawn(move || {
        let mut rest = [0; 64];
        while matches!(std::io::stdin().read(&mut rest), Ok(read) if read > 0) {}
        shutdown.cancel();
    });
}
