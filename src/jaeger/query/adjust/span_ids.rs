//! Zipkin's clients give the client's and the server's span of one call the same id (jaeger `model/adjuster/zipkin_span_id_uniquify.go`):
//! the server's gets one of its own, and its children follow.

use std::collections::{HashMap, HashSet};

use crate::jaeger::model::{RefKind, Span, SpanId, SpanRef};

/// Gives each server span that shares its id with a client span a new id.
pub(super) fn make_unique(spans: &mut [Span]) {
    let used: HashSet<SpanId> = spans.iter().map(|span| span.span_id).collect();
    let of_clients: HashSet<SpanId> = (spans.iter())
        .filter(|span| span.kind() == "client")
        .map(|span| span.span_id)
        .collect();
    let mut free = (1..u64::MAX).map(SpanId).filter(|id| !used.contains(id));
    let mut renamed = HashMap::new();
    for span in spans.iter_mut() {
        if span.kind() == "server"
            && of_clients.contains(&span.span_id)
            && let Some(id) = free.next()
        {
            renamed.insert(span.span_id, id);
            // The client's span is the parent.
            replace_parent(span, span.span_id);
            span.span_id = id;
        }
    }
    if renamed.is_empty() {
        return;
    }
    for span in spans.iter_mut() {
        let parent = span.parent().and_then(|parent| renamed.get(&parent));
        if let Some(parent) = parent.filter(|parent| **parent != span.span_id) {
            replace_parent(span, *parent);
        }
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
