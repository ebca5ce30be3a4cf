//! Mapping of OpenTelemetry's spans to Jaeger's (OpenTelemetry specification, "OpenTelemetry to
//! Jaeger Transformation" and "Mapping to non-OTLP").
//!
//! It is the same for all transports: everything that Jaeger shows as a tag comes from here, as one
//! of Jaeger's types, so the encoders only write.

use std::{borrow::Cow, fmt, time::Duration};

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

/// A value of one of Jaeger's types.
#[derive(Debug)]
pub(super) enum Value<'s> {
    Bool(bool),
    Int64(i64),
    Float64(f64),
    String(Cow<'s, str>),
}

/// The most tags of a span besides its attributes.
const MAX_OWN_TAGS: usize = 9;

/// The span's attributes, and its kind, status, scope and dropped counts. Strings are cut to
/// `max_value_length` characters.
pub(super) fn tags(span: &SpanData, max_value_length: usize) -> Vec<Tag<'_>> {
    let mut tags = Vec::with_capacity(span.attributes.len() + MAX_OWN_TAGS);
    tags.extend(attributes(&span.attributes, max_value_length));
    let scope = &span.instrumentation_scope;
    tags.push(Tag::text("otel.scope.name", scope.name(), max_value_length));
    if let Some(version) = scope.version() {
        tags.push(Tag::text("otel.scope.version", version, max_value_length));
    }
    if let Some(kind) = kind(&span.span_kind) {
        tags.push(Tag::text("span.kind", kind, max_value_length));
    }
    match &span.status {
        Status::Unset => {}
        Status::Ok => tags.push(Tag::text("otel.status_code", "OK", max_value_length)),
        Status::Error { description } => {
            tags.push(Tag {
                key: "error",
                value: Value::Bool(true),
            });
            tags.push(Tag::text("otel.status_code", "ERROR", max_value_length));
            if !description.is_empty() {
                tags.push(Tag::text(
                    "otel.status_description",
                    description,
                    max_value_length,
                ));
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
pub(super) fn fields(event: &Event, max_value_length: usize) -> Vec<Tag<'_>> {
    let mut fields: Vec<_> = attributes(&event.attributes, max_value_length).collect();
    // `event` holds the name, unless the event has a field of that name.
    if !fields.iter().any(|field| field.key == "event") {
        fields.push(Tag::text("event", &event.name, max_value_length));
    }
    let dropped = (
        "otel.event.dropped_attributes_count",
        event.dropped_attributes_count,
    );
    fields.extend(Tag::count(dropped));
    fields
}

/// Tags of the process, which are part of each message.
pub(super) fn process_tags(resource: &Resource) -> impl Iterator<Item = Tag<'_>> {
    let tags = resource.iter();
    tags.map(|(key, value)| Tag::of(key, value, usize::MAX))
}

/// The duration of the span; zero if the clock was set back meanwhile.
pub(super) fn duration(span: &SpanData) -> Duration {
    let duration = span.end_time.duration_since(span.start_time);
    duration.unwrap_or_default()
}

fn attributes(attributes: &[KeyValue], max_value_length: usize) -> impl Iterator<Item = Tag<'_>> {
    let attributes = attributes.iter();
    attributes.map(move |attribute| Tag::of(&attribute.key, &attribute.value, max_value_length))
}

/// The value of `span.kind`, which an internal span does not have.
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
    fn of(key: &'s Key, value: &'s OtelValue, max_value_length: usize) -> Self {
        Self {
            key: key.as_str(),
            value: Value::of(value, max_value_length),
        }
    }

    fn text(key: &'s str, text: &'s str, max_value_length: usize) -> Self {
        Self {
            key,
            value: Value::String(cut(text, max_value_length).into()),
        }
    }

    /// A count of dropped items, unless it is 0.
    fn count((key, count): (&'s str, u32)) -> Option<Self> {
        (count > 0).then(|| Self {
            key,
            value: Value::Int64(count.into()),
        })
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int64(value) => value.fmt(f),
            Self::Float64(value) => value.fmt(f),
            Self::String(value) => value.fmt(f),
        }
    }
}

impl<'s> Value<'s> {
    /// An array becomes a JSON string.
    fn of(value: &'s OtelValue, max_value_length: usize) -> Self {
        match value {
            OtelValue::Bool(value) => Self::Bool(*value),
            OtelValue::I64(value) => Self::Int64(*value),
            OtelValue::F64(value) => Self::Float64(*value),
            OtelValue::String(text) => Self::String(cut(text.as_str(), max_value_length).into()),
            OtelValue::Array(array) => Self::String(json(array, max_value_length).into()),
            other => Self::String(other.to_string().into()),
        }
    }
}

fn cut(text: &str, max_value_length: usize) -> &str {
    // A string has no more characters than bytes.
    if text.len() <= max_value_length {
        return text;
    }
    match text.char_indices().nth(max_value_length) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// The array as JSON. By the specification, the limit applies to each string in it.
fn json(array: &Array, max_value_length: usize) -> String {
    match array {
        Array::Bool(values) => serde_json::json!(values),
        Array::I64(values) => serde_json::json!(values),
        Array::F64(values) => serde_json::json!(values),
        Array::String(values) => {
            let cut = |text: &StringValue| cut(text.as_str(), max_value_length).to_owned();
            serde_json::json!(values.iter().map(cut).collect::<Vec<_>>())
        }
        _ => serde_json::Value::Null,
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(value: impl Into<OtelValue>, max_value_length: usize) -> String {
        match Value::of(&value.into(), max_value_length) {
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
