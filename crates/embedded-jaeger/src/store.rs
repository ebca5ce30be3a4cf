//! The spans in memory, bounded in bytes: when there is no room, the traces that came first leave
//! first.

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

/// What a trace costs beside its spans, in bytes: its places in the map and in the queue, with
/// their spare room, and its set of hashes; an estimate.
const TRACE: usize = 320;
/// What a span costs beside itself: its pointer and its hash, with the spare room of the lists, and
/// an operation in the index if it is the only one.
const SPAN: usize = 180;
/// What a process costs beside itself: its place in the map, and a service in the index if it is
/// the only one.
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
    /// The traces in the order of their first spans' arrival, or, of archived ones, in which they
    /// were passed over last.
    order: VecDeque<TraceId>,
    /// How many stored spans have the process at this address: it is paid for once, as long as
    /// there is one.
    processes: HashMap<usize, usize>,
    index: Index,
    recent: Recent,
    spans: usize,
    bytes: usize,
    archived_bytes: usize,
    evicted_spans: u64,
}

/// How much is kept, and how much left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) traces: usize,
    pub(super) spans: usize,
    pub(super) bytes: usize,
    pub(super) max_bytes: usize,
    /// Spans that left for want of room, since the start.
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
    /// A store of at most `max_bytes` (an estimate, the allocator's own losses are not in it).
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            inner: RwLock::default(),
            arrivals: watch::Sender::default(),
            hasher: Hasher::default(),
        }
    }

    /// Adds the spans of one message, then lets the oldest traces go until the bound is kept. A
    /// trace that is larger than the bound by itself goes, too. A span that is equal to one that is
    /// there is not added: a sender that got no answer has sent it again. Returns how many these
    /// were.
    pub(super) fn insert(&self, mut spans: Vec<Span>) -> usize {
        let mut hashes = self.hasher.all(&spans).into_iter();
        let received = spans.len();
        let mut inner = self.write();
        spans.retain(|span| {
            let trace = inner.traces.entry(span.trace_id).or_default();
            hashes.next().is_none_or(|hash| trace.seen.insert(hash))
        });
        let duplicates = received - spans.len();
        // Spans of one process at a time, so that a long service name is looked up once and not for
        // each span.
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

    /// Keeps a trace when others leave, as long as the archived ones take no more than half of the
    /// room; false when it is not there.
    pub(super) fn archive(&self, id: TraceId) -> bool {
        self.write().archive(id)
    }

    /// A number that grows when spans have arrived. Whoever looks seldom sees many arrivals as one.
    pub(super) fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    /// As [`Store::find`], among the traces that got spans since `arrivals` was that number.
    /// `None`: too many did to be remembered.
    pub(super) fn find_since(
        &self,
        arrivals: u64,
        matches: impl Fn(&Span) -> bool,
    ) -> Option<Vec<(i64, TraceId)>> {
        let inner = self.read();
        let changed = inner.recent.since(arrivals)?;
        Some(inner.find(changed.iter(), matches))
    }

    /// The spans of a trace in the order they came, or `None`.
    pub(super) fn trace(&self, id: TraceId) -> Option<Vec<Arc<Span>>> {
        self.read().traces.get(&id).map(|trace| trace.spans.clone())
    }

    /// Whether there is such a trace.
    pub(super) fn contains(&self, id: TraceId) -> bool {
        self.read().traces.contains_key(&id)
    }

    /// How many spans a trace has; 0 when there is none.
    pub(super) fn span_count(&self, id: TraceId) -> usize {
        self.read()
            .traces
            .get(&id)
            .map_or(0, |trace| trace.spans.len())
    }

    /// The traces of which `matches` holds for at least one span, each with the start of its first
    /// span (ns), in the order they came.
    pub(super) fn find(&self, matches: impl Fn(&Span) -> bool) -> Vec<(i64, TraceId)> {
        let inner = self.read();
        inner.find(inner.order.iter(), matches)
    }

    /// The ids of all traces, in the order they came.
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

    /// How much is kept now.
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
        // A panic of another thread must not take this one along; the counts may be off by its one
        // span.
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

    /// Removes the oldest trace, and passes over archived ones unless they take too much; false
    /// when there is none.
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
