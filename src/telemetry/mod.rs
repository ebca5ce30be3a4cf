//! Tracing and logging of a service: the part to copy into a service of your own.
//!
//! - [`init`] sets both up for the process, [`Telemetry::shutdown`] sends what is left.
//! - [`server::trace`] makes the one span of a request that comes in.
//! - [`client::send`] makes the one span of a request that goes out.
//! - [`log`] writes the lines, each with the ids of its trace and span.
//! - [`export`] takes finished spans to Jaeger.

pub mod client;
pub mod export;
pub mod log;
pub mod propagation;
pub mod server;
mod settings;

use std::{error::Error, sync::Arc, time::Duration};

use opentelemetry::{InstrumentationScope, KeyValue, trace::TracerProvider};
use opentelemetry_sdk::{
    Resource,
    resource::TelemetryResourceDetector,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider},
};
use tokio_util::sync::CancellationToken;
use tracing::{Metadata, Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::FilterFn, layer::SubscriberExt, util::SubscriberInitExt};

pub use settings::{
    Batching, DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT, Destination, LogFormat, Mode, NotAttributes,
    ResourceAttributes, Sampler, Settings, UnknownName, is_log_filter,
};

/// Telemetry of the process, from [`init`] to [`Telemetry::shutdown`].
#[derive(Debug)]
#[must_use = "spans that wait are lost without a shutdown"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
    closing: CancellationToken,
    log: Arc<log::Writer>,
}

/// How long the last lines of the log wait for a reader that hangs.
const LOG_DEADLINE: Duration = Duration::from_secs(1);

/// Telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The log filter does not have the filter's syntax.
    #[error("the log filter: {0}")]
    LogFilter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter could not be made.
    #[error(transparent)]
    Export(#[from] export::BuildError),
    /// The log's thread cannot be started.
    #[error("the log: {0}")]
    Log(#[from] std::io::Error),
    /// The process has a subscriber for `tracing` already.
    #[error(transparent)]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
}

/// Sets tracing and logging up for the whole process. Call it once, within a Tokio runtime,
/// which the exporter then uses.
///
/// # Errors
/// [`InitError`] when a setting cannot be used, or on a second call.
pub fn init(settings: &Settings) -> Result<Telemetry, InitError> {
    let closing = CancellationToken::new();
    let provider = match &settings.destination {
        None => None,
        Some(destination) => Some(provider(settings, destination, closing.clone())?),
    };
    let spans = provider.as_ref().map(|provider| {
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer_with_scope(scope))
            // Each of these puts attributes on every span that say nothing about the request.
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_level(false)
            .with_target(false)
            // Spans find their parent in `tracing`; nobody asks for `opentelemetry::Context::current`.
            .with_context_activation(false)
            .with_filter(own_spans())
    });
    let log = log::to_stdout()?;
    tracing_subscriber::registry()
        .with(spans)
        .with(log::layer(settings, Arc::clone(&log))?)
        .try_init()?;
    Ok(Telemetry {
        provider,
        closing,
        log,
    })
}

fn provider(
    settings: &Settings,
    destination: &Destination,
    closing: CancellationToken,
) -> Result<SdkTracerProvider, export::BuildError> {
    let batching = &settings.batching;
    let exporter = export::Exporter::new(
        destination,
        export::Limits {
            attribute_value_length: settings.attribute_value_length_limit,
            time: batching.export_timeout,
        },
        closing,
    )?;
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(
            BatchConfigBuilder::default()
                .with_max_queue_size(batching.max_queue_size)
                .with_max_export_batch_size(batching.max_export_batch_size)
                .with_scheduled_delay(batching.schedule_delay)
                .build(),
        )
        .build();
    Ok(SdkTracerProvider::builder()
        .with_resource(resource(settings))
        .with_sampler(settings.sampler.build(settings.sampler_ratio))
        .with_span_processor(processor)
        .build())
}

/// What makes the spans: the service and the SDK.
fn resource(settings: &Settings) -> Resource {
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(settings.resource.0.iter().cloned())
        .with_service_name(settings.service_name.clone())
        .build()
}

/// Lets this crate's spans pass, and no events.
///
/// Spans of the libraries below (h2, hyper) would be noise in a trace. Events stay in the log:
/// tracing-opentelemetry would mark a span as failed for each line of level ERROR.
fn own_spans() -> FilterFn<fn(&Metadata<'_>) -> bool> {
    fn is_own_span(metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }
    FilterFn::new(is_own_span as fn(&Metadata<'_>) -> bool).with_max_level_hint(LevelFilter::INFO)
}

/// Notes `error` on the current span as the event `exception` (semantic conventions, "Exceptions on
/// spans"). Whether the span failed is said where the outcome is known: in [`server`].
///
/// `kind` is a short stable name for the sort of error. Texts of the errors that caused it are
/// added to the message.
pub fn record_exception(kind: &'static str, error: &dyn Error) {
    Span::current().add_event(
        "exception",
        vec![
            KeyValue::new("exception.type", kind),
            KeyValue::new("exception.message", with_causes(error)),
        ],
    );
}

/// `error` and what caused it, in one line.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Many errors repeat their cause's text in their own.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

impl Telemetry {
    /// Sends what is left, for `deadline` at most; a collector that is not there is not waited for.
    pub async fn shutdown(mut self, deadline: Duration) {
        let Some(provider) = self.provider.take() else {
            return;
        };
        self.closing.cancel();
        // The SDK blocks the thread until its own export thread is done.
        let flush = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(deadline));
        match tokio::time::timeout(deadline, flush).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!("spans may be lost: {error}"),
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("spans may be lost: they were not sent within {deadline:?}");
            }
        }
    }
}

/// However the process ends, with an error or a panic too, its last lines are written.
impl Drop for Telemetry {
    fn drop(&mut self) {
        self.log.flush(LOG_DEADLINE);
    }
}
