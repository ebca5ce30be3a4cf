//! That a span arrives the same whichever way it takes.

use embedded_jaeger::Trace;
use opentelemetry::KeyValue;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value, json};

use crate::support::{
    jaeger::{Jaeger, MODES, TIMEOUT},
    rich::{self, TEXT_LIMIT},
};

/// The tag of a span in JSON, or the field of a log.
fn tag<'v>(span: &'v Value, key: &str) -> &'v Value {
    let fields = span["tags"].as_array().or(span["fields"].as_array());
    let mut fields = fields.unwrap().iter();
    let found = fields.find(|tag| tag["key"] == key);
    found.map_or(&Value::Null, |tag| &tag["value"])
}

/// The span of this name, in JSON.
fn span<'v>(trace: &'v Value, operation: &str) -> &'v Value {
    let mut spans = trace["spans"].as_array().unwrap().iter();
    let found = spans.find(|span| span["operationName"] == operation);
    found.unwrap_or_else(|| panic!("no span {operation} in {trace:#}"))
}

#[tokio::test]
async fn rich_spans_arrive_equal_through_the_three_modes() {
    let start = rich::start_time();
    let mut arrived = Vec::new();
    for (mode, name) in MODES.into_iter().enumerate() {
        let jaeger = Jaeger::start();
        arrived.push((name, rich::arrived(jaeger.addresses(), mode, start).await));
    }
    let (_, first) = &arrived[0];
    check(&first[0]);
    for (name, other) in &arrived[1..] {
        assert_eq!(other, first, "{name} against {}", arrived[0].0);
    }
}

/// Checks a trace by OpenTelemetry's specification of the transformation to Jaeger.
fn check(trace: &Value) {
    let server = span(trace, "GET /größe/{id}");
    for (key, value) in [
        ("text", json!("größer → 数据 \u{1f980}")),
        ("empty", json!("")),
        ("markup", json!("<img src=x onerror=alert(1)>")),
        ("long", json!("ä".repeat(TEXT_LIMIT))),
        ("yes", json!(true)),
        ("no", json!(false)),
        ("negative", json!(-1)),
        // Beyond what a JavaScript number holds, Jaeger gives integers as texts.
        ("min", json!("-9223372036854775808")),
        ("max", json!("9223372036854775807")),
        ("half", json!(0.5)),
        ("tiny", json!(-1e-9)),
        ("texts", json!(r#"["a\"b","ü"]"#)),
        ("bools", json!("[true,false]")),
        ("ints", json!("[1,-2]")),
        ("floats", json!("[0.25,-1.5]")),
        ("none", json!("[]")),
        ("span.kind", json!("server")),
        ("error", json!(true)),
        ("otel.status_code", json!("ERROR")),
        ("otel.status_description", json!("it failed – sehr")),
        ("otel.scope.name", json!("rich")),
        ("otel.scope.version", json!("1.2")),
        ("otel.dropped_attributes_count", json!(4)),
        ("otel.dropped_events_count", json!(3)),
    ] {
        assert_eq!(tag(server, key), &value, "{key}");
    }
    assert_eq!(server["references"][0]["refType"], "CHILD_OF");
    assert_eq!(server["references"][0]["spanID"], "000000000000cafe");
    assert_eq!(server["duration"], 500);
    assert_eq!(server["process"]["serviceName"], "rich");
    assert_eq!(tag(&server["process"], "host.name"), "höst");
    assert_eq!(tag(&server["process"], "process.pid"), 42);
    assert_eq!(tag(&server["process"], "service.name"), "rich");

    let [exception, bare, shadowed] = [0, 1, 2].map(|index| &server["logs"][index]);
    assert_eq!(tag(exception, "event"), "exception");
    assert_eq!(
        tag(exception, "exception.message"),
        "größer → 数据 \u{1f980}\n\"second line\""
    );
    assert_eq!(tag(bare, "event"), "bare");
    assert_eq!(tag(bare, "otel.event.dropped_attributes_count"), 2);
    assert_eq!(shadowed["fields"].as_array().unwrap().len(), 1);
    assert_eq!(tag(shadowed, "event"), "the attribute wins");

    let client = span(trace, "client");
    assert_eq!(tag(client, "span.kind"), "client");
    assert_eq!(tag(client, "error"), true);
    assert_eq!(tag(client, "otel.status_description"), &Value::Null);
    assert_eq!(tag(span(trace, "producer"), "otel.status_code"), "OK");
    assert_eq!(tag(span(trace, "internal"), "span.kind"), &Value::Null);
    assert_eq!(
        tag(span(trace, "internal"), "otel.status_code"),
        &Value::Null
    );
    assert_eq!(span(trace, "the clock was set back")["duration"], 0);

    let references = span(trace, "consumer")["references"].as_array().unwrap();
    let kinds: Vec<_> = references
        .iter()
        .map(|reference| &reference["refType"])
        .collect();
    assert_eq!(kinds, ["CHILD_OF", "FOLLOWS_FROM", "FOLLOWS_FROM"]);
    assert_eq!(references[1]["spanID"], "000000000000004d");
}

/// Spans with `texts` attributes of [`TEXT_LIMIT`] characters each.
fn large(texts: usize, count: u64) -> Vec<SpanData> {
    let start = rich::start_time();
    let template = rich::spans(start).swap_remove(4);
    (1..=count)
        .map(|id| {
            let mut span = template.clone();
            span.span_context = opentelemetry::trace::SpanContext::new(
                rich::trace_id(),
                id.into(),
                span.span_context.trace_flags(),
                false,
                Default::default(),
            );
            span.attributes = (0..texts)
                .map(|number| KeyValue::new(format!("text.{number}"), "x".repeat(TEXT_LIMIT)))
                .collect();
            span
        })
        .collect()
}

#[tokio::test]
async fn a_batch_larger_than_a_message_is_cut_and_arrives_whole() {
    const SPANS: usize = 2_000;
    let jaeger = Jaeger::start();
    let id = rich::trace_id().to_bytes().into();
    for (name, destination) in rich::destinations(jaeger.addresses()) {
        // 2,000 spans of some 3 KB are 6 MB: 90 datagrams, or twice what gRPC takes at once.
        rich::export(&destination, name, large(20, SPANS as u64)).await;
        let whole = |trace: &Trace| trace.spans_of(name).count() == SPANS;
        let trace = jaeger.wait_for_trace(id, whole, TIMEOUT).await;
        assert!(trace.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_span_too_large_for_a_datagram_is_dropped_alone() {
    let jaeger = Jaeger::start();
    let [_, _, (_, agent)] = rich::destinations(jaeger.addresses());
    let mut spans = large(1, 3);
    spans.insert(1, large(1_000, 1).remove(0));
    rich::export(&agent, "rich", spans).await;
    jaeger.whole_trace(&rich::trace_id().to_string(), 3).await;
}
