//! Statistics that were worked out by hand.

use std::sync::Arc;

use super::*;
use crate::model::{Process, Receiver, RefKind, Span, SpanId, SpanRef, Tag, TraceId, Value};

const SINCE: i64 = 1_000_000_000;

/// A span of a millisecond, a second after `SINCE`; `kind` and `parent` may be empty and 0.
fn span(trace: u128, id: u64, parent: u64, service: &str, kind: &str) -> Span {
    let trace_id = TraceId(trace);
    let reference = |parent| SpanRef {
        kind: RefKind::ChildOf,
        trace_id,
        span_id: SpanId(parent),
    };
    let parent = Some(parent).filter(|parent| *parent != 0);
    let kind = Some(kind).filter(|kind| !kind.is_empty());
    Span {
        trace_id,
        span_id: SpanId(id),
        operation: "op".into(),
        references: parent.map(reference).into_iter().collect(),
        flags: 1,
        start_ns: 2 * SINCE,
        duration_ns: 1_000_000,
        tags: kind
            .map(|kind| Tag::text("span.kind", kind))
            .into_iter()
            .collect(),
        logs: vec![],
        process: Arc::new(Process {
            service: service.into(),
            tags: vec![],
        }),
        warnings: vec![],
        receiver: Receiver::Grpc,
    }
}

fn failed(mut span: Span) -> Span {
    span.tags.push(Tag {
        key: "error".into(),
        value: Value::Bool(true),
    });
    span
}

fn of(spans: Vec<Span>) -> ServiceStats {
    let store = Store::new(usize::MAX);
    store.insert(spans);
    compute(&store, SINCE)
}

/// `parent>child calls errors`
fn calls(stats: &ServiceStats) -> Vec<String> {
    let line = |it: &Call| format!("{}>{} {} {}", it.parent, it.child, it.calls, it.errors);
    stats.calls.iter().map(line).collect()
}

/// `service requests errors`
fn services(stats: &ServiceStats) -> Vec<String> {
    let line = |it: &Service| format!("{} {} {}", it.name, it.requests, it.errors);
    stats.services.iter().map(line).collect()
}

#[test]
fn a_call_is_counted_where_it_arrives_and_fails_where_it_arrived() {
    let stats = of(vec![
        span(1, 1, 0, "a", "server"),
        // A client's span with its server's below; the client thinks that it failed, which is not
        // the server's fault.
        failed(span(1, 2, 1, "a", "client")),
        span(1, 3, 2, "b", "server"),
        failed(span(2, 4, 0, "a", "client")),
        failed(span(2, 5, 4, "b", "server")),
        // Work within a service is no call, and a request to itself is one.
        span(1, 6, 3, "b", ""),
        span(1, 7, 3, "b", "client"),
        span(1, 8, 7, "b", "server"),
        // Back again.
        span(1, 9, 8, "a", "consumer"),
    ]);
    assert_eq!(calls(&stats), ["a>b 2 1", "b>a 1 0", "b>b 1 0"]);
    assert_eq!(services(&stats), ["b 3 1", "a 2 0"]);
}

#[test]
fn a_span_without_a_kind_is_a_request_when_it_enters_its_service() {
    let stats = of(vec![
        span(1, 1, 0, "a", ""),
        span(1, 2, 1, "a", ""),
        span(1, 3, 2, "b", "internal"),
        span(1, 4, 3, "b", "internal"),
        span(1, 5, 4, "c", "client"),
        // Its parent is not there, and it is its own parent.
        span(1, 6, 99, "d", ""),
        span(1, 7, 7, "e", ""),
    ]);
    assert_eq!(calls(&stats), ["a>b 1 0", "b>c 1 0"]);
    assert_eq!(
        services(&stats),
        ["a 1 0", "b 1 0", "d 1 0", "e 1 0", "c 0 0"]
    );
}

#[test]
fn of_spans_with_one_id_the_first_is_the_parent_unless_they_are_a_call() {
    // Two services that take the same id: what is below it belongs to the first.
    let twice = of(vec![
        span(1, 1, 0, "a", "server"),
        span(1, 1, 0, "b", "server"),
        span(1, 2, 1, "c", "server"),
    ]);
    assert_eq!(calls(&twice), ["a>c 1 0"]);
    // As Zipkin does it: client and server share the id, and what is below it belongs to the
    // server.
    let shared = of(vec![
        span(1, 1, 0, "a", "client"),
        span(1, 1, 0, "b", "server"),
        span(1, 2, 1, "c", "server"),
    ]);
    assert_eq!(calls(&shared), ["a>b 1 0", "b>c 1 0"]);
}

