//! Spans of other programs, without attributes of this project.

use std::{sync::Arc, time::SystemTime};

use crate::{
    jaeger::Jaeger,
    model::{Process, Receiver, RefKind, Span, SpanId, SpanRef, Tag, TraceId, Value},
    thrift,
};

/// Markup that must be shown as text.
pub(crate) const HOSTILE: &str =
    "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>";

/// A span of a second that starts `id` milliseconds into the trace; `parent` 0 means none.
pub(crate) fn span(trace: u128, id: u64, parent: u64, service: &str, operation: &str) -> Span {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
    let trace_id = TraceId(trace);
    let reference = |id| SpanRef {
        kind: RefKind::ChildOf,
        trace_id,
        span_id: SpanId(id),
    };
    Span {
        trace_id,
        span_id: SpanId(id),
        operation: operation.into(),
        references: (parent != 0)
            .then(|| reference(parent))
            .into_iter()
            .collect(),
        flags: 1,
        start_ns: (now - 60) * 1_000_000_000 + id as i64 * 1_000_000,
        duration_ns: 1_000_000_000,
        tags: vec![],
        logs: vec![],
        process: Arc::new(Process {
            service: service.into(),
            tags: vec![Tag::text("hostname", "elsewhere")],
        }),
        warnings: vec![],
        receiver: Receiver::Http,
    }
}

/// Makes the span a failed one.
pub(crate) fn failed(span: Span) -> Span {
    let error = Tag {
        key: "error".into(),
        value: Value::Bool(true),
    };
    Span {
        tags: vec![error, Tag::text("reason", "no luck")],
        ..span
    }
}

/// Trace 10: a shop that asks two others, one of which fails.
pub(crate) fn shop() -> Vec<Span> {
    vec![
        span(10, 1, 0, "shop", "buy"),
        span(10, 2, 1, "shop", "ask the bank"),
        failed(span(10, 3, 2, "bank", "pay")),
        span(10, 4, 1, "store", "fetch"),
    ]
}

/// Stores spans; they are there when this returns.
pub(crate) async fn store(jaeger: &Jaeger, spans: &[Span]) {
    for batch in spans.chunk_by(|a, b| a.process == b.process) {
        let request = reqwest::Client::new()
            .post(format!("http://{}/api/traces", jaeger.http))
            .header("content-type", "application/x-thrift")
            .body(thrift::binary_batch(&batch[0].process, batch));
        assert_eq!(request.send().await.unwrap().status(), 202);
    }
}
