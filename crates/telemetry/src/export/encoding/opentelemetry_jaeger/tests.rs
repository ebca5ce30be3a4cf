//! Comparison of `thrift` with opentelemetry-jaeger, byte for byte.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Array, InstrumentationScope, KeyValue, SpanId, StringValue, TraceId, Value,
    trace::{Event, Link, SpanContext, SpanKind, Status, TraceFlags, TraceState},
};
use opentelemetry_0_23::trace as old_trace;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::{Mode, export::encoding::Encoding};

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,300}".prop_map(Value::from),
    ]
}

fn array() -> impl Strategy<Value = Value> {
    prop_oneof![
        vec(any::<bool>(), 0..3).prop_map(Array::Bool),
        vec(any::<i64>(), 0..3).prop_map(Array::I64),
        vec(any::<f64>(), 0..3).prop_map(Array::F64),
        vec("\\PC{0,20}".prop_map(StringValue::from), 0..3).prop_map(Array::String),
    ]
    .prop_map(Value::Array)
}

fn attribute() -> impl Strategy<Value = KeyValue> {
    ("\\PC{0,20}", value()).prop_map(|(key, value)| KeyValue::new(key, value))
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec(attribute(), 0..20)
}

fn context() -> impl Strategy<Value = SpanContext> {
    (any::<u128>(), any::<u64>()).prop_map(|(trace, span)| {
        let (trace, span) = (TraceId::from(trace), SpanId::from(span));
        SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE)
    })
}

/// Any time of the next 30,000 years.
fn time() -> impl Strategy<Value = SystemTime> {
    let nanoseconds = 0..1_000_000_000_u32;
    (0..1_u64 << 40, nanoseconds).prop_map(|(seconds, nanoseconds)| {
        SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds)
    })
}

fn events() -> impl Strategy<Value = SpanEvents> {
    let event = ("\\PC{0,20}", time(), attributes(), 0..3_u32);
    let event =
        event.prop_map(|(name, time, fields, dropped)| Event::new(name, time, fields, dropped));
    vec(event, 0..3).prop_map(|found| {
        let mut events = SpanEvents::default();
        events.events = found;
        events
    })
}

fn links() -> impl Strategy<Value = SpanLinks> {
    vec(context().prop_map(Link::with_context), 0..3).prop_map(|found| {
        let mut links = SpanLinks::default();
        links.links = found;
        links
    })
}

fn span() -> impl Strategy<Value = SpanData> {
    let ids = (context(), any::<u64>());
    let times = (time(), time());
    let rest = (attributes(), events(), links());
    (ids, "\\PC{0,40}", times, rest).prop_map(
        |((span_context, parent), name, (start_time, end_time), (attributes, events, links))| {
            SpanData {
                span_context,
                parent_span_id: SpanId::from(parent),
                parent_span_is_remote: false,
                span_kind: SpanKind::Client,
                name: name.into(),
                start_time,
                end_time,
                attributes,
                dropped_attributes_count: 1,
                events,
                links,
                status: Status::error("why"),
                instrumentation_scope: InstrumentationScope::default(),
            }
        },
    )
}

/// The span with its tags as attributes, so that the old exporter adds none of its own.
fn old_span(span: &SpanData) -> OldSpanData {
    let mut events = old_sdk::trace::SpanEvents::default();
    events.events = span.events.iter().map(old_event).collect();
    let mut links = old_sdk::trace::SpanLinks::default();
    let link = |link: &Link| old_trace::Link::with_context(old_context(&link.span_context));
    links.links = span.links.iter().map(link).collect();
    OldSpanData {
        span_context: old_context(&span.span_context),
        parent_span_id: old_trace::SpanId::from_bytes(span.parent_span_id.to_bytes()),
        span_kind: old_trace::SpanKind::Internal,
        name: span.name.clone(),
        start_time: span.start_time,
        end_time: span.end_time,
        attributes: old_attributes(mapping::tags(span, usize::MAX)),
        dropped_attributes_count: 0,
        events,
        links,
        status: old_trace::Status::Unset,
        resource: Cow::Owned(old_sdk::Resource::empty()),
        instrumentation_lib: old_sdk::InstrumentationLibrary::default(),
    }
}

fn old_event(event: &Event) -> old_trace::Event {
    let fields = old_attributes(mapping::fields(event, usize::MAX));
    old_trace::Event::new("", event.timestamp, fields, 0)
}

fn old_context(context: &SpanContext) -> old_trace::SpanContext {
    old_trace::SpanContext::new(
        old_trace::TraceId::from_bytes(context.trace_id().to_bytes()),
        old_trace::SpanId::from_bytes(context.span_id().to_bytes()),
        old_trace::TraceFlags::new(context.trace_flags().to_u8()),
        context.is_remote(),
        old_trace::TraceState::NONE,
    )
}

fn old_attributes(tags: Vec<mapping::Tag<'_>>) -> Vec<old::KeyValue> {
    tags.into_iter().map(old_attribute).collect()
}

type Write = fn(&Resource, Vec<OldSpanData>) -> Result<Vec<u8>, EnvelopeError>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_envelope_is_what_opentelemetry_jaeger_writes(
        service_name in option::of(prop_oneof![value(), array()]),
        values in vec(prop_oneof![value(), array(), "\\PC{0,9000}".prop_map(Value::from)], 0..4),
        keys in vec("\\PC{0,20}", 4),
    ) {
        let attributes = keys.into_iter().zip(values);
        let attributes = attributes.map(|(key, value)| KeyValue::new(key, value));
        let service_name = service_name.map(|name| KeyValue::new("service.name", name));
        let resource = Resource::builder_empty()
            .with_attributes(attributes.chain(service_name))
            .build();
        for protocol in [Protocol::Binary, Protocol::Compact] {
            let ours = thrift::envelope(&resource, protocol);
            // The crate writes up to three attributes in a random order, one of six.
            let mut theirs = (0..200).map(|_| envelope(&resource, protocol).unwrap());
            prop_assert!(theirs.any(|theirs| theirs == ours), "{ours:?}");
        }
    }

    #[test]
    fn a_message_is_what_opentelemetry_jaeger_writes(
        spans in vec(span(), 0..20),
        // The crate writes several in a random order.
        attribute in attribute(),
    ) {
        let resource = Resource::builder_empty().with_attribute(attribute).build();
        let paths: [(Mode, Write); 2] = [
            (Mode::ThriftCollector, binary),
            (Mode::ThriftAgent, compact),
        ];
        for (mode, write) in paths {
            let encoding = Encoding::new(mode, &resource, usize::MAX).unwrap();
            let bytes: Vec<u8> = spans.iter().flat_map(|span| encoding.span(span)).collect();
            if bytes.len() <= encoding.max_payload() {
                let expected = write(&resource, spans.iter().map(old_span).collect()).unwrap();
                let message = encoding.message(spans.len(), &bytes);
                prop_assert_eq!(&message, &expected);
                prop_assert!(message.len() <= encoding.max_message);
            }
        }
    }
}
