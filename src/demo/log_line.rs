//! The services' log lines, parsed for Jaeger's page: both forms that `axum_jaeger_telemetry`
//! writes, text and JSON. A line of any other form, such as a panic's, is taken as a message
//! without a level or a span.

use std::{borrow::Cow, time::SystemTime};

use embedded_jaeger::LogLine;
use jiff::{civil::DateTime, tz::Offset};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Parses a line of `service`, without its line break.
pub(super) fn parse(service: &str, text: &str) -> LogLine {
    parse_text(service, text)
        .or_else(|| parse_json(service, text))
        .unwrap_or_else(|| LogLine::new(service, text))
}

/// The fields before a line's message; each may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head<'t> {
    #[serde(borrow, rename = "timestamp")]
    time: Cow<'t, str>,
    #[serde(borrow)]
    level: Cow<'t, str>,
    #[serde(borrow)]
    trace_id: Cow<'t, str>,
    #[serde(borrow)]
    span_id: Cow<'t, str>,
    #[serde(borrow)]
    target: Cow<'t, str>,
}

impl Head<'_> {
    fn with_message(self, service: &str, message: String) -> LogLine {
        let mut line = LogLine::new(service, message);
        if let Some(time) = parse_time(&self.time) {
            line.time = time;
        }
        line.level = self.level.parse().ok();
        // Both are `0` outside of a span, which is not an id.
        line.trace_id = self.trace_id.parse().ok();
        line.span_id = self.span_id.parse().ok();
        line.target = Some(self.target.into_owned()).filter(|target| !target.is_empty());
        line
    }
}

/// `2026-11-22 21:00:00,123 INFO [target] [file.rs:42] [trace_id=… span_id=…
/// resource.service.name=app-a] - message`. The first match of each separator counts: text from a
/// request can only be behind them.
fn parse_text(service: &str, text: &str) -> Option<LogLine> {
    let (time, rest) = text.split_at_checked("2026-11-22 21:00:00,123".len())?;
    let (level, rest) = rest.strip_prefix(' ')?.split_once(" [")?;
    let (target, rest) = rest.split_once("] [")?;
    let (_, rest) = rest.split_once("] [trace_id=")?;
    let (trace_id, rest) = rest.split_once(" span_id=")?;
    let (span_id, rest) = rest.split_once(' ')?;
    let (_, message) = rest.split_once("] - ")?;
    let head = Head {
        time: time.into(),
        level: level.into(),
        trace_id: trace_id.into(),
        span_id: span_id.into(),
        target: target.into(),
    };
    Some(head.with_message(service, message.to_owned()))
}

fn parse_json(service: &str, text: &str) -> Option<LogLine> {
    let head: Head<'_> = serde_json::from_str(text).ok()?;
    let fields = serde_json::from_str(text).ok()?;
    Some(head.with_message(service, message_of(fields)))
}

/// 2026-11-22 21:00:00,123, in UTC.
fn parse_time(time: &str) -> Option<SystemTime> {
    let time = DateTime::strptime("%Y-%m-%d %H:%M:%S,%f", time).ok()?;
    Some(Offset::UTC.to_timestamp(time).ok()?.into())
}

/// The message, and behind it the event's own fields as in a line of text.
fn message_of(mut fields: Map<String, Value>) -> String {
    const HEAD: [&str; 8] = [
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
        .filter(|(key, _)| !HEAD.contains(&key.as_str()));
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
    use std::time::{Duration, UNIX_EPOCH};

    use tracing::Level;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn read(text: &str) -> LogLine {
        parse("app-a", text)
    }

    fn assert_head(line: &LogLine, level: Level) {
        // 2026-11-22 21:00:00.123 in UTC.
        let time = UNIX_EPOCH + Duration::from_millis(1_795_381_200_123);
        assert_eq!((line.time, line.level), (time, Some(level)));
        assert_eq!(line.trace_id, TRACE.parse().ok());
        assert_eq!(line.span_id, SPAN.parse().ok());
    }

    #[test]
    fn a_text_line_is_read() {
        let line = read(&format!(
            "2026-11-22 21:00:00,123 WARN [axum_jaeger::service] [chain.rs:42] [trace_id={TRACE} span_id={SPAN} resource.service.name=a b] - GET /x] - y q=\"a b\""
        ));
        assert_head(&line, Level::WARN);
        assert_eq!(line.target.as_deref(), Some("axum_jaeger::service"));
        assert_eq!(line.message, "GET /x] - y q=\"a b\"");
    }

    #[test]
    fn a_json_line_is_read() {
        let line = read(&format!(
            r#"{{"file":"server.rs","http.response.status_code":200,"level":"INFO","line":1,"message":"GET \u002f\n","q":"a b","resource.service.name":"app-a","span_id":"{SPAN}","target":"t","timestamp":"2026-11-22 21:00:00,123","trace_id":"{TRACE}"}}"#
        ));
        assert_head(&line, Level::INFO);
        assert_eq!(line.target.as_deref(), Some("t"));
        assert_eq!(line.message, "GET /\n http.response.status_code=200 q=a b");
    }

    #[test]
    fn without_a_span_there_are_no_ids() {
        for line in [
            "2026-11-22 21:00:00,123 INFO [t] [f.rs:1] [trace_id=0 span_id=0 resource.service.name=a] - listening",
            r#"{"trace_id":"0","span_id":"0","level":"INFO","timestamp":"2026-11-22 21:00:00,123","message":"listening"}"#,
        ] {
            let line = read(line);
            assert_eq!((line.trace_id, line.span_id), (None, None));
            assert_eq!(line.level, Some(Level::INFO));
            assert_eq!(line.message, "listening");
        }
    }

    #[test]
    fn any_other_line_is_a_message() {
        let now = SystemTime::now();
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
            assert!(line.time >= now, "{text}");
            assert_eq!(line.message, text);
        }
    }

    #[test]
    fn ids_and_levels_that_are_none_are_left_out() {
        for id in ["+1", "g", "", "0", &"1".repeat(33)] {
            let line = read(&format!(
                "2026-11-22 21:00:00,123 OTHER [t] [f.rs:1] [trace_id={id} span_id={id} resource.service.name=a] - m"
            ));
            assert_eq!(
                (line.trace_id, line.span_id, line.level),
                (None, None, None)
            );
            assert_eq!(line.message, "m");
        }
    }
}
