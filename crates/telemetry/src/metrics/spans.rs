//! The account of the spans, and their export (semantic conventions, "OpenTelemetry SDK metrics").

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

use crate::{
    Mode,
    export::{Loss, queue::Queue},
};

/// The account, as it is when it is asked for: all its values are of one moment.
#[derive(Debug)]
pub(super) struct Account(pub(super) Arc<Queue>);

impl Collector for Account {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let account = self.0.account();
        let started = encoder.encode_descriptor(
            "otel_sdk_span_started",
            "Spans that were begun, of those that are kept.",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(account.started).encode(started)?;
        for (name, help, value) in [
            (
                "otel_sdk_span_live",
                "Spans that have not ended.",
                account.live(),
            ),
            (
                "otel_sdk_processor_span_queue_size",
                "Spans that wait to be exported.",
                account.queue,
            ),
            (
                "otel_sdk_processor_span_queue_capacity",
                "The most spans that may wait.",
                self.0.capacity() as u64,
            ),
            (
                "otel_sdk_exporter_span_inflight",
                "Spans that are being exported.",
                account.inflight,
            ),
        ] {
            let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(gauge)?;
        }
        let (before, within): (Vec<Loss>, Vec<Loss>) = Loss::ALL
            .into_iter()
            .partition(|loss| loss.is_before_export());
        let lost = |loss: Loss| (Some(loss), account.lost_by(loss));
        let exported = [(None, account.delivered)]
            .into_iter()
            .chain(within.into_iter().map(lost));
        by_error(
            &mut encoder,
            "otel_sdk_exporter_span_exported",
            "Spans that were exported: delivered, or lost by an error.",
            exported,
        )?;
        by_error(
            &mut encoder,
            "otel_sdk_processor_span_processed",
            "Spans that were dropped before they could be exported.",
            before.into_iter().map(lost),
        )
    }
}

/// One counter with a value for each `error_type`; the empty one is success.
fn by_error(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (Option<Loss>, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (error, value) in values {
        let labels = [("error_type", error)];
        ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

/// What one exporter does.
#[derive(Clone, Debug)]
pub(crate) struct Exports {
    mode: Mode,
    duration: Family<Attempt, Histogram>,
    batch: Histogram,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    mode: Mode,
    error_type: Option<Loss>,
}

impl Exports {
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            mode,
            duration: Family::new_with_constructor(|| {
                // 0.1 ms to 13 s: an attempt may take ten.
                Histogram::new(exponential_buckets(0.000_1, 2.0, 18))
            }),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 14)),
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
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

    /// A message is about to be sent for the first time.
    pub(crate) fn message(&self, spans: usize) {
        self.batch.observe(spans as f64);
    }

    /// An attempt to send a message took so long, and ended so.
    pub(crate) fn attempt(&self, duration: Duration, error_type: Option<Loss>) {
        let labels = Attempt {
            mode: self.mode,
            error_type,
        };
        let histogram = self.duration.get_or_create(&labels);
        histogram.observe(duration.as_secs_f64());
    }
}

impl EncodeLabelValue for Loss {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

impl EncodeLabelValue for Mode {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        self.to_string().encode(encoder)
    }
}
