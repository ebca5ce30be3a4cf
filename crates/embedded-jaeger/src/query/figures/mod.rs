//! What the services page shows, computed from the stored spans: who calls whom, and how often and
//! how long each operation is asked for.
//!
//! One pass over the store, one trace at a time, so that spans can be stored in between. Time: O(n
//! log n) for n spans. Memory: a duration for each request and each name once, a small part of what
//! the store itself has, and one trace's links.

mod lookback;
mod shared;

use std::{cmp::Reverse, collections::BTreeMap};

use serde::Serialize;

use super::calls::{Placed, shown};
use crate::store::Store;

pub(super) use lookback::Lookback;
pub(super) use shared::Shared;

/// Operations, services and pairs of services in an answer; of more, those that are asked for most.
const MAX_LINES: usize = 1_000;

/// The answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    services: Vec<Service>,
    calls: Vec<Call>,
    operations: Vec<Operation>,
    /// Lines that are not in the lists, for there would be too many.
    left_out: usize,
}

/// A service, and the requests that it got.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Service {
    name: String,
    requests: usize,
    errors: usize,
}

/// How often one service called another, or itself, and how often what was called failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Call {
    parent: String,
    child: String,
    calls: usize,
    errors: usize,
}

/// The requests for an operation. Durations are microseconds.
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

/// The figures of the spans that start at `since` (ns) or later. A clock that is ahead makes spans
/// of the future; they count.
pub(super) fn figures(store: &Store, since: i64) -> Figures {
    let mut counts = Counts::default();
    for spans in store.ids().into_iter().filter_map(|id| store.trace(id)) {
        shown(&spans)
            .into_iter()
            .filter(|placed| placed.start_ns >= since)
            .for_each(|placed| counts.add(placed));
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
    fn add(&mut self, placed: Placed) {
        let span = placed.span;
        let service = &span.process.service;
        let error = usize::from(span.failed());
        let operations = self.services.entry(service.clone()).or_default();
        if placed.is_request() {
            let requests = operations.entry(span.operation.clone()).or_default();
            requests.durations_ns.push(span.duration_ns);
            requests.errors += error;
        }
        if let Some(caller) = placed.caller() {
            let called = self.calls.entry(caller.into()).or_default();
            let outcomes = called.entry(service.clone()).or_default();
            outcomes.calls += 1;
            outcomes.errors += error;
        }
    }

    fn finish(mut self) -> Figures {
        // A service that is known only for what it called, before `since`, is one of the picture
        // all the same.
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
        Figures {
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

/// The lines with the largest numbers, largest first; how many others there are is added to
/// `left_out`.
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

/// The smallest of the sorted values which so many percent of them do not exceed (the nearest
/// rank).
fn percentile(sorted: &[i64], percent: usize) -> i64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
