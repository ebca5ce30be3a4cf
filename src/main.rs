//! The command line: picks the command, prints its error, sets the exit code.

use std::{error::Error, io::Read, process::ExitCode, time::Duration};

use axum_jaeger::{
    config::{Config, ConfigError},
    service, shutdown, telemetry,
};
use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

/// See distributed tracing of a Rust service with Jaeger.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one traced service, set up by environment variables alone.
    Serve(Serve),
}

#[derive(clap::Args)]
struct Serve {
    /// Shut down when standard input ends, as it does when the process that started this one is gone.
    #[arg(long)]
    until_stdin_ends: bool,
}

/// How long spans may take to leave at the end; Kubernetes gives 30 s, requests in flight take 20.
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

/// A setting or an argument cannot be used.
const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let result = runtime.block_on(run(cli.command));
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

async fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Serve(serve) => run_service(&serve).await,
    }
}

async fn run_service(args: &Serve) -> Result<ExitCode, Box<dyn Error>> {
    let config = Config::from_env()?;
    let shutdown = shutdown::on_signal()?;
    if args.until_stdin_ends {
        cancel_when_stdin_ends(shutdown.clone());
    }
    let telemetry = telemetry::init(&config.telemetry)?;
    tracing::info!("settings: {}", config.effective_line());
    let result = service::run(&config.service, shutdown).await;
    telemetry.shutdown(FLUSH_DEADLINE).await;
    result?;
    Ok(ExitCode::SUCCESS)
}

/// On a thread of its own, since a read of standard input cannot be cancelled.
fn cancel_when_stdin_ends(shutdown: CancellationToken) {
    std::thread::spawn(move || {
        let mut rest = [0; 64];
        while matches!(std::io::stdin().read(&mut rest), Ok(read) if read > 0) {}
        shutdown.cancel();
    });
}
