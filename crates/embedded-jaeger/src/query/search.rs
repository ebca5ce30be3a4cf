//! The search for traces (jaeger `plugin/storage/memory/memory.go`): a trace is found if one of its
//! spans meets all conditions.

use super::TraceQuery;
use crate::{
    go,
    model::{Span, Tag, TraceId},
    store::Store,
};

/// The traces that a query finds, sorted by start; of more than the limit those that start last.
pub(super) fn search(store: &Store, query: &TraceQuery) -> Vec<TraceId> {
    latest(store.find(|span| matches(span, query)), query)
}

/// The traces that a query finds among those that got spans since the store's `arrivals` was that
/// number; `None` if there are too many of them.
pub(crate) fn search_since(
    store: &Store,
    arrivals: u64,
    query: &TraceQuery,
) -> Option<Vec<TraceId>> {
    let found = store.find_since(arrivals, |span| matches(span, query))?;
    Some(latest(found, query))
}

fn latest(mut found: Vec<(i64, TraceId)>, query: &TraceQuery) -> Vec<TraceId> {
    found.sort_by_key(|(start, _)| *start);
    let surplus = query
        .limit
        .map_or(0, |limit| found.len().saturating_sub(limit));
    found.into_iter().skip(surplus).map(|(_, id)| id).collect()
}

fn matches(span: &Span, query: &TraceQuery) -> bool {
    if !query.trace_ids.is_empty() {
        return query.trace_ids.contains(&span.trace_id);
    }
    *query.service == *span.process.service
        && query
            .operation
            .as_ref()
            .is_none_or(|name| **name == *span.operation)
        && query.min_duration.is_none_or(|min| span.duration_ns >= min)
        && query.max_duration.is_none_or(|max| span.duration_ns <= max)
        && span.start_ns >= query.start
        && span.start_ns <= query.end
        && query
            .tags
            .iter()
            .all(|(key, value)| has_tag(span, key, value))
}

/// True if a tag of the span, of its process or of one of its logs has this key, and a value with
/// this text.
fn has_tag(span: &Span, key: &str, value: &str) -> bool {
    let is_it = |tag: &Tag| *tag.key == *key && go::text_of(&tag.value) == value;
    span.tags.iter().any(is_it)
        || span.receiver.tags().contains(&(key, value))
        || span.process.tags.iter().any(is_it)
        || span.logs.iter().flat_map(|log| &log.fields).any(is_it)
}
