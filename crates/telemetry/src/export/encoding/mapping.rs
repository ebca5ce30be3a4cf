//! OpenTelemetry's span in Jaeger's terms (OpenTelemetry specification, "OpenTelemetry to Jaeger
//! Transformation" and "Mapping to non-OTLP").
//!
//! It is the same for all three paths: here is everything that Jaeger shows as a tag, of a type
//! that Jaeger has, and the encoders have nothing left to decide.

use std::{borrow::Cow, time::Duration};

use opentelemetry::{
    Array, Key, KeyValue, StringValue, Value as OtelValue,
    trace::{Event, SpanKind, Status},
};
use opentelemetry_sdk::{Resource, trace::SpanData};

/// A tag of a span or a process, or a field of a log.
#[derive(Debug)]
pub(super) struct Tag<'s> {
    pub(super) key: &'s str,
    pub(super) value: Value<'s>,
}

/// A value of one of the types that Jaeger has.
#[derive(Debug)]
pub(super) enum Value<'s> {
    Bool(bool),
    Int64(i64),
    Float64(f64),
    String(Cow<'s, str>),
}

/// The most tags that a span has besides its attributes.
const MOST_OWN_TAGS: usize = 9;

/// The span's attributes, and its kind, status, scope and dropped counts. Texts are cut to
/// `max_text` characters.
pub(super) fn tags(span: &SpanData, max_text: usize) -> Vec<Tag<'_>> {
    let mut tags = Vec::with_capacity(span.attributes.len() + MOST_OWN_TAGS);
    tags.extend(attributes(&span.attributes, max_text));
    let scope = &span.instrumentation_scope;
    tags.push(Tag::text("otel.scope.name", scope.name(), max_text));
    if let Some(version) = scope.version() {
        tags.push(Tag::text("otel.scope.version", version, max_text));
    }
    if let Some(kind) = kind(&span.span_kind) {
        tags.push(Tag::text("span.kind", kind, max_text));
    }
    match &span.status {
        Status::Unset => {}
        Status::Ok => tags.push(Tag::text("otel.status_code", "OK", max_text)),
        Status::Error { description } => {
            tags.push(Tag {
                key: "error",
                value: Value::Bool(true),
            });
            tags.push(Tag::text("otel.status_code", "ERROR", max_text));
            if !description.is_empty() {
                tags.push(Tag::text("otel.status_description", description, max_text));
            }
        }
    }
    let dropped = [
        (
            "otel.dropped_attributes_count",
            span.dropped_attributes_count,
        ),
        ("otel.dropped_events_count", span.events.dropped_count),
        ("otel.dropped_links_count", span.links.dropped_count),
    ];
    tags.extend(dropped.into_iter().filter_map(Tag::count));
    tags
}

/// The event's attributes, its name and its dropped count.
pub(super) fn fields(event: &Event, max_text: usize) -> Vec<Tag<'_>> {
    let mut fields: Vec<_> = attributes(&event.attributes, max_text).collect();
    // `event` holds the name, unless the event has a field of that name.
    if !fields.iter().any(|field| field.key == "event") {
        fields.push(Tag::text("event", &event.name, max_text));
    }
    let dropped = (
        "otel.event.dropped_attributes_count",
        event.dropped_attributes_count,
    );
    fields.extend(Tag::count(dropped));
    fields
}

/// What is said of the process in each message.
pub(super) fn process_tags(resource: &Resource) -> impl Iterator<Item = Tag<'_>> {
    let tags = resource.iter();
    tags.map(|(key, value)| Tag::of(key, value, usize::MAX))
}

/// How long the span took. The clock may have been set back meanwhile.
pub(super) fn duration(span: &SpanData) -> Duration {
    let duration = span.end_time.duration_since(span.start_time);
    duration.unwrap_or_default()
}

fn attributes(attributes: &[KeyValue], max_text: usize) -> impl Iterator<Item = Tag<'_>> {
    let attributes = attributes.iter();
    attributes.map(move |attribute| Tag::of(&attribute.key, &attribute.value, max_text))
}

/// An internal span has no tag for its kind.
fn kind(kind: &SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Client => Some("client"),
        SpanKind::Server => Some("server"),
        SpanKind::Producer => Some("producer"),
        SpanKind::Consumer => Some("consumer"),
        SpanKind::Internal => None,
    }
}

impl<'s> Tag<'s> {
    fn of(key: &'s Key, value: &'s OtelValue, max_text: usize) -> Self {
        Self {
            key: key.as_str(),
            value: Value::of(value, max_text),
        }
    }

    fn text(key: &'s str, text: &'s str, max_text: usize) -> Self {
        Self {
            key,
            value: Value::String(cut(text, max_text).into()),
        }
    }

    /// Nothing where nothing was dropped.
    fn count((key, count): (&'s str, u32)) -> Option<Self> {
        (count > 0).then(|| Self {
            key,
            value: Value::Int64(count.into()),
        })
    }
}

impl<'s> Value<'s> {
    /// An array is a JSON text.
    fn of(value: &'s OtelValue, max_text: usize) -> Self {
        match value {
            OtelValue::Bool(value) => Self::Bool(*value),
            OtelValue::I64(value) => Self::Int64(*value),
            OtelValue::F64(value) => Self::Float64(*value),
            OtelValue::String(text) => Self::String(cut(text.as_str(), max_text).into()),
            OtelValue::Array(array) => Self::String(json(array, max_text).into()),
            other => Self::String(other.to_string().into()),
        }
    }
}

fn cut(text: &str, max_text: usize) -> &str {
    // A text has no more characters than bytes.
    if text.len() <= max_text {
        return text;
    }
    match text.char_indices().nth(max_text) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// The array as JSON; the limit holds for each text in it, as the specification has it.
fn json(array: &Array, max_text: usize) -> String {
    match array {
        Array::Bool(values) => serde_json::json!(values),
        Array::I64(values) => serde_json::json!(values),
        Array::F64(values) => serde_json::json!(values),
        Array::String(values) => {
            let cut = |text: &StringValue| cut(text.as_str(), max_text).to_owned();
            serde_json::json!(values.iter().map(cut).collect::<Vec<_>>())
        }
        _ => serde_json::Value::Null,
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(value: impl Into<OtelValue>, max_text: usize) -> String {
        match Value::of(&value.into(), max_text) {
            Value::String(text) => text.into_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!(limited("äöü", 2), "äö");
        assert_eq!(limited("äöü", 3), "äöü");
        assert_eq!(limited("äöü", 0), "");
        assert_eq!(limited(12_345, 1), "Int64(12345)");
    }

    #[test]
    fn arrays_become_json() {
        let texts = Array::String(vec!["a\"b".into(), "cde".into()]);
        assert_eq!(limited(OtelValue::Array(texts), 2), r#"["a\"","cd"]"#);
        let numbers = Array::I64(vec![1, -2]);
        assert_eq!(limited(OtelValue::Array(numbers), 2), "[1,-2]");
    }
}
