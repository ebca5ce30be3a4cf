//! The web service: a router, its endpoints, and a server that shuts down gracefully.
//!
//! The endpoints are those of the demo "FastAPI tracing with Jaeger through OpenTelemetry".

mod chain;
mod connection;
mod error;
mod limits;
mod metrics;
mod server;
mod tasks;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse,
    routing::get,
};
use axum_jaeger_telemetry::{
    self as telemetry, Telemetry,
    env::InvalidValue,
    metrics::{Metrics, requests},
};
use http::uri::Authority;
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) use self::chain::reached;
use self::{chain::Chain, error::Error};

/// The port of a target that names none.
const DEFAULT_PORT: u16 = 8000;

/// The addresses on which the service listens and that `/chain` calls.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// The port of `/metrics`, on the same address; without one there are no metrics.
    pub metrics_port: Option<u16>,
    /// The services whose `/io_task` and `/cpu_task` are called.
    pub targets: [Target; 2],
}

/// Another service, as `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target(String);

impl Target {
    /// Makes the target of `host` on the default port.
    pub(crate) fn new(host: &str) -> Self {
        Self(format!("{host}:{DEFAULT_PORT}"))
    }
}

impl FromStr for Target {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || InvalidValue::expected("host or host:port");
        let authority: Authority = text.parse().map_err(|_| invalid())?;
        if authority.host().is_empty() || text.contains('@') {
            return Err(invalid());
        }
        match (authority.port_u16(), authority.port()) {
            (Some(_), _) => Ok(Self(text.to_owned())),
            (None, None) if text == authority.host() => Ok(Self::new(text)),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error that keeps the service from starting.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The service cannot listen on a port.
    #[error("cannot listen on {address}: {source}; {setting} chooses another port")]
    Listen {
        /// The address and port.
        address: SocketAddr,
        /// The variable that has the port.
        setting: &'static str,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The HTTP client of `/chain` cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    HttpClient(#[from] reqwest::Error),
}

/// Answers requests until `shutdown` is cancelled and those in flight are answered. `/metrics`
/// stays for as long as the process lives, so that it shows the end of the spans too.
///
/// # Errors
/// A [`ServeError`] if the service cannot start.
pub(crate) async fn run(
    settings: &Settings,
    telemetry: &Telemetry,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let (listener, address) = listen(settings.host, settings.port, "EXPOSE_PORT").await?;
    let metrics = match settings.metrics_port {
        None => None,
        Some(port) => {
            let (listener, address) = listen(settings.host, port, "METRICS_PORT").await?;
            let metrics = telemetry.metrics();
            let app = metrics::router(metrics.clone());
            tokio::spawn(server::serve(listener, app, CancellationToken::new()));
            tracing::info!("metrics on http://{address}/metrics");
            Some(metrics)
        }
    };
    let app = App {
        chain: Arc::new(Chain::new(address, settings.targets.clone())?),
        shutdown: shutdown.clone(),
    };
    tracing::info!("listening on http://{address}");
    server::serve(listener, router(app, metrics), shutdown).await;
    Ok(())
}

async fn listen(
    host: IpAddr,
    port: u16,
    setting: &'static str,
) -> Result<(TcpListener, SocketAddr), ServeError> {
    let address = SocketAddr::new(host, port);
    let failed = |source| ServeError::Listen {
        address,
        setting,
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

#[derive(Clone)]
struct App {
    chain: Arc<Chain>,
    shutdown: CancellationToken,
}

fn router(app: App, metrics: Option<Metrics>) -> Router {
    // The kubelet asks every few seconds: a trace of that is of no use.
    let health = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(readyz));
    let endpoints = Router::new()
        .route("/", get(root))
        .route("/items/{item_id}", get(item))
        .route("/io_task", get(tasks::io_task))
        .route("/cpu_task", get(tasks::cpu_task))
        .route("/random_status", get(random_status))
        .route("/random_sleep", get(tasks::random_sleep))
        .route("/error_test", get(error_test))
        .route("/chain", get(chain::chain))
        .fallback(|| async { Error::NotFound })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(from_fn(limits::limit));
    let measured = match metrics {
        None => endpoints,
        Some(metrics) => endpoints.layer(from_fn_with_state(metrics, requests::record)),
    };
    measured
        .layer(from_fn(telemetry::server::trace))
        .merge(health)
        .with_state(app)
}

async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.shutdown.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "shutting down")
    } else {
        (StatusCode::OK, "ok")
    }
}

async fn root() -> impl IntoResponse {
    tracing::info!("Hello World");
    Json(json!({ "Hello": "World" }))
}

#[derive(Serialize)]
struct Item {
    item_id: i64,
    q: Option<String>,
}

#[derive(Deserialize)]
struct ItemQuery {
    q: Option<String>,
}

async fn item(
    item_id: Result<Path<i64>, PathRejection>,
    query: Result<Query<ItemQuery>, QueryRejection>,
) -> Result<Json<Item>, Error> {
    let Path(item_id) = item_id.map_err(|error| Error::unprocessable("item_id", &error))?;
    let Query(ItemQuery { q }) = query.map_err(|error| Error::unprocessable("q", &error))?;
    tracing::info!(item_id, "items");
    Ok(Json(Item { item_id, q }))
}

async fn random_status() -> impl IntoResponse {
    const OUTCOMES: [StatusCode; 5] = [
        StatusCode::OK,
        StatusCode::OK,
        StatusCode::MULTIPLE_CHOICES,
        StatusCode::BAD_REQUEST,
        StatusCode::INTERNAL_SERVER_ERROR,
    ];
    let status = OUTCOMES
        .choose(&mut rand::rng())
        .copied()
        .unwrap_or_default();
    tracing::info!("random status");
    (status, Json(json!({ "path": "/random_status" })))
}

async fn error_test() -> Error {
    Error::Value("value error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_host_with_or_without_a_port() {
        let target = |text: &str| text.parse::<Target>().map(|target| target.to_string());
        assert_eq!(target("app-b").as_deref(), Ok("app-b:8000"));
        assert_eq!(target("app-b:81").as_deref(), Ok("app-b:81"));
        assert_eq!(target("10.0.0.1").as_deref(), Ok("10.0.0.1:8000"));
        assert_eq!(target("[::1]:81").as_deref(), Ok("[::1]:81"));
        assert_eq!(target("[::1]").as_deref(), Ok("[::1]:8000"));
        for bad in [
            "",
            ":80",
            "http://app-b",
            "a b",
            "app-b:99999",
            "app-b:x",
            "user@app-b",
        ] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }
}
