//! Cuts a batch into messages that a path can carry.
//!
//! opentelemetry-jaeger sends a batch that does not fit a datagram not at all, or encodes it up to
//! three times over to find out how to cut it. So sizes are known here, before anything is encoded:
//! as an upper bound that holds for Thrift compact, Thrift binary and protocol buffers.

use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::{Resource, trace::SpanData};

/// The Jaeger agent reads at most 65,000 bytes; macOS sends at most 9,216 by default.
pub(super) const MAX_DATAGRAM: usize = if cfg!(target_os = "macos") {
    9_216
} else {
    65_000
};

/// A gRPC server takes 4 MiB by default; smaller messages are encoded and sent side by side.
pub(super) const MAX_COLLECTOR_MESSAGE: usize = 1024 * 1024;

/// Eleven fields of at most 11 bytes (Thrift binary: 1 type, 2 id, 8 value), two list headers of 5
/// and the stop.
const SPAN: usize = 11 * 11 + 2 * 5 + 1;
/// Four fields of at most 11 bytes and the stop; in protocol buffers 16 and 8 bytes of ids.
const LINK: usize = 4 * 11 + 1;
/// A timestamp, the header of its fields and the stop.
const LOG: usize = 11 + 3 + 5 + 1;
/// Three fields (key, type, value) with 3 bytes before and 8 of length or value each, and the stop.
const TAG: usize = 3 * 11 + 1;
/// The message's name, the batch's and the process's headers.
const ENVELOPE: usize = 64;

/// Whether a message of at most `limit` bytes can have this span.
pub(super) fn fits(span: &SpanData, limit: usize) -> bool {
    span_size(span) <= limit
}

/// Cuts `spans`, each of which [`fits`], into messages of at most `limit` bytes.
pub(super) fn split(spans: &[SpanData], limit: usize) -> impl Iterator<Item = &[SpanData]> {
    let room_after = move |span: &SpanData| limit.saturating_sub(span_size(span));
    let mut room = spans.first().map_or(limit, room_after);
    spans.chunk_by(move |_, next| {
        let size = span_size(next);
        let fits = size <= room;
        room = if fits { room - size } else { room_after(next) };
        fits
    })
}

/// What the process takes in each message, at most.
pub(super) fn process_size(resource: &Resource) -> usize {
    let tags = resource
        .iter()
        .map(|(key, value)| TAG + key.as_str().len() + value_size(value));
    ENVELOPE + tags.sum::<usize>()
}

fn span_size(span: &SpanData) -> usize {
    let logs = span.events.iter().map(|event| {
        LOG + tags_size(&event.attributes)
            // opentelemetry-jaeger adds the name where no field has it.
            + TAG + "event".len() + event.name.len()
    });
    SPAN + span.name.len()
        + tags_size(&span.attributes)
        + logs.sum::<usize>()
        + LINK * (span.links.len() + 1)
}

fn tags_size(tags: &[KeyValue]) -> usize {
    let sizes = tags
        .iter()
        .map(|tag| TAG + tag.key.as_str().len() + value_size(&tag.value));
    sizes.sum()
}

/// The bytes of a value's text; a number has none.
pub(super) fn value_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.as_str().len(),
        Value::Bool(_) | Value::I64(_) | Value::F64(_) => 0,
        other => other.as_str().len(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::UdpSocket,
        time::{Duration, SystemTime},
    };

    use opentelemetry::{
        InstrumentationScope, SpanId, TraceId,
        trace::{Event, Link, SpanContext, SpanKind, Status, TraceFlags, TraceState},
    };
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::telemetry::export::{protobuf, thrift::Agent};

    fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
        let value = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,300}".prop_map(Value::from),
        ];
        let attribute = ("\\PC{0,20}", value).prop_map(|(key, value)| KeyValue::new(key, value));
        vec(attribute, 0..8)
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

    fn spans() -> impl Strategy<Value = SpanData> {
        let events = vec(("\\PC{0,20}", time(), attributes()), 0..3);
        let links = vec(context().prop_map(Link::with_context), 0..3);
        let ids = (context(), any::<u64>());
        (
            ids,
            "\\PC{0,40}",
            time(),
            time(),
            attributes(),
            events,
            links,
        )
            .prop_map(
                |(
                    (span_context, parent),
                    name,
                    start_time,
                    end_time,
                    attributes,
                    found,
                    linked,
                )| {
                    let mut events = SpanEvents::default();
                    events.events = found
                        .into_iter()
                        .map(|(name, time, fields)| Event::new(name, time, fields, 0))
                        .collect();
                    let mut links = SpanLinks::default();
                    links.links = linked;
                    SpanData {
                        span_context,
                        parent_span_id: SpanId::from(parent),
                        parent_span_is_remote: false,
                        span_kind: SpanKind::Internal,
                        name: name.into(),
                        start_time,
                        end_time,
                        attributes,
                        dropped_attributes_count: 0,
                        events,
                        links,
                        status: Status::Unset,
                        instrumentation_scope: InstrumentationScope::default(),
                    }
                },
            )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// In their order, in as few messages as hold them so.
        #[test]
        fn messages_are_cut_where_the_next_span_has_no_room(
            spans in vec(spans(), 0..8),
            limit in 2_000..8_000_usize,
        ) {
            let fitting: Vec<_> = spans.into_iter().filter(|span| fits(span, limit)).collect();
            let size = |spans: &[SpanData]| spans.iter().map(span_size).sum::<usize>();
            let messages: Vec<_> = split(&fitting, limit).collect();
            for message in &messages {
                prop_assert!(size(message) <= limit);
            }
            for pair in messages.windows(2) {
                prop_assert!(size(pair[0]) + span_size(&pair[1][0]) > limit);
            }
            prop_assert_eq!(messages.concat(), fitting);
        }

        /// The bound is all that keeps a batch from being too large for its datagram.
        #[test]
        fn no_message_is_larger_than_its_bound(
            spans in vec(spans(), 1..4),
            resource in attributes(),
        ) {
            let resource = Resource::builder_empty().with_attributes(resource).build();
            let bound = process_size(&resource) + spans.iter().map(span_size).sum::<usize>();

            let protobuf = protobuf::batch(&protobuf::process(&resource), &spans);
            prop_assert!(protobuf.len() <= bound, "{} <= {bound}", protobuf.len());

            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            let mut agent = Agent::new("127.0.0.1", socket.local_addr().unwrap().port());
            agent.set_resource(&resource);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(agent.send(&spans)).unwrap();
            let mut datagram = vec![0; MAX_DATAGRAM];
            let thrift = socket.recv(&mut datagram).unwrap();
            prop_assert!(thrift <= bound, "{thrift} <= {bound}");
        }
    }
}
