//! Tracing and logging of a service: the part to copy into a service of your own.
//!
//! - [`init`] sets both up for the process, [`Telemetry::shutdown`] sends what is left.
//! - [`server::trace`] makes the one span of a request that comes in.
//! - [`client::send`] makes the one span of a request that goes out.
//! - [`clock::StepGuard`] keeps a span's duration right when the clock is set; for spans of your
//!   own.
//! - [`log`] writes the lines, each with the ids of its trace and span.
//! - [`metrics`] counts and measures, for Prometheus.
//! - [`export`] takes finished spans to Jaeger.

pub mod clock;
pub mod export;
mod hex;
mod http;
pub mod log;
pub mod metrics;
mod sampling;
mod settings;

use std::{
    error::Error,
    sync::{Arc, OnceLock},
    time::Duration,
};

use opentelemetry::{
    KeyValue,
    trace::{Status, TracerProvider},
};
use opentelemetry_sdk::{Resource, resource::TelemetryResourceDetector, trace::SdkTracerProvider};
use tracing::{Metadata, Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    Layer,
    filter::{FilterFn, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use self::{export::Monitor, metrics::Metrics};

#[cfg(feature = "client")]
pub use self::http::client;
pub use self::http::{
    propagation,
    redaction::{self, NotKeys, SensitiveKeys},
    server,
};
pub use settings::{
    Batching, DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT, DEFAULT_SPAN_LEVEL, Destination, LogFormat,
    Mode, NotAttributes, Requests, ResourceAttributes, Sampler, Settings, UnknownName,
    is_log_filter,
};

/// Telemetry of the process, from [`init`] to [`Telemetry::shutdown`].
#[derive(Debug)]
#[must_use = "spans that wait are lost without a shutdown"]
pub struct Telemetry {
    spans: Option<Spans>,
    log: Arc<log::Writer>,
}

/// The provider of spans, and a view of their export.
#[derive(Debug)]
struct Spans {
    provider: SdkTracerProvider,
    monitor: Monitor,
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

/// The settings of the process for spans of requests; that code gets a request and nothing else.
static REQUESTS: OnceLock<Requests> = OnceLock::new();

/// The settings that [`init`] got; the defaults before it.
fn requests() -> &'static Requests {
    REQUESTS.get_or_init(Requests::default)
}

/// Sets tracing and logging up for the whole process. Call it once, within a Tokio runtime,
/// which the export then uses.
///
/// # Errors
/// [`InitError`] when a setting cannot be used, or on a second call.
pub fn init(settings: &Settings) -> Result<Telemetry, InitError> {
    let spans = match &settings.destination {
        None => None,
        Some(destination) => Some(spans(settings, destination)?),
    };
    let layer = spans.as_ref().map(|spans| {
        tracing_opentelemetry::layer()
            .with_tracer(spans.provider.tracer_with_scope(settings.scope.clone()))
            // Each of these puts attributes on every span that say nothing about the request.
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_level(false)
            .with_target(false)
            // Spans find their parent in `tracing`; nobody asks for
            // `opentelemetry::Context::current`.
            .with_context_activation(false)
            .with_filter(span_filter(&settings.span_filter))
    });
    let log = log::to_stdout()?;
    tracing_subscriber::registry()
        .with(layer)
        .with(log::layer(settings, Arc::clone(&log))?)
        .try_init()?;
    // Already set only if there was a request before.
    let _ = REQUESTS.set(settings.requests.clone());
    Ok(Telemetry { spans, log })
}

fn spans(settings: &Settings, destination: &Destination) -> Result<Spans, export::BuildError> {
    let resource = resource(settings);
    let processor = export::Processor::start(
        destination,
        settings.batching,
        settings.attribute_value_length_limit,
        &resource,
    )?;
    let monitor = processor.monitor();
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(sampling::of(settings.sampler, settings.sampler_ratio))
        .with_span_processor(processor)
        .build();
    Ok(Spans { provider, monitor })
}

/// What makes the spans: the service and the SDK.
fn resource(settings: &Settings) -> Resource {
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(settings.resource.0.iter().cloned())
        .with_service_name(settings.service_name.clone())
        .build()
}

/// Lets the spans pass that `targets` names, and no events.
///
/// Events stay in the log: tracing-opentelemetry would mark a span as failed for each line of level
/// ERROR.
fn span_filter(targets: &Targets) -> FilterFn<impl Fn(&Metadata<'_>) -> bool + use<>> {
    let max_level = targets.iter().map(|(_, level)| level).max();
    let max_level = max_level.max(targets.default_level());
    let targets = targets.clone();
    FilterFn::new(move |metadata| {
        metadata.is_span() && targets.would_enable(metadata.target(), metadata.level())
    })
    .with_max_level_hint(max_level.unwrap_or(LevelFilter::OFF))
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

/// The `error.type` of a request that was given up, on spans and in metrics.
const CANCELLED: &str = "cancelled";

/// Marks the span of a request that was given up before there was an answer: as an error, without a
/// status code (semantic conventions, "HTTP spans", "Status").
fn record_cancelled(span: &Span) {
    span.record("error.type", CANCELLED);
    span.set_status(Status::error(""));
}

/// `error` and what caused it, in one line.
pub fn with_causes(error: &dyn Error) -> String {
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
    /// What it counts and measures. The requests are counted by [`metrics::requests::record`].
    pub fn metrics(&self) -> Metrics {
        let spans = self.spans.as_ref();
        Metrics::new(spans.map(|spans| &spans.monitor), Arc::clone(&self.log))
    }

    /// Sends what is left, for `deadline` at most; a collector that is not there is not waited for.
    /// The last line of the log about spans is their account.
    pub async fn shutdown(mut self, deadline: Duration) {
        let Some(Spans { provider, monitor }) = self.spans.take() else {
            return;
        };
        // It blocks the thread until all is sent.
        let flush = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(deadline));
        match flush.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("spans may be lost: {error}"),
            Err(error) => tracing::warn!("spans may be lost: {error}"),
        }
        tracing::info!("{}", monitor.span_counts());
    }
}

/// However the process ends, with an error or a panic too, its last lines are written.
impl Drop for Telemetry {
    fn drop(&mut self) {
        self.log.flush(LOG_DEADLINE);
    }
}
