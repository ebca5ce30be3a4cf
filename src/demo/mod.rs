//! The whole system on one machine: the embedded Jaeger in this process, and three services as
//! child processes with real environment variables, as Kubernetes would start them. Jaeger's page
//! also shows their log lines, and has buttons for the endpoints of the first.

mod apps;
mod lines;
mod log_line;
mod try_it;

use std::{
    io,
    net::{IpAddr, TcpListener},
    process::ExitStatus,
    sync::Arc,
};

use axum_jaeger_telemetry::Mode;
use embedded_jaeger::{self as jaeger, Jaeger, Logs};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::{
    apps::{App, first_to_end, spawn, wait},
    lines::{print, relay},
};
use crate::cli;

/// The demo could not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// A service's port cannot be listened on.
    #[error("{app} cannot listen on port {port} of {host}: {source}; choose others with {flag}")]
    Port {
        /// The service.
        app: &'static str,
        /// The address.
        host: IpAddr,
        /// The port.
        port: u16,
        /// The flag to change: the one for the port, or for an address that this machine does not
        /// have.
        flag: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The embedded Jaeger could not start.
    #[error(transparent)]
    Jaeger(#[from] jaeger::StartError),
    /// A service could not be started.
    #[error("{app} could not be started: {source}")]
    Spawn {
        /// The service.
        app: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// A service ended by itself.
    #[error("{app} ended by itself: {status}")]
    Ended {
        /// The service.
        app: &'static str,
        /// Its exit status.
        status: ExitStatus,
    },
}

/// The memory for the services' log lines, in bytes.
const MAX_LOGS: usize = 16 * 1024 * 1024;

/// Runs until `shutdown` is cancelled or a service ends by itself; leaves no process behind.
///
/// # Errors
/// [`DemoError`] when a port is taken, or a service cannot be started or ends by itself.
pub(crate) async fn run(args: &cli::Demo, shutdown: CancellationToken) -> Result<(), DemoError> {
    let modes = [Mode::Grpc, Mode::ThriftCollector, Mode::ThriftAgent];
    let apps: Vec<App> = [("app-a", 36), ("app-b", 33), ("app-c", 35)]
        .into_iter()
        .zip(modes)
        .zip(args.ports)
        .zip(args.metrics_ports)
        .map(|((((name, colour), mode), port), metrics_port)| App {
            name,
            colour,
            mode: args.mode.unwrap_or(mode),
            host: args.jaeger.host,
            port,
            metrics_port,
        })
        .collect();
    // A service would report it, too, but among the lines of the others.
    for app in &apps {
        for (port, flag) in [(app.port, "--ports"), (app.metrics_port, "--metrics-ports")] {
            TcpListener::bind((app.host, port)).map_err(|source| DemoError::Port {
                app: app.name,
                host: app.host,
                port,
                flag: match source.kind() {
                    io::ErrorKind::AddrNotAvailable => "--host",
                    _ => flag,
                },
                source,
            })?;
        }
    }
    let logs = Arc::new(Logs::new(MAX_LOGS));
    let mut jaeger_settings = jaeger::Settings::from(&args.jaeger);
    jaeger_settings.logs = Some(Arc::clone(&logs));
    if let Some(first) = apps.first() {
        jaeger_settings.buttons = try_it::buttons(first.service());
    }
    let jaeger = Jaeger::start(&jaeger_settings).await?;

    let mut lines = JoinSet::new();
    let mut children = Vec::new();
    let mut inputs = Vec::new();
    for app in &apps {
        let mut child = spawn(*app, &apps, &jaeger)?;
        lines.spawn(relay(*app, child.stdout.take(), Arc::clone(&logs)));
        lines.spawn(relay(*app, child.stderr.take(), Arc::clone(&logs)));
        inputs.push(child.stdin.take());
        children.push((app.name, child));
    }
    print(&welcome(&apps, jaeger.query_url()));

    let result = tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        error = first_to_end(&mut children) => Err(error),
    };
    drop(inputs);
    wait(children).await;
    while lines.join_next().await.is_some() {}
    // Last, so that the services' last spans still arrive.
    jaeger.shutdown().await;
    result
}

fn welcome(apps: &[App], query: &str) -> String {
    let mut text = String::from("\n");
    for app in apps {
        text += &format!(
            "  {} on http://{}, spans by {}, metrics on http://{}/metrics\n",
            app.name,
            app.service(),
            app.mode,
            app.metrics(),
        );
    }
    if let Some(first) = apps.first() {
        let service = first.service();
        text += &format!(
            "\n  Try it:          {query}\
             \n  Make a trace:    curl http://{service}/chain\
             \n  Have it checked: {program} verify --app http://{service} --jaeger {query}\
             \n  Try also:        /items/5?q=x /io_task /cpu_task /random_status /random_sleep /error_test\
             \n  Stop:            Ctrl-C\n\n",
            program = std::env::args().next().unwrap_or_default(),
        );
    }
    text
}
