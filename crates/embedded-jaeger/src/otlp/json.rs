//! Reads OTLP in JSON (opentelemetry-proto `docs/specification.md`, "JSON Protobuf Encoding") as
//! OpenTelemetry's Collector does: names in camel case or with underscores, numbers also as texts,
//! enums by number or by name, `null` for a missing value. Unknown fields are skipped.

mod field;

use serde::de::{DeserializeSeed, MapAccess};

use self::field::{Field, Message, Object};
use super::{
    AnyValue, Attribute, Event, Link, Resource, ResourceSpans, Scope, ScopeSpans, Span, Status,
};
use crate::{
    model::{SpanId, TraceId},
    receive::Budget,
};

/// Reads the spans of a file or a message. Bytes behind its object are ignored.
///
/// # Errors
/// The text is not JSON, or not OTLP, or its values would take far more memory than its bytes.
pub(crate) fn read(bytes: &[u8], budget: &mut Budget) -> serde_json::Result<Vec<ResourceSpans>> {
    let mut traces = Traces::default();
    let object = Object(&mut traces, budget);
    object.deserialize(&mut serde_json::Deserializer::from_slice(bytes))?;
    Ok(traces.0)
}

macro_rules! message {
    ($message:ty, |$to:ident, $value:ident| $($name:pat => $read:expr,)+) => {
        impl Message for $message {
            fn field<'de, M: MapAccess<'de>>(
                &mut self,
                name: &str,
                $value: Field<'_, M>,
            ) -> Result<(), M::Error> {
                let $to = self;
                match name {
                    $($name => $read,)+
                    _ => $value.skip()?,
                }
                Ok(())
            }
        }
    };
}

/// `TracesData` in a file, `ExportTraceServiceRequest` in a message.
#[derive(Default)]
struct Traces(Vec<ResourceSpans>);

message!(Traces, |to, value|
    "resourceSpans" | "resource_spans" => value.list(&mut to.0)?,
);

message!(ResourceSpans, |to, value|
    "resource" => value.object(&mut to.resource)?,
    "scopeSpans" | "scope_spans" => value.list(&mut to.scope_spans)?,
);

message!(Resource, |to, value|
    "attributes" => value.list(&mut to.attributes)?,
);

message!(ScopeSpans, |to, value|
    "scope" => value.object(&mut to.scope)?,
    "spans" => value.list(&mut to.spans)?,
);

message!(Scope, |to, value|
    "name" => to.name = value.text()?,
    "version" => to.version = value.text()?,
);

message!(Span, |to, value|
    "traceId" | "trace_id" => to.trace_id = TraceId(u128::from_be_bytes(value.id()?)),
    "spanId" | "span_id" => to.span_id = SpanId(u64::from_be_bytes(value.id()?)),
    "parentSpanId" | "parent_span_id" => to.parent = SpanId(u64::from_be_bytes(value.id()?)),
    "traceState" | "trace_state" => to.trace_state = value.text()?,
    "name" => to.name = value.text()?,
    "kind" => to.kind = value.enumeration(&KINDS)?,
    "startTimeUnixNano" | "start_time_unix_nano" => to.start = value.number()?,
    "endTimeUnixNano" | "end_time_unix_nano" => to.end = value.number()?,
    "attributes" => value.list(&mut to.attributes)?,
    "events" => value.list(&mut to.events)?,
    "links" => value.list(&mut to.links)?,
    "status" => value.object(&mut to.status)?,
);

message!(Status, |to, value|
    "message" => to.message = value.text()?,
    "code" => to.code = value.enumeration(&STATUS_CODES)?,
);

message!(Event, |to, value|
    "timeUnixNano" | "time_unix_nano" => to.time = value.number()?,
    "name" => to.name = value.text()?,
    "attributes" => value.list(&mut to.attributes)?,
);

message!(Link, |to, value|
    "traceId" | "trace_id" => to.trace_id = TraceId(u128::from_be_bytes(value.id()?)),
    "spanId" | "span_id" => to.span_id = SpanId(u64::from_be_bytes(value.id()?)),
    "attributes" => value.list(&mut to.attributes)?,
);

message!(Attribute, |to, value|
    "key" => to.key = value.text()?,
    "value" => value.object(&mut to.value)?,
);

message!(AnyValue, |to, value|
    "stringValue" | "string_value" => *to = AnyValue::String(value.text()?),
    "boolValue" | "bool_value" => *to = AnyValue::Bool(value.read()?),
    "intValue" | "int_value" => *to = AnyValue::Int(value.number()?),
    "doubleValue" | "double_value" => *to = AnyValue::Double(value.number()?),
    "bytesValue" | "bytes_value" => *to = AnyValue::Bytes(value.bytes()?),
    "arrayValue" | "array_value" => *to = AnyValue::Array(value.values()?),
    "kvlistValue" | "kvlist_value" => *to = AnyValue::Map(value.values()?),
);

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

const STATUS_CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
