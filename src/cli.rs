//! The command line: what `axum-jaeger --help` shows.

use std::{net::IpAddr, time::Duration};

use axum_jaeger_telemetry::Mode;
use clap::{Args, Parser, Subcommand, value_parser};
use embedded_jaeger::{self as jaeger, BasePath};
use jiff::SignedDuration;
use reqwest::Url;

/// See distributed tracing of a Rust service with Jaeger.
///
/// Without a command: the demo.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub demo: Demo,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run three traced services and the embedded Jaeger on this machine
    Demo(Demo),
    /// Run one traced service, set up by environment variables alone
    Serve(Serve),
    /// Run the embedded Jaeger alone, for other programs to send to
    Jaeger(JaegerFlags),
    /// Check that a running system traces: make a trace, find it in Jaeger and in Loki
    Verify(Box<Verify>),
}

#[derive(Args)]
pub(crate) struct Demo {
    /// Send the spans of all three services this way [default: each its own: grpc,
    /// thrift-collector, thrift-agent]
    #[arg(long)]
    pub mode: Option<Mode>,

    /// The ports of app-a, app-b and app-c
    #[arg(long, value_parser = ports, default_value = "8000,8001,8002")]
    pub ports: [u16; 3],

    /// The ports of their metrics
    #[arg(long, value_parser = ports, default_value = "9464,9465,9466")]
    pub metrics_ports: [u16; 3],

    #[command(flatten)]
    pub jaeger: JaegerFlags,
}

fn ports(text: &str) -> Result<[u16; 3], String> {
    let ports = text.split(',').map(|port| port.trim().parse().ok());
    let ports = ports.collect::<Option<Vec<u16>>>();
    ports
        .and_then(|ports| ports.try_into().ok())
        .ok_or_else(|| "expected three ports such as 8000,8001,8002".to_owned())
}

/// Flags of `axum-jaeger jaeger` and `axum-jaeger demo`. Port 0 is a free port.
#[derive(Args)]
pub(crate) struct JaegerFlags {
    /// The address to listen on; 0.0.0.0 accepts connections from the network
    #[arg(long, default_value_t = jaeger::Settings::default().host)]
    pub host: IpAddr,
    /// The UDP port for Thrift's compact protocol
    #[arg(long, default_value_t = jaeger::Settings::default().compact_port)]
    pub compact_port: u16,
    /// The UDP port for Thrift's binary protocol
    #[arg(long, default_value_t = jaeger::Settings::default().binary_port)]
    pub binary_port: u16,
    /// The port for Thrift over HTTP
    #[arg(long, default_value_t = jaeger::Settings::default().http_port)]
    pub http_port: u16,
    /// The port for gRPC
    #[arg(long, default_value_t = jaeger::Settings::default().grpc_port)]
    pub grpc_port: u16,
    /// The port of the page and the query API
    #[arg(long, default_value_t = jaeger::Settings::default().query_port)]
    pub query_port: u16,
    /// The path prefix of everything on the query port, such as /jaeger
    #[arg(long, default_value = "/")]
    pub base_path: BasePath,
    /// The memory for stored spans, in MiB; above it the oldest traces are removed
    #[arg(long, default_value_t = jaeger::Settings::default().max_memory_mib, value_parser = value_parser!(u16).range(1..))]
    pub max_memory_mib: u16,
}

impl From<&JaegerFlags> for jaeger::Settings {
    fn from(flags: &JaegerFlags) -> Self {
        let mut settings = Self::default();
        settings.host = flags.host;
        settings.compact_port = flags.compact_port;
        settings.binary_port = flags.binary_port;
        settings.http_port = flags.http_port;
        settings.grpc_port = flags.grpc_port;
        settings.query_port = flags.query_port;
        settings.base_path = flags.base_path.clone();
        settings.max_memory_mib = flags.max_memory_mib;
        settings
    }
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
