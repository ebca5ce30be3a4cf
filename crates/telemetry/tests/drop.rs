//! A process that drops its [`Telemetry`] without a shutdown.

use axum_jaeger_telemetry::{Destination, Settings, Telemetry, init};
use embedded_jaeger::{Jaeger, TraceQuery};
use tokio::runtime::Builder;

#[test]
fn the_spans_that_are_left_are_sent() {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let (jaeger, telemetry) = runtime.block_on(start());
    tracing::info_span!("work").in_scope(|| {});
    drop(telemetry);
    assert_eq!(jaeger.traces(&TraceQuery::new("shop")).len(), 1);
    runtime.block_on(jaeger.shutdown());
}

async fn start() -> (Jaeger, Telemetry) {
    let settings = embedded_jaeger::Settings::on_free_ports();
    let jaeger = Jaeger::start(&settings).await.unwrap();
    let collector = jaeger.grpc_endpoint();
    let telemetry = init(&Settings::new("shop", Destination::Grpc { collector })).unwrap();
    (jaeger, telemetry)
}
