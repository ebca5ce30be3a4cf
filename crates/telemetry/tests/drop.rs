//! A process that drops its `Telemetry` without a shutdown.

use axum_jaeger_telemetry::{Destination, Settings, init};
use embedded_jaeger::{Jaeger, TraceQuery};
use tokio::runtime::Runtime;

#[test]
fn the_spans_that_are_left_are_sent() {
    let runtime = Runtime::new().unwrap();
    let free = embedded_jaeger::Settings::on_free_ports();
    let jaeger = runtime.block_on(Jaeger::start(&free)).unwrap();
    let collector = jaeger.grpc_endpoint();
    let settings = Settings::new("shop", Destination::Grpc { collector });
    let telemetry = runtime.block_on(async { init(&settings) }).unwrap();

    tracing::info_span!("work").in_scope(|| {});
    drop(telemetry);
    assert_eq!(jaeger.traces(&TraceQuery::new("shop")).len(), 1);
}
