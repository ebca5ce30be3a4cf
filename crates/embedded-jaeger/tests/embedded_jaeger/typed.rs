//! The answers in Rust, and waiting for them.

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
const LONG: Duration = Duration::from_secs(30);

fn child(trace: u128, id: u64, parent: u64, service: &str, operation: &str) -> Span {
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

fn names(traces: &[Trace]) -> Vec<&str> {
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

#[tokio::test]
async fn waiting_ends_when_the_last_span_arrives() {
    let jaeger = jaeger(16).await;
    let whole = |trace: &Trace| trace.spans().len() == 2;
    let send = async {
        store(&jaeger, &[span(1, 1, "shop", "buy")]).await;
        store(&jaeger, &[span(2, 1, "shop", "buy")]).await;
        store(&jaeger, &[child(1, 2, 1, "bank", "pay")]).await;
    };
    let (trace, ()) = tokio::join!(jaeger.wait_for_trace(TraceId(1), whole, LONG), send);
    assert_eq!(names(&[trace.unwrap()]), ["buy", "pay"]);
    // It is there already.
    let again = jaeger.wait_for_trace(TraceId(1), whole, Duration::ZERO);
    assert!(again.await.is_ok());
}

#[tokio::test]
async fn waiting_for_a_search_ends_when_enough_is_found() {
    let jaeger = jaeger(16).await;
    let query = TraceQuery::new("bank").operation("pay");
    let send = async {
        store(&jaeger, &[span(1, 1, "bank", "pay")]).await;
        store(&jaeger, &[span(2, 2, "bank", "other")]).await;
        store(&jaeger, &[span(3, 3, "bank", "pay")]).await;
        // A trace that it finds grows by a span that it would not find.
        store(&jaeger, &[child(3, 4, 3, "shop", "last")]).await;
    };
    let enough = |traces: &[Trace]| names(traces) == ["pay", "pay", "last"];
    let (traces, ()) = tokio::join!(jaeger.wait_for_traces(&query, enough, LONG), send);
    assert_eq!(traces.unwrap().len(), 2);
}

#[tokio::test]
async fn the_error_shows_what_had_arrived() {
    let jaeger = jaeger(16).await;
    let soon = Duration::from_millis(10);
    let trace_error = async |id| {
        let result = jaeger.wait_for_trace(TraceId(id), |_| false, soon).await;
        result.unwrap_err().to_string()
    };
    assert_eq!(
        trace_error(1).await,
        "trace 0000000000000001 was not as expected within 10ms: no spans arrived at all"
    );
    store(
        &jaeger,
        &[span(1, 1, "shop", "buy"), child(1, 2, 1, "bank", "pay")],
    )
    .await;
    assert_eq!(
        trace_error(1).await,
        "trace 0000000000000001 was not as expected within 10ms: trace 0000000000000001, spans: 2
  \
         shop buy (server) 5ms
    bank pay (server) 5ms"
    );
    assert_eq!(
        trace_error(2).await,
        "trace 0000000000000002 was not as expected within 10ms: there are none, but other spans, of \
         bank, shop"
    );
    let query = TraceQuery::new("shop")
        .operation("sell")
        .tag("b", 1)
        .tag("a", "x");
    let result = jaeger.wait_for_traces(&query, |_| false, soon).await;
    let error = result.unwrap_err();
    assert_eq!((error.traces.len(), error.services.len()), (0, 2));
    assert_eq!(
        error.to_string(),
        "the traces of service shop, operation sell, tag a=x, tag b=1 were not as expected within 10ms: \
         there are none, but other spans, of bank, shop"
    );
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
