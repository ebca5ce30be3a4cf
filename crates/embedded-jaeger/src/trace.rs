//! Traces as the typed API returns them.

mod text;

use std::{
    collections::{HashMap, HashSet},
    ops::Index,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    ids::{SpanId, TraceId},
    model::{self, Process, Receiver, Tag},
    query::Adjusted,
    value::Value,
};

/// The spans of a trace that had arrived when it was asked for, adjusted as Jaeger's query service
/// adjusts them: tags are sorted, spans have the tags of their receiver, span ids are unique, odd
/// clocks and references lead to [warnings](Span::warnings). (The spans as they were sent are at
/// `/api/traces/{id}?raw=true` of the HTTP API.)
///
/// [`Display`](std::fmt::Display) writes a line for each span, with its service and name.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    id: TraceId,
    spans: Vec<Span>,
}

/// An operation of a service, as a part of a [`Trace`]. Its tags are indexed by their keys.
///
/// # Examples
/// ```no_run
/// # fn f(trace: &embedded_jaeger::Trace) {
/// let span = trace.span("POST /orders").unwrap();
/// assert_eq!(span.service(), "shop");
/// assert_eq!(span["http.response.status_code"], 500);
/// assert_eq!(span["error"], true);
/// assert_eq!(span.tag("user.id"), None);
/// let exception = span.events().next().unwrap();
/// assert_eq!(exception["exception.message"], "out of stock");
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Span(model::Span);

/// An event within a [`Span`]; Jaeger calls it a log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event<'s>(&'s model::Log);

impl Trace {
    /// The id of the trace.
    pub fn id(&self) -> TraceId {
        self.id
    }

    /// All spans, in the order of their arrival.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The first span with this name.
    pub fn span(&self, name: &str) -> Option<&Span> {
        self.spans.iter().find(|span| span.name() == name)
    }

    /// The spans of a service, in the order of their arrival.
    pub fn spans_of(&self, service: &str) -> impl Iterator<Item = &Span> {
        let of_service = move |span: &&Span| span.service() == service;
        self.spans.iter().filter(of_service)
    }

    /// The first span whose parent is not in the trace.
    pub fn root(&self) -> Option<&Span> {
        let ids = self.span_ids();
        let has_parent = |span: &Span| span.parent_id().is_some_and(|id| ids.contains(&id));
        self.spans.iter().find(|span| !has_parent(span))
    }

    /// The parent of a span, if it has one that has arrived.
    pub fn parent(&self, span: &Span) -> Option<&Span> {
        let parent = span.parent_id()?;
        self.spans.iter().find(|span| span.id() == parent)
    }

    /// The spans whose parent is `span`, in the order of their arrival.
    pub fn children(&self, span: &Span) -> impl Iterator<Item = &Span> {
        let id = span.id();
        let is_child = move |span: &&Span| span.parent_id() == Some(id);
        self.spans.iter().filter(is_child)
    }

    /// The ids of all spans. A search for each span's parent would take a time that grows with the
    /// square of their number.
    fn span_ids(&self) -> HashSet<SpanId> {
        self.spans.iter().map(Span::id).collect()
    }

    /// A trace without spans is none.
    pub(crate) fn new(adjusted: Adjusted) -> Option<Self> {
        let id = adjusted.spans.first()?.trace_id;
        // Equal processes share their memory, and so do those that equal tags were moved to.
        let mut processes = HashMap::new();
        let spans = adjusted.spans.into_iter().zip(adjusted.moved_tags);
        let spans = spans.map(|(mut span, moved)| {
            let key = (Arc::as_ptr(&span.process), moved);
            let (process, moved) = (&span.process, &key.1);
            let with_moved = match processes.get(&key) {
                Some(known) => Arc::clone(known),
                None if moved.is_empty() => Arc::clone(process),
                None => {
                    let mut tags = [process.tags.as_slice(), moved].concat();
                    tags.sort_unstable();
                    let service = process.service.clone();
                    Arc::new(Process { service, tags })
                }
            };
            processes.insert(key, Arc::clone(&with_moved));
            span.process = with_moved;
            Span(span)
        });
        Some(Self {
            id,
            spans: spans.collect(),
        })
    }
}

impl Span {
    /// The id of its trace.
    pub fn trace_id(&self) -> TraceId {
        self.0.trace_id
    }

    /// The id of the span.
    pub fn id(&self) -> SpanId {
        self.0.span_id
    }

    /// The id of its parent; `None` for a root.
    pub fn parent_id(&self) -> Option<SpanId> {
        self.0.parent()
    }

