//! Encoder for a span of Jaeger's api_v2 (jaeger-idl's `model.proto`).
//!
//! The types that are generated from the definition own their strings: filling them copies every
//! string of a span, and encoding them computes the length of each message once more for every
//! message around it. That took five times as long.

use opentelemetry::{SpanId, TraceId};
use opentelemetry_sdk::{Resource, trace::SpanData};
use prost::encoding::{self, WireType, encode_key, encode_varint, encoded_len_varint};

use super::{
    envelope::Envelope,
    mapping::{self, Tag, Value},
};

/// `SpanRef.ref_type`: `SpanRefType` in jaeger-idl's `model.proto`.
const CHILD_OF: u64 = 0;
const FOLLOWS_FROM: u64 = 1;

/// `KeyValue.v_type`: `ValueType` in jaeger-idl's `model.proto`; STRING is 0, which is left out.
const BOOL: u64 = 1;
const INT64: u64 = 2;
const FLOAT64: u64 = 3;

/// The envelope of a message: `Batch.process`, which is the same in each batch.
pub(super) fn envelope(resource: &Resource) -> Envelope {
    let mut out = Vec::new();
    let service_name = resource.get_ref(&"service.name".into());
    message(2, &mut out, |out| {
        if let Some(name) = service_name {
            bytes(1, name.as_str().as_bytes(), out);
        }
        for tag in mapping::process_tags(resource) {
            message(2, out, |out| key_value(&tag, out));
        }
    });
    Envelope {
        prefix: Vec::new(),
        suffix: out,
    }
}

/// Writes one of `Batch.spans`. Strings are cut to `max_value_length` characters.
pub(super) fn span(data: &SpanData, max_value_length: usize, out: &mut Vec<u8>) {
    message(1, out, |out| fields(data, max_value_length, out));
}

fn fields(span: &SpanData, max_value_length: usize, out: &mut Vec<u8>) {
    let context = &span.span_context;
    bytes(1, &context.trace_id().to_bytes(), out);
    bytes(2, &context.span_id().to_bytes(), out);
    bytes(3, span.name.as_bytes(), out);
    if span.parent_span_id != SpanId::INVALID {
        let trace_id = context.trace_id();
        reference(CHILD_OF, trace_id, span.parent_span_id, out);
    }
    for link in span.links.iter() {
        let to = &link.span_context;
        reference(FOLLOWS_FROM, to.trace_id(), to.span_id(), out);
    }
    varint(5, context.trace_flags().to_u8().into(), out);
    let start = prost_types::Timestamp::from(span.start_time);
    encoding::message::encode(6, &start, out);
    // The longest duration that the type has is 292,000 years.
    if let Ok(duration) = prost_types::Duration::try_from(mapping::duration(span)) {
        encoding::message::encode(7, &duration, out);
    }
    for tag in mapping::tags(span, max_value_length) {
        message(8, out, |out| key_value(&tag, out));
    }
    for event in span.events.iter() {
        message(9, out, |out| {
            let time = prost_types::Timestamp::from(event.timestamp);
            encoding::message::encode(1, &time, out);
            for field in mapping::fields(event, max_value_length) {
                message(2, out, |out| key_value(&field, out));
            }
        });
    }
}

fn reference(kind: u64, trace_id: TraceId, span_id: SpanId, out: &mut Vec<u8>) {
    message(4, out, |out| {
        bytes(1, &trace_id.to_bytes(), out);
        bytes(2, &span_id.to_bytes(), out);
        varint(3, kind, out);
    });
}

fn key_value(tag: &Tag<'_>, out: &mut Vec<u8>) {
    bytes(1, tag.key.as_bytes(), out);
    match &tag.value {
        Value::Bool(value) => {
            varint(2, BOOL, out);
            varint(4, (*value).into(), out);
        }
        Value::Int64(value) => {
            varint(2, INT64, out);
            varint(5, value.cast_unsigned(), out);
        }
        Value::Float64(value) => {
            varint(2, FLOAT64, out);
            encoding::double::encode(6, value, out);
        }
        // Its type STRING is 0, which is left out.
        Value::String(text) => bytes(3, text.as_bytes(), out),
    }
}

/// Writes a number, unless it is 0: the default of a missing field.
fn varint(tag: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        encode_key(tag, WireType::Varint, out);
        encode_varint(value, out);
    }
}

