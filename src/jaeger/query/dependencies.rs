//! Which service calls which (jaeger `plugin/storage/memory/memory.go`): counted live from the parents of the stored spans.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::adjust::Trace;
use super::params::DependencyQuery;
use crate::jaeger::store::Store;

/// One line of the answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    parent: String,
    child: String,
    call_count: u64,
}

/// The calls between different services in traces of which a span starts within the query's time; sorted.
pub(super) fn dependencies(store: &Store, query: &DependencyQuery) -> Vec<Dependency> {
    let mut counts = BTreeMap::new();
    // One trace at a time: the store is not locked in between.
    for spans in store.ids().into_iter().filter_map(|id| store.trace(id)) {
        let within = |start| query.start < start && start < query.end;
        if !spans.iter().any(|span| within(span.start_ns)) {
            continue;
        }
        let trace = Trace::with_unique_span_ids(spans);
        let mut services = HashMap::new();
        for span in &trace.spans {
            services
                .entry(span.span_id)
                .or_insert(&span.process.service);
        }
        for span in &trace.spans {
            let child = &span.process.service;
            match span.parent().and_then(|parent| services.get(&parent)) {
                Some(parent) if *parent != child => {
                    *counts
                        .entry((parent.to_string(), child.to_string()))
                        .or_default() += 1;
                }
                _ => {}
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
