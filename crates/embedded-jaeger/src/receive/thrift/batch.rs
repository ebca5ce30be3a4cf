//! The structs of jaeger-idl `thrift/jaeger.thrift`. A message without a required field is refused;
//! a field with another type than the definition's is skipped, as by Thrift's generated readers.

use std::sync::Arc;

use super::{
    super::{
        cursor::{DecodeError, text},
        sanitize,
    },
    MAX_DEPTH, Protocol, Type, fields, skip, structs,
};
use crate::model::{Log, Process, Receiver, RefKind, Span, SpanId, SpanRef, Tag, TraceId, Value};

/// `struct Batch`, without the client's own counts.
pub(super) fn batch<'a>(
    protocol: &mut impl Protocol<'a>,
    receiver: Receiver,
) -> Result<Vec<Span>, DecodeError> {
    let mut of_batch = None;
    let mut spans = None;
    // The process may come after the spans.
    let unknown = Arc::new(Process {
        service: "".into(),
        tags: Vec::new(),
    });
    fields(protocol, |protocol, field| {
        match (field.id, field.kind) {
            (1, Type::Struct) => of_batch = Some(process(protocol)?),
            (2, Type::List) => spans = Some(structs(protocol, |p| span(p, receiver, &unknown))?),
            _ => skip(protocol, field.kind, MAX_DEPTH)?,
        }
        Ok(())
    })?;
    let process = Arc::new(of_batch.ok_or(DecodeError::Missing("Batch.process"))?);
    let mut spans = spans.ok_or(DecodeError::Missing("Batch.spans"))?;
    for span in &mut spans {
        span.process = Arc::clone(&process);
    }
    Ok(spans)
}

/// `struct Process`.
fn process<'a>(protocol: &mut impl Protocol<'a>) -> Result<Process, DecodeError> {
    let (mut service, mut tags) = (None, Vec::new());
    fields(protocol, |protocol, field| {
        match (field.id, field.kind) {
            (1, Type::Binary) => service = Some(text(protocol.binary()?)),
            (2, Type::List) => tags = structs(protocol, tag)?,
            _ => skip(protocol, field.kind, MAX_DEPTH)?,
        }
        Ok(())
    })?;
    let service = service.ok_or(DecodeError::Missing("Process.serviceName"))?;
    Ok(Process {
        service: sanitize::service(service),
        tags,
    })
}

/// `struct Span`.
fn span<'a>(
    protocol: &mut impl Protocol<'a>,
    receiver: Receiver,
    process: &Arc<Process>,
) -> Result<Span, DecodeError> {
    let (mut low, mut high, mut id, mut parent) = (None, None, None, None);
    let (mut operation, mut flags, mut start, mut duration) = (None, None, None, None);
    let (mut references, mut tags, mut logs) = (Vec::new(), Vec::new(), Vec::new());
    fields(protocol, |protocol, field| {
        match (field.id, field.kind) {
            (1, Type::I64) => low = Some(protocol.i64()?),
            (2, Type::I64) => high = Some(protocol.i64()?),
            (3, Type::I64) => id = Some(protocol.i64()?),
            (4, Type::I64) => parent = Some(protocol.i64()?),
            (5, Type::Binary) => operation = Some(text(protocol.binary()?)),
            (6, Type::List) => references = structs(protocol, reference)?,
            (7, Type::I32) => flags = Some(protocol.i32()?),
            (8, Type::I64) => start = Some(protocol.i64()?),
            (9, Type::I64) => duration = Some(protocol.i64()?),
            (10, Type::List) => tags = structs(protocol, tag)?,
            (11, Type::List) => logs = structs(protocol, log)?,
            _ => skip(protocol, field.kind, MAX_DEPTH)?,
        }
        Ok(())
    })?;
    let trace_id = trace_id(
        high.ok_or(DecodeError::Missing("Span.traceIdHigh"))?,
        low.ok_or(DecodeError::Missing("Span.traceIdLow"))?,
    );
    let parent = span_id(parent.ok_or(DecodeError::Missing("Span.parentSpanId"))?);
    add_parent(&mut references, trace_id, parent);
    Ok(Span {
        trace_id,
        span_id: span_id(id.ok_or(DecodeError::Missing("Span.spanId"))?),
        operation: operation.ok_or(DecodeError::Missing("Span.operationName"))?,
        references,
        flags: flags
            .ok_or(DecodeError::Missing("Span.flags"))?
            .cast_unsigned(),
        start_ns: nanoseconds(start.ok_or(DecodeError::Missing("Span.startTime"))?),
        duration_ns: nanoseconds(duration.ok_or(DecodeError::Missing("Span.duration"))?),
        tags,
        logs,
        process: Arc::clone(process),
        warnings: Vec::new(),
        receiver,
    })
}