fn bytes(tag: u32, value: &[u8], out: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// Writes `fields`, preceded by their length.
fn message(tag: u32, out: &mut Vec<u8>, fields: impl FnOnce(&mut Vec<u8>)) {
    encode_key(tag, WireType::LengthDelimited, out);
    // Most messages have less than 128 bytes, and so a length of one byte; others are moved.
    let length_at = out.len();
    out.push(0);
    let start = out.len();
    fields(out);
    let end = out.len();
    let length = (end - start) as u64;
    let more = encoded_len_varint(length) - 1;
    if more > 0 {
        out.resize(end + more, 0);
        out.copy_within(start..end, start + more);
    }
    encode_varint(length, &mut &mut out[length_at..start + more]);
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use opentelemetry::{
        InstrumentationScope, KeyValue,
        trace::{Event, Link, SpanContext, SpanKind, Status as SpanStatus, TraceFlags, TraceState},
    };
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use prost::Message;

    use super::*;
    use api_v2::SpanRefType;
    use jaeger_api_v2 as api_v2;

    /// Written out by hand from jaeger-idl's `model.proto`: `0a` is field 1 with a length.
    #[rustfmt::skip]
    const SPAN: [u8; 116] = [
        0x0a, 114,                                  // Batch.spans
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
            0x42, 19, 0x0a, 15,
                b'o', b't', b'e', b'l', b'.', b's', b'c', b'o', b'p', b'e', b'.', b'n', b'a', b'm', b'e',
                0x1a, 0,
    ];

    fn start() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::new(1, 2_000)
    }

    fn data(attributes: Vec<KeyValue>) -> SpanData {
        SpanData {
            span_context: context(4),
            parent_span_id: SpanId::from((5_u64 << 56) + 6),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "op".into(),
            start_time: start(),
            end_time: start() + Duration::from_nanos(3_000),
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: SpanStatus::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    fn context(span_id: u64) -> SpanContext {
        SpanContext::new(
            TraceId::from((1_u128 << 120) + 2),
            SpanId::from((3_u64 << 56) + span_id),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        )
    }

    #[test]
    fn the_bytes_are_those_of_the_definition() {
        let mut bytes = Vec::new();
        let data = data(vec![KeyValue::new("k", "v"), KeyValue::new("b", true)]);
        span(&data, usize::MAX, &mut bytes);
        assert_eq!(bytes, SPAN);
    }

    #[test]
    fn the_generated_types_read_what_is_written() {
        let long = "x".repeat(70_000);
        let mut data = data(vec![
            KeyValue::new("negative", -1),
            KeyValue::new("float", 0.5),
            KeyValue::new("false", false),
            KeyValue::new("empty", ""),
            KeyValue::new("long", long.clone()),
        ]);
        data.links.links = vec![Link::with_context(context(7))];
        let fields = vec![KeyValue::new("event", "y".repeat(200))];
        data.events.events = vec![Event::new("e", start(), fields, 0)];
        let resource = Resource::builder_empty()
            .with_service_name("app")
            .with_attribute(KeyValue::new("pid", 1))
            .build();
        let mut bytes = Vec::new();
        span(&data, usize::MAX, &mut bytes);
        span(&data, usize::MAX, &mut bytes);
        bytes.extend(envelope(&resource).suffix);

        let batch = api_v2::Batch::decode(bytes.as_slice()).unwrap();
        let tags = |tags: &[api_v2::KeyValue]| -> Vec<(String, i32, String, bool, i64, f64)> {
            let values = tags.iter().cloned().map(|tag| {
                let api_v2::KeyValue {
                    key,
                    v_type,
                    v_str,
                    v_bool,
                    v_int64,
                    v_float64,
                    v_binary: _,
                } = tag;
                (key, v_type, v_str, v_bool, v_int64, v_float64)
            });
            values.collect()
        };
        let text = |key: &str, text: &str| (key.to_owned(), 0, text.to_owned(), false, 0, 0.0);
        let int = |key: &str, value| (key.to_owned(), 2, String::new(), false, value, 0.0);
        let process = batch.process.unwrap();
        assert_eq!(process.service_name, "app");
        let mut process_tags = tags(&process.tags);
        process_tags.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(process_tags, [int("pid", 1), text("service.name", "app")]);
        assert_eq!(batch.spans.len(), 2);
        let span = &batch.spans[1];
        assert_eq!(
            tags(&span.tags),
            [
                int("negative", -1),
                ("float".to_owned(), 3, String::new(), false, 0, 0.5),
                ("false".to_owned(), 1, String::new(), false, 0, 0.0),
                text("empty", ""),
                text("long", &long),
                text("otel.scope.name", ""),
            ]
        );
        assert_eq!(span.references.len(), 2);
        assert_eq!(span.references[1].ref_type(), SpanRefType::FollowsFrom);
        assert_eq!(span.references[1].span_id, context(7).span_id().to_bytes());
        assert_eq!(span.logs[0].timestamp, span.start_time);
        assert_eq!(
            tags(&span.logs[0].fields),
            [text("event", &"y".repeat(200))]
        );
    }
}
