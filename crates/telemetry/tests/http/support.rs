//! One telemetry and one Jaeger for all tests: a process has one.

use std::{net::SocketAddr, sync::LazyLock, time::Duration};

use axum_jaeger_telemetry::{Destination, Settings, Telemetry, metrics::Metrics};
use embedded_jaeger::{Jaeger, Span, Trace, Value};
use http::HeaderMap;
use opentelemetry::trace::TraceContextExt;
use tokio::{net::TcpListener, runtime::Runtime};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The longest time that a trace may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(30);

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

/// The metrics of this process.
pub(crate) fn metrics() -> Metrics {
    TRACED.1.metrics()
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
pub(crate) fn root() -> (tracing::Span, String) {
    let span = tracing::info_span!("test");
    let trace = span.context().span().span_context().trace_id().to_string();
    (span, trace)
}

/// The spans of a trace, as soon as there are so many.
pub(crate) async fn spans(trace: &str, count: usize) -> Vec<Span> {
    let is_complete = |trace: &Trace| trace.spans().len() >= count;
    let trace = TRACED
        .0
        .wait_for_trace(trace.parse().unwrap(), is_complete, TIMEOUT);
    let trace = trace.await.unwrap();
    assert_eq!(trace.spans().len(), count, "{trace}");
    trace.spans().to_vec()
}

/// The only span of this kind.
pub(crate) fn of_kind<'s>(spans: &'s [Span], kind: &str) -> &'s Span {
    let mut found = spans.iter().filter(|span| span.kind() == kind);
    let span = found
        .next()
        .unwrap_or_else(|| panic!("no {kind}: {spans:#?}"));
    assert!(found.next().is_none(), "{spans:#?}");
    span
}

/// The value that a tag is to have.
pub(crate) fn is(value: impl Into<Value>) -> Option<Value> {
    Some(value.into())
}

/// Asserts on tags: each is there once at most.
pub(crate) fn has_tags(span: &Span, tags: &[(&str, Option<Value>)]) {
    for (key, value) in tags {
        assert_eq!(span.tag(key), value.as_ref(), "{key} of {span:#?}");
        let count = span.tags().filter(|(other, _)| other == key).count();
        assert!(count <= 1, "{key} twice: {span:#?}");
    }
}
