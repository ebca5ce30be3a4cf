//! What the benchmark compares axum-jaeger with: the endpoint `/` of its service, traced by other
//! libraries, each set up as its documentation says.
//!
//! - `plain` is not traced and writes no log: what the others' tracing and logging is added to.
//! - `otlp`: axum-tracing-opentelemetry, and opentelemetry-otlp over gRPC.
//! - `fastrace`: fastrace-axum, and fastrace-jaeger over UDP; logforth for the log.
//!
//! The traced ones make one server span and one line in the log for a request, and the line says
//! what axum-jaeger's says. It is written from the handler, which costs less than from a
//! middleware.

use std::io;

use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// `service.name` of spans and log lines.
pub const SERVICE_NAME: &str = "app";

/// What `/` answers.
pub fn answer() -> Json<Value> {
    Json(json!({ "Hello": "World" }))
}

/// Serves `app` on the address in the variable `LISTEN` until SIGTERM.
///
/// # Errors
/// When it cannot listen there.
pub async fn serve(app: Router) -> io::Result<()> {
    let listener = TcpListener::bind(variable("LISTEN")?).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .await
}

/// The environment variable `name`.
///
/// # Errors
/// When it is not set, with its name.
pub fn variable(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}
