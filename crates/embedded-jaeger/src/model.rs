//! Jaeger's span (jaeger-idl `proto/api_v2/model.proto`), independent of the receiver it came by.
//!
//! Public for this project's own tests, benchmarks and fuzz targets: [`Trace`](crate::Trace) and
//! [`Span`](crate::Span) are what the API returns.
//!
//! Strings and lists have no spare capacity, so that the store's estimate of its memory holds.

use std::sync::Arc;

pub use super::{
    ids::{SpanId, TraceId},
    value::{Tag, Value},
};

/// The estimated overhead of the allocator for each allocation, in bytes.
const ALLOCATION: usize = 16;

/// An operation of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// The name of the operation.
    pub operation: Box<str>,
    /// References to the spans that caused it; see [`Span::parent`].
    pub references: Vec<SpanRef>,
    /// Bit 0: sampled, bit 1: debug.
    pub flags: u32,
    /// Nanoseconds since 1970, never negative.
    pub start_ns: i64,
    /// Nanoseconds, never negative.
    pub duration_ns: i64,
    /// Attributes of the operation.
    pub tags: Vec<Tag>,
    /// Events during the operation.
    pub logs: Vec<Log>,
    /// The process that ran it, shared by the spans of a batch.
    pub process: Arc<Process>,
    /// Warnings added by Jaeger components.
    pub warnings: Vec<Box<str>>,
    /// The receiver it came by.
    pub receiver: Receiver,
}

/// A reference to another span.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpanRef {
    /// The kind of the reference.
    pub kind: RefKind,
    /// The other span's trace.
    pub trace_id: TraceId,
    /// The other span's id.
    pub span_id: SpanId,
}

/// The kind of a reference to another span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefKind {
    /// The other span waits for this one.
    ChildOf,
    /// The other span does not wait for this one.
    FollowsFrom,
}

/// The process that recorded a span.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// The name of the service.
    pub service: Box<str>,
    /// Attributes of the process.
    pub tags: Vec<Tag>,
}

/// An event within a span.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Log {
    /// Nanoseconds since 1970, never negative.
    pub timestamp_ns: i64,
    /// The event's attributes.
    pub fields: Vec<Tag>,
}

/// A receiver of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Receiver {
    /// Thrift compact over UDP, as to an agent.
    UdpCompact,
    /// Thrift binary over UDP, as to an agent.
    UdpBinary,
    /// Thrift binary over HTTP, as to a collector.
    Http,
    /// api_v2 over gRPC, as to a collector.
    Grpc,
}

impl Receiver {
    /// The name in tags, metrics and log lines, such as `udp-compact`.
    pub fn name(self) -> &'static str {
        match self {
            Self::UdpCompact => "udp-compact",
            Self::UdpBinary => "udp-binary",
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }

    /// The tags that name a span's receiver: `internal.span.format`, as Jaeger's collector sets it,
    /// and `internal.span.receiver`, which is this crate's own. An agent forwards by gRPC, so the
    /// format of its spans is `proto` in Jaeger, too.
    pub fn tags(self) -> [(&'static str, &'static str); 2] {
        let format = match self {
            Self::Http => "jaeger",
            Self::UdpCompact | Self::UdpBinary | Self::Grpc => "proto",
        };
        [
            ("internal.span.format", format),
            ("internal.span.receiver", self.name()),
        ]
    }
}

impl Span {
    /// The parent: the first CHILD_OF reference of the same trace, else the first FOLLOWS_FROM of
    /// the same trace.
    pub fn parent(&self) -> Option<SpanId> {
        let of_kind = |kind| {
            let same = |r: &&SpanRef| r.kind == kind && r.trace_id == self.trace_id;
            self.references.iter().find(same).map(|r| r.span_id)
        };
        of_kind(RefKind::ChildOf)
            .or_else(|| of_kind(RefKind::FollowsFrom))
            .filter(|id| id.0 != 0)
    }

    /// The value of the first tag `span.kind` where it is one that Jaeger knows, else
    /// `unspecified`.
    pub fn kind(&self) -> &'static str {
        let first = self.tags.iter().find(|tag| &*tag.key == "span.kind");
        let Some(Value::String(kind)) = first.map(|tag| &tag.value) else {
            return "unspecified";
        };
        ["client", "server", "producer", "consumer", "internal"]
            .into_iter()
            .find(|known| *known == &**kind)
            .unwrap_or("unspecified")
    }

    /// True if it failed: its tag `error` is true, as in Jaeger, or `otel.status_code` is ERROR.
    pub fn failed(&self) -> bool {
        let first = |key: &str| self.tags.iter().find(|tag| &*tag.key == key);
        let is = |key, text: &str| match first(key).map(|tag| &tag.value) {
            Some(Value::String(value)) => **value == *text,
            Some(Value::Bool(value)) => *value && text == "true",
            _ => false,
        };
        is("error", "true") || is("otel.status_code", "ERROR")
    }

    /// Estimated memory in bytes, without the process, which is shared.
    pub fn size(&self) -> usize {
        size_of::<Self>()
            + ALLOCATION
            + text_size(&self.operation)
            + list_size(&self.references, |_| 0)
            + tags_size(&self.tags)
            + list_size(&self.logs, |log| tags_size(&log.fields))
            + list_size(&self.warnings, |warning| text_size(warning))
    }
}

impl Process {
    /// Estimated memory in bytes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + ALLOCATION + text_size(&self.service) + tags_size(&self.tags)
    }
}

fn text_size(text: &str) -> usize {
    ALLOCATION + text.len()
}

fn list_size<T>(list: &[T], inner: impl Fn(&T) -> usize) -> usize {
    ALLOCATION + size_of_val(list) + list.iter().map(inner).sum::<usize>()
}

fn tags_size(tags: &[Tag]) -> usize {
    list_size(tags, |tag| {
        let value = match &tag.value {
            Value::String(text) => text_size(text),
            Value::Binary(bytes) => ALLOCATION + bytes.len(),
            Value::Bool(_) | Value::Int64(_) | Value::Float64(_) => 0,
        };
        text_size(&tag.key) + value
    })
}
