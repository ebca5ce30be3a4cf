//! Metrics of the export: counts of spans, and durations of attempts (semantic conventions,
//! "OpenTelemetry SDK metrics").

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder,
    },
    metrics::{
        MetricType,
        counter::ConstCounter,
        family::Family,
        gauge::ConstGauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use super::{Monitor, counts::DropReason, queue::Queue};
use crate::Mode;

/// Adds the metrics of one processor to `registry`.
pub(super) fn register(monitor: &Monitor, registry: &mut Registry) {
    registry.register_collector(Box::new(Counts(Arc::clone(&monitor.queue))));
    monitor.metrics.register(registry);
}

/// Encodes the counts of spans at the time of a scrape: all values are of one moment.
#[derive(Debug)]
struct Counts(Arc<Queue>);

impl Collector for Counts {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let counts = self.0.counts();
        let started = encoder.encode_descriptor(
            "otel_sdk_span_started",
            "Sampled spans that were started.",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(counts.started()).encode(started)?;
        for (name, help, value) in [
            (
                "otel_sdk_span_live",
                "Spans that have not ended.",
                counts.live(),
            ),
            (
                "otel_sdk_processor_span_queue_size",
                "Spans that wait to be exported.",
                counts.queued(),
            ),
            (
                "otel_sdk_processor_span_queue_capacity",
                "The most spans that may wait.",
                self.0.capacity() as u64,
            ),
            (
                "otel_sdk_exporter_span_inflight",
                "Spans that are being exported.",
                counts.in_flight(),
            ),
        ] {
            let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(gauge)?;
        }
        let (before, within): (Vec<_>, Vec<_>) = DropReason::ALL
            .iter()
            .partition(|reason| reason.is_before_export());
        let dropped = |reason| (Some(reason), counts.dropped_by(reason));
        let exported = [(None, counts.delivered())]
            .into_iter()
            .chain(within.into_iter().map(dropped));
        by_error(
            &mut encoder,
            "otel_sdk_exporter_span_exported",
            "Spans that were exported: delivered, or dropped because of an error.",
            exported,
        )?;
        by_error(
            &mut encoder,
            "otel_sdk_processor_span_processed",
            "Spans that were dropped before the export.",
            before.into_iter().map(dropped),
        )
    }
}

/// Encodes a counter with a value for each `error_type`; an empty one is success.
fn by_error(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (Option<DropReason>, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (error, value) in values {
        let labels = [("error_type", error)];
        ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

/// Instruments of one exporter.
#[derive(Clone, Debug)]
pub(super) struct ExportMetrics {
    mode: Mode,
    duration: Family<Attempt, Histogram>,
    batch: Histogram,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    mode: Mode,
    error_type: Option<DropReason>,
}

impl ExportMetrics {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode,
            duration: Family::new_with_constructor(|| {
                // 0.1 ms to 13 s: an attempt may take 10 s.
                Histogram::new(exponential_buckets(0.000_1, 2.0, 18))
            }),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 14)),
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "otel_sdk_exporter_operation_duration",
            "Duration of the attempts to send a message",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register(
            "axum_jaeger_export_batch_spans",
            "Spans in a message",
            self.batch.clone(),
        );
    }

    /// Records the number of spans of a new message.
    pub(super) fn record_message(&self, spans: usize) {
        self.batch.observe(spans as f64);
    }

    /// Records an attempt to send a message; an `error_type` of `None` is success.
    pub(super) fn record_attempt(&self, duration: Duration, error_type: Option<DropReason>) {
        let labels = Attempt {
            mode: self.mode,
            error_type,
        };
        let histogram = self.duration.get_or_create(&labels);
        histogram.observe(duration.as_secs_f64());
    }
}

impl EncodeLabelValue for DropReason {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

impl EncodeLabelValue for Mode {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        self.to_string().encode(encoder)
    }
}
