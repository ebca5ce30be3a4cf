//! The tracing and logging that is set up, until its end.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::{Resource, resource::TelemetryResourceDetector, trace::SdkTracerProvider};
use tokio::runtime::{Handle, RuntimeFlavor};
use tracing::Subscriber;
use tracing_subscriber::{Layer, registry::LookupSpan};

#[cfg(feature = "log")]
use crate::log;
#[cfg(feature = "metrics")]
use crate::metrics::Metrics;
use crate::{
    Destination, InitError, Settings,
    export::{Monitor, Processor, SpanCounts},
    span_filter::span_filter,
};

/// Tracing and logging of the process, from [`init`](crate::init) to [`Telemetry::shutdown`].
#[derive(Debug)]
#[must_use = "spans in the queue are lost without a shutdown"]
pub struct Telemetry {
    #[cfg(feature = "metrics")]
    pub(super) metrics: Metrics,
    pub(super) spans: Option<Spans>,
    /// Here to be dropped: it writes the last lines.
    #[cfg(feature = "log")]
    pub(super) _log: log::Output,
}

/// The provider of spans, a view of their export, and the runtime of the latter.
#[derive(Debug)]
pub(super) struct Spans {
    provider: SdkTracerProvider,
    pub(super) monitor: Monitor,
    runtime: Handle,
}

impl Spans {
    pub(super) fn start(settings: &Settings, destination: &Destination) -> Result<Self, InitError> {
        let resource = Resource::builder_empty()
            .with_detector(Box::new(TelemetryResourceDetector))
            .with_attributes(settings.resource.0.iter().cloned())
            .with_service_name(settings.service_name.clone())
            .build();
        let processor = Processor::start(
            destination,
            settings.batching,
            settings.attribute_value_length_limit,
            &resource,
        )?;
        let monitor = processor.monitor();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(settings.sampler.for_sdk())
            .with_span_processor(processor)
            .build();
        Ok(Self {
            provider,
            monitor,
            runtime: Handle::current(),
        })
    }

    pub(super) fn layer<S>(&self, settings: &Settings) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer_with_scope(settings.scope.clone()))
            // Each of these puts attributes on every span that say nothing about the request.
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_level(false)
            .with_target(false)
            // Spans find their parent in `tracing`; nothing reads
            // `opentelemetry::Context::current`.
            .with_context_activation(false)
            .with_filter(span_filter(&settings.span_filter))
    }
}

impl Telemetry {
    /// The metrics of this process, the same at each call. The middleware
    /// `metrics::requests::record` counts its requests.
    #[cfg(feature = "metrics")]
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// The number of spans in each state; all zero without a destination.
    pub fn span_counts(&self) -> SpanCounts {
        let spans = self.spans.as_ref();
        spans
            .map(|spans| spans.monitor.span_counts())
            .unwrap_or_default()
    }

    /// Sends what is left, for `deadline` at most; it does not wait for a collector that is not
    /// there. The last line of the log has the counts of the spans.
    pub async fn shutdown(mut self, deadline: Duration) {
        let Some(Spans {
            provider,
            monitor,
            runtime,
        }) = self.spans.take()
        else {
            return;
        };
        // It blocks the thread until all is sent.
        let flush = runtime.spawn_blocking(move || provider.shutdown_with_timeout(deadline));
        match flush.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("spans may be lost: {error}"),
            Err(error) => tracing::warn!("spans may be lost: {error}"),
        }
        log_counts(&monitor.span_counts());
    }
}

fn log_counts(counts: &SpanCounts) {
    if counts.dropped() == 0 {
        tracing::info!("{counts}");
    } else {
        tracing::warn!("{counts}");
    }
}

/// The limit for the last spans to be sent when there was no shutdown.
const DROP_DEADLINE: Duration = Duration::from_secs(5);

/// Without a [`shutdown`](Telemetry::shutdown) it sends what is left, and blocks the thread for 5 s
/// at most. On a runtime of one thread that is the thread that would send it: there spans are lost
/// at once. Either way the last line of the log has the counts of the spans, if there were any.
impl Drop for Telemetry {
    fn drop(&mut self) {
        let Some(spans) = &self.spans else { return };
        let deadline = match spans.runtime.runtime_flavor() {
            RuntimeFlavor::CurrentThread => Duration::ZERO,
            _ => DROP_DEADLINE,
        };
        // The counts show what was lost. The subscriber keeps the provider, which does not end on
        // its own.
        let _ = spans.provider.shutdown_with_timeout(deadline);
        let counts = spans.monitor.span_counts();
        if counts.started() > 0 {
            log_counts(&counts);
        }
    }
}
