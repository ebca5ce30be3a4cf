//! The answers in Rust.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use embedded_jaeger::{
    Jaeger, Settings, SpanId, Trace, TraceId, TraceQuery, Value,
    model::{Log, Process, Receiver, RefKind, Span, SpanRef, Tag},
};

use super::support::{jaeger, span, store};

/// Longer than any machine takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) fn child(trace: u128, id: u64, parent: u64, service: &str, operation: &str) -> Span {
    let parent = SpanRef {
        kind: RefKind::ChildOf,
        trace_id: TraceId(trace),
        span_id: SpanId(parent),
    };
    Span {
        references: vec![parent],
        ..span(trace, id, service, operation)
    }
}

pub(crate) fn names(traces: &[Trace]) -> Vec<&str> {
    let spans = traces.iter().flat_map(Trace::spans);
    spans.map(|span| span.name()).collect()
}

#[tokio::test]
async fn a_trace_has_its_spans_with_their_relations() {
    let jaeger = jaeger(16).await;
    assert_eq!(jaeger.trace(TraceId(1)), None);
    store(
        &jaeger,
        &[
            child(1, 2, 1, "shop", "ask the bank"),
            span(1, 1, "shop", "buy"),
            child(1, 3, 2, "bank", "pay"),
            child(1, 4, 2, "bank", "log"),
            span(2, 5, "shop", "buy"),
        ],
    )
    .await;
    let trace = jaeger.trace(TraceId(1)).unwrap();
    assert_eq!((trace.id(), trace.spans().len()), (TraceId(1), 4));
    let root = trace.root().unwrap();
    assert_eq!((root.name(), root.parent_id()), ("buy", None));
    let ask = trace.span("ask the bank").unwrap();
    assert_eq!(trace.parent(ask), Some(root));
    assert_eq!(
        ask.references().collect::<Vec<_>>(),
        [(TraceId(1), SpanId(1))]
    );
    let children: Vec<_> = trace.children(ask).map(|span| span.name()).collect();
    assert_eq!(children, ["pay", "log"]);
    let of_bank: Vec<_> = trace.spans_of("bank").map(|span| span.id()).collect();
    assert_eq!(of_bank, [SpanId(3), SpanId(4)]);
    assert_eq!(trace.span("other"), None);

    assert_eq!(jaeger.services(), ["bank", "shop"]);
    assert_eq!(jaeger.operations("bank"), ["log", "pay"]);
    assert!(jaeger.operations("other").is_empty());
}

#[tokio::test]
async fn a_span_has_what_was_sent_and_what_the_query_service_adds() {
    let jaeger = jaeger(16).await;
    let tag = |key: &str, value: Value| Tag {
        key: key.into(),
        value,
    };
    let mut sent = span(1, 1, "shop", "buy");
    sent.start_ns = 1_700_000_000_123_456_000;
    sent.duration_ns = 1_500_000;
    sent.tags.extend([
        tag("b", true.into()),
        tag("i", 200.into()),
        tag("f", 1.5.into()),
        tag("error", true.into()),
        tag("telemetry.sdk.name", "opentelemetry".into()),
    ]);
    sent.logs.push(Log {
        timestamp_ns: sent.start_ns + 1_000,
        fields: vec![tag("event", "exception".into()), tag("n", 1.into())],
    });
    let mut other = span(1, 2, "shop", "sell");
    other.process = Arc::new(Process::clone(&other.process));
    store(&jaeger, &[sent, other]).await;

    let trace = jaeger.trace(TraceId(1)).unwrap();
    let buy = trace.span("buy").unwrap();
    let start = UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
    assert_eq!(
        (buy.start(), buy.duration()),
        (start, Duration::from_micros(1_500))
    );
    assert_eq!(buy.tag("b").and_then(Value::as_bool), Some(true));
    assert_eq!(buy.tag("i"), Some(&200.into()));
    assert_eq!(buy.tag("f").and_then(Value::as_f64), Some(1.5));
    assert_eq!(buy.tag("none"), None);
    assert_eq!((buy.kind(), buy.failed(), buy.flags()), ("server", true, 1));
    assert_eq!((buy.receiver(), buy.warnings().len()), (Receiver::Http, 0));
    let keys: Vec<_> = buy.tags().map(|(key, _)| key).collect();
    let expected = [
        "b",
        "error",
        "f",
        "i",
        "internal.span.format",
        "internal.span.receiver",
    ];
    assert_eq!(keys[..6], expected);
    // Moved to the process of this span and of no other.
    let sdk = |name| trace.span(name).unwrap().process_tag("telemetry.sdk.name");
    assert_eq!(
        (sdk("buy"), sdk("sell")),
        (Some(&"opentelemetry".into()), None)
    );
    let keys: Vec<_> = buy.process_tags().map(|(key, _)| key).collect();
    assert_eq!(keys, ["host", "telemetry.sdk.name"]);

    let event = buy.events().next().unwrap();
    assert_eq!((event.name(), buy.events().len()), (Some("exception"), 1));
    assert_eq!(event.field("n").and_then(Value::as_i64), Some(1));
    assert_eq!(event.fields().len(), 2);
    assert_eq!(event.time(), start + Duration::from_micros(1));
}

