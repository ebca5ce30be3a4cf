//! Metrics in OpenMetrics' format: the spans that were received, refused, stored and evicted.
//!
//! Names are those of the real Jaeger where it has the same metric. They are on the query port: an
//! admin port (14269) would be one more that can be in use, for a single answer.

use std::{fmt, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{
    receive::{SpanSink, kernel},
    store::Store,
};

/// The sources of the numbers.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) sinks: [Arc<SpanSink>; 4],
    pub(super) store: Arc<Store>,
    /// The receivers of datagrams, which the kernel may drop, by their names.
    pub(super) sockets: [(&'static str, SocketAddr); 2],
}

/// The route of `/metrics`.
pub(super) fn router(source: Source) -> Router {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(source));
    let registry = Arc::new(registry);
    Router::new().route("/metrics", get(move || async move { scrape(&registry) }))
}

/// Always OpenMetrics: without exemplars, older readers understand it, too.
fn scrape(registry: &Registry) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut body = String::new();
    match text::encode(&mut body, registry) {
        Ok(()) => ([(CONTENT_TYPE, kind)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Collector for Source {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let receivers = self
            .sinks
            .each_ref()
            .map(|sink| (sink.receiver().name(), sink.counts()));
        counter(
            &mut encoder,
            "jaeger_collector_spans_received",
            "Spans received.",
            receivers.map(|(name, counts)| {
                let spans = counts.spans + counts.zero_id + counts.duplicate;
                ([("transport", name)], spans)
            }),
        )?;
        counter(
            &mut encoder,
            "jaeger_collector_spans_rejected",
            "Spans received and not kept.",
            receivers.into_iter().flat_map(|(name, counts)| {
                [("zero_id", counts.zero_id), ("duplicate", counts.duplicate)]
                    .map(|(reason, count)| ([("transport", name), ("reason", reason)], count))
            }),
        )?;
        counter(
            &mut encoder,
            "axum_jaeger_receiver_messages",
            "Messages received, whatever became of them.",
            receivers.map(|(name, counts)| ([("transport", name)], counts.messages)),
        )?;
        counter(
            &mut encoder,
            "axum_jaeger_receiver_messages_rejected",
            "Messages that were not what the protocol says, of a format that is not taken, or for which the queue had no room.",
            receivers.into_iter().flat_map(|(name, counts)| {
                [
                    ("malformed", counts.malformed),
                    ("unsupported", counts.unsupported),
                    ("queue_full", counts.queue_full),
                ]
                .map(|(reason, count)| ([("transport", name), ("reason", reason)], count))
            }),
        )?;
        let dropped = self
            .sockets
            .into_iter()
            .filter_map(|(name, address)| Some(([("transport", name)], kernel::dropped(address)?)));
        counter(
            &mut encoder,
            "axum_jaeger_receiver_datagrams_dropped",
            "Datagrams that the kernel dropped because they were not read in time (known on Linux only).",
            dropped,
        )?;
        let kept = self.store.usage();
        let evicted = encoder.encode_descriptor(
            "axum_jaeger_store_spans_evicted",
            "Spans that left when there was no room for newer ones.",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(kept.evicted_spans).encode(evicted)?;
        for (name, help, value) in [
            ("axum_jaeger_store_traces", "Traces kept.", kept.traces),
            ("axum_jaeger_store_spans", "Spans kept.", kept.spans),
            (
                "axum_jaeger_store_bytes",
                "What they take in memory.",
                kept.bytes,
            ),
            (
                "axum_jaeger_store_capacity_bytes",
                "What they may take in memory.",
                kept.max_bytes,
            ),
        ] {
            let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value as u64).encode(gauge)?;
        }
        Ok(())
    }
}

fn counter<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (L, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
