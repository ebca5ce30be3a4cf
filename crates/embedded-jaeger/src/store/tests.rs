//! The counts of the store.

use super::{
    super::model::{Receiver, SpanId},
    *,
};

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
    while store.inner.write().unwrap().evict_oldest(0) {}
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
    store.inner.write().unwrap().evict_oldest(0);
    assert!(store.read().bytes > 10_000);
    store.inner.write().unwrap().evict_oldest(0);
    assert_eq!(store.read().bytes, 0);
}
