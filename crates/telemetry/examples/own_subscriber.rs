//! A service that has a `tracing` subscriber of its own: the layers are added to it.
//!
//! Run `cargo run --example own_subscriber`. Its log is that of tracing-subscriber; the spans go to
//! Jaeger.

use std::{error::Error, time::Duration};

use axum_jaeger_telemetry::{self as telemetry, Destination};
use embedded_jaeger::{Jaeger, TraceQuery};
use tracing_subscriber::{
    Layer, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let jaeger = Jaeger::start(&embedded_jaeger::Settings::on_free_ports()).await?;
    let collector = jaeger.grpc_endpoint();
    let mut settings = telemetry::Settings::new("own", Destination::Grpc { collector });
    // The log lines are written by the layer below.
    settings.log_filter = "off".to_owned();
    let (layers, telemetry) = telemetry::layers(&settings)?;
    let log = tracing_subscriber::fmt::layer().with_filter(LevelFilter::INFO);
    tracing_subscriber::registry().with(layers).with(log).init();

    tracing::info_span!("work", items = 3).in_scope(|| tracing::info!("working"));
    telemetry.shutdown(Duration::from_secs(5)).await;

    for trace in jaeger.traces(&TraceQuery::new("own")) {
        println!("{trace}");
    }
    Ok(())
}
