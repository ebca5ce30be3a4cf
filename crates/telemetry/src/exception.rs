//! Errors and cancellation on spans.

use std::error::Error;

use opentelemetry::{KeyValue, trace::Status};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::with_causes;

/// The `error.type` of a request that was cancelled, on spans and in metrics.
pub(crate) const CANCELLED: &str = "cancelled";

/// The `error.type` of a failure without a better name.
pub(crate) const OTHER: &str = "_OTHER";

/// Records `error` on the current span as the event `exception` (semantic conventions,
/// "Exceptions on spans"). It does not set the span's status: the outcome is known elsewhere.
///
/// `kind` is a short stable name for the sort of error. The message has the texts of the error's
/// causes.
///
/// # Examples
/// ```
/// # use axum_jaeger_telemetry::record_exception;
/// fn port(text: &str) -> u16 {
///     text.parse().unwrap_or_else(|error| {
///         record_exception("ParseIntError", &error);
///         8000
///     })
/// }
/// # assert_eq!(port("http"), 8000);
/// ```
pub fn record_exception(kind: &'static str, error: &dyn Error) {
    Span::current().add_event(
        "exception",
        vec![
            KeyValue::new("exception.type", kind),
            KeyValue::new("exception.message", with_causes(error)),
        ],
    );
}

/// Marks the span of a request that was cancelled before there was a response: as an error,
/// without a status code (semantic conventions, "HTTP spans", "Status").
pub(crate) fn record_cancelled(span: &Span) {
    span.record("error.type", CANCELLED);
    span.set_status(Status::error(""));
}