#[tokio::test]
async fn traces_are_found_by_each_condition() {
    let jaeger = jaeger(16).await;
    let at = |id: u64, seconds: i64, operation: &str| {
        let mut span = span(id.into(), id, "shop", operation);
        span.start_ns = seconds * 1_000_000_000;
        span.duration_ns = span.start_ns / 1_000;
        span.tags.push(Tag::text("n", &id.to_string()));
        span
    };
    store(&jaeger, &[at(3, 3, "c"), at(1, 1, "a"), at(2, 2, "b")]).await;
    store(&jaeger, &[span(4, 4, "bank", "d")]).await;
    let found = |query: TraceQuery| {
        let traces = jaeger.traces(&query);
        names(&traces).concat()
    };
    let shop = || TraceQuery::new("shop");
    let second = UNIX_EPOCH + Duration::from_secs(2);
    assert_eq!(found(shop()), "abc");
    assert_eq!(found(shop().limit(2)), "bc");
    assert_eq!(found(shop().operation("a")), "a");
    assert_eq!(found(shop().tag("n", 2)), "b");
    assert_eq!(found(shop().tag("n", 2).tag("host", "x")), "");
    assert_eq!(found(shop().start_min(second)), "bc");
    assert_eq!(found(shop().start_max(second)), "ab");
    assert_eq!(found(shop().start_max(UNIX_EPOCH - LONG)), "");
    assert_eq!(found(shop().min_duration(Duration::from_millis(2))), "bc");
    assert_eq!(found(shop().max_duration(Duration::from_millis(2))), "ab");
    assert_eq!(
        found(TraceQuery::new("bank").start_max(SystemTime::now())),
        "d"
    );
    assert_eq!(found(TraceQuery::new("")), "");
}

/// Each look takes longer than the timeout, and each time a span has arrived meanwhile.
#[tokio::test]
async fn a_strange_trace_is_written_span_by_span_and_in_good_time() {
    let jaeger = jaeger(64).await;
    let text = async |spans: &[Span]| {
        store(&jaeger, spans).await;
        jaeger.trace(spans[0].trace_id).unwrap().to_string()
    };
    let head = |id: u128, spans: usize| format!("trace {}, spans: {spans}\n", TraceId(id));
    let cycle = [
        child(1, 1, 2, "s", "a"),
        child(1, 2, 1, "s", "b"),
        child(1, 3, 3, "s", "self"),
        span(1, 4, "s", "root"),
    ];
    assert_eq!(
        text(&cycle).await,
        head(1, 4)
            + "  s root (server) 5ms\n  s a (server) 5ms\n    s b (server) 5ms\n  s self (server) 5ms"
    );
    let same_id = [
        span(2, 1, "s", "a"),
        span(2, 1, "s", "b"),
        child(2, 2, 1, "s", "c"),
    ];
    assert_eq!(
        text(&same_id).await,
        head(2, 3) + "  s a (server) 5ms\n    s c (server) 5ms\n  s b (server) 5ms"
    );

    // The root comes last. Compared with each other these spans would take minutes.
    let deep: Vec<_> = (2..=30_000)
        .rev()
        .map(|id| child(3, id, id - 1, "s", "deep"))
        .chain([span(3, 1, "s", "root")])
        .collect();
    for part in deep.chunks(10_000) {
        store(&jaeger, part).await;
    }
    let trace = jaeger.trace(TraceId(3)).unwrap();
    assert_eq!(trace.root().unwrap().name(), "root");
    let text = trace.to_string();
    assert_eq!(text.lines().count(), 102);
    assert!(text.ends_with("\n  and 29900 more"), "{text}");
}

#[tokio::test]
async fn endpoints_are_for_clients_on_this_machine() {
    let mut settings = Settings::on_free_ports();
    settings.host = [0, 0, 0, 0].into();
    settings.base_path = "/jaeger".parse().unwrap();
    let jaeger = Jaeger::start(&settings).await.unwrap();
    let addresses = jaeger.addresses();
    let port = |address: std::net::SocketAddr| address.port();
    for (endpoint, expected) in [
        (
            jaeger.grpc_endpoint(),
            format!("127.0.0.1:{}", port(addresses.grpc)),
        ),
        (
            jaeger.agent_endpoint(),
            format!("127.0.0.1:{}", port(addresses.compact)),
        ),
        (
            jaeger.http_endpoint(),
            format!("http://127.0.0.1:{}/api/traces", port(addresses.http)),
        ),
        (
            jaeger.query_url().to_owned(),
            format!("http://127.0.0.1:{}/jaeger", port(addresses.query)),
        ),
    ] {
        assert_eq!(endpoint, expected);
    }
}
