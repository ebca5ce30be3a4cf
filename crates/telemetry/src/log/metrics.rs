//! The metric of the log: lines that did not reach stdout.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
    registry::Registry,
};

use super::writer::Writer;

/// Registers the count of the lines that `writer` drops.
pub(super) fn register(registry: &mut Registry, writer: Arc<Writer>) {
    registry.register_collector(Box::new(DroppedLines(writer)));
}

#[derive(Debug)]
struct DroppedLines(Arc<Writer>);

impl Collector for DroppedLines {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let dropped = encoder.encode_descriptor(
            "axum_jaeger_log_lines_dropped",
            "Log lines that were dropped because their reader did not keep up",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(self.0.dropped()).encode(dropped)
    }
}
