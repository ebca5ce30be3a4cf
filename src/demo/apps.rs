//! The three services, as processes of their own.

use std::{
    net::{IpAddr, SocketAddr},
    process::Stdio,
    time::Duration,
};

use axum_jaeger_telemetry::Mode;
use embedded_jaeger::Jaeger;
use tokio::process::{Child, Command};

use super::DemoError;
use crate::service::reached;

/// A service of the demo.
#[derive(Clone, Copy)]
pub(super) struct App {
    pub(super) name: &'static str,
    /// An ANSI colour.
    pub(super) colour: u8,
    pub(super) mode: Mode,
    pub(super) host: IpAddr,
    pub(super) port: u16,
    pub(super) metrics_port: u16,
}

/// The services' own deadlines are shorter.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

impl App {
    /// The address at which this machine reaches it.
    pub(super) fn service(&self) -> SocketAddr {
        reached((self.host, self.port).into())
    }

    /// The address at which this machine reaches its metrics.
    pub(super) fn metrics(&self) -> SocketAddr {
        reached((self.host, self.metrics_port).into())
    }
}

pub(super) fn spawn(app: App, apps: &[App], jaeger: &Jaeger) -> Result<Child, DemoError> {
    let target = |index: usize| apps.get(index).unwrap_or(&app).service().to_string();
    let agent = reached(jaeger.addresses().compact);
    let spawned = std::env::current_exe().and_then(|program| {
        Command::new(program)
            // The child's standard input ends when this process does, however that happens.
            .args(["serve", "--until-stdin-ends"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("APP_NAME", app.name)
            .env("EXPOSE_HOST", app.host.to_string())
            .env("EXPOSE_PORT", app.port.to_string())
            .env("METRICS_PORT", app.metrics_port.to_string())
            .env("TARGET_ONE_HOST", target(1))
            .env("TARGET_TWO_HOST", target(2))
            .env("MODE", app.mode.to_string())
            .env("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", jaeger.grpc_endpoint())
            .env("COLLECTOR_THRIFT_URL", jaeger.http_endpoint())
            .env("AGENT_HOST_NAME", agent.ip().to_string())
            .env("AGENT_PORT", agent.port().to_string())
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
pub(super) async fn wait(mut children: Vec<(&'static str, Child)>) {
    let ended = async {
        for (_, child) in &mut children {
            let _ = child.wait().await;
        }
    };
    if tokio::time::timeout(STOP_DEADLINE, ended).await.is_err() {
        tracing::warn!("services that did not stop within {STOP_DEADLINE:?} are killed");
    }
}

pub(super) async fn first_to_end(children: &mut [(&'static str, Child)]) -> DemoError {
    let waits = children
        .iter_mut()
        .map(|(app, child)| Box::pin(async { (*app, child.wait().await) }));
    let ((app, status), ..) = futures_util::future::select_all(waits).await;
    match status {
        Ok(status) => DemoError::Ended { app, status },
        Err(source) => DemoError::Spawn { app, source },
    }
}
