//! A program with one span and one log line.

use std::{error::Error, time::Duration};

use axum_jaeger_telemetry::{self as telemetry, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = telemetry::init(&Settings::from_env()?)?;
    work(7);
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

#[tracing::instrument]
fn work(items: i64) {
    tracing::info!("working");
}
