//! Statistics computed from the stored spans: the requests of each service and operation with their
//! errors and durations, and the calls between services.
//!
//! It passes over the store once, one trace at a time, so that spans can be stored in between. Time:
//! O(n log n) for n spans. Memory: a duration for each request and each name once, a small part of
//! the store's own, and one trace's links.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::Serialize;

use crate::{
    query::calls::{SpanWithParent, shown},
    store::Store,
};

/// Operations, services and pairs of services in an answer. If there are more, those with the most
/// requests are in it.
const MAX_LINES: usize = 1_000;

/// The answer, each list sorted by requests or calls, the most first.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceStats {
    services: Vec<Service>,
    calls: Vec<Call>,
    operations: Vec<Operation>,
    /// The number of lines that are not in the lists.
    left_out: usize,
}

/// The requests that a service received.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Service {
    name: String,
    requests: usize,
    errors: usize,
}

/// The calls from one service to another, or to itself, and those that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Call {
    parent: String,
    child: String,
    calls: usize,
    errors: usize,
}

/// The requests for an operation, with percentiles of their durations in microseconds.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Operation {
    service: String,
    operation: String,
    requests: usize,
    errors: usize,
    p50: i64,
    p95: i64,
    p99: i64,
}

/// Computes the statistics of the spans that start at `since` (ns) or later. Spans in the future,
/// which clocks that are ahead make, count.
pub(super) fn compute(store: &Store, since: i64) -> ServiceStats {
    let mut counts = Counts::default();
    for spans in store.ids().into_iter().filter_map(|id| store.trace(id)) {
        shown(&spans)
            .into_iter()
            .filter(|span| span.start_ns >= since)
            .for_each(|span| counts.add(span));
    }
    counts.finish()
}

type Names<T> = BTreeMap<Box<str>, T>;

#[derive(Default)]
struct Counts {
    services: Names<Names<Requests>>,
    calls: Names<Names<Outcomes>>,
}

#[derive(Default)]
struct Requests {
    durations_ns: Vec<i64>,
    errors: usize,
}

#[derive(Default)]
struct Outcomes {
    calls: usize,
    errors: usize,
}

impl Counts {
    fn add(&mut self, with_parent: SpanWithParent) {
        let span = with_parent.span;
        let service = &span.process.service;
        let error = usize::from(span.failed());
        let operations = self.services.entry(service.clone()).or_default();
        if with_parent.is_request() {
            let requests = operations.entry(span.operation.clone()).or_default();
            requests.durations_ns.push(span.duration_ns);
            requests.errors += error;
        }
        if let Some(caller) = with_parent.caller() {
            let called = self.calls.entry(caller.into()).or_default();
            let outcomes = called.entry(service.clone()).or_default();
            outcomes.calls += 1;
            outcomes.errors += error;
        }
    }

    fn finish(mut self) -> ServiceStats {
        // A service that has only calls, from before `since`, is in the graph, too.
        for caller in self.calls.keys() {
            self.services.entry(caller.clone()).or_default();
        }
        let mut left_out = 0;
        let services = self.services.iter().map(|(name, operations)| Service {
            name: name.to_string(),
            requests: operations.values().map(|it| it.durations_ns.len()).sum(),
            errors: operations.values().map(|it| it.errors).sum(),
        });
        let services = most(services.collect(), |it| it.requests, &mut left_out);

        let calls = pairs(self.calls).map(|(parent, child, outcomes)| Call {
            parent,
            child,
            calls: outcomes.calls,
            errors: outcomes.errors,
        });
        let calls = most(calls.collect(), |it| it.calls, &mut left_out);

        let requests = pairs(self.services).collect();
        let requests = most(requests, |it| it.2.durations_ns.len(), &mut left_out);
        ServiceStats {
            services,
            calls,
            operations: requests.into_iter().map(operation).collect(),
            left_out,
        }
    }
}

fn pairs<T>(names: Names<Names<T>>) -> impl Iterator<Item = (String, String, T)> {
    names.into_iter().flat_map(|(outer, inner)| {
        let pair = move |(name, it): (Box<str>, T)| (outer.to_string(), name.into_string(), it);
        inner.into_iter().map(pair)
    })
}

/// Keeps the lines with the largest numbers, the largest first, and adds the number of the others
/// to `left_out`.
fn most<T>(mut lines: Vec<T>, number: impl Fn(&T) -> usize, left_out: &mut usize) -> Vec<T> {
    lines.sort_by_key(|line| Reverse(number(line)));
    *left_out += lines.len().saturating_sub(MAX_LINES);
    lines.truncate(MAX_LINES);
    lines
}

fn operation((service, operation, requests): (String, String, Requests)) -> Operation {
    let Requests {
        mut durations_ns,
        errors,
    } = requests;
    durations_ns.sort_unstable();
    let at = |percent| percentile(&durations_ns, percent) / 1_000;
    Operation {
        service,
        operation,
        requests: durations_ns.len(),
        errors,
        p50: at(50),
        p95: at(95),
        p99: at(99),
    }
}

/// The percentile of sorted values by the nearest rank: the smallest value that so many percent of
/// them do not exceed.
fn percentile(sorted: &[i64], percent: usize) -> i64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
