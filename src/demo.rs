//! The whole system on one machine: the embedded Jaeger in this process, and three services as
//! child processes with real environment variables, as Kubernetes would start them.

use std::{
    io::{self, IsTerminal, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use clap::Args;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    jaeger::{self, Addresses, Jaeger},
    telemetry::Mode,
};

/// What the demo can be told.
#[derive(Args, Clone, Debug)]
// The settings of Jaeger are a group of the same name.
#[group(skip)]
pub struct Settings {
    /// Send the spans of all three services this way [default: each its own: grpc,
    /// thrift-collector, thrift-agent]
    #[arg(long)]
    mode: Option<Mode>,

    /// The ports of app-a, app-b and app-c
    #[arg(long, value_parser = ports, default_value = "8000,8001,8002")]
    ports: [u16; 3],

    /// The ports of their metrics
    #[arg(long, value_parser = ports, default_value = "9464,9465,9466")]
    metrics_ports: [u16; 3],

    #[command(flatten)]
    jaeger: jaeger::Settings,
}

fn ports(text: &str) -> Result<[u16; 3], String> {
    let ports = text.split(',').map(|port| port.trim().parse().ok());
    ports
        .collect::<Option<Vec<u16>>>()
        .and_then(|ports| ports.try_into().ok())
        .ok_or_else(|| "allowed are three ports such as 8000,8001,8002".to_owned())
}

/// The demo could not run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A service's port cannot be listened on.
    #[error("{app} cannot listen on port {port}: {source}; choose others with {flag}")]
    Port {
        /// The service.
        app: &'static str,
        /// The port.
        port: u16,
        /// The argument that has the ports.
        flag: &'static str,
        /// What the system says.
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
        /// What the system says.
        source: io::Error,
    },
    /// A service ended by itself.
    #[error("{app} ended by itself: {status}")]
    Ended {
        /// The service.
        app: &'static str,
        /// How.
        status: ExitStatus,
    },
}

/// One of the three services.
#[derive(Clone, Copy)]
struct App {
    name: &'static str,
    /// An ANSI colour.
    colour: u8,
    mode: Mode,
    port: u16,
    metrics_port: u16,
}

/// The services' own deadlines are shorter.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// Runs until `shutdown` is cancelled or a service ends by itself; leaves no process behind.
///
/// # Errors
/// [`DemoError`] when a port is taken, or a service cannot be started or ends by itself.
pub async fn run(settings: &Settings, shutdown: CancellationToken) -> Result<(), DemoError> {
    let modes = [Mode::Grpc, Mode::ThriftCollector, Mode::ThriftAgent];
    let apps: Vec<App> = [("app-a", 36), ("app-b", 33), ("app-c", 35)]
        .into_iter()
        .zip(modes)
        .zip(settings.ports)
        .zip(settings.metrics_ports)
        .map(|((((name, colour), mode), port), metrics_port)| App {
            name,
            colour,
            mode: settings.mode.unwrap_or(mode),
            port,
            metrics_port,
        })
        .collect();
    // A service would say so too, but only in the midst of the others' lines.
    for app in &apps {
        for (port, flag) in [(app.port, "--ports"), (app.metrics_port, "--metrics-ports")] {
            TcpListener::bind(local(port)).map_err(|source| DemoError::Port {
                app: app.name,
                port,
                flag,
                source,
            })?;
        }
    }
    let jaeger = Jaeger::start(&settings.jaeger).await?;

    let mut lines = JoinSet::new();
    let mut children = Vec::new();
    let mut inputs = Vec::new();
    for app in &apps {
        let mut child = spawn(*app, &apps, jaeger.addresses())?;
        lines.spawn(relay(*app, child.stdout.take()));
        lines.spawn(relay(*app, child.stderr.take()));
        inputs.push(child.stdin.take());
        children.push((app.name, child));
    }
    print(&welcome(&apps, jaeger.addresses()));

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

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn spawn(app: App, apps: &[App], jaeger: &Addresses) -> Result<Child, DemoError> {
    let target = |index: usize| apps.get(index).map_or(app.port, |app| app.port);
    let spawned = std::env::current_exe().and_then(|program| {
        Command::new(program)
            // The child's standard input ends when this process does, however that happens.
            .args(["serve", "--until-stdin-ends"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("APP_NAME", app.name)
            .env("EXPOSE_HOST", Ipv4Addr::LOCALHOST.to_string())
            .env("EXPOSE_PORT", app.port.to_string())
            .env("METRICS_PORT", app.metrics_port.to_string())
            .env("TARGET_ONE_HOST", local(target(1)).to_string())
            .env("TARGET_TWO_HOST", local(target(2)).to_string())
            .env("MODE", app.mode.to_string())
            .env("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", jaeger.grpc.to_string())
            .env("COLLECTOR_THRIFT_URL", format!("http://{}", jaeger.http))
            .env("AGENT_HOST_NAME", jaeger.compact.ip().to_string())
            .env("AGENT_PORT", jaeger.compact.port().to_string())
            .kill_on_drop(true)
            .spawn()
    });
    spawned.map_err(|source| DemoError::Spawn {
        app: app.name,
        source,
    })
}

/// Waits for services whose standard input has ended. Ctrl-C in a terminal reached them too; they
/// take both as one request to stop.
async fn wait(mut children: Vec<(&'static str, Child)>) {
    let ended = async {
        for (_, child) in &mut children {
            let _ = child.wait().await;
        }
    };
    if tokio::time::timeout(STOP_DEADLINE, ended).await.is_err() {
        tracing::warn!("services that did not stop within {STOP_DEADLINE:?} are killed");
    }
}

async fn first_to_end(children: &mut [(&'static str, Child)]) -> DemoError {
    let waits = children
        .iter_mut()
        .map(|(app, child)| Box::pin(async { (*app, child.wait().await) }));
    let ((app, status), ..) = futures_util::future::select_all(waits).await;
    match status {
        Ok(status) => DemoError::Ended { app, status },
        Err(source) => DemoError::Spawn { app, source },
    }
}

/// Prints a child's lines with its name before them.
async fn relay(app: App, output: Option<impl AsyncRead + Unpin>) {
    let Some(output) = output else { return };
    let mut lines = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        print(&format!("{} {line}\n", painted(app)));
    }
}

fn painted(app: App) -> String {
    if io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\u{1b}[{}m{}\u{1b}[0m |", app.colour, app.name)
    } else {
        format!("{} |", app.name)
    }
}

/// Writes `text` in one piece. Whether anybody reads it is not the demo's business.
fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

fn welcome(apps: &[App], jaeger: &Addresses) -> String {
    let mut text = String::from("\n");
    for app in apps {
        text += &format!(
            "  {} on http://{}, spans by {}, metrics on http://{}/metrics\n",
            app.name,
            local(app.port),
            app.mode,
            local(app.metrics_port),
        );
    }
    if let Some(first) = apps.first() {
        let service = local(first.port);
        text += &format!(
            "\n  Make a trace:    curl http://{service}/chain\
             \n  See it:          http://{query}/search?service={name}\
             \n  Have it checked: {program} verify --app http://{service} --jaeger http://{query}\
             \n  Try also:        /items/5?q=x /io_task /cpu_task /random_status /random_sleep /error_test\
             \n  Stop:            Ctrl-C\n\n",
            program = std::env::args().next().unwrap_or_default(),
            query = jaeger.query,
            name = first.name,
        );
    }
    text
}
