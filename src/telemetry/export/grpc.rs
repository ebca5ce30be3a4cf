//! Path C: api_v2 PostSpans over gRPC to the collector.

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use opentelemetry::{KeyValue, SpanId, TraceId, Value};
use opentelemetry_sdk::{Resource, trace::SpanData};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};

use super::{ATTEMPT_TIMEOUT, BuildError, Loss, SendError};
use crate::api_v2::{
    self, Batch, Log, PostSpansRequest, Process, Span, SpanRef, SpanRefType, ValueType,
    collector_service_client::CollectorServiceClient,
};

/// A connection that does not answer a ping within this time is closed and made anew.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A collector's gRPC port.
#[derive(Debug)]
pub(super) struct Collector {
    client: CollectorServiceClient<Channel>,
    process: Process,
}

impl Collector {
    /// `address` is `host:port`. Connects when there is something to send, and again, with a fresh
    /// look-up of the name, when the connection is lost.
    pub(super) fn new(address: &str) -> Result<Self, BuildError> {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|source| {
            BuildError::Address {
                address: address.to_owned(),
                source,
            }
        })?;
        let channel = endpoint
            .connect_timeout(ATTEMPT_TIMEOUT)
            .timeout(ATTEMPT_TIMEOUT)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .http2_keep_alive_interval(ATTEMPT_TIMEOUT)
            .connect_lazy();
        Ok(Self {
            client: CollectorServiceClient::new(channel),
            process: Process::default(),
        })
    }

    /// What is said of the process in every batch.
    pub(super) fn set_resource(&mut self, resource: &Resource) {
        let service_name = resource.get_ref(&"service.name".into());
        self.process = Process {
            service_name: service_name.map(ToString::to_string).unwrap_or_default(),
            tags: resource
                .iter()
                .map(|(key, value)| key_value(key.as_str(), value))
                .collect(),
        };
    }

    pub(super) async fn send(&self, spans: &[SpanData]) -> Result<(), SendError> {
        let request = request(self.process.clone(), spans);
        match self.client.clone().post_spans(request).await {
            Ok(_) => Ok(()),
            Err(status) if is_transient(status.code()) => {
                Err(SendError::transient(loss(&status), describe(&status)))
            }
            Err(status) => Err(SendError::permanent(loss(&status), describe(&status))),
        }
    }
}

/// What comes from the collector itself has no cause on this side.
fn loss(status: &Status) -> Loss {
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => Loss::Timeout,
        _ if status.source().is_some() => Loss::Unreachable,
        _ => Loss::Refused,
    }
}

/// Whether the same message may be taken later. The collector's full queue is RESOURCE_EXHAUSTED.
fn is_transient(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Aborted
            | Code::Unknown
    )
}

/// The code, the message and the cause at the bottom, such as "connection refused"; tonic's own
/// text repeats all that lies between.
fn describe(status: &Status) -> String {
    let mut text = format!("{:?}: {}", status.code(), status.message());
    let mut cause = status.source();
    while let Some(deeper) = cause.and_then(Error::source) {
        cause = Some(deeper);
    }
    if let Some(cause) = cause {
        text = format!("{text}: {cause}");
    }
    text
}

fn request(process: Process, spans: &[SpanData]) -> PostSpansRequest {
    PostSpansRequest {
        batch: Some(Batch {
            spans: spans.iter().map(span).collect(),
            process: Some(process),
        }),
    }
}

fn span(span: &SpanData) -> Span {
    let context = &span.span_context;
    let parent = (span.parent_span_id != SpanId::INVALID).then(|| {
        reference(
            SpanRefType::ChildOf,
            context.trace_id(),
            span.parent_span_id,
        )
    });
    let links = span.links.iter().map(|link| {
        let to = &link.span_context;
        reference(SpanRefType::FollowsFrom, to.trace_id(), to.span_id())
    });
    let duration = span.end_time.duration_since(span.start_time);
    Span {
        trace_id: context.trace_id().to_bytes().to_vec(),
        span_id: context.span_id().to_bytes().to_vec(),
        operation_name: span.name.to_string(),
        references: parent.into_iter().chain(links).collect(),
        flags: context.trace_flags().to_u8().into(),
        start_time: Some(timestamp(span.start_time)),
        // The clock may have been set back; the longest duration that the type has is 292,000 years.
        duration: prost_types::Duration::try_from(duration.unwrap_or_default()).ok(),
        tags: key_values(&span.attributes),
        logs: span
            .events
            .iter()
            .map(|event| Log {
                timestamp: Some(timestamp(event.timestamp)),
                fields: key_values(&event.attributes),
            })
            .collect(),
        process: None,
        warnings: Vec::new(),
    }
}

