//! An axum service with traces and log lines, and the Jaeger that shows them, in one process.
//!
//! Run `cargo run --example axum` and open the two addresses that it prints; Ctrl-C ends it.

use std::{error::Error, net::SocketAddr, time::Duration};

use axum::{Router, extract::Path, middleware::from_fn, routing::get};
use axum_jaeger_telemetry::{self as telemetry, Destination, server};
use embedded_jaeger::Jaeger;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let jaeger = Jaeger::start(&embedded_jaeger::Settings::on_free_ports()).await?;
    let collector = jaeger.grpc_endpoint();
    let settings = telemetry::Settings::new("hello", Destination::Grpc { collector });
    let telemetry = telemetry::init(&settings)?;

    let app = Router::new()
        .route("/hello/{name}", get(hello))
        .layer(from_fn(server::trace));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("service: http://{}/hello/you", listener.local_addr()?);
    println!("traces:  {}", jaeger.query_url());

    // With this the spans have the client's address.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let ctrl_c = async { _ = tokio::signal::ctrl_c().await };
    axum::serve(listener, app)
        .with_graceful_shutdown(ctrl_c)
        .await?;
    telemetry.shutdown(Duration::from_secs(5)).await;
    jaeger.shutdown().await;
    Ok(())
}

/// A span of its own, below that of the request.
#[tracing::instrument]
async fn hello(Path(name): Path<String>) -> String {
    tracing::info!(name, "a greeting");
    format!("hello, {name}\n")
}
