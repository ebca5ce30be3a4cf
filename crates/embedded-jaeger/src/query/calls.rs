//! The parents of the spans of a trace, and so the calls between services.

use std::{collections::HashMap, sync::Arc};

use super::adjust::{
    references,
    span_ids::{self, Link},
};
use crate::model::{Span, SpanId};

/// A span with its parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpanWithParent<'a> {
    /// The span.
    pub(crate) span: &'a Span,
    /// The parent; `None` if there is none, or if it is not stored.
    pub(crate) parent: Option<&'a Span>,
    /// The start in nanoseconds since 1970.
    pub(crate) start_ns: i64,
}

/// The spans of one trace in their order, with the parents that Jaeger's storage finds: the span that
/// is referred to first, and of several spans with that id the first that arrived.
pub(crate) fn with_parents(spans: &[Arc<Span>]) -> Vec<SpanWithParent<'_>> {
    let links = span_ids::links(spans);
    let first = first(&links);
    let parents = links.iter().enumerate().map(|(index, link)| {
        let parent = link.parent.and_then(|id| first.get(&id).copied());
        parent.filter(|parent| *parent != index)
    });
    let starts = spans.iter().map(|span| span.start_ns);
    place(spans, parents, starts)
}

/// The spans of one trace in their order, with the parents that the page and Jaeger's UI show: the
/// first stored span that is referred to. A span without a start has that of its nearest ancestor
/// with one, or else that of the first span of the trace.
pub(crate) fn shown(spans: &[Arc<Span>]) -> Vec<SpanWithParent<'_>> {
    let links = span_ids::links(spans);
    let first = first(&links);
    let parents = spans.iter().zip(&links).map(|(span, link)| {
        let stored = |id: SpanId| first.get(&id).copied().filter(|_| id != link.id);
        let others = || others(span).into_iter().find_map(stored);
        link.parent.and_then(stored).or_else(others)
    });
    let parents: Vec<_> = parents.collect();
    let mut starts: Vec<_> = spans.iter().map(|span| span.start_ns).collect();
    repair(&mut starts, &parents);
    place(spans, parents, starts)
}

fn first(links: &[Link]) -> HashMap<SpanId, usize> {
    let mut first = HashMap::with_capacity(links.len());
    for (index, link) in links.iter().enumerate() {
        first.entry(link.id).or_insert(index);
    }
    first
}

fn place(
    spans: &[Arc<Span>],
    parents: impl IntoIterator<Item = Option<usize>>,
    starts: impl IntoIterator<Item = i64>,
) -> Vec<SpanWithParent<'_>> {
    let places = spans.iter().zip(parents).zip(starts);
    let with_parents = places.map(|((span, parent), start_ns)| SpanWithParent {
        span,
        parent: parent.map(|parent| &*spans[parent]),
        start_ns,
    });
    with_parents.collect()
}

/// The ids of all spans of the trace that a span refers to, in the order of the API's answers.
fn others(span: &Span) -> Vec<SpanId> {
    let trace_id = span.trace_id;
    let mut all = span.references.clone();
    all.retain(|reference| reference.trace_id.0 != 0);
    references::put_parent_first(trace_id, &mut all);
    let near = all.iter().filter(|it| it.trace_id == trace_id);
    near.map(|it| it.span_id).filter(|id| id.0 != 0).collect()
}

fn repair(starts: &mut [i64], parents: &[Option<usize>]) {
    let Some(first) = starts.iter().copied().filter(|start| *start > 0).min() else {
        return;
    };
    for index in 0..starts.len() {
        let mut unknown = Vec::new();
        let mut above = Some(index);
        while let Some(at) = above.filter(|at| starts[*at] <= 0) {
            // Ends circles.
            starts[at] = first;
            unknown.push(at);
            above = parents[at];
        }
        let start = above.map_or(first, |at| starts[at]);
        unknown.into_iter().for_each(|at| starts[at] = start);
    }
}

impl<'a> SpanWithParent<'a> {
    /// The other service that called, which is what Jaeger counts.
    pub(crate) fn caller_elsewhere(&self) -> Option<&'a str> {
        let service = self.parent.map(|parent| &*parent.process.service);
        service.filter(|service| *service != &*self.span.process.service)
    }

    /// The service that called; its own if that sent itself a request.
    pub(crate) fn caller(&self) -> Option<&'a str> {
        let itself = || {
            let parent = self.parent.filter(|_| self.kind_is_request() == Some(true));
            parent.map(|parent| &*parent.process.service)
        };
        self.caller_elsewhere().or_else(itself)
    }

    /// True if the span is a request to its service. Without a kind it is one if its parent is of
    /// another service, or missing.
    pub(crate) fn is_request(&self) -> bool {
        self.kind_is_request()
            .unwrap_or_else(|| self.parent.is_none() || self.caller_elsewhere().is_some())
    }

    /// The answer of the span's kind, if it has one. `internal` counts as none: OpenTelemetry's
    /// exporters for Jaeger leave that kind out.
    fn kind_is_request(&self) -> Option<bool> {
        match self.span.kind() {
            "server" | "consumer" => Some(true),
            "client" | "producer" => Some(false),
            _ => None,
        }
    }
}
