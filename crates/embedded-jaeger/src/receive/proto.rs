//! Decodes a batch of Jaeger's api_v2 from protocol buffers (jaeger-idl
//! `proto/api_v2/model.proto`), field by field into the model, within a memory bound. A known field
//! with another type on the wire is skipped, as an unknown one. It is not prost's decoder because
//! that takes memory first: a message of two bytes, an empty span, becomes a hundred bytes and
//! more.

use std::sync::Arc;

use super::{
    cursor::{self, Budget, DecodeError, text},
    sanitize,
};
use crate::model::{Log, Process, Receiver, RefKind, Span, SpanId, SpanRef, Tag, TraceId, Value};

/// The spans of one message `Batch`.
pub(crate) fn batch(bytes: &[u8]) -> Result<Vec<Span>, DecodeError> {
    let mut budget = Budget::of(bytes);
    // The process may come after the spans, so it is looked for first.
    let (mut of_batch, mut count) = (None, 0);
    fields(bytes, |number, value| {
        match (number, value) {
            (1, Wire::Bytes(_)) => count += 1,
            (2, Wire::Bytes(bytes)) => of_batch = Some(process(bytes, &mut budget)?),
            _ => {}
        }
        Ok(())
    })?;
    let of_batch = Arc::new(of_batch.unwrap_or_else(|| Process {
        service: sanitize::NO_PROCESS.into(),
        tags: Vec::new(),
    }));
    budget.pay::<Span>(count)?;
    let mut spans = Vec::with_capacity(count);
    fields(bytes, |number, value| {
        if let (1, Wire::Bytes(bytes)) = (number, value) {
            spans.push(span(bytes, &of_batch, &mut budget)?);
        }
        Ok(())
    })?;
    Ok(spans)
}

/// `message Span`, with the batch's process unless it has its own.
fn span(bytes: &[u8], of_batch: &Arc<Process>, budget: &mut Budget) -> Result<Span, DecodeError> {
    let mut span = Span {
        trace_id: TraceId(0),
        span_id: SpanId(0),
        operation: "".into(),
        references: Vec::new(),
        flags: 0,
        start_ns: 0,
        duration_ns: 0,
        tags: Vec::new(),
        logs: Vec::new(),
        process: Arc::clone(of_batch),
        warnings: Vec::new(),
        receiver: Receiver::Grpc,
    };
    fields(bytes, |number, value| {
        match (number, value) {
            (1, Wire::Bytes(id)) => span.trace_id = trace_id(id)?,
            (2, Wire::Bytes(id)) => span.span_id = span_id(id)?,
            (3, Wire::Bytes(name)) => span.operation = text(name),
            (4, Wire::Bytes(bytes)) => push(&mut span.references, budget, |_| reference(bytes))?,
            // As protocol buffers have it, the lower half of a number that is too large for its
            // type.
            (5, Wire::Varint(flags)) => span.flags = flags as u32,
            (6, Wire::Bytes(bytes)) => span.start_ns = nanoseconds(bytes)?,
            (7, Wire::Bytes(bytes)) => span.duration_ns = nanoseconds(bytes)?,
            (8, Wire::Bytes(bytes)) => push(&mut span.tags, budget, |_| tag(bytes))?,
            (9, Wire::Bytes(bytes)) => push(&mut span.logs, budget, |budget| log(bytes, budget))?,
            (10, Wire::Bytes(bytes)) => span.process = Arc::new(process(bytes, budget)?),
            (12, Wire::Bytes(warning)) => push(&mut span.warnings, budget, |_| Ok(text(warning)))?,
            _ => {}
        }
        Ok(())
    })?;
    span.references.shrink_to_fit();
    span.tags.shrink_to_fit();
    span.logs.shrink_to_fit();
    span.warnings.shrink_to_fit();
    Ok(span)
}

/// `message SpanRef`.
fn reference(bytes: &[u8]) -> Result<SpanRef, DecodeError> {
    const FOLLOWS_FROM: u64 = 1;
    let mut reference = SpanRef {
        kind: RefKind::ChildOf,
        trace_id: TraceId(0),
        span_id: SpanId(0),
    };
    fields(bytes, |number, value| {
        match (number, value) {
            (1, Wire::Bytes(id)) => reference.trace_id = trace_id(id)?,
            (2, Wire::Bytes(id)) => reference.span_id = span_id(id)?,
            (3, Wire::Varint(FOLLOWS_FROM)) => reference.kind = RefKind::FollowsFrom,
            _ => {}
        }
        Ok(())
    })?;
    Ok(reference)
}

/// `message Process`.
fn process(bytes: &[u8], budget: &mut Budget) -> Result<Process, DecodeError> {
    let (mut service, mut tags) = (Box::default(), Vec::new());
    fields(bytes, |number, value| {
        match (number, value) {
            (1, Wire::Bytes(name)) => service = text(name),
            (2, Wire::Bytes(bytes)) => push(&mut tags, budget, |_| tag(bytes))?,
            _ => {}
        }
        Ok(())
    })?;
    tags.shrink_to_fit();
    Ok(Process {
        service: sanitize::service(service),
        tags,
    })
}

