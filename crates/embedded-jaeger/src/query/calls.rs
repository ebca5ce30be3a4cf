//! Which span is above which, and so which service calls which: the one place that knows it.

use std::{collections::HashMap, sync::Arc};

use super::adjust::{
    references,
    span_ids::{self, Link},
};
use crate::model::{Span, SpanId};

/// A span and its place in its trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    /// The span.
    pub(super) span: &'a Span,
    /// The one above it; `None` when there is none, or when it is not stored.
    pub(super) parent: Option<&'a Span>,
    /// When it began, in nanoseconds.
    pub(super) start_ns: i64,
}

/// The spans of one trace in their order, as Jaeger's storage sees them: the parent is the one that
/// a span names first, and where several have its id, the first that came.
pub(super) fn placed(spans: &[Arc<Span>]) -> Vec<Placed<'_>> {
    let links = span_ids::links(spans);
    let first = first(&links);
    let parents = links.iter().enumerate().map(|(index, link)| {
        let parent = link.parent.and_then(|id| first.get(&id).copied());
        parent.filter(|parent| *parent != index)
    });
    let starts = spans.iter().map(|span| span.start_ns);
    place(spans, parents, starts)
}

/// The same as the page shows them, and Jaeger's UI: the parent is the first of those a span names
/// that is stored, and a span without a start begins with the nearest above it that has one, or
/// else with the first of the trace.
pub(super) fn shown(spans: &[Arc<Span>]) -> Vec<Placed<'_>> {
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
) -> Vec<Placed<'_>> {
    let places = spans.iter().zip(parents).zip(starts);
    let placed = places.map(|((span, parent), start_ns)| Placed {
        span,
        parent: parent.map(|parent| &*spans[parent]),
        start_ns,
    });
    placed.collect()
}

/// All that a span names as its parents, in the order of the API's answers.
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
            // So that a circle has an end.
            starts[at] = first;
            unknown.push(at);
            above = parents[at];
        }
        let start = above.map_or(first, |at| starts[at]);
        unknown.into_iter().for_each(|at| starts[at] = start);
    }
}

impl<'a> Placed<'a> {
    /// The other service that the span is called from. This is what Jaeger counts.
    pub(super) fn caller_elsewhere(&self) -> Option<&'a str> {
        let service = self.parent.map(|parent| &*parent.process.service);
        service.filter(|service| *service != &*self.span.process.service)
    }

    /// The service that the span is called from, its own too when that sends itself a request.
    pub(super) fn caller(&self) -> Option<&'a str> {
        let itself = || {
            let parent = self.parent.filter(|_| self.says_request() == Some(true));
            parent.map(|parent| &*parent.process.service)
        };
        self.caller_elsewhere().or_else(itself)
    }

    /// Whether it is a request to its service. A span that does not say is one when nothing of the
    /// same service is above it.
    pub(super) fn is_request(&self) -> bool {
        self.says_request()
            .unwrap_or_else(|| self.parent.is_none() || self.caller_elsewhere().is_some())
    }

    /// What the kind says. `internal` says nothing: OpenTelemetry's exporters for Jaeger leave that
    /// kind out, and so it must count as a span without one does.
    fn says_request(&self) -> Option<bool> {
        match self.span.kind() {
            "server" | "consumer" => Some(true),
            "client" | "producer" => Some(false),
            _ => None,
        }
    }
}
