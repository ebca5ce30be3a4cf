//! Setting up tracing and logging, as another crate does it.

use std::time::Duration;

use axum_jaeger_telemetry::{Destination, InitError, Settings, export::BuildError, init, layers};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Registry, layer::SubscriberExt};

fn settings() -> Settings {
    let host = "127.0.0.1".to_owned();
    Settings::new("shop", Destination::ThriftAgent { host, port: 1 })
}

#[test]
fn outside_of_a_tokio_runtime_it_is_an_error() {
    let error = layers::<Registry>(&settings()).map(drop).unwrap_err();
    assert!(
        matches!(error, InitError::Export(BuildError::NoRuntime { .. })),
        "{error}"
    );
}

#[test]
fn a_shutdown_needs_no_runtime_around_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let layers = runtime.block_on(async { layers::<Registry>(&settings()) });
    let (_layers, telemetry) = layers.unwrap();
    futures_util::FutureExt::now_or_never(telemetry.shutdown(Duration::ZERO));
}

#[tokio::test]
async fn a_log_filter_that_is_none_is_an_error() {
    let mut settings = settings();
    settings.log_filter = "a=b=c".to_owned();
    let error = layers::<Registry>(&settings).map(drop).unwrap_err();
    assert!(matches!(error, InitError::LogFilter(_)), "{error}");
}

/// In one test, since there is one subscriber for the process.
#[tokio::test]
async fn spans_of_another_crate_are_made_and_a_second_subscriber_is_an_error() {
    let (layers, own) = layers(&settings()).unwrap();
    let subscriber = tracing_subscriber::registry().with(layers);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("of another crate").in_scope(|| {});
        tracing::debug_span!("too detailed").in_scope(|| {});
    });
    assert_eq!(own.span_counts().started(), 1);
    own.shutdown(Duration::from_secs(5)).await;

    let telemetry = init(&settings()).unwrap();
    let error = init(&settings()).unwrap_err();
    assert!(matches!(error, InitError::Subscriber(_)), "{error}");
    // What is neither logged nor made a span is not even formatted.
    assert_eq!(LevelFilter::current(), LevelFilter::INFO);
    assert_eq!(telemetry.span_counts().started(), 0);
    telemetry.shutdown(Duration::from_secs(5)).await;
}
