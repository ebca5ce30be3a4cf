//! The query service's JSON (jaeger `model/json/model.go`, `model/converter/json/from_domain.go`).

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::ser::{Error as _, Serialize, SerializeStruct, Serializer};
use serde_json::value::RawValue;

use super::adjust;
use crate::{
    go,
    model::{Log, Process, RefKind, Span, SpanRef, Tag, TraceId, Value},
};

/// The envelope of every answer.
#[derive(Debug, serde::Serialize)]
pub(super) struct Envelope<T> {
    pub(super) data: T,
    pub(super) total: usize,
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) errors: Option<Vec<Error>>,
}

/// An error in an answer.
#[derive(Debug, serde::Serialize)]
pub(super) struct Error {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<u16>,
    pub(super) msg: String,
    #[serde(
        rename = "traceID",
        skip_serializing_if = "Option::is_none",
        serialize_with = "some_text"
    )]
    pub(super) trace_id: Option<TraceId>,
}

fn some_text<S: Serializer>(id: &Option<TraceId>, to: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => to.collect_str(id),
        None => to.serialize_none(),
    }
}

impl<T> Envelope<T> {
    /// Data without a count, as traces and dependencies have it.
    pub(super) fn of(data: T) -> Self {
        Self {
            data,
            total: 0,
            limit: 0,
            offset: 0,
            errors: None,
        }
    }
}

impl<T> Envelope<Vec<T>> {
    /// A list with its count.
    pub(super) fn counted(data: Vec<T>) -> Self {
        Self {
            total: data.len(),
            ..Self::of(data)
        }
    }
}

impl Envelope<()> {
    /// No data, but an error.
    pub(super) fn error(code: u16, msg: String) -> Self {
        let error = Error {
            code: Some(code),
            msg,
            trace_id: None,
        };
        Self {
            errors: Some(vec![error]),
            ..Self::of(())
        }
    }
}

/// A list that is computed while it is serialized, so that a large trace is never in memory twice.
struct Lazy<F>(F);

impl<F, I> Serialize for Lazy<F>
where
    F: Fn() -> I,
    I: IntoIterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq((self.0)())
    }
}

struct Text<T>(T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl Serialize for adjust::Trace {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut numbers = HashMap::new();
        let mut processes = Vec::new();
        let spans = self.spans.iter().zip(&self.moved_tags);
        let numbers: Vec<usize> = spans
            .map(|(span, moved)| {
                // Equal processes share their memory, see `adjust`.
                *numbers
                    .entry((Arc::as_ptr(&span.process), moved))
                    .or_insert_with(|| {
                        processes.push(ProcessJson(&span.process, moved));
                        processes.len()
                    })
            })
            .collect();
        let mut json = to.serialize_struct("Trace", 4)?;
        let id = self.spans.first().map_or(TraceId(0), |span| span.trace_id);
        json.serialize_field("traceID", &Text(id))?;
        let spans = self.spans.iter().zip(&numbers);
        json.serialize_field(
            "spans",
            &Lazy(|| {
                spans
                    .clone()
                    .map(|(span, process)| SpanJson(span, *process))
            }),
        )?;
        json.serialize_field("processes", &ProcessMap(&processes))?;
        json.serialize_field("warnings", &())?;
        json.end()
    }
}

struct ProcessMap<'a>(&'a [ProcessJson<'a>]);

impl Serialize for ProcessMap<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let numbered = self.0.iter().enumerate();
        to.collect_map(numbered.map(|(index, process)| (format!("p{}", index + 1), process)))
    }
}

/// A process and the tags that were moved to it.
struct ProcessJson<'a>(&'a Process, &'a [Tag]);

impl Serialize for ProcessJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let tags = || {
            let mut tags: Vec<_> = self.0.tags.iter().chain(self.1).collect();
            // Without moved tags they are in order already, or, in a raw trace, as they arrived.
            if !self.1.is_empty() {
                tags.sort_unstable();
            }
            tags
        };
        let mut json = to.serialize_struct("Process", 2)?;
        json.serialize_field("serviceName", &self.0.service)?;
        json.serialize_field("tags", &Lazy(tags))?;
        json.end()
    }
}

/// A span and the number of its process.
struct SpanJson<'a>(&'a Span, usize);

impl Serialize for SpanJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let span = self.0;
        let mut json = to.serialize_struct("Span", 11)?;
        json.serialize_field("traceID", &Text(span.trace_id))?;
        json.serialize_field("spanID", &Text(span.span_id))?;
        if span.flags != 0 {
            json.serialize_field("flags", &span.flags)?;
        }
        json.serialize_field("operationName", &span.operation)?;
        json.serialize_field("references", &span.references)?;
        json.serialize_field("startTime", &(span.start_ns / 1_000))?;
        json.serialize_field("duration", &(span.duration_ns / 1_000))?;
        json.serialize_field("tags", &span.tags)?;
        json.serialize_field("logs", &span.logs)?;
        json.serialize_field("processID", &Text(format_args!("p{}", self.1)))?;
        let warnings = Some(&span.warnings).filter(|warnings| !warnings.is_empty());
        json.serialize_field("warnings", &warnings)?;
        json.end()
    }
}

impl Serialize for SpanRef {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let kind = match self.kind {
            RefKind::ChildOf => "CHILD_OF",
            RefKind::FollowsFrom => "FOLLOWS_FROM",
        };
        let mut json = to.serialize_struct("SpanRef", 3)?;
        json.serialize_field("refType", kind)?;
        json.serialize_field("traceID", &Text(self.trace_id))?;
        json.serialize_field("spanID", &Text(self.span_id))?;
        json.end()
    }
}

impl Serialize for Log {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut json = to.serialize_struct("Log", 2)?;
        json.serialize_field("timestamp", &(self.timestamp_ns / 1_000))?;
        json.serialize_field("fields", &self.fields)?;
        json.end()
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let kind = match self.value {
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            Value::Int64(_) => "int64",
            Value::Float64(_) => "float64",
            Value::Binary(_) => "binary",
        };
        let mut json = to.serialize_struct("KeyValue", 3)?;
        json.serialize_field("key", &self.key)?;
        json.serialize_field("type", kind)?;
        json.serialize_field("value", &self.value)?;
        json.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        /// The largest integer that JavaScript represents exactly.
        const MAX_SAFE: u64 = (1 << 53) - 1;
        match self {
            Self::String(text) => to.serialize_str(text),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Int64(value) if value.unsigned_abs() > MAX_SAFE => to.collect_str(value),
            Self::Int64(value) => to.serialize_i64(*value),
            // Jaeger fails the whole answer on a float that JSON cannot say; a text shows it.
            Self::Float64(value) if !value.is_finite() => to.collect_str(value),
            Self::Float64(value) => {
                // On its way through Jaeger's storage -0 becomes 0, and so it does here.
                let number = RawValue::from_string(go::json::number(value + 0.0));
                number.map_err(S::Error::custom)?.serialize(to)
            }
            // Go's nil, which an empty list is after its way through Jaeger's storage.
            Self::Binary(bytes) if bytes.is_empty() => to.serialize_none(),
            Self::Binary(bytes) => to.serialize_str(&STANDARD.encode(bytes)),
        }
    }
}
