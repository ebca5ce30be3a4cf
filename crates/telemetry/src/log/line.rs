//! An event as one line of text or JSON.
//!
//! The text goes straight into the line's buffer: a request pays for each of its lines. JSON, which
//! a program reads, goes through a map first, so that no field of an event replaces one of ours.

use std::fmt::{self, Write};

use jiff::Timestamp;
use opentelemetry::trace::SpanContext;
use serde_json::{Map, Value, json};
use tracing::{
    Event,
    field::{Field, Visit},
};

use crate::hex;

/// The parts of a line besides its event.
pub(super) struct Line<'l> {
    /// The time, as text of [`Clock`].
    pub(super) now: &'l str,
    pub(super) service_name: &'l str,
    pub(super) span: Option<&'l SpanContext>,
}

impl Line<'_> {
    /// Appends the event and a line break.
    pub(super) fn write_text(&self, event: &Event<'_>, line: &mut String) {
        let metadata = event.metadata();
        line.push_str(self.now);
        line.push(' ');
        line.push_str(metadata.level().as_str());
        line.push_str(" [");
        line.push_str(metadata.target());
        line.push_str("] [");
        line.push_str(file_name(event));
        let _ = write!(line, ":{}", metadata.line().unwrap_or_default());
        line.push_str("] [trace_id=");
        self.push_trace_id(line);
        line.push_str(" span_id=");
        self.push_span_id(line);
        line.push_str(" resource.service.name=");
        push_escaped(line, self.service_name);
        line.push_str("] - ");
        let message_end = line.len();
        event.record(&mut Text { line, message_end });
        line.push('\n');
    }

    /// Appends the event and a line break.
    pub(super) fn write_json(&self, event: &Event<'_>, line: &mut String) {
        let metadata = event.metadata();
        let mut object = Object(Map::new());
        event.record(&mut object);
        let (mut trace_id, mut span_id) = (String::new(), String::new());
        self.push_trace_id(&mut trace_id);
        self.push_span_id(&mut span_id);
        // Last, so that no field of an event can take the place of these.
        object.0.extend([
            ("timestamp".to_owned(), json!(self.now)),
            ("level".to_owned(), json!(metadata.level().as_str())),
            ("target".to_owned(), json!(metadata.target())),
            ("file".to_owned(), json!(file_name(event))),
            ("line".to_owned(), json!(metadata.line())),
            ("trace_id".to_owned(), json!(trace_id)),
            ("span_id".to_owned(), json!(span_id)),
            ("resource.service.name".to_owned(), json!(self.service_name)),
        ]);
        let _ = writeln!(line, "{}", Value::Object(object.0));
    }

    fn push_trace_id(&self, line: &mut String) {
        match self.span {
            Some(span) => hex::push(line, span.trace_id().to_bytes()),
            None => line.push('0'),
        }
    }

    fn push_span_id(&self, line: &mut String) {
        match self.span {
            Some(span) => hex::push(line, span.span_id().to_bytes()),
            None => line.push('0'),
        }
    }
}

fn file_name<'e>(event: &Event<'e>) -> &'e str {
    let path = event.metadata().file().unwrap_or("-");
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The time in UTC, as `2026-11-22 21:00:00,123`. Keeps the text of the second, which is most of the
/// work.
pub(super) struct Clock {
    second: i64,
    text: String,
}

impl Clock {
    pub(super) const NEW: Self = Self {
        second: i64::MIN,
        text: String::new(),
    };

    pub(super) fn now(&mut self) -> &str {
        const SECOND: &str = "%Y-%m-%d %H:%M:%S,";
        let now = Timestamp::now();
        let milliseconds = now.as_millisecond();
        let second = milliseconds.div_euclid(1000);
        if self.second == second {
            self.text.truncate(self.text.len() - 3);
        } else {
            self.second = second;
            self.text = now.strftime(SECOND).to_string();
        }
        let _ = write!(self.text, "{:03}", milliseconds.rem_euclid(1000));
        &self.text
    }
}

/// Appends an event's message, and after it the other fields as ` key=value`.
struct Text<'l> {
    line: &'l mut String,
    message_end: usize,
}

impl Text<'_> {
    fn message(&mut self, write: impl FnOnce(&mut String)) {
        // Fields that came before the message, which is rare.
        let fields = self.line.split_off(self.message_end);
        write(self.line);
        self.message_end = self.line.len();
        self.line.push_str(&fields);
    }

    fn key(&mut self, field: &Field) {
        self.line.push(' ');
        self.line.push_str(field.name());
        self.line.push('=');
    }

    /// Appends a value whose text never needs quotes.
    fn number(&mut self, field: &Field, value: impl fmt::Debug) {
        if field.name() == "message" {
            return self.record_debug(field, &value);
        }
        self.key(field);
        let _ = write!(self.line, "{value:?}");
    }
}

