//! A set of spans with everything that a span can have.

use std::time::{Duration, SystemTime};

use axum_jaeger_telemetry::{Batching, Destination, export::Processor};
use embedded_jaeger::Addresses;
use opentelemetry::{
    Array, InstrumentationScope, KeyValue, SpanId, TraceId, Value as Attribute,
    trace::{Event, Link, SpanContext, SpanKind, Status, TraceFlags, TraceState},
};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanEvents, SpanLinks, SpanProcessor},
};
use serde_json::Value;

use super::jaeger_process::{JaegerProcess, count_spans};

/// Texts in attributes are cut to so many characters.
pub const TEXT_LIMIT: usize = 100;

/// The trace that [`spans`] form.
pub fn trace_id() -> TraceId {
    TraceId::from(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210)
}

/// Two minutes ago, in whole seconds: Jaeger looks back from now.
pub fn start_time() -> SystemTime {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs() - 120)
}

/// Seven spans of one trace that began at `start`.
pub fn spans(start: SystemTime) -> Vec<SpanData> {
    let at = |microseconds| start + Duration::from_micros(microseconds);
    let base = |id: u64, parent: u64, name: &'static str| SpanData {
        span_context: context(trace_id(), id),
        parent_span_id: SpanId::from(parent),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: name.into(),
        start_time: at(id * 1_000),
        end_time: at(id * 1_000 + 500 * id),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("rich")
            .with_version("1.2")
            .build(),
    };
    let mut events = SpanEvents::default();
    events.events = vec![
        Event::new(
            "exception",
            at(1_500),
            vec![
                KeyValue::new("exception.type", "io::Error"),
                KeyValue::new(
                    "exception.message",
                    "größer → 数据 \u{1f980}\n\"second line\"",
                ),
            ],
            0,
        ),
        Event::new("bare", at(1_600), Vec::new(), 2),
        Event::new(
            "shadowed",
            at(1_700),
            vec![KeyValue::new("event", "the attribute wins")],
            0,
        ),
    ];
    events.dropped_count = 3;
    let mut links = SpanLinks::default();
    links.links = vec![
        Link::with_context(context(TraceId::from(0xff00_0000_0000_0001_u128), 77)),
        Link::with_context(context(trace_id(), 7)),
    ];
    vec![
        SpanData {
            parent_span_is_remote: true,
            span_kind: SpanKind::Server,
            attributes: vec![
                KeyValue::new("text", "größer → 数据 \u{1f980}"),
                KeyValue::new("empty", ""),
                KeyValue::new("markup", "<img src=x onerror=alert(1)>"),
                KeyValue::new("long", "ä".repeat(TEXT_LIMIT + 1)),
                KeyValue::new("yes", true),
                KeyValue::new("no", false),
                KeyValue::new("negative", -1),
                KeyValue::new("min", i64::MIN),
                KeyValue::new("max", i64::MAX),
                KeyValue::new("half", 0.5),
                KeyValue::new("tiny", -1e-9),
                KeyValue::new(
                    "texts",
                    array(Array::String(vec!["a\"b".into(), "ü".into()])),
                ),
                KeyValue::new("bools", array(Array::Bool(vec![true, false]))),
                KeyValue::new("ints", array(Array::I64(vec![1, -2]))),
                KeyValue::new("floats", array(Array::F64(vec![0.25, -1.5]))),
                KeyValue::new("none", array(Array::I64(Vec::new()))),
            ],
            dropped_attributes_count: 4,
            status: Status::error("it failed – sehr"),
            events,
            ..base(1, 0xcafe, "GET /größe/{id}")
        },
        SpanData {
            span_kind: SpanKind::Client,
            status: Status::error(""),
            ..base(2, 1, "client")
        },
        SpanData {
            span_kind: SpanKind::Producer,
            status: Status::Ok,
            ..base(3, 1, "producer")
        },
        SpanData {
            span_kind: SpanKind::Consumer,
            links,
            ..base(4, 3, "consumer")
        },
        base(5, 4, "internal"),
        SpanData {
            end_time: at(0),
            ..base(6, 5, "the clock was set back")
        },
        SpanData {
            name: "".into(),
            ..base(u64::MAX / 4_000_000, 0, "")
        },
    ]
}

fn array(values: Array) -> Attribute {
    Attribute::Array(values)
}

fn context(trace_id: TraceId, span_id: u64) -> SpanContext {
    let span_id = SpanId::from(span_id);
    SpanContext::new(
        trace_id,
        span_id,
        TraceFlags::SAMPLED,
        false,
        TraceState::default(),
    )
}

/// The three destinations that `jaeger` offers, by the name of their mode.
pub fn destinations(jaeger: &Addresses) -> [(&'static str, Destination); 3] {
    [
        (
            "grpc",
            Destination::Grpc {
                collector: jaeger.grpc.to_string(),
            },
        ),
        (
            "thrift-collector",
            Destination::ThriftCollector {
                url: format!("http://{}", jaeger.http),
            },
        ),
        (
            "thrift-agent",
            Destination::ThriftAgent {
                host: jaeger.compact.ip().to_string(),
                port: jaeger.compact.port(),
            },
        ),
    ]
}

/// Sends `spans` as the service `name`.
pub async fn export(destination: &Destination, name: &'static str, spans: Vec<SpanData>) {
    let resource = Resource::builder_empty()
        .with_service_name(name)
        .with_attributes([
            KeyValue::new("host.name", "höst"),
            KeyValue::new("process.pid", 42),
        ])
        .build();
    let processor =
        Processor::start(destination, Batching::DEFAULT, TEXT_LIMIT, &resource).unwrap();
    for span in spans {
        processor.on_end(span);
    }
    // It blocks the thread.
    let flush = tokio::task::spawn_blocking(move || processor.shutdown());
    flush.await.unwrap().unwrap();
}

/// The trace of [`spans`] as `jaeger` shows it after it came by the mode of this number.
pub async fn arrived(jaeger: &Addresses, mode: usize, start: SystemTime) -> Value {
    let (_, destination) = &destinations(jaeger)[mode];
    export(destination, "rich", spans(start)).await;
    let path = format!("/api/traces/{}", trace_id());
    let count = spans(start).len();
    let data = JaegerProcess::at(jaeger)
        .wait_for(&path, |data| count_spans(data) == count)
        .await;
    normalised(data)
}

/// An answer's traces without what differs for good reasons: which way a span came, and the order
/// of what has no order.
pub fn normalised(mut data: Value) -> Value {
    for trace in data.as_array_mut().into_iter().flatten() {
        let processes = trace["processes"].take();
        let spans = trace["spans"].as_array_mut().unwrap();
        for span in spans.iter_mut() {
            // `p1`, `p2` are given out in the order of arrival.
            let process = span["processID"].take();
            span["process"] = processes[process.as_str().unwrap()].clone();
            sort_by_key(span["process"]["tags"].as_array_mut());
            let tags = span["tags"].as_array_mut().unwrap();
            tags.retain(|tag| !tag["key"].as_str().unwrap().starts_with("internal.span."));
            sort_by_key(Some(tags));
            for log in span["logs"].as_array_mut().unwrap() {
                sort_by_key(log["fields"].as_array_mut());
            }
        }
        spans.sort_by_key(|span| span["spanID"].to_string());
    }
    if let Some(traces) = data.as_array_mut() {
        traces.sort_by_key(|trace| trace["traceID"].to_string());
    }
    data
}

fn sort_by_key(tags: Option<&mut Vec<Value>>) {
    if let Some(tags) = tags {
        tags.sort_by_key(ToString::to_string);
    }
}
