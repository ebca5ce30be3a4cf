//! Distributed tracing of a Rust service with Jaeger, to see, to run and to copy.
//!
//! This file runs the command of [`cli`], prints its error, and sets the exit code.
//!
//! The steps of a span, and the code of each:
//!
//! | step | place |
//! |---|---|
//! | a request comes in | [`service`]: router, endpoints, the chain, a server that stops gracefully |
//! | it becomes a span, and lines in the log | `crates/telemetry`: `server`, `client`, `log` |
//! | the span leaves, by one of three transports | `crates/telemetry`, `export`: gRPC, Thrift over HTTP, Thrift over UDP |
//! | it arrives, is stored, and is queried | `crates/embedded-jaeger`: receivers, store, query API and page |
//! | its arrival is checked | [`verify`]: one trace, in Jaeger and in Loki |
//!
//! [`config`] turns the environment into settings, [`demo`] runs all of it on one machine and shows
//! the services' log lines on Jaeger's page, and [`shutdown`] ends it.

mod cli;
mod config;
mod demo;
mod service;
mod shutdown;
mod verify;

use std::{error::Error, io::Read, process::ExitCode, time::Duration};

use axum_jaeger_telemetry::{
    self as telemetry, Telemetry,
    env::{Env, EnvError},
};
use clap::Parser;
use embedded_jaeger::{self as jaeger, Jaeger};
use mimalloc::MiMalloc;
use tokio_util::sync::CancellationToken;

use self::{
    cli::{Cli, Command, Serve},
    config::Config,
};

/// A span and its export are some hundred small allocations: the system's allocator takes a fifth
/// to a third more instructions for a traced request. It needs a C compiler, and is built without
/// huge pages, which took it 8 to 30 MiB more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The limit for the last spans to leave. Kubernetes gives 30 s, and requests in flight take 20.
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

/// The exit code of an invalid setting or argument, which is that of clap.
const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let result = runtime.block_on(run(cli));
    // An export that hangs must not keep the process.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => fail(error.as_ref()),
    }
}

fn fail(error: &(dyn Error + 'static)) -> ExitCode {
    eprintln!("{error}");
    if error.is::<EnvError>() {
        ExitCode::from(BAD_USAGE)
    } else {
        ExitCode::FAILURE
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Box<dyn Error>> {
    match cli.command.unwrap_or(Command::Demo(cli.demo)) {
        Command::Demo(settings) => {
            // The ports of the services are flags here; Kubernetes sets such variables.
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
        Command::Verify(args) => {
            let report = verify::run(&args).await;
            print!("{report}");
            if !report.failures.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The variables of the log.
const LOG_VARIABLES: [&str; 2] = ["LOG_FORMAT", "RUST_LOG"];

/// Sets up the log of a command that makes no spans. Of the environment it reads only what it
/// `uses`.
fn log_only(name: &str, uses: impl Fn(&str) -> bool) -> Result<Telemetry, Box<dyn Error>> {
    let mut env = Env::from_process().only(uses);
    let mut settings = telemetry::Settings::read(&mut env).service_name(name);
    settings.destination = None;
    env.finish()?;
    Ok(telemetry::init(&settings)?)
}

async fn run_service(args: &Serve) -> Result<(), Box<dyn Error>> {
    let config = Config::read(Env::from_process())?;
    let shutdown = shutdown::on_signal()?;
    if args.until_stdin_ends {
        cancel_when_stdin_ends(shutdown.clone());
    }
    let telemetry = telemetry::init(&config.telemetry)?;
    let in_force = config.in_force.iter();
    let in_force: Vec<_> = in_force
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    tracing::info!("settings: {}", in_force.join(" "));
    let result = service::run(&config.service, &telemetry, shutdown).await;
    telemetry.shutdown(FLUSH_DEADLINE).await;
    Ok(result?)
}

/// Reads on a thread of its own, since a read of standard input cannot be cancelled.
fn cancel_when_stdin_ends(shutdown: CancellationToken) {
    std::thread::spawn(move || {
        let mut rest = [0; 64];
        while matches!(std::io::stdin().read(&mut rest), Ok(read) if read > 0) {}
        shutdown.cancel();
    });
}
