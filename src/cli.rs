//! The command line: what `axum-jaeger --help` shows.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use jiff::SignedDuration;
use reqwest::Url;

use crate::{demo, jaeger_flags::JaegerFlags};

/// See distributed tracing of a Rust service with Jaeger.
///
/// Without a command: the demo.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub demo: demo::Settings,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run three traced services and the embedded Jaeger on this machine
    Demo(demo::Settings),
    /// Run one traced service, set up by environment variables alone
    Serve(Serve),
    /// Run the embedded Jaeger alone, for other programs to send to
    Jaeger(JaegerFlags),
    /// Check that a running system traces: make a trace, find it in Jaeger and in Loki
    Verify(Box<Verify>),
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Shut down when standard input ends, as it does when the demo that has its other end is gone
    #[arg(long, hide = true)]
    pub until_stdin_ends: bool,
}

#[derive(Args)]
pub(crate) struct Verify {
    /// The service whose /chain is called
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    pub app: Url,

    /// Jaeger's query service
    #[arg(long, default_value = "http://127.0.0.1:16686")]
    pub jaeger: Url,

    /// Loki, to look for the log lines of the trace
    #[arg(long)]
    pub loki: Option<Url>,

    /// Grafana, to check its data sources
    #[arg(long)]
    pub grafana: Option<Url>,

    #[command(flatten)]
    pub grafana_login: GrafanaLogin,

    /// Time limit for a trace and its log lines to arrive, such as 30s or 2m; a trace that is
    /// incomplete after 10s is followed by another one
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub timeout: Duration,
}

/// A login that may see data sources.
#[derive(Args)]
pub(crate) struct GrafanaLogin {
    /// The user's name in Grafana
    #[arg(long = "grafana-user", env = "GRAFANA_USER", default_value = "admin")]
    pub user: String,

    /// The user's password
    #[arg(
        long = "grafana-password",
        env = "GRAFANA_PASSWORD",
        hide_env_values = true
    )]
    pub password: Option<String>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = text.parse::<SignedDuration>().ok();
    duration
        .and_then(|duration| duration.try_into().ok())
        .ok_or_else(|| "expected a time such as 30s or 2m".to_owned())
}