/// `message Log`.
fn log(bytes: &[u8], budget: &mut Budget) -> Result<Log, DecodeError> {
    let mut log = Log {
        timestamp_ns: 0,
        fields: Vec::new(),
    };
    fields(bytes, |number, value| {
        match (number, value) {
            (1, Wire::Bytes(bytes)) => log.timestamp_ns = nanoseconds(bytes)?,
            (2, Wire::Bytes(bytes)) => push(&mut log.fields, budget, |_| tag(bytes))?,
            _ => {}
        }
        Ok(())
    })?;
    log.fields.shrink_to_fit();
    Ok(log)
}

/// `message KeyValue`. A missing value is its type's zero.
fn tag(bytes: &[u8]) -> Result<Tag, DecodeError> {
    let (mut key, mut kind): (&[u8], _) = (&[], 0);
    let (mut string, mut bool, mut long, mut double): (&[u8], _, _, _) = (&[], false, 0, 0.0);
    let mut binary: &[u8] = &[];
    fields(bytes, |number, value| {
        match (number, value) {
            (1, Wire::Bytes(bytes)) => key = bytes,
            (2, Wire::Varint(value)) => kind = value as i32,
            (3, Wire::Bytes(bytes)) => string = bytes,
            (4, Wire::Varint(value)) => bool = value != 0,
            (5, Wire::Varint(value)) => long = value.cast_signed(),
            (6, Wire::Fixed64(bits)) => double = f64::from_le_bytes(bits),
            (7, Wire::Bytes(bytes)) => binary = bytes,
            _ => {}
        }
        Ok(())
    })?;
    let value = match kind {
        0 => Value::String(text(string)),
        1 => Value::Bool(bool),
        2 => Value::Int64(long),
        3 => Value::Float64(double),
        4 => Value::Binary(binary.into()),
        unknown => sanitize::unknown_type(unknown),
    };
    Ok(Tag {
        key: text(key),
        value,
    })
}

/// `google.protobuf.Timestamp` and `google.protobuf.Duration`, which have the same fields: seconds
/// and nanoseconds. A time before 1970 and a negative duration become 0.
fn nanoseconds(bytes: &[u8]) -> Result<i64, DecodeError> {
    let (mut seconds, mut rest) = (0, 0);
    fields(bytes, |number, value| {
        match (number, value) {
            (1, Wire::Varint(value)) => seconds = value.cast_signed(),
            (2, Wire::Varint(value)) => rest = value.cast_signed(),
            _ => {}
        }
        Ok(())
    })?;
    if !(-999_999_999..=999_999_999).contains(&rest) {
        return Err(DecodeError::Invalid("a time's nanoseconds"));
    }
    Ok(seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(rest)
        .max(0))
}

/// 16 bytes, or 8 from clients that know only the lower half; Jaeger accepts both.
fn trace_id(bytes: &[u8]) -> Result<TraceId, DecodeError> {
    let long = || bytes.try_into().map(u128::from_be_bytes);
    let short = || bytes.try_into().map(u64::from_be_bytes).map(u128::from);
    long()
        .or_else(|_| short())
        .map(TraceId)
        .map_err(|_| DecodeError::Invalid("a trace id's length"))
}

/// 8 bytes.
fn span_id(bytes: &[u8]) -> Result<SpanId, DecodeError> {
    let id = bytes.try_into().map(u64::from_be_bytes);
    id.map(SpanId)
        .map_err(|_| DecodeError::Invalid("a span id's length"))
}

/// Pays for one more element, then decodes and appends it.
fn push<T>(
    list: &mut Vec<T>,
    budget: &mut Budget,
    decode: impl FnOnce(&mut Budget) -> Result<T, DecodeError>,
) -> Result<(), DecodeError> {
    budget.pay::<T>(1)?;
    list.push(decode(budget)?);
    Ok(())
}

/// A field's value on the wire.
enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32,
}

