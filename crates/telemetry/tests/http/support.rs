//! One telemetry and one Jaeger for all tests: a process has one.

use std::{
    net::SocketAddr,
    sync::LazyLock,
    time::{Duration, Instant},
};

use axum_jaeger_telemetry::{Destination, Settings, Telemetry};
use embedded_jaeger::Jaeger;
use http::HeaderMap;
use opentelemetry::trace::TraceContextExt;
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// For all tests: the export lives on the runtime that it began on.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

static TRACED: LazyLock<(Jaeger, Telemetry)> = LazyLock::new(|| {
    RUNTIME.block_on(async {
        let free = embedded_jaeger::Settings::on_free_ports();
        let jaeger = Jaeger::start(&free).await.unwrap();
        let collector = jaeger.addresses().grpc.to_string();
        let mut settings = Settings::new("test", Destination::Grpc { collector });
        settings.log_filter = "warn".to_owned();
        settings.batching.schedule_delay = Duration::ZERO;
        let telemetry = axum_jaeger_telemetry::init(&settings).unwrap();
        (jaeger, telemetry)
    })
});

/// Runs a test with telemetry set up.
pub(crate) fn run(test: impl Future<Output = ()>) {
    LazyLock::force(&TRACED);
    RUNTIME.block_on(test);
}

/// A listener on a free port.
pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The trace that an answer names.
pub(crate) fn trace_of(answer: &HeaderMap) -> String {
    let named = answer["traceresponse"].to_str().unwrap();
    named.split('-').nth(1).unwrap().to_owned()
}

/// A span to make requests in, and its trace.
pub(crate) fn root() -> (Span, String) {
    let span = tracing::info_span!("test");
    let trace = span.context().span().span_context().trace_id().to_string();
    (span, trace)
}

/// The spans of a trace, as soon as there are so many.
pub(crate) async fn spans(trace: &str, count: usize) -> Vec<Value> {
    let url = format!("{}/api/traces/{trace}", TRACED.0.query_url());
    let begun = Instant::now();
    loop {
        let answer: Value = reqwest::get(&url).await.unwrap().json().await.unwrap();
        let spans = answer["data"][0]["spans"].as_array().cloned();
        let spans = spans.unwrap_or_default();
        if spans.len() >= count {
            assert_eq!(spans.len(), count, "{spans:#?}");
            return spans;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{spans:#?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The only span of this kind.
pub(crate) fn of_kind<'s>(spans: &'s [Value], kind: &str) -> &'s Value {
    let mut found = spans.iter().filter(|span| tag(span, "span.kind") == kind);
    let span = found
        .next()
        .unwrap_or_else(|| panic!("no {kind}: {spans:#?}"));
    assert!(found.next().is_none(), "{spans:#?}");
    span
}

/// The value of a span's tag; null where it has none.
pub(crate) fn tag<'s>(span: &'s Value, key: &str) -> &'s Value {
    let tags = span["tags"].as_array().unwrap();
    let mut found = tags.iter().filter(|tag| tag["key"] == key);
    let value = found.next().map_or(&Value::Null, |tag| &tag["value"]);
    assert!(found.next().is_none(), "{key} twice: {span:#}");
    value
}

/// Asserts on tags.
pub(crate) fn has_tags(span: &Value, tags: &[(&str, Value)]) {
    for (key, value) in tags {
        assert_eq!(tag(span, key), value, "{key} of {span:#}");
    }
}
