//! A span's duration when the system's clock is set meanwhile.
//!
//! The SDK takes a span's begin and end from that clock: set back by an hour, it would make each
//! span that is under way end before it began, and set forward last an hour longer.

use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::TraceContextExt;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A clock that is kept right by small corrections differs by less within a request's time.
const STEP: Duration = Duration::from_millis(100);

/// Ends a span, when it goes out of scope, at the time that its duration gives, where the clock was
/// set. Make it right after the span.
#[derive(Debug)]
pub struct StepGuard {
    span: Span,
    begin: SystemTime,
    since: Instant,
}

impl StepGuard {
    /// For `span`, which begins now.
    pub fn new(span: Span) -> Self {
        Self {
            span,
            begin: SystemTime::now(),
            since: Instant::now(),
        }
    }

    /// The time since the span began, whatever became of the clock.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// The span, which is open for as long as this guard is there.
    pub fn span(&self) -> &Span {
        &self.span
    }
}

impl Drop for StepGuard {
    fn drop(&mut self) {
        let lasted = self.elapsed();
        let step = match self.begin.elapsed() {
            Ok(seemed) => seemed.abs_diff(lasted),
            Err(back) => back.duration() + lasted,
        };
        if step > STEP {
            let end = self.begin + lasted;
            self.span.context().span().end_with_timestamp(end);
        }
    }
}
