//! Messages to a Jaeger, made before anything is measured.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use clap::ValueEnum;
use jaeger_api_v2::{self as api_v2, SpanRefType, ValueType};
use prost::Message;
use serde::Serialize;

use super::{
    Result,
    model::{Process, Receiver, RefKind, Span, SpanId, SpanRef, Tag, TraceId, Value},
    thrift,
};

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
pub(crate) enum Protocol {
    /// Thrift compact, port 6831.
    Udp,
    /// Thrift binary, port 14268.
    Http,
    /// api_v2, port 14250.
    Grpc,
}

/// The service that the spans are of.
pub(crate) const SERVICE: &str = "bench";

/// Traces of eight spans, so many that a message fits a datagram: about 20 KB.
const TRACES: u64 = 8;
const SPANS_OF_TRACE: u64 = 8;

/// The spans of one message.
pub(crate) const SPANS: u64 = TRACES * SPANS_OF_TRACE;

/// `PostSpansRequest` whose batch is bytes already.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RawRequest {
    #[prost(bytes = "bytes", tag = "1")]
    batch: Bytes,
}

/// So many messages, each with traces of its own.
pub(crate) fn of(protocol: Protocol, count: u64) -> Result<Vec<Bytes>> {
    let process = process();
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_nanos().try_into()?;
    let messages = (0..count).map(|number| {
        let spans = spans(number, now, &process);
        match protocol {
            Protocol::Udp => thrift::compact_message(&process, &spans).into(),
            Protocol::Http => thrift::binary_batch(&process, &spans).into(),
            Protocol::Grpc => batch(&process, &spans).encode_to_vec().into(),
        }
    });
    Ok(messages.collect())
}

/// The message that has this batch.
pub(crate) fn raw_request(batch: Bytes) -> RawRequest {
    RawRequest { batch }
}

fn process() -> Arc<Process> {
    Arc::new(Process {
        service: SERVICE.into(),
        tags: vec![
            Tag::text("telemetry.sdk.name", "opentelemetry"),
            Tag::text("telemetry.sdk.language", "rust"),
            Tag::text("telemetry.sdk.version", "0.33.0"),
        ],
    })
}

/// The spans of one message: those of requests to this project's service.
fn spans(message: u64, now: i64, process: &Arc<Process>) -> Vec<Span> {
    let ids = (0..TRACES).flat_map(|trace| (1..=SPANS_OF_TRACE).map(move |span| (trace, span)));
    ids.map(|(trace, span)| {
        // Odd, and not in order: as random as real ones.
        let trace_id = TraceId(
            u128::from(message * TRACES + trace + 1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        );
        let parent = (span > 1).then(|| SpanRef {
            kind: RefKind::ChildOf,
            trace_id,
            span_id: SpanId(span - 1),
        });
        Span {
            trace_id,
            span_id: SpanId(span),
            operation: "GET /items/{item_id}".into(),
            references: parent.into_iter().collect(),
            flags: 1,
            start_ns: now - 60_000_000_000 + (message * 1_000_000) as i64,
            duration_ns: 1_234_000,
            tags: tags(message, span),
            logs: vec![],
            process: Arc::clone(process),
            warnings: vec![],
            receiver: Receiver::Http,
        }
    })
    .collect()
}

/// The attributes of the service's server span.
fn tags(message: u64, span: u64) -> Vec<Tag> {
    let number = |key: &str, value: i64| Tag {
        key: key.into(),
        value: Value::Int64(value),
    };
    vec![
        Tag::text("span.kind", "server"),
        Tag::text("http.request.method", "GET"),
        Tag::text("http.route", "/items/{item_id}"),
        Tag::text("url.scheme", "http"),
        Tag::text("url.path", &format!("/items/{message}")),
        Tag::text("url.query", &format!("q={span}")),
        Tag::text("server.address", "app-a"),
        number("server.port", 8000),
        Tag::text("client.address", "127.0.0.1"),
        Tag::text("network.protocol.version", "1.1"),
        Tag::text("user_agent.original", "curl/8.5.0"),
        number("http.response.status_code", 200),
        Tag::text("otel.scope.name", "axum-jaeger"),
    ]
}

fn batch(process: &Process, spans: &[Span]) -> api_v2::Batch {
    api_v2::Batch {
        spans: spans.iter().map(api_v2_span).collect(),
        process: Some(api_v2::Process {
            service_name: process.service.to_string(),
            tags: process.tags.iter().map(api_v2_tag).collect(),
        }),
    }
}

fn api_v2_span(span: &Span) -> api_v2::Span {
    let reference = |reference: &SpanRef| api_v2::SpanRef {
        trace_id: reference.trace_id.0.to_be_bytes().into(),
        span_id: reference.span_id.0.to_be_bytes().into(),
        ref_type: SpanRefType::ChildOf.into(),
    };
    api_v2::Span {
        trace_id: span.trace_id.0.to_be_bytes().into(),
        span_id: span.span_id.0.to_be_bytes().into(),
        operation_name: span.operation.to_string(),
        references: span.references.iter().map(reference).collect(),
        flags: span.flags,
        start_time: Some(prost_types::Timestamp {
            seconds: span.start_ns / 1_000_000_000,
            nanos: (span.start_ns % 1_000_000_000) as i32,
        }),
        duration: Some(prost_types::Duration {
            seconds: 0,
            nanos: span.duration_ns as i32,
        }),
        tags: span.tags.iter().map(api_v2_tag).collect(),
        ..api_v2::Span::default()
    }
}

fn api_v2_tag(tag: &Tag) -> api_v2::KeyValue {
    let mut pair = api_v2::KeyValue {
        key: tag.key.to_string(),
        ..api_v2::KeyValue::default()
    };
    match &tag.value {
        Value::String(text) => pair.v_str = text.to_string(),
        Value::Int64(value) => {
            pair.set_v_type(ValueType::Int64);
            pair.v_int64 = *value;
        }
        // The spans above have no others.
        Value::Bool(_) | Value::Float64(_) | Value::Binary(_) => {}
    }
    pair
}
