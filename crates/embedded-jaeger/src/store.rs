//! The spans in memory, bounded in bytes: the traces that arrived first are evicted first.

mod equal;
mod index;
mod recent;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use tokio::sync::watch;

use super::model::{Process, Span, TraceId};
use equal::Hasher;
use index::Index;
use recent::Recent;

/// The estimated memory of a trace beside its spans, in bytes: its entries in the map and the
/// queue, with their spare capacity, and its set of hashes.
const TRACE: usize = 320;
/// The same of a span: its pointer and its hash, with the spare capacity of the lists, and an
/// operation in the index if it is the only one.
const SPAN: usize = 180;
/// The same of a process: its entry in the map, and a service in the index if it is the only one.
const PROCESS: usize = 400;

/// A bounded memory of traces.
#[derive(Debug)]
pub(super) struct Store {
    max_bytes: usize,
    inner: RwLock<Inner>,
    arrivals: watch::Sender<u64>,
    hasher: Hasher,
}

#[derive(Debug, Default)]
struct Inner {
    traces: HashMap<TraceId, Trace>,
    /// The traces in the order of their first spans' arrival; archived ones in the order in which
    /// an eviction passed over them.
    order: VecDeque<TraceId>,
    /// The number of stored spans with the process at this address: its memory counts once, as long
    /// as there is a span.
    processes: HashMap<usize, usize>,
    index: Index,
    recent: Recent,
    spans: usize,
    bytes: usize,
    archived_bytes: usize,
    evicted_spans: u64,
}

/// The usage of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) traces: usize,
    pub(super) spans: usize,
    pub(super) bytes: usize,
    pub(super) max_bytes: usize,
    /// Spans that have been evicted since the start.
    pub(super) evicted_spans: u64,
}

#[derive(Debug, Default)]
struct Trace {
    spans: Vec<Arc<Span>>,
    /// The hashes of its spans.
    seen: HashSet<u64>,
    bytes: usize,
    archived: bool,
}

