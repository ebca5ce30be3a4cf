//! Which span is above which, and so which service calls which: the one place that knows it.

use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;

use super::adjust::span_ids;
use crate::jaeger::model::Span;

/// A span and its place in its trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    /// The span.
    pub(super) span: &'a Span,
    /// The one above it; `None` when there is none, or when it is not stored.
    pub(super) parent: Option<&'a Span>,
}

/// The spans of one trace in their order. Where several have the id of a parent, the first that came is it.
pub(super) fn placed(spans: &[Arc<Span>]) -> impl Iterator<Item = Placed<'_>> {
    let links = span_ids::links(spans);
    let mut first: HashMap<_, &Span> = HashMap::with_capacity(spans.len());
    for (span, link) in spans.iter().zip(&links) {
        first.entry(link.id).or_insert(span);
    }
    spans.iter().zip(links).map(move |(span, link)| {
        let parent = link.parent.and_then(|id| first.get(&id).copied());
        Placed {
            span,
            parent: parent.filter(|parent| !ptr::eq(*parent, &**span)),
        }
    })
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

    /// Whether it is a request to its service. A span that does not say is one when nothing of the same service is above it.
    pub(super) fn is_request(&self) -> bool {
        self.says_request()
            .unwrap_or_else(|| self.parent.is_none() || self.caller_elsewhere().is_some())
    }

    /// What the kind says. `internal` says nothing: OpenTelemetry's exporters for Jaeger leave that kind out, and so it must count as
    /// a span without one does.
    fn says_request(&self) -> Option<bool> {
        match self.span.kind() {
            "server" | "consumer" => Some(true),
            "client" | "producer" => Some(false),
            _ => None,
        }
    }
}