#[test]
fn clocks_that_differ_change_nothing_but_the_lookback_does() {
    let at = |mut span: Span, start_ns| {
        span.start_ns = start_ns;
        span
    };
    let stats = of(vec![
        at(span(1, 1, 0, "a", "client"), SINCE - 1),
        // It is not long enough ago, though its caller's clock says so; and this clock is far
        // ahead.
        at(span(1, 2, 1, "b", "server"), SINCE),
        at(span(1, 3, 1, "c", "server"), i64::MAX),
        at(span(1, 4, 1, "old", "server"), SINCE - 1),
    ]);
    assert_eq!(calls(&stats), ["a>b 1 0", "a>c 1 0"]);
    assert_eq!(services(&stats), ["b 1 0", "c 1 0", "a 0 0"]);
}

#[test]
fn of_several_parents_the_first_that_is_stored_counts() {
    let naming = |mut span: Span, parents: &[(RefKind, u64)]| {
        let trace_id = span.trace_id;
        let reference = |(kind, id): &(RefKind, u64)| SpanRef {
            kind: *kind,
            trace_id,
            span_id: SpanId(*id),
        };
        span.references = parents.iter().map(reference).collect();
        span
    };
    use RefKind::{ChildOf, FollowsFrom};
    let stats = of(vec![
        span(1, 1, 0, "a", "server"),
        naming(
            span(1, 2, 0, "b", "server"),
            &[(ChildOf, 99), (FollowsFrom, 1), (ChildOf, 3)],
        ),
        naming(
            span(1, 3, 0, "c", "server"),
            &[(FollowsFrom, 1), (ChildOf, 2)],
        ),
        // Itself and nobody are no parents.
        naming(
            span(1, 4, 0, "d", ""),
            &[(ChildOf, 4), (ChildOf, 0), (ChildOf, 3)],
        ),
        naming(span(1, 5, 0, "e", ""), &[(ChildOf, 99), (ChildOf, 98)]),
    ]);
    assert_eq!(calls(&stats), ["a>b 1 0", "b>c 1 0", "c>d 1 0"]);
}

#[test]
fn a_span_without_a_start_begins_with_what_is_above_it() {
    let at = |mut span: Span, start_ns| {
        span.start_ns = start_ns;
        span
    };
    let stats = of(vec![
        at(span(1, 1, 0, "a", "server"), SINCE),
        at(span(1, 2, 1, "b", "server"), 0),
        at(span(1, 3, 2, "c", "server"), -1),
        // Too long ago, with its child.
        at(span(1, 4, 1, "old", "server"), SINCE - 1),
        at(span(1, 5, 4, "older", "server"), 0),
        // Nothing is above: the first of the trace, which is too long ago, or nobody knows.
        at(span(1, 6, 0, "root", "server"), 0),
        at(span(2, 1, 2, "circle", "server"), 0),
        at(span(2, 2, 1, "circle", "server"), 0),
        at(span(3, 1, 2, "round", "server"), 0),
        at(span(3, 2, 1, "round", "server"), 0),
        at(span(3, 3, 2, "known", "server"), SINCE),
    ]);
    let mut services = services(&stats);
    services.sort();
    assert_eq!(
        services,
        ["a 1 0", "b 1 0", "c 1 0", "known 1 0", "round 2 0"]
    );
}

#[test]
fn percentiles_are_the_nearest_rank() {
    // 1 to 40 ms in another order: 37 has no divisor in common with 41.
    let spans = (1..=40).map(|n| {
        let mut span = span(n, 1, 0, "a", "server");
        span.duration_ns = (n as i64 * 37 % 41) * 1_000_000;
        if n <= 10 { failed(span) } else { span }
    });
    let expected = Operation {
        service: "a".into(),
        operation: "op".into(),
        requests: 40,
        errors: 10,
        p50: 20_000,
        p95: 38_000,
        // 39.6 is between two ranks.
        p99: 40_000,
    };
    assert_eq!(of(spans.collect()).operations, [expected]);

    let one = of(vec![span(1, 1, 0, "a", "server")]);
    let Operation { p50, p95, p99, .. } = one.operations[0];
    assert_eq!([p50, p95, p99], [1_000; 3]);
}

#[test]
fn of_too_many_lines_the_most_asked_for_stay() {
    let spans = (0..1_100_u64).map(|n| {
        let mut span = span(n.into(), 1, 0, "a", "server");
        span.operation = format!("op {}", n.min(1_049)).into();
        span
    });
    let stats = of(spans.collect());
    assert_eq!((stats.operations.len(), stats.left_out), (MAX_LINES, 50));
    let most = &stats.operations[0];
    assert_eq!((&*most.operation, most.requests), ("op 1049", 51));
    assert_eq!(services(&stats), ["a 1100 0"]);
}

#[test]
fn an_empty_store_has_no_stats() {
    let ServiceStats {
        services,
        calls,
        operations,
        left_out,
    } = of(vec![]);
    assert_eq!(
        (services, calls, operations, left_out),
        (vec![], vec![], vec![], 0)
    );
}