impl Store {
    /// A store of at most `max_bytes` (an estimate without the allocator's own losses).
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            inner: RwLock::default(),
            arrivals: watch::Sender::default(),
            hasher: Hasher::default(),
        }
    }

    /// Adds the spans of one message, then evicts the oldest traces until the bound is kept, among
    /// them a trace that alone is larger than the bound. A span that is equal to a stored one is
    /// not added: a sender that got no answer sends it again. Returns the number of these
    /// duplicates.
    pub(super) fn insert(&self, mut spans: Vec<Span>) -> usize {
        let mut hashes = self.hasher.all(&spans).into_iter();
        let received = spans.len();
        let mut inner = self.write();
        spans.retain(|span| {
            let trace = inner.traces.entry(span.trace_id).or_default();
            hashes.next().is_none_or(|hash| trace.seen.insert(hash))
        });
        let duplicates = received - spans.len();
        // Grouped by process, so that a long service name is looked up once and not for each span.
        for group in spans.chunk_by(|a, b| Arc::ptr_eq(&a.process, &b.process)) {
            inner.index.add(&group[0].process.service, group.iter());
            inner.hold_process(&group[0].process, group.len());
        }
        for span in spans {
            inner.push(span);
        }
        while inner.bytes > self.max_bytes && inner.evict_oldest(self.max_archived()) {}
        self.arrivals.send_replace(inner.recent.count());
        duplicates
    }

    /// Protects a trace from eviction, as long as archived traces take no more than half of the
    /// memory; false if there is no such trace.
    pub(super) fn archive(&self, id: TraceId) -> bool {
        self.write().archive(id)
    }

    /// A number that grows with the spans that arrive. A receiver that looks seldom sees many
    /// arrivals as one.
    pub(super) fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    /// As [`Store::find`], among the traces that got spans since `arrivals` was that number; `None`
    /// if there are more than are remembered.
    pub(super) fn find_since(
        &self,
        arrivals: u64,
        matches: impl Fn(&Span) -> bool,
    ) -> Option<Vec<(i64, TraceId)>> {
        let inner = self.read();
        let changed = inner.recent.since(arrivals)?;
        Some(inner.find(changed.iter(), matches))
    }

    /// The spans of a trace in the order of their arrival.
    pub(super) fn trace(&self, id: TraceId) -> Option<Vec<Arc<Span>>> {
        self.read().traces.get(&id).map(|trace| trace.spans.clone())
    }

    /// True if there is such a trace.
    pub(super) fn contains(&self, id: TraceId) -> bool {
        self.read().traces.contains_key(&id)
    }

    /// The number of spans of a trace; 0 if there is none.
    pub(super) fn span_count(&self, id: TraceId) -> usize {
        self.read()
            .traces
            .get(&id)
            .map_or(0, |trace| trace.spans.len())
    }

    /// The traces with at least one span that matches, each with the start of its first span (ns),
    /// in the order of their arrival.
    pub(super) fn find(&self, matches: impl Fn(&Span) -> bool) -> Vec<(i64, TraceId)> {
        let inner = self.read();
        inner.find(inner.order.iter(), matches)
    }

    /// The ids of all traces, in the order of their arrival.
    pub(super) fn ids(&self) -> Vec<TraceId> {
        self.read().order.iter().copied().collect()
    }

    /// The names of the services, sorted.
    pub(super) fn services(&self) -> Vec<String> {
        self.read().index.services()
    }

    /// The operations of a service with the kinds of their spans, sorted.
    pub(super) fn operations(&self, service: &str) -> Vec<(String, &'static str)> {
        self.read().index.operations(service)
    }

    /// The current usage.
    pub(super) fn usage(&self) -> Usage {
        let inner = self.read();
        Usage {
            traces: inner.traces.len(),
            spans: inner.spans,
            bytes: inner.bytes,
            max_bytes: self.max_bytes,
            evicted_spans: inner.evicted_spans,
        }
    }

    fn max_archived(&self) -> usize {
        self.max_bytes / 2
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        // A panic in another thread must not stop this one; the counts may be off by one span.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn find<'a>(
        &self,
        among: impl Iterator<Item = &'a TraceId>,
        matches: impl Fn(&Span) -> bool,
    ) -> Vec<(i64, TraceId)> {
        let with_start = |id: &TraceId| {
            let spans = &self.traces.get(id)?.spans;
            let found = spans.iter().any(|span| matches(span));
            found.then_some((spans.first()?.start_ns, *id))
        };
        among.filter_map(with_start).collect()
    }

    fn push(&mut self, span: Span) {
        let id = span.trace_id;
        self.recent.add(id);
        let service_share = span.operation.len() + span.process.service.len();
        let mut bytes = span.size() + SPAN + service_share;
        let trace = self.traces.entry(id).or_default();
        if trace.spans.is_empty() {
            self.order.push_back(id);
            bytes += TRACE;
        }
        trace.spans.push(Arc::new(span));
        trace.bytes += bytes;
        if trace.archived {
            self.archived_bytes += bytes;
        }
        self.bytes += bytes;
        self.spans += 1;
    }

    fn archive(&mut self, id: TraceId) -> bool {
        let Some(trace) = self.traces.get_mut(&id) else {
            return false;
        };
        if !trace.archived {
            trace.archived = true;
            self.archived_bytes += trace.bytes;
        }
        true
    }

    /// Removes the oldest trace, and passes over archived ones unless they take too much memory;
    /// false if there is none.
    fn evict_oldest(&mut self, max_archived: usize) -> bool {
        if self.archived_bytes <= max_archived {
            let may_leave = |id| self.traces.get(id).is_some_and(|trace| !trace.archived);
            let passed_over = self.order.iter().position(may_leave);
            self.order.rotate_left(passed_over.unwrap_or_default());
        }
        let oldest = self.order.pop_front();
        let Some(trace) = oldest.and_then(|id| self.traces.remove(&id)) else {
            return false;
        };
        self.bytes = self.bytes.saturating_sub(trace.bytes);
        if trace.archived {
            self.archived_bytes = self.archived_bytes.saturating_sub(trace.bytes);
        }
        self.spans = self.spans.saturating_sub(trace.spans.len());
        self.evicted_spans += trace.spans.len() as u64;
        for group in trace
            .spans
            .chunk_by(|a, b| Arc::ptr_eq(&a.process, &b.process))
        {
            let spans = group.iter().map(|span| &**span);
            self.index.remove(&group[0].process.service, spans);
            self.release_process(&group[0].process, group.len());
        }
        true
    }

    fn hold_process(&mut self, process: &Arc<Process>, spans: usize) {
        let count = self.processes.entry(address(process)).or_default();
        if *count == 0 {
            self.bytes += process.size() + PROCESS;
        }
        *count += spans;
    }

    fn release_process(&mut self, process: &Arc<Process>, spans: usize) {
        let address = address(process);
        let Some(count) = self.processes.get_mut(&address) else {
            return;
        };
        *count = count.saturating_sub(spans);
        if *count == 0 {
            self.processes.remove(&address);
            self.bytes = self.bytes.saturating_sub(process.size() + PROCESS);
        }
    }
}

fn address(process: &Arc<Process>) -> usize {
    Arc::as_ptr(process).addr()
}

#[cfg(test)]
mod tests;
