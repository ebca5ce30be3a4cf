//! One line to stdout for each event, with the ids of its trace and span.
//!
//! As text:
//!
//! ```text
//! 2026-11-22 21:00:00,123 INFO [axum_jaeger::service] [chain.rs:42] [trace_id=… span_id=… resource.service.name=app-a] - message key=value
//! ```
//!
//! and as JSON an object with the same fields. Both ids are `0` outside of a span. An event is
//! always one line: characters that would break it are escaped.
//!
//! Why not `tracing_subscriber::fmt` with a `FormatEvent`: the same line took it 425 ns written to
//! nowhere, 470 ns with `tracing-appender` and 790 ns with stdout, which a request waits for. It is
//! 315 ns here (2026-11-27, x86-64, release build, in a span; the `FormatEvent` had the clock of
//! `line`).

mod line;
#[cfg(feature = "metrics")]
mod metrics;
mod writer;

use std::{
    cell::Cell,
    sync::{Arc, OnceLock},
    time::Duration,
};

use opentelemetry::trace::{SpanRef, TraceContextExt};
use tracing::{Dispatch, Event, Subscriber, dispatcher::WeakDispatch, span::Id};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::{
    EnvFilter, Layer, filter::FilterExt, layer::Context, registry::LookupSpan,
};

use self::{
    line::{Clock, Line},
    writer::Writer,
};
use crate::{InitError, LogFormat, Settings, span_filter::span_filter};

/// The limit for the last lines to be written, if their reader hangs.
const FLUSH_DEADLINE: Duration = Duration::from_secs(1);

/// Returns the layer that puts a line for each event into the buffer of the thread that writes to
/// stdout. The first call starts that thread.
pub(super) fn start<S>(settings: &Settings) -> Result<(impl Layer<S> + use<S>, Output), InitError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let filter = EnvFilter::builder()
        .parse(&settings.log_filter)
        .map_err(|error| InitError::LogFilter(error.into()))?
        // A filter such as `warn` hides lines, but not the spans that lines get their ids from.
        .or(span_filter(&settings.span_filter));
    let writer = Writer::stdout()?;
    let log = Log {
        format: settings.log_format,
        service_name: settings.service_name.clone(),
        writer: Arc::clone(&writer),
        dispatch: OnceLock::new(),
    };
    Ok((log.with_filter(filter), Output(writer)))
}

/// The log's way to stdout. Dropping it writes the last lines, however the process ends: with an
/// error or a panic, too.
#[derive(Debug)]
pub(super) struct Output(Arc<Writer>);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.flush(FLUSH_DEADLINE);
    }
}

#[cfg(feature = "metrics")]
impl Output {
    pub(super) fn register(&self, registry: &mut prometheus_client::registry::Registry) {
        metrics::register(registry, Arc::clone(&self.0));
    }
}

struct Log {
    format: LogFormat,
    service_name: String,
    writer: Arc<Writer>,
    /// The subscriber that this layer is part of. While an event is dispatched, `tracing` gives no
    /// access to one that is the default of a thread only.
    dispatch: OnceLock<WeakDispatch>,
}

/// Buffers that a thread reuses for its next line.
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
    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        let _ = self.dispatch.set(subscriber.downgrade());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let current = context.lookup_current().and_then(|span| {
            let dispatch = self.dispatch.get()?.upgrade()?;
            let context_of = |id: &Id| get_otel_context(id, &dispatch);
            // A span of the log's filter alone has no ids; those of its parents count.
            context_of(&span.id()).or_else(|| {
                let mut parents = span.scope().skip(1);
                parents.find_map(|parent| context_of(&parent.id()))
            })
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
