//! One batch of spans through each exporter: queue, mapping, encoding, and the way to a receiver
//! that takes all and does nothing with it.

use std::time::{Duration, SystemTime};

use axum_jaeger_telemetry::{
    Batching, DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT, Destination, export::Processor,
};
use criterion::{BatchSize, Criterion, Throughput};
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceId,
    trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState},
};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanEvents, SpanLinks, SpanProcessor},
};
use tokio::runtime::Runtime;

use crate::support::{Result, receiver::Receivers};

/// The default of `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`.
const SPANS: u64 = Batching::DEFAULT.max_export_batch_size as u64;

pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let runtime = Runtime::new()?;
    let _entered = runtime.enter();
    let receivers = Receivers::start()?;
    let collector = receivers.collector.to_string();
    let destinations = [
        (
            "thrift-collector",
            Destination::ThriftCollector {
                url: format!("http://{collector}"),
            },
        ),
        ("grpc", Destination::Grpc { collector }),
        (
            "thrift-agent",
            Destination::ThriftAgent {
                host: receivers.agent.ip().to_string(),
                port: receivers.agent.port(),
            },
        ),
    ];
    let resource = Resource::builder().with_service_name("bench").build();
    let spans: Vec<_> = (1..=SPANS).map(span).collect();
    let mut group = criterion.benchmark_group("export");
    group.throughput(Throughput::Elements(SPANS));
    for (mode, destination) in destinations {
        let processor = Processor::start(
            &destination,
            Batching::DEFAULT,
            DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT,
            &resource,
        )?;
        group.bench_function(format!("{SPANS} spans, {mode}"), |bencher| {
            bencher.iter_batched(
                || spans.clone(),
                |spans| {
                    for span in spans {
                        processor.on_end(span);
                    }
                    processor.force_flush()
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
    Ok(())
}

/// The service's server span of one request.
fn span(number: u64) -> SpanData {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(u128::from(number) << 64 | 1),
            SpanId::from(number),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Server,
        name: "GET /items/{item_id}".into(),
        start_time: start,
        end_time: start + Duration::from_micros(number),
        attributes: vec![
            KeyValue::new("http.request.method", "GET"),
            KeyValue::new("http.route", "/items/{item_id}".to_owned()),
            KeyValue::new("url.scheme", "http"),
            KeyValue::new("url.path", format!("/items/{number}")),
            KeyValue::new("url.query", "q=x".to_owned()),
            KeyValue::new("server.address", "localhost".to_owned()),
            KeyValue::new("server.port", 8000),
            KeyValue::new("client.address", "127.0.0.1".to_owned()),
            KeyValue::new("network.protocol.version", "1.1"),
            KeyValue::new("user_agent.original", "curl/8.5.0".to_owned()),
            KeyValue::new("http.response.status_code", 200),
        ],
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("axum-jaeger").build(),
    }
}