fn reference(kind: SpanRefType, trace_id: TraceId, span_id: SpanId) -> SpanRef {
    SpanRef {
        trace_id: trace_id.to_bytes().to_vec(),
        span_id: span_id.to_bytes().to_vec(),
        ref_type: kind.into(),
    }
}

fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    time.into()
}

fn key_values(attributes: &[KeyValue]) -> Vec<api_v2::KeyValue> {
    attributes
        .iter()
        .map(|attribute| key_value(attribute.key.as_str(), &attribute.value))
        .collect()
}

fn key_value(key: &str, value: &Value) -> api_v2::KeyValue {
    let mut tag = api_v2::KeyValue {
        key: key.to_owned(),
        ..api_v2::KeyValue::default()
    };
    match value {
        Value::Bool(value) => {
            tag.set_v_type(ValueType::Bool);
            tag.v_bool = *value;
        }
        Value::I64(value) => {
            tag.set_v_type(ValueType::Int64);
            tag.v_int64 = *value;
        }
        Value::F64(value) => {
            tag.set_v_type(ValueType::Float64);
            tag.v_float64 = *value;
        }
        text => tag.v_str = text.as_str().into_owned(),
    }
    tag
}

#[cfg(test)]
mod tests {
    use opentelemetry::{
        InstrumentationScope,
        trace::{SpanContext, SpanKind, Status as SpanStatus, TraceFlags, TraceState},
    };
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use prost::Message;

    use super::*;

    /// Written out by hand from jaeger-idl's `model.proto`: `0a` is field 1 with a length.
    #[rustfmt::skip]
    const REQUEST: [u8; 102] = [
        0x0a, 100,                                      // PostSpansRequest.batch
            0x0a, 93,                                   // Batch.spans
                0x0a, 16, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, // Span.trace_id
                0x12, 8, 3, 0, 0, 0, 0, 0, 0, 4,        // Span.span_id
                0x1a, 2, b'o', b'p',                    // Span.operation_name
                0x22, 28,                               // Span.references; CHILD_OF is 0 and left out
                    0x0a, 16, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
                    0x12, 8, 5, 0, 0, 0, 0, 0, 0, 6,
                0x28, 1,                                // Span.flags: sampled
                0x32, 5, 0x08, 1, 0x10, 0xd0, 0x0f,     // Span.start_time: 1 s, 2,000 ns
                0x3a, 3, 0x10, 0xb8, 0x17,              // Span.duration: 3,000 ns
                0x42, 6, 0x0a, 1, b'k', 0x1a, 1, b'v',  // Span.tags: STRING is 0 and left out
                0x42, 7, 0x0a, 1, b'b', 0x10, 1, 0x20, 1, // Span.tags: BOOL
            0x12, 3, 0x0a, 1, b's',                     // Batch.process
    ];

    #[test]
    fn the_bytes_are_those_of_the_definition() {
        let start = SystemTime::UNIX_EPOCH + Duration::new(1, 2_000);
        let data = SpanData {
            span_context: SpanContext::new(
                TraceId::from((1_u128 << 120) + 2),
                SpanId::from((3_u64 << 56) + 4),
                TraceFlags::SAMPLED,
                false,
                TraceState::default(),
            ),
            parent_span_id: SpanId::from((5_u64 << 56) + 6),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "op".into(),
            start_time: start,
            end_time: start + Duration::from_nanos(3_000),
            attributes: vec![KeyValue::new("k", "v"), KeyValue::new("b", true)],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: SpanStatus::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        };
        let process = Process {
            service_name: "s".to_owned(),
            tags: Vec::new(),
        };
        assert_eq!(request(process, &[data]).encode_to_vec(), REQUEST);
    }
}
