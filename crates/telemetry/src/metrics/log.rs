//! The lines of the log that did not reach stdout.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
};

use crate::log::Writer;

/// Counted where they are dropped.
#[derive(Debug)]
pub(super) struct Lines(pub(super) Arc<Writer>);

impl Collector for Lines {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let dropped = encoder.encode_descriptor(
            "axum_jaeger_log_lines_dropped",
            "Lines of the log that were dropped, since their reader did not keep up",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(self.0.dropped()).encode(dropped)
    }
}
