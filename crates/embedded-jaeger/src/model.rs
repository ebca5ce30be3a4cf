//! The span as Jaeger knows it (jaeger-idl `proto/api_v2/model.proto`), whichever way it came.
//!
//! Strings and lists are kept without spare capacity: a store full of them costs what it says it
//! does.

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
    sync::Arc,
};

pub use super::ids::{SpanId, TraceId};

/// What the allocator adds to each piece of heap memory, in bytes; an estimate.
const ALLOCATION: usize = 16;

/// One operation of one service.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// The name of the operation.
    pub operation: Box<str>,
    /// Other spans it comes from; see [`Span::parent`].
    pub references: Vec<SpanRef>,
    /// Bit 0: sampled, bit 1: debug.
    pub flags: u32,
    /// Nanoseconds since 1970, never negative.
    pub start_ns: i64,
    /// Nanoseconds, never negative.
    pub duration_ns: i64,
    /// What is known of the operation.
    pub tags: Vec<Tag>,
    /// What happened in the meantime.
    pub logs: Vec<Log>,
    /// The process that did it, shared by the spans of a batch.
    pub process: Arc<Process>,
    /// What somebody on the way found odd.
    pub warnings: Vec<Box<str>>,
    /// The way it came.
    pub receiver: Receiver,
}

/// A reference to another span.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpanRef {
    /// How the two belong together.
    pub kind: RefKind,
    /// The other span's trace.
    pub trace_id: TraceId,
    /// The other span's id.
    pub span_id: SpanId,
}

/// How a span refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefKind {
    /// The other span waits for this one.
    ChildOf,
    /// The other span does not wait for this one.
    FollowsFrom,
}

/// The process that made a span.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// The name of the service.
    pub service: Box<str>,
    /// What is known of the process.
    pub tags: Vec<Tag>,
}

/// Something that happened within a span.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Log {
    /// Nanoseconds since 1970, never negative.
    pub timestamp_ns: i64,
    /// What happened.
    pub fields: Vec<Tag>,
}

/// A key and its value. Ordered as Jaeger orders them: by key, then type, then value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// The key; the same one may appear more than once.
    pub key: Box<str>,
    /// The value.
    pub value: Value,
}

impl Tag {
    /// A tag with a text.
    pub fn text(key: &str, value: &str) -> Self {
        Self {
            key: key.into(),
            value: Value::String(value.into()),
        }
    }
}

/// The value of a tag.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Value {
    String(Box<str>),
    Bool(bool),
    Int64(i64),
    Float64(f64),
    Binary(Box<[u8]>),
}

impl Value {
    /// The place of the type in Jaeger's enum `ValueType`, by which values of one key are ordered.
    fn rank(&self) -> u8 {
        match self {
            Self::String(_) => 0,
            Self::Bool(_) => 1,
            Self::Int64(_) => 2,
            Self::Float64(_) => 3,
            Self::Binary(_) => 4,
        }
    }
}

// By hand and not derived, because a float has no total order of its own.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int64(a), Self::Int64(b)) => a.cmp(b),
            (Self::Float64(a), Self::Float64(b)) => a.total_cmp(b),
            (Self::Binary(a), Self::Binary(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::String(value) => value.hash(state),
            Self::Bool(value) => value.hash(state),
            Self::Int64(value) => value.hash(state),
            Self::Float64(value) => value.to_bits().hash(state),
            Self::Binary(value) => value.hash(state),
        }
    }
}

/// The way a span came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// The name, for tags and log lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::UdpCompact => "udp-compact",
            Self::UdpBinary => "udp-binary",
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }

    /// The tags that say which way a span came: `internal.span.format` of Jaeger's collector, and
    /// `internal.span.receiver`, which is ours. An agent forwards by gRPC, so what came through one
    /// is `proto` in Jaeger, too.
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

    /// Whether it says that it failed: `error` is true, as Jaeger has it, or `otel.status_code` is
    /// ERROR.
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
