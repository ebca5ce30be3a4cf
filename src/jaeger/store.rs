//! The spans in memory, bounded in bytes: when there is no room, the traces that came first leave first.

mod index;
mod recent;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;

use super::model::{Process, Span, TraceId};
use index::Index;
use recent::Recent;

/// What a trace costs beside its spans, in bytes: its places in the map and in the queue, with their spare room; an estimate.
const TRACE: usize = 256;
/// What a span costs beside itself: its pointer, with the spare room of the list, and an operation in the index if it is the only one.
const SPAN: usize = 160;
/// What a process costs beside itself: its place in the map, and a service in the index if it is the only one.
const PROCESS: usize = 400;

/// A bounded memory of traces.
#[derive(Debug)]
pub(super) struct Store {
    max_bytes: usize,
    inner: RwLock<Inner>,
    arrivals: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    traces: HashMap<TraceId, Trace>,
    /// The traces in the order of their first spans' arrival.
    order: VecDeque<TraceId>,
    /// How many stored spans have the process at this address: it is paid for once, as long as there is one.
    processes: HashMap<usize, usize>,
    index: Index,
    recent: Recent,
    spans: usize,
    bytes: usize,
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
    bytes: usize,
}

impl Store {
    /// A store of at most `max_bytes` (an estimate, the allocator's own losses are not in it).
    pub(super) fn new(max_bytes: usize) -> Self {
        Store {
            max_bytes,
            inner: RwLock::default(),
            arrivals: watch::Sender::default(),
        }
    }

    /// Adds the spans of one message, then lets the oldest traces go until the bound is kept. A trace that is larger than the bound
    /// by itself goes, too.
    pub(super) fn insert(&self, spans: Vec<Span>) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        // Spans of one process at a time, so that a long service name is looked up once and not for each span.
        for group in spans.chunk_by(|a, b| Arc::ptr_eq(&a.process, &b.process)) {
            inner.index.add(&group[0].process.service, group.iter());
            inner.hold_process(&group[0].process, group.len());
        }
        for span in spans {
            inner.push(span);
        }
        while inner.bytes > self.max_bytes && inner.evict_oldest() {}
        self.arrivals.send_replace(inner.recent.count());
    }

    /// A number that grows when spans have arrived. Whoever looks seldom sees many arrivals as one.
    pub(super) fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    /// As [`Store::find`], among the traces that got spans since `arrivals` was that number. `None`: too many did to be remembered.
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

    /// The traces of which `matches` holds for at least one span, each with the start of its first span (ns), in the order they came.
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

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        // A panic of another thread must not take this one along; the counts may be off by its one span.
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
        self.bytes += bytes;
        self.spans += 1;
    }

    /// Removes the oldest trace; false when there is none.
    fn evict_oldest(&mut self) -> bool {
        let oldest = self.order.pop_front();
        let Some(trace) = oldest.and_then(|id| self.traces.remove(&id)) else {
            return false;
        };
        self.bytes = self.bytes.saturating_sub(trace.bytes);
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
mod tests {
    use super::super::model::{Receiver, SpanId};
    use super::*;

    fn span(trace: u128, service: &str, operation: &str) -> Span {
        Span {
            trace_id: TraceId(trace),
            span_id: SpanId(1),
            operation: operation.into(),
            references: vec![],
            flags: 1,
            start_ns: 1,
            duration_ns: 1,
            tags: vec![],
            logs: vec![],
            process: Arc::new(Process {
                service: service.into(),
                tags: vec![],
            }),
            warnings: vec![],
            receiver: Receiver::Http,
        }
    }

    #[test]
    fn the_oldest_trace_leaves_first_and_the_indexes_with_it() {
        let store = Store::new(3_000);
        for n in 1..=100u128 {
            store.insert(vec![span(n, &format!("s{n}"), &format!("o{n}"))]);
            assert!(store.read().bytes <= 3_000);
        }
        let ids = store.ids();
        assert!(ids.len() > 1 && ids.len() < 20, "{}", ids.len());
        assert_eq!(ids.last(), Some(&TraceId(100)));
        assert!(!store.contains(TraceId(1)));
        assert_eq!(store.services().len(), ids.len());
        assert_eq!(store.operations("s1"), vec![]);
        assert_eq!(
            store.operations("s100"),
            vec![("o100".into(), "unspecified")]
        );
    }

    #[test]
    fn a_trace_above_the_bound_leaves_and_all_counts_are_zero_again() {
        let store = Store::new(100_000);
        let first = span(1, "s", "o");
        for n in 0..1_000u64 {
            let mut next = first.clone();
            next.span_id = SpanId(n);
            store.insert(vec![next]);
        }
        while store.inner.write().unwrap().evict_oldest() {}
        let inner = store.read();
        assert_eq!(inner.bytes, 0);
        assert!(inner.processes.is_empty() && inner.traces.is_empty() && inner.order.is_empty());
        assert_eq!(inner.index.services(), Vec::<String>::new());
    }

    #[test]
    fn a_shared_process_is_paid_for_as_long_as_one_span_has_it() {
        let store = Store::new(usize::MAX);
        let large = "x".repeat(10_000);
        let mut old = span(1, "s", "o");
        old.process = Arc::new(Process {
            service: "s".into(),
            tags: vec![super::super::model::Tag::text("k", &large)],
        });
        let new = Span {
            trace_id: TraceId(2),
            ..old.clone()
        };
        store.insert(vec![old, new]);
        store.inner.write().unwrap().evict_oldest();
        assert!(store.read().bytes > 10_000);
        store.inner.write().unwrap().evict_oldest();
        assert_eq!(store.read().bytes, 0);
    }
}
