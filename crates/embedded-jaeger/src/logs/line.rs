//! One line: what can be read from it, in the two forms in which this project's services write
//! (`telemetry::log`). A line of any other form is kept as well, with the time of its arrival and
//! nothing else known.

use std::borrow::Cow;

use jiff::{Timestamp, civil::DateTime, tz::Offset};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::{SpanId, TraceId};

const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

/// A line of somebody's log.
#[derive(Debug)]
pub(crate) struct Line {
    /// In the order of arrival.
    pub(crate) number: u64,
    /// Who wrote it.
    pub(crate) service: Box<str>,
    /// Microseconds since 1970.
    pub(crate) time_us: i64,
    pub(crate) level: Option<&'static str>,
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) span_id: Option<SpanId>,
    /// As it was written.
    pub(crate) text: Box<str>,
}

/// What is before a line's message. Everything may be missing.
#[derive(Debug, Default, Deserialize)]
struct Head<'t> {
    #[serde(borrow, rename = "timestamp")]
    time: Option<Cow<'t, str>>,
    #[serde(borrow)]
    level: Option<Cow<'t, str>>,
    #[serde(borrow)]
    trace_id: Option<Cow<'t, str>>,
    #[serde(borrow)]
    span_id: Option<Cow<'t, str>>,
}

impl Line {
    /// Reads what there is to be read.
    pub(super) fn read(number: u64, service: &str, text: &str) -> Self {
        let head = head(text);
        let time = head.time.and_then(|time| microseconds(&time));
        let level = head.level.unwrap_or_default();
        Self {
            number,
            service: service.into(),
            time_us: time.unwrap_or_else(|| Timestamp::now().as_microsecond()),
            level: LEVELS.into_iter().find(|known| *known == level),
            trace_id: head.trace_id.and_then(|id| TraceId::from_hex(&id)),
            span_id: head.span_id.and_then(|id| SpanId::from_hex(&id)),
            text: text.into(),
        }
    }

    /// The line without what is known of it anyway: the message, and the event's fields as
    /// `key=value`.
    pub(crate) fn message(&self) -> Cow<'_, str> {
        if let Some((_, message)) = split(&self.text) {
            return message.into();
        }
        match serde_json::from_str(&self.text) {
            Ok(fields) => message_of(fields).into(),
            Err(_) => (*self.text).into(),
        }
    }
}

fn head(text: &str) -> Head<'_> {
    match split(text) {
        Some((head, _)) => head,
        None => serde_json::from_str(text).unwrap_or_default(),
    }
}

/// `2026-11-22 21:00:00,123 INFO [target] [file.rs:42] [trace_id=… span_id=…
/// resource.service.name=app-a] - message`. The first match of each part counts: what comes from a
/// request can only be behind them.
fn split(text: &str) -> Option<(Head<'_>, &str)> {
    let (time, rest) = text.split_at_checked("2026-11-22 21:00:00,123".len())?;
    let (level, rest) = rest.strip_prefix(' ')?.split_once(" [")?;
    let (_, rest) = rest.split_once("] [trace_id=")?;
    let (trace_id, rest) = rest.split_once(" span_id=")?;
    let (span_id, rest) = rest.split_once(' ')?;
    let (_, message) = rest.split_once("] - ")?;
    let head = Head {
        time: Some(time.into()),
        level: Some(level.into()),
        trace_id: Some(trace_id.into()),
        span_id: Some(span_id.into()),
    };
    Some((head, message))
}

/// Of `2026-11-22 21:00:00,123`, in UTC.
fn microseconds(time: &str) -> Option<i64> {
    let time = DateTime::strptime("%Y-%m-%d %H:%M:%S,%f", time).ok()?;
    let time = Offset::UTC.to_timestamp(time).ok()?;
    Some(time.as_microsecond())
}

