//! A log line as the embedding program hands it in, and as it is stored.

use std::time::{SystemTime, UNIX_EPOCH};

use tracing::Level;

use crate::model::{SpanId, TraceId};

/// The longest message that is kept, in bytes; the rest is cut off.
pub(super) const MAX_MESSAGE: usize = 16 * 1024;

/// A log line to show beside the traces; see [`Logs::push`](super::Logs::push).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// The time at which it was written.
    pub time: SystemTime,
    /// Its severity, if known.
    pub level: Option<Level>,
    /// The name of the service that wrote it, as in the service's spans.
    pub service: String,
    /// The trace it belongs to, if any.
    pub trace_id: Option<TraceId>,
    /// The span it belongs to, if any.
    pub span_id: Option<SpanId>,
    /// The target of the event, which `tracing` takes from the module's path, if known. A search
    /// finds the line by it.
    pub target: Option<String>,
    /// The message, with the event's fields if it has any.
    pub message: String,
}

impl LogLine {
    /// A line of `service`, written now, without a level, a trace or a target.
    pub fn new(service: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            time: SystemTime::now(),
            level: None,
            service: service.into(),
            trace_id: None,
            span_id: None,
            target: None,
            message: message.into(),
        }
    }
}

/// A stored line; its texts have no spare capacity.
#[derive(Debug)]
pub(crate) struct Line {
    /// In the order of arrival.
    pub(crate) number: u64,
    /// Microseconds since 1970.
    pub(crate) time_us: i64,
    pub(crate) level: Option<Level>,
    pub(crate) service: Box<str>,
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) span_id: Option<SpanId>,
    pub(crate) target: Option<Box<str>>,
    pub(crate) message: Box<str>,
}

impl Line {
    pub(super) fn new(number: u64, line: LogLine) -> Self {
        let mut message = line.message;
        if message.len() > MAX_MESSAGE {
            let is_boundary = |end: &usize| message.is_char_boundary(*end);
            let end = (0..=MAX_MESSAGE).rev().find(is_boundary);
            message.truncate(end.unwrap_or_default());
        }
        Self {
            number,
            time_us: microseconds(line.time),
            level: line.level,
            service: line.service.into(),
            trace_id: line.trace_id,
            span_id: line.span_id,
            target: line.target.map(String::into),
            message: message.into(),
        }
    }

    /// The bytes of its texts.
    pub(super) fn text_len(&self) -> usize {
        let target = self.target.as_deref().unwrap_or_default();
        self.service.len() + target.len() + self.message.len()
    }
}

fn microseconds(time: SystemTime) -> i64 {
    let (sign, duration) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (1, after),
        Err(before) => (-1, before.duration()),
    };
    i64::try_from(duration.as_micros()).map_or(sign * i64::MAX, |micros| sign * micros)
}
