//! OTLP's spans (opentelemetry-proto `opentelemetry/proto/trace/v1/trace.proto`), and their
//! translation to Jaeger's model.
//!
//! A reader decodes [`ResourceSpans`], and [`spans`] translates them to the model, as every Jaeger
//! does that receives OTLP. What Jaeger's model does not have is missing here: dropped counts,
//! schema URLs, flags, the attributes of a scope.

mod json;
mod translate;

pub(super) use json::read as read_json;
pub(super) use translate::spans;

use super::model::{SpanId, TraceId};

/// Spans of one resource.
#[derive(Debug, Default)]
pub(super) struct ResourceSpans {
    resource: Resource,
    scope_spans: Vec<ScopeSpans>,
}

/// The entity that recorded the spans.
#[derive(Debug, Default)]
struct Resource {
    attributes: Vec<Attribute>,
}

/// Spans of one scope.
#[derive(Debug, Default)]
struct ScopeSpans {
    scope: Scope,
    spans: Vec<Span>,
}

/// `InstrumentationScope`: the library that recorded the spans.
#[derive(Debug, Default)]
struct Scope {
    name: Box<str>,
    version: Box<str>,
}

/// `Span`. A missing id is zero; times are nanoseconds since 1970.
#[derive(Debug, Default)]
struct Span {
    trace_id: TraceId,
    span_id: SpanId,
    parent: SpanId,
    trace_state: Box<str>,
    name: Box<str>,
    kind: i32,
    start: u64,
    end: u64,
    attributes: Vec<Attribute>,
    events: Vec<Event>,
    links: Vec<Link>,
    status: Status,
}

/// `Status`.
#[derive(Debug, Default)]
struct Status {
    code: i32,
    message: Box<str>,
}

/// `Span.Event`.
#[derive(Debug, Default)]
struct Event {
    time: u64,
    name: Box<str>,
    attributes: Vec<Attribute>,
}

/// `Span.Link`.
#[derive(Debug, Default)]
struct Link {
    trace_id: TraceId,
    span_id: SpanId,
    attributes: Vec<Attribute>,
}

/// `KeyValue`.
#[derive(Debug, Default)]
struct Attribute {
    key: Box<str>,
    value: AnyValue,
}

/// `AnyValue`.
#[derive(Debug, Default)]
enum AnyValue {
    /// None of the others.
    #[default]
    Empty,
    String(Box<str>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Box<[u8]>),
    Array(Vec<Self>),
    Map(Vec<Attribute>),
}
