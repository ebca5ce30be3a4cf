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

use std::{
    fmt::{self, Write},
    path::Path,
};

use jiff::Timestamp;
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value, json};
use tracing::{
    Event, Subscriber, dispatcher,
    field::{Field, Visit},
};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::{
    EnvFilter, Layer,
    field::RecordFields,
    filter::{FilterExt, ParseError},
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::{LogFormat, Settings, own_spans};

/// The layer that writes lines to stdout.
pub(super) fn layer<S>(settings: &Settings) -> Result<impl Layer<S> + use<S>, ParseError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    // A filter such as `warn` hides lines; it must not hide the spans that lines get their ids from.
    let filter = EnvFilter::builder()
        .parse(&settings.log_filter)?
        .or(own_spans());
    Ok(tracing_subscriber::fmt::layer()
        // It would go to stderr, and panic when that is gone as well.
        .log_internal_errors(false)
        .fmt_fields(NoSpanFields)
        .event_format(Line {
            format: settings.log_format,
            service_name: settings.service_name.clone(),
        })
        .with_filter(filter))
}

/// Writes nothing: no line shows a span's fields, and formatting them would cost each request.
struct NoSpanFields;

impl<'writer> FormatFields<'writer> for NoSpanFields {
    fn format_fields<R: RecordFields>(&self, _: Writer<'writer>, _: R) -> fmt::Result {
        Ok(())
    }
}

/// Formats an event as one line.
struct Line {
    format: LogFormat,
    service_name: String,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let ids = Ids::of(context);
        match self.format {
            LogFormat::Text => self.write_text(writer, event, &ids),
            LogFormat::Json => self.write_json(writer, event, &ids),
        }
    }
}

impl Line {
    fn write_text(&self, mut writer: Writer<'_>, event: &Event<'_>, ids: &Ids) -> fmt::Result {
        let metadata = event.metadata();
        write!(
            writer,
            "{} {} [{}] [{}:{}] [trace_id={} span_id={} resource.service.name=",
            now(),
            metadata.level(),
            metadata.target(),
            file_name(event),
            metadata.line().unwrap_or_default(),
            ids.trace,
            ids.span,
        )?;
        write_escaped(&mut writer, &self.service_name)?;
        writer.write_str("] - ")?;
        let mut text = Text::default();
        event.record(&mut text);
        write_escaped(&mut writer, &text.message)?;
        writeln!(writer, "{}", text.fields)
    }

    fn write_json(&self, mut writer: Writer<'_>, event: &Event<'_>, ids: &Ids) -> fmt::Result {
        let metadata = event.metadata();
        let mut object = Object(Map::new());
        event.record(&mut object);
        // Last, so that no field of an event can take the place of these.
        object.0.extend([
            ("timestamp".to_owned(), json!(now())),
            ("level".to_owned(), json!(metadata.level().as_str())),
            ("target".to_owned(), json!(metadata.target())),
            ("file".to_owned(), json!(file_name(event))),
            ("line".to_owned(), json!(metadata.line())),
            ("trace_id".to_owned(), json!(ids.trace)),
            ("span_id".to_owned(), json!(ids.span)),
            ("resource.service.name".to_owned(), json!(self.service_name)),
        ]);
        writeln!(writer, "{}", Value::Object(object.0))
    }
}

/// The time now in UTC, as `2026-11-22 21:00:00,123`.
fn now() -> String {
    Timestamp::now()
        .strftime("%Y-%m-%d %H:%M:%S,%3f")
        .to_string()
}

fn file_name<'e>(event: &Event<'e>) -> &'e str {
    event
        .metadata()
        .file()
        .and_then(|path| Path::new(path).file_name()?.to_str())
        .unwrap_or("-")
}

/// The current trace and span in hexadecimal, or `0`.
struct Ids {
    trace: String,
    span: String,
}

impl Ids {
    fn of<S, N>(context: &FmtContext<'_, S, N>) -> Self
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
        N: for<'writer> FormatFields<'writer> + 'static,
    {
        let current = context.lookup_current().and_then(|span| {
            dispatcher::get_default(|dispatch| get_otel_context(&span.id(), dispatch))
        });
        match current {
            Some(context) if context.span().span_context().is_valid() => {
                let span = context.span();
                Self {
                    trace: span.span_context().trace_id().to_string(),
                    span: span.span_context().span_id().to_string(),
                }
            }
            _ => Self {
                trace: "0".to_owned(),
                span: "0".to_owned(),
            },
        }
    }
}

/// Collects an event's message, and its other fields as ` key=value`.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else if value.is_empty() || value.contains(|c: char| " =\"".contains(c) || c.is_control())
        {
            let _ = write!(self.fields, " {}={value:?}", field.name());
        } else {
            let _ = write!(self.fields, " {}={value}", field.name());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
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

/// Writes `text` with line breaks and other control characters escaped.
fn write_escaped(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    if !text.contains(char::is_control) {
        return writer.write_str(text);
    }
    for character in text.chars() {
        if character.is_control() {
            write!(writer, "{}", character.escape_default())?;
        } else {
            writer.write_char(character)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let mut line = String::new();
        write_escaped(&mut Writer::new(&mut line), "a\nb\u{1b}[31m é").unwrap();
        assert_eq!(line, r"a\nb\u{1b}[31m é");
    }

    #[test]
    fn the_time_has_three_digits_behind_the_comma() {
        let now = now();
        assert_eq!(now.len(), "2026-11-22 21:00:00,123".len(), "{now}");
        assert_eq!(now.as_bytes()[19], b',');
    }
}
