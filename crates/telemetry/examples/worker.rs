//! A worker without HTTP: each job is a trace, and an error is an event of its span.
//!
//! Run `cargo run --example worker`; it prints the traces.

use std::{error::Error, num::ParseIntError, time::Duration};

use axum_jaeger_telemetry::{self as telemetry, Destination};
use embedded_jaeger::{Jaeger, TraceQuery};
use tracing::Span;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let jaeger = Jaeger::start(&embedded_jaeger::Settings::on_free_ports()).await?;
    let collector = jaeger.grpc_endpoint();
    let settings = telemetry::Settings::new("worker", Destination::Grpc { collector });
    let telemetry = telemetry::init(&settings)?;

    for job in ["2 3", "5 x"] {
        match sum(job).await {
            Ok(sum) => tracing::info!(job, sum, "done"),
            Err(error) => tracing::error!(job, "failed: {error}"),
        }
    }
    // Before the process ends, or the spans that wait are lost.
    telemetry.shutdown(Duration::from_secs(5)).await;

    for trace in jaeger.traces(&TraceQuery::new("worker")) {
        println!("{trace}");
    }
    Ok(())
}

#[tracing::instrument(fields(otel.status_code))]
async fn sum(job: &str) -> Result<i64, ParseIntError> {
    let sum: Result<_, _> = job.split(' ').map(parse).sum();
    if sum.is_err() {
        // The span is shown as failed.
        Span::current().record("otel.status_code", "ERROR");
    }
    sum
}

#[tracing::instrument]
fn parse(number: &str) -> Result<i64, ParseIntError> {
    let parsed = number.parse();
    parsed.inspect_err(|error| telemetry::record_exception("ParseIntError", error))
}
