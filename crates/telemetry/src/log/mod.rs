//! One line to stdout for each event, with the ids of its trace and span.
//!
//! As text:
//!
//! ```text
//! 2026-11-22 21:00:00,123 INFO [axum_jaeger::service] [chain.rs:42] [trace_id=… span_id=… resource.service.name=app-a] - message key=value
//! ```
//!
//! and with `LOG_FORMAT=json` an object with the same fields. Both ids are `0` where there is no
//! span. An event can never become two lines: what would break one is escaped.
//!
//! A layer of its own rather than `tracing_subscriber::fmt`: a line is put together in one buffer
//! (`line`), and leaves by a thread that waits for stdout so that no request does (`writer`).

mod line;
mod writer;

use std::{cell::Cell, io, sync::Arc};

use opentelemetry::trace::{SpanRef, TraceContextExt};
use tracing::{Event, Subscriber, dispatcher};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::{
    EnvFilter, Layer, filter::FilterExt, layer::Context, registry::LookupSpan,
};

use self::line::{Clock, Line};
pub(super) use self::writer::Writer;
use super::{BoxError, LogFormat, Settings, span_filter};

/// The layer that puts a line for each event into `writer`.
pub(super) fn layer<S>(
    settings: &Settings,
    writer: Arc<Writer>,
) -> Result<impl Layer<S> + use<S>, BoxError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    // A filter such as `warn` hides lines; it must not hide the spans that lines get their ids
    // from.
    let filter = EnvFilter::builder()
        .parse(&settings.log_filter)?
        .or(span_filter(&settings.span_filter));
    let log = Log {
        format: settings.log_format,
        service_name: settings.service_name.clone(),
        writer,
    };
    Ok(log.with_filter(filter))
}

/// Starts to write to stdout.
pub(super) fn to_stdout() -> io::Result<Arc<Writer>> {
    Writer::start(io::stdout())
}

struct Log {
    format: LogFormat,
    service_name: String,
    writer: Arc<Writer>,
}

/// What a thread keeps from line to line.
struct Scratch {
    text: String,
    clock: Clock,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::NEW
    }
}

impl Scratch {
    const NEW: Self = Self {
        text: String::new(),
        clock: Clock::NEW,
    };
}

thread_local! {
    static SCRATCH: Cell<Scratch> = const { Cell::new(Scratch::NEW) };
}

impl<S> Layer<S> for Log
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let current = context.lookup_current().and_then(|span| {
            dispatcher::get_default(|dispatch| get_otel_context(&span.id(), dispatch))
        });
        let span = current.as_ref().map(TraceContextExt::span);
        let span = span.as_ref().map(SpanRef::span_context);
        // Taken, not borrowed: a value may log while it is formatted.
        let mut scratch = SCRATCH.take();
        scratch.text.clear();
        let line = Line {
            now: scratch.clock.now(),
            service_name: &self.service_name,
            span: span.filter(|span| span.is_valid()),
        };
        match self.format {
            LogFormat::Text => line.write_text(event, &mut scratch.text),
            LogFormat::Json => line.write_json(event, &mut scratch.text),
        }
        self.writer.push(scratch.text.as_bytes());
        SCRATCH.set(scratch);
    }
}
