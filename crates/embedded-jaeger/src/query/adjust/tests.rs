//! The adjusters of Jaeger 1.62, one by one.

use super::*;
use crate::model::{Log, Process, Receiver, RefKind, SpanId, SpanRef, TraceId, Value};

fn span(id: u64, parent: u64) -> Span {
    let reference = |parent| SpanRef {
        kind: RefKind::ChildOf,
        trace_id: TraceId(1),
        span_id: SpanId(parent),
    };
    Span {
        trace_id: TraceId(1),
        span_id: SpanId(id),
        operation: "op".into(),
        references: Some(parent)
            .filter(|parent| *parent != 0)
            .map(reference)
            .into_iter()
            .collect(),
        flags: 1,
        start_ns: 1_000_000,
        duration_ns: 1_000_000,
        tags: vec![],
        logs: vec![],
        process: Arc::new(Process {
            service: "s".into(),
            tags: vec![],
        }),
        warnings: vec![],
        receiver: Receiver::Grpc,
    }
}

fn adjusted(spans: Vec<Span>) -> Trace {
    Trace::adjusted(spans.into_iter().map(Arc::new).collect())
}

fn number(key: &str, value: i64) -> Tag {
    Tag {
        key: key.into(),
        value: Value::Int64(value),
    }
}

#[test]
fn a_server_span_with_its_clients_id_gets_its_own() {
    let kind = |mut span: Span, kind| {
        span.tags.push(Tag::text("span.kind", kind));
        span
    };
    let trace = adjusted(vec![
        kind(span(1, 0), "client"),
        kind(span(1, 0), "server"),
        span(3, 1),
    ]);
    let ids: Vec<_> = trace
        .spans
        .iter()
        .map(|span| (span.span_id.0, span.parent().map(|id| id.0)))
        .collect();
    assert_eq!(ids, [(1, None), (2, Some(1)), (3, Some(2))]);
}

#[test]
fn missing_parents_and_clocks_that_differ_are_warned_of() {
    let mut early = span(2, 1);
    early.start_ns -= 500_000;
    let trace = adjusted(vec![span(1, 9), early, span(3, 1)]);
    let warnings: Vec<_> = trace
        .spans
        .iter()
        .map(|span| span.warnings.join("; "))
        .collect();
    assert_eq!(
        warnings,
        [
            "invalid parent span IDs=0000000000000009; skipping clock skew adjustment",
            "clock skew adjustment disabled; not applying calculated delta of 500µs",
            "",
        ]
    );
}

#[test]
fn a_cycle_or_a_very_deep_trace_is_no_trouble() {
    assert_eq!(
        adjusted(vec![span(1, 2), span(2, 1), span(3, 3)])
            .spans
            .len(),
        3
    );
    let deep = (1..100_000).map(|id| span(id, id - 1)).collect();
    assert_eq!(adjusted(deep).spans.len(), 99_999);
}

#[test]
fn tags_are_written_moved_and_sorted() {
    let mut span = span(1, 0);
    span.tags = vec![
        Tag::text("z", "1"),
        number("a", 2),
        Tag::text("a", "9"),
        number("ip", 0x0808_0404),
        Tag::text("telemetry.sdk.name", "x"),
    ];
    span.logs = vec![Log {
        timestamp_ns: 0,
        fields: vec![number("b", 1), number("a", 1), Tag::text("event", "e")],
    }];
    let trace = adjusted(vec![span]);
    let keys = |tags: &[Tag]| {
        tags.iter()
            .map(|tag| tag.key.to_string())
            .collect::<Vec<_>>()
    };
    let span = &trace.spans[0];
    assert_eq!(
        keys(&span.tags),
        [
            "a",
            "a",
            "internal.span.format",
            "internal.span.receiver",
            "ip",
            "z"
        ]
    );
    assert_eq!(span.tags[0], Tag::text("a", "9"));
    assert_eq!(span.tags[4], Tag::text("ip", "8.8.4.4"));
    assert_eq!(keys(&trace.moved_tags[0]), ["telemetry.sdk.name"]);
    assert_eq!(keys(&span.logs[0].fields), ["event", "a", "b"]);
}

#[test]
fn of_three_equal_spans_two_stay_and_the_second_has_a_warning() {
    let trace = adjusted(vec![span(1, 0), span(1, 0), span(1, 0)]);
    let warnings: Vec<_> = trace
        .spans
        .iter()
        .map(|span| span.warnings.join("; "))
        .collect();
    assert_eq!(
        warnings,
        ["", "duplicate span IDs; skipping clock skew adjustment"]
    );
    assert_eq!(trace.moved_tags.len(), 2);
}

#[test]
fn references_to_nothing_go_and_the_parent_comes_first() {
    let mut span = span(1, 7);
    let reference = |trace, id| SpanRef {
        kind: RefKind::FollowsFrom,
        trace_id: TraceId(trace),
        span_id: SpanId(id),
    };
    span.references.insert(0, reference(2, 8));
    span.references.insert(0, reference(0, 42));
    let trace = adjusted(vec![span]);
    let ids: Vec<_> = trace.spans[0]
        .references
        .iter()
        .map(|reference| reference.span_id.0)
        .collect();
    assert_eq!(ids, [7, 8]);
    let expected = "Invalid span reference removed {TraceID:0000000000000000 SpanID:000000000000002a RefType:FOLLOWS_FROM";
    assert!(
        trace.spans[0].warnings[1].starts_with(expected),
        "{:?}",
        trace.spans[0].warnings
    );
}
