//! A batch of Jaeger's api_v2 from protocol buffers (jaeger-idl `proto/api_v2/model.proto`), decoded field by field into the model with a
//! bound on memory. A known field of another type on the wire is skipped, as an unknown one.

use std::sync::Arc;

use super::cursor::{self, Budget, DecodeError, text};
use super::sanitize;
use crate::jaeger::model::{Log, Process, Receiver, RefKind, Span, SpanId, SpanRef, Tag, TraceId, Value};

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
            // As protocol buffers have it, the lower half of a number that is too large for its type.
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
    Ok(Process { service: sanitize::service(service), tags })
}

/// `message Log`.
fn log(bytes: &[u8], budget: &mut Budget) -> Result<Log, DecodeError> {
    let mut log = Log { timestamp_ns: 0, fields: Vec::new() };
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

/// `message KeyValue`. A value that is not there is its type's zero.
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
    Ok(Tag { key: text(key), value })
}

/// `google.protobuf.Timestamp` and `google.protobuf.Duration`, which look the same: seconds and nanoseconds. What is before 1970 or
/// negative becomes 0.
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
    Ok(seconds.saturating_mul(1_000_000_000).saturating_add(rest).max(0))
}

/// 16 bytes, or 8 as from clients that know only the lower half; Jaeger takes both.
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
    id.map(SpanId).map_err(|_| DecodeError::Invalid("a span id's length"))
}

/// Pays for one more element, decodes and keeps it.
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