    /// The name of the operation.
    pub fn name(&self) -> &str {
        &self.0.operation
    }

    /// The name of the service.
    pub fn service(&self) -> &str {
        &self.0.process.service
    }

    /// The tag `span.kind`: `server`, `client`, `producer`, `consumer` or `internal`, or
    /// `unspecified` for any other.
    pub fn kind(&self) -> &str {
        self.0.kind()
    }

    /// The value of the first tag with this key.
    pub fn tag(&self, key: &str) -> Option<&Value> {
        value(&self.0.tags, key)
    }

    /// All tags, sorted by key.
    pub fn tags(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        pairs(&self.0.tags)
    }

    /// The value of the first tag of its process with this key: OpenTelemetry's resource.
    pub fn process_tag(&self, key: &str) -> Option<&Value> {
        value(&self.0.process.tags, key)
    }

    /// All tags of its process, sorted by key.
    pub fn process_tags(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        pairs(&self.0.process.tags)
    }

    /// Its events, in the order in which they were sent.
    pub fn events(&self) -> impl ExactSizeIterator<Item = Event<'_>> {
        self.0.logs.iter().map(Event)
    }

    /// The other spans that it refers to, with their traces: its parent, and links.
    pub fn references(&self) -> impl ExactSizeIterator<Item = (TraceId, SpanId)> {
        let ids = |other: &model::SpanRef| (other.trace_id, other.span_id);
        self.0.references.iter().map(ids)
    }

    /// True if the span failed: its tag `error` is true, or `otel.status_code` is `ERROR`.
    pub fn failed(&self) -> bool {
        self.0.failed()
    }

    /// The time at which it started.
    pub fn start(&self) -> SystemTime {
        time(self.0.start_ns)
    }

    /// The time that it took.
    pub fn duration(&self) -> Duration {
        duration(self.0.duration_ns)
    }

    /// Jaeger's flags: bit 0 for sampled, bit 1 for debug.
    pub fn flags(&self) -> u32 {
        self.0.flags
    }

    /// The warnings of the sender and of the query service.
    pub fn warnings(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.warnings.iter().map(|warning| &**warning)
    }

    /// The receiver that it came by.
    pub fn receiver(&self) -> Receiver {
        self.0.receiver
    }
}

impl Index<&str> for Span {
    type Output = Value;

    /// The value of the first tag with this key, for assertions.
    ///
    /// # Panics
    /// If there is none. [`Span::tag`] does not panic.
    fn index(&self, key: &str) -> &Value {
        expected(&self.0.tags, key)
    }
}

impl Index<&str> for Event<'_> {
    type Output = Value;

    /// The value of the first field with this key, for assertions.
    ///
    /// # Panics
    /// If there is none. [`Event::field`] does not panic.
    fn index(&self, key: &str) -> &Value {
        expected(&self.0.fields, key)
    }
}

impl<'s> Event<'s> {
    /// The name: the field `event`, if it is a text.
    pub fn name(&self) -> Option<&'s str> {
        self.field("event")?.as_str()
    }

    /// The value of the first field with this key.
    pub fn field(&self, key: &str) -> Option<&'s Value> {
        value(&self.0.fields, key)
    }

    /// All fields, sorted by key.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&'s str, &'s Value)> {
        pairs(&self.0.fields)
    }

    /// The time of the event.
    pub fn time(&self) -> SystemTime {
        time(self.0.timestamp_ns)
    }
}

fn value<'t>(tags: &'t [Tag], key: &str) -> Option<&'t Value> {
    let tag = tags.iter().find(|tag| *tag.key == *key)?;
    Some(&tag.value)
}

#[expect(clippy::panic, reason = "as indexing does")]
fn expected<'t>(tags: &'t [Tag], key: &str) -> &'t Value {
    value(tags, key).unwrap_or_else(|| {
        let keys: Vec<_> = tags.iter().map(|tag| &*tag.key).collect();
        panic!("no {key:?} among {keys:?}")
    })
}

fn pairs(tags: &[Tag]) -> impl ExactSizeIterator<Item = (&str, &Value)> {
    tags.iter().map(|tag| (&*tag.key, &tag.value))
}

fn time(nanoseconds: i64) -> SystemTime {
    UNIX_EPOCH + duration(nanoseconds)
}

/// Stored times and durations are never negative.
fn duration(nanoseconds: i64) -> Duration {
    Duration::from_nanos(nanoseconds.try_into().unwrap_or_default())
}