/// Thrift has the parent in a field of its own; in Jaeger's model it is a reference, which is put
/// first if it is not yet among them.
fn add_parent(references: &mut Vec<SpanRef>, trace_id: TraceId, parent: SpanId) {
    let is_parent = |r: &SpanRef| r.trace_id == trace_id && r.span_id == parent;
    if parent.0 != 0 && !references.iter().any(is_parent) {
        references.reserve_exact(1);
        references.insert(
            0,
            SpanRef {
                kind: RefKind::ChildOf,
                trace_id,
                span_id: parent,
            },
        );
    }
}

/// `struct SpanRef`.
fn reference<'a>(protocol: &mut impl Protocol<'a>) -> Result<SpanRef, DecodeError> {
    const FOLLOWS_FROM: i32 = 1;
    let (mut kind, mut low, mut high, mut id) = (None, None, None, None);
    fields(protocol, |protocol, field| {
        match (field.id, field.kind) {
            (1, Type::I32) => kind = Some(protocol.i32()?),
            (2, Type::I64) => low = Some(protocol.i64()?),
            (3, Type::I64) => high = Some(protocol.i64()?),
            (4, Type::I64) => id = Some(protocol.i64()?),
            _ => skip(protocol, field.kind, MAX_DEPTH)?,
        }
        Ok(())
    })?;
    Ok(SpanRef {
        kind: match kind.ok_or(DecodeError::Missing("SpanRef.refType"))? {
            FOLLOWS_FROM => RefKind::FollowsFrom,
            _ => RefKind::ChildOf,
        },
        trace_id: trace_id(
            high.ok_or(DecodeError::Missing("SpanRef.traceIdHigh"))?,
            low.ok_or(DecodeError::Missing("SpanRef.traceIdLow"))?,
        ),
        span_id: span_id(id.ok_or(DecodeError::Missing("SpanRef.spanId"))?),
    })
}

/// `struct Log`.
fn log<'a>(protocol: &mut impl Protocol<'a>) -> Result<Log, DecodeError> {
    let (mut timestamp, mut of_log) = (None, None);
    fields(protocol, |protocol, field| {
        match (field.id, field.kind) {
            (1, Type::I64) => timestamp = Some(protocol.i64()?),
            (2, Type::List) => of_log = Some(structs(protocol, tag)?),
            _ => skip(protocol, field.kind, MAX_DEPTH)?,
        }
        Ok(())
    })?;
    Ok(Log {
        timestamp_ns: nanoseconds(timestamp.ok_or(DecodeError::Missing("Log.timestamp"))?),
        fields: of_log.ok_or(DecodeError::Missing("Log.fields"))?,
    })
}

/// `struct Tag`. A missing value is its type's zero, as in Jaeger.
fn tag<'a>(protocol: &mut impl Protocol<'a>) -> Result<Tag, DecodeError> {
    let (mut key, mut kind) = (None, None);
    let (mut string, mut double, mut bool, mut long): (&[u8], _, _, _) = (&[], 0.0, false, 0);
    let mut binary: &[u8] = &[];
    fields(protocol, |protocol, field| {
        match (field.id, field.kind) {
            (1, Type::Binary) => key = Some(text(protocol.binary()?)),
            (2, Type::I32) => kind = Some(protocol.i32()?),
            (3, Type::Binary) => string = protocol.binary()?,
            (4, Type::Double) => double = protocol.double()?,
            (5, Type::Bool) => bool = protocol.bool()?,
            (6, Type::I64) => long = protocol.i64()?,
            (7, Type::Binary) => binary = protocol.binary()?,
            _ => skip(protocol, field.kind, MAX_DEPTH)?,
        }
        Ok(())
    })?;
    let value = match kind.ok_or(DecodeError::Missing("Tag.vType"))? {
        0 => Value::String(text(string)),
        1 => Value::Float64(double),
        2 => Value::Bool(bool),
        3 => Value::Int64(long),
        4 => Value::Binary(binary.into()),
        unknown => sanitize::unknown_type(unknown),
    };
    let key = key.ok_or(DecodeError::Missing("Tag.key"))?;
    Ok(Tag { key, value })
}

fn trace_id(high: i64, low: i64) -> TraceId {
    TraceId(u128::from(high.cast_unsigned()) << 64 | u128::from(low.cast_unsigned()))
}

fn span_id(id: i64) -> SpanId {
    SpanId(id.cast_unsigned())
}

fn nanoseconds(microseconds: i64) -> i64 {
    microseconds.max(0).saturating_mul(1_000)
}