/// Calls `on_field` with each field of a message and its number.
fn fields<'a>(
    mut rest: &'a [u8],
    mut on_field: impl FnMut(u64, Wire<'a>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    while !rest.is_empty() {
        let key = cursor::varint(&mut rest)?;
        let value = match key & 7 {
            0 => Wire::Varint(cursor::varint(&mut rest)?),
            1 => Wire::Fixed64(cursor::array(&mut rest)?),
            2 => {
                let length = cursor::varint(&mut rest)?;
                let length = usize::try_from(length).map_err(|_| DecodeError::Length)?;
                Wire::Bytes(cursor::take(&mut rest, length)?)
            }
            5 => cursor::array::<4>(&mut rest).map(|_| Wire::Fixed32)?,
            // 3 and 4 were groups, which no message of Jaeger's ever had.
            unknown => return Err(DecodeError::Type(unknown as u8)),
        };
        on_field(key >> 3, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;

    use super::*;
    use jaeger_api_v2 as api_v2;

    fn rich() -> api_v2::Batch {
        let tag = |key: &str, v_type: api_v2::ValueType| api_v2::KeyValue {
            key: key.into(),
            v_type: v_type.into(),
            v_str: "text".into(),
            v_bool: true,
            v_int64: -7,
            v_float64: 1.5,
            v_binary: vec![1, 2],
        };
        use api_v2::ValueType::{Binary, Bool, Float64, Int64, String};
        let tags = vec![
            tag("s", String),
            tag("b", Bool),
            tag("i", Int64),
            tag("f", Float64),
            tag("y", Binary),
        ];
        let process = |name: &str| {
            Some(api_v2::Process {
                service_name: name.into(),
                tags: tags.clone(),
            })
        };
        let span = api_v2::Span {
            trace_id: 5u128.to_be_bytes().into(),
            span_id: 6u64.to_be_bytes().into(),
            operation_name: "op".into(),
            references: vec![api_v2::SpanRef {
                trace_id: vec![0, 0, 0, 0, 0, 0, 0, 1],
                span_id: vec![2; 8],
                ref_type: 1,
            }],
            flags: 1,
            start_time: Some(prost_types::Timestamp {
                seconds: 1,
                nanos: 2,
            }),
            duration: Some(prost_types::Duration {
                seconds: 0,
                nanos: 3,
            }),
            tags: tags.clone(),
            logs: vec![api_v2::Log {
                timestamp: Some(prost_types::Timestamp {
                    seconds: 2,
                    nanos: 0,
                }),
                fields: tags.clone(),
            }],
            process: None,
            warnings: vec!["w".into()],
        };
        let own = api_v2::Span {
            process: process("own"),
            ..span.clone()
        };
        api_v2::Batch {
            spans: vec![span, own],
            process: process("batch"),
        }
    }

    #[test]
    fn what_prost_encodes_is_decoded() {
        let spans = batch(&rich().encode_to_vec()).unwrap();
        let tags: Vec<_> = [
            ("s", Value::String("text".into())),
            ("b", Value::Bool(true)),
            ("i", Value::Int64(-7)),
            ("f", Value::Float64(1.5)),
            ("y", Value::Binary([1, 2].into())),
        ]
        .map(|(key, value)| Tag {
            key: key.into(),
            value,
        })
        .into();
        let expected = Span {
            trace_id: TraceId(5),
            span_id: SpanId(6),
            operation: "op".into(),
            references: vec![SpanRef {
                kind: RefKind::FollowsFrom,
                trace_id: TraceId(1),
                span_id: SpanId(0x0202020202020202),
            }],
            flags: 1,
            start_ns: 1_000_000_002,
            duration_ns: 3,
            tags: tags.clone(),
            logs: vec![Log {
                timestamp_ns: 2_000_000_000,
                fields: tags.clone(),
            }],
            process: Arc::new(Process {
                service: "batch".into(),
                tags: tags.clone(),
            }),
            warnings: vec!["w".into()],
            receiver: Receiver::Grpc,
        };
        let own = Span {
            process: Arc::new(Process {
                service: "own".into(),
                tags,
            }),
            ..expected.clone()
        };
        assert_eq!(spans, [expected, own]);
    }

    #[test]
    fn ids_of_another_length_are_refused() {
        let mut message = rich();
        message.spans[0].span_id = vec![1; 7];
        assert_eq!(
            batch(&message.encode_to_vec()),
            Err(DecodeError::Invalid("a span id's length"))
        );
        message.spans[0].trace_id = vec![1; 17];
        assert_eq!(
            batch(&message.encode_to_vec()),
            Err(DecodeError::Invalid("a trace id's length"))
        );
    }

    #[test]
    fn four_mebibytes_of_empty_messages_are_refused() {
        for key in [0x0a, 0x12] {
            // Field 1 (spans) or field 2 (process, and within it tags) of length 0, two million
            // times.
            let empty = [key, 0].repeat(2 << 20);
            let result = match key {
                0x0a => batch(&empty),
                _ => {
                    let mut message = vec![0x12];
                    prost::encoding::encode_varint(empty.len() as u64, &mut message);
                    batch(&[message, empty].concat())
                }
            };
            assert_eq!(result, Err(DecodeError::Budget));
        }
    }

    #[test]
    fn a_shorter_message_is_an_error_or_ends_between_two_fields() {
        let bytes = rich().encode_to_vec();
        let whole = (0..bytes.len())
            .filter(|length| batch(&bytes[..*length]).is_ok())
            .count();
        // Before the first span, after the first, and after the second.
        assert_eq!(whole, 3);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = batch(&bytes);
        }

        #[test]
        fn a_changed_message_is_read_without_a_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = rich().encode_to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = batch(&bytes);
        }
    }
}