fn message_of(mut fields: Map<String, Value>) -> String {
    const KNOWN: [&str; 8] = [
        "timestamp",
        "level",
        "target",
        "file",
        "line",
        "trace_id",
        "span_id",
        "resource.service.name",
    ];
    let message = match fields.remove("message") {
        Some(Value::String(message)) => message,
        _ => String::new(),
    };
    let others = fields
        .into_iter()
        .filter(|(key, _)| !KNOWN.contains(&key.as_str()));
    others.fold(message, |mut text, (key, value)| {
        if !text.is_empty() {
            text.push(' ');
        }
        let value = match value {
            Value::String(value) => value,
            other => other.to_string(),
        };
        text + &key + "=" + &value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";
    /// 2026-11-22 21:00:00.123 in UTC.
    const TIME: i64 = 1_795_381_200_123_000;

    fn read(text: &str) -> Line {
        Line::read(0, "app-a", text)
    }

    #[test]
    fn a_text_line_is_read() {
        let line = read(&format!(
            "2026-11-22 21:00:00,123 WARN [axum_jaeger::service] [chain.rs:42] [trace_id={TRACE} span_id={SPAN} resource.service.name=a b] - GET /x] - y q=\"a b\""
        ));
        assert_eq!(line.time_us, TIME);
        assert_eq!(line.level, Some("WARN"));
        assert_eq!(line.trace_id, TraceId::from_hex(TRACE));
        assert_eq!(line.span_id, SpanId::from_hex(SPAN));
        assert_eq!(line.message(), "GET /x] - y q=\"a b\"");
    }

    #[test]
    fn a_json_line_is_read() {
        let line = read(&format!(
            r#"{{"file":"server.rs","http.response.status_code":200,"level":"INFO","line":1,"message":"GET \u002f\n","q":"a b","resource.service.name":"app-a","span_id":"{SPAN}","target":"t","timestamp":"2026-11-22 21:00:00,123","trace_id":"{TRACE}"}}"#
        ));
        assert_eq!(line.time_us, TIME);
        assert_eq!(line.level, Some("INFO"));
        assert_eq!(line.trace_id, TraceId::from_hex(TRACE));
        assert_eq!(line.span_id, SpanId::from_hex(SPAN));
        assert_eq!(
            line.message(),
            "GET /\n http.response.status_code=200 q=a b"
        );
    }

    #[test]
    fn without_a_span_there_are_no_ids() {
        for line in [
            "2026-11-22 21:00:00,123 INFO [t] [f.rs:1] [trace_id=0 span_id=0 resource.service.name=a] - listening",
            r#"{"trace_id":"0","span_id":"0","level":"INFO","timestamp":"2026-11-22 21:00:00,123","message":"listening"}"#,
        ] {
            let line = read(line);
            assert_eq!((line.trace_id, line.span_id), (None, None));
            assert_eq!(line.message(), "listening");
            assert_eq!(line.time_us, TIME);
        }
    }

    #[test]
    fn any_other_line_is_kept_as_it_is() {
        let now = Timestamp::now().as_microsecond();
        for text in [
            "",
            "thread 'main' panicked at src/main.rs:1:1: trace_id=1",
            "{\"level\":5}",
            "{\"level\":",
            "[1,2]",
            "ääääääääääääääää",
            "2026-11-22 21:00:00,123 INFO",
            "2026-11-22 21:00:00,123 INFO [t] [f.rs:1] [trace_id=1 span_id=2",
        ] {
            let line = read(text);
            assert_eq!(
                (line.trace_id, line.span_id, line.level),
                (None, None, None)
            );
            assert!(line.time_us >= now, "{text}");
            assert_eq!(&*line.text, text);
        }
    }

    #[test]
    fn ids_that_are_none_are_left_out() {
        for id in ["+1", "g", "", "0", &"1".repeat(33)] {
            let line = read(&format!(
                "2026-11-22 21:00:00,123 OTHER [t] [f.rs:1] [trace_id={id} span_id={id} resource.service.name=a] - m"
            ));
            assert_eq!(
                (line.trace_id, line.span_id, line.level),
                (None, None, None)
            );
        }
    }
}
