//! A gRPC server and a client of tonic, each with a span for the call, in one trace.
//!
//! Run `cargo run --example grpc`; it prints the trace.

use std::{error::Error, time::Duration};

use axum_jaeger_telemetry::{self as telemetry, Destination, client, server};
use embedded_jaeger::{Jaeger, Trace, TraceQuery};
use tokio::net::TcpListener;
use tonic::transport::{Channel, Server, server::TcpIncoming};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let jaeger = Jaeger::start(&embedded_jaeger::Settings::on_free_ports()).await?;
    let collector = jaeger.grpc_endpoint();
    let settings = telemetry::Settings::new("health", Destination::Grpc { collector });
    let telemetry = telemetry::init(&settings)?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    // Any service of tonic's; this one says whether a server is healthy.
    let (_reporter, health) = tonic_health::server::health_reporter();
    let serving = Server::builder()
        .layer(server::TraceLayer::new())
        .add_service(health)
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(serving);

    let channel = Channel::from_shared(url)?.connect().await?;
    let traced = ServiceBuilder::new()
        .layer(client::TraceLayer::new())
        .service(channel);
    let status = HealthClient::new(traced)
        .check(HealthCheckRequest::default())
        .await?;
    println!("{:?}", status.into_inner().status());

    let is_whole = |traces: &[Trace]| traces.first().is_some_and(|trace| trace.spans().len() == 2);
    let traces = jaeger
        .wait_for_traces(
            &TraceQuery::new("health"),
            is_whole,
            Duration::from_secs(10),
        )
        .await?;
    println!("{}", traces[0]);
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