impl Visit for Text<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            return self.message(|line| push_escaped(line, value));
        }
        self.key(field);
        if needs_quotes(value) {
            let _ = write!(self.line, "{value:?}");
        } else {
            self.line.push_str(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            return self.message(|line| {
                let _ = write!(Escaped(line), "{value:?}");
            });
        }
        self.key(field);
        let start = self.line.len();
        let _ = write!(self.line, "{value:?}");
        if needs_quotes(&self.line[start..]) {
            let value = self.line.split_off(start);
            let _ = write!(self.line, "{value:?}");
        }
    }
}

fn needs_quotes(value: &str) -> bool {
    value.is_empty() || value.contains(|c: char| matches!(c, ' ' | '=' | '"') || c.is_control())
}

/// Collects an event's fields as JSON.
struct Object(Map<String, Value>);

impl Object {
    fn set(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Object {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, json!(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, json!(format!("{value:?}")));
    }
}

/// Appends what is written with line breaks and other control characters escaped.
struct Escaped<'l>(&'l mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

fn push_escaped(line: &mut String, text: &str) {
    if !text.contains(char::is_control) {
        return line.push_str(text);
    }
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};
    use tracing::Subscriber;
    use tracing_subscriber::{Layer, layer::SubscriberExt};

    use super::*;

    /// Formats each event, with fixed ids.
    struct Lines(Arc<Mutex<String>>);

    impl<S: Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            let span = SpanContext::new(
                TraceId::from(0x1f),
                SpanId::from(2),
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            );
            let line = Line {
                now: "NOW",
                service_name: "app\n",
                span: Some(&span),
            };
            line.write_text(event, &mut self.0.lock().unwrap());
        }
    }

    fn lines(log: impl FnOnce()) -> String {
        let lines = Arc::default();
        let subscriber = tracing_subscriber::registry().with(Lines(Arc::clone(&lines)));
        tracing::subscriber::with_default(subscriber, log);
        lines.lock().unwrap().clone()
    }

    /// The part of a line after the brackets.
    fn rest(log: impl FnOnce()) -> String {
        lines(log).split_once(" - ").unwrap().1.to_owned()
    }

    #[test]
    fn a_line_has_its_origin() {
        let line = lines(|| tracing::warn!("hello"));
        let number = line.split_once("line.rs:").unwrap().1;
        let number = number.split_once(']').unwrap().0;
        assert_eq!(
            line,
            format!(
                "NOW WARN [{}] [line.rs:{number}] [trace_id={:0>32} span_id={:0>16} \
                 resource.service.name=app\\n] - hello\n",
                module_path!(),
                "1f",
                "2"
            )
        );
    }

    #[test]
    fn fields_come_after_the_message_and_are_quoted_if_they_must_be() {
        assert_eq!(
            rest(|| tracing::info!(a = 1, b = "x", c = "x y", d = 2.0, e = true, "m {}", 3)),
            "m 3 a=1 b=x c=\"x y\" d=2.0 e=true\n"
        );
        assert_eq!(
            rest(|| tracing::info!(a = ?"x", b = %"x=y", c = "", d = %"x\ny", message = "m")),
            "m a=\"\\\"x\\\"\" b=\"x=y\" c=\"\" d=\"x\\ny\"\n"
        );
        assert_eq!(rest(|| tracing::info!(message = 1, a = 2)), "1 a=2\n");
    }

    #[test]
    fn control_characters_are_escaped() {
        let text = "a\nb\u{1b}[31m é\u{85}";
        let escaped = "a\\nb\\u{1b}[31m é\\u{85}\n";
        assert_eq!(rest(|| tracing::info!("{text}")), escaped);
        assert_eq!(rest(|| tracing::info!(message = text)), escaped);
    }

    #[test]
    fn the_time_has_three_digits_after_the_comma() {
        let mut clock = Clock::NEW;
        let first = clock.now().to_owned();
        let second = clock.now();
        for now in [first.as_str(), second] {
            assert_eq!(now.len(), "2026-11-22 21:00:00,123".len(), "{now}");
            assert_eq!(now.as_bytes()[19], b',');
        }
        assert!(first.as_str() <= second);
    }
}
