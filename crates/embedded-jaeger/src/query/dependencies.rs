//! The calls between services (jaeger `plugin/storage/memory/memory.go`): counted live from the
//! parents of the stored spans.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{calls::with_parents, params::DependencyQuery};
use crate::store::Store;

/// A line of the answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    parent: String,
    child: String,
    call_count: u64,
}

/// Counts the calls between different services, in traces with a span that starts within the query's
/// time; sorted.
pub(super) fn dependencies(store: &Store, query: &DependencyQuery) -> Vec<Dependency> {
    let mut counts = BTreeMap::new();
    // One trace at a time: the store is not locked in between.
    for spans in store.ids().into_iter().filter_map(|id| store.trace(id)) {
        let within = |start| query.start < start && start < query.end;
        if !spans.iter().any(|span| within(span.start_ns)) {
            continue;
        }
        for span in with_parents(&spans) {
            if let Some(parent) = span.caller_elsewhere() {
                let child = span.span.process.service.to_string();
                *counts.entry((parent.to_owned(), child)).or_default() += 1;
            }
        }
    }
    let asked_for = |parent: &str, child: &str| {
        let service = query.service.as_deref();
        service.is_none_or(|service| service == parent || service == child)
    };
    counts
        .into_iter()
        .filter(|((parent, child), _)| asked_for(parent, child))
        .map(|((parent, child), call_count)| Dependency {
            parent,
            child,
            call_count,
        })
        .collect()
}
