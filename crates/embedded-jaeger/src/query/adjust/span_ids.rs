//! Unique span ids (jaeger `model/adjuster/zipkin_span_id_uniquify.go`): Zipkin's clients give the
//! client's and the server's span of a call the same id. The server's gets a new one, and its
//! children refer to that.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
};

use crate::model::{RefKind, Span, SpanId, SpanRef};

/// The ids of a span and of its parent, once each server span has an id of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) id: SpanId,
    pub(crate) parent: Option<SpanId>,
}

/// The links of a trace's spans, in their order: each server span that shares its id with a client
/// span has a new one.
pub(crate) fn links<S: Borrow<Span>>(spans: &[S]) -> Vec<Link> {
    let spans = || spans.iter().map(Borrow::borrow);
    let used: HashSet<SpanId> = spans().map(|span| span.span_id).collect();
    let of_clients: HashSet<SpanId> = spans()
        .filter(|span| span.kind() == "client")
        .map(|span| span.span_id)
        .collect();
    let mut free = (1..u64::MAX).map(SpanId).filter(|id| !used.contains(id));
    let mut renamed = HashMap::new();
    let mut link = |span: &Span| {
        let (id, parent) = (span.span_id, span.parent());
        if span.kind() == "server"
            && of_clients.contains(&id)
            && let Some(new) = free.next()
        {
            renamed.insert(id, new);
            // The client's span is the parent.
            return Link {
                id: new,
                parent: Some(id),
            };
        }
        Link { id, parent }
    };
    let mut links: Vec<_> = spans().map(&mut link).collect();
    for link in &mut links {
        let parent = link.parent.and_then(|parent| renamed.get(&parent));
        if let Some(parent) = parent.filter(|parent| **parent != link.id) {
            link.parent = Some(*parent);
        }
    }
    links
}

/// Gives each server span that shares its id with a client span a new id.
pub(super) fn make_unique(spans: &mut [Span]) {
    let links = links(spans);
    for (span, link) in spans.iter_mut().zip(links) {
        if let Some(parent) = link.parent.filter(|_| link.parent != span.parent()) {
            replace_parent(span, parent);
        }
        span.span_id = link.id;
    }
}

fn replace_parent(span: &mut Span, parent: SpanId) {
    let old = span.parent().unwrap_or(SpanId(0));
    let trace_id = span.trace_id;
    let is_old = |r: &&mut SpanRef| r.span_id == old && r.trace_id == trace_id;
    match span.references.iter_mut().find(is_old) {
        Some(reference) => reference.span_id = parent,
        None => span.references.insert(
            0,
            SpanRef {
                kind: RefKind::ChildOf,
                trace_id,
                span_id: parent,
            },
        ),
    }
}
