//! OpenTelemetry's span in Jaeger's terms (OpenTelemetry specification, "OpenTelemetry to Jaeger
//! Transformation" and "Mapping to non-OTLP").
//!
//! It is done once for all three paths: afterwards everything that Jaeger shows as a tag is an
//! attribute, of a type that Jaeger has, and the encoders have nothing left to decide.

use opentelemetry::{
    Array, KeyValue, StringValue, Value,
    trace::{SpanKind, Status},
};
use opentelemetry_sdk::trace::SpanData;

/// Moves the span's kind, status, scope and dropped counts into its attributes, turns arrays into
/// JSON texts, and cuts texts to `max_length` characters.
pub(super) fn to_jaeger(span: &mut SpanData, max_length: usize) {
    let tags = &mut span.attributes;
    tags.push(KeyValue::new(
        "otel.scope.name",
        span.instrumentation_scope.name().to_owned(),
    ));
    if let Some(version) = span.instrumentation_scope.version() {
        tags.push(KeyValue::new("otel.scope.version", version.to_owned()));
    }
    if let Some(kind) = kind_tag(&span.span_kind) {
        tags.push(KeyValue::new("span.kind", kind));
    }
    match std::mem::replace(&mut span.status, Status::Unset) {
        Status::Unset => {}
        Status::Ok => tags.push(KeyValue::new("otel.status_code", "OK")),
        Status::Error { description } => {
            tags.push(KeyValue::new("error", true));
            tags.push(KeyValue::new("otel.status_code", "ERROR"));
            if !description.is_empty() {
                tags.push(KeyValue::new(
                    "otel.status_description",
                    description.into_owned(),
                ));
            }
        }
    }
    span.span_kind = SpanKind::Internal;
    for (name, count) in [
        (
            "otel.dropped_attributes_count",
            span.dropped_attributes_count,
        ),
        ("otel.dropped_events_count", span.events.dropped_count),
        ("otel.dropped_links_count", span.links.dropped_count),
    ] {
        if count > 0 {
            tags.push(KeyValue::new(name, i64::from(count)));
        }
    }
    for tag in tags {
        limit(&mut tag.value, max_length);
    }
    for event in &mut span.events.events {
        // `event` holds the name, unless the event has a field of that name.
        if !event
            .attributes
            .iter()
            .any(|field| field.key.as_str() == "event")
        {
            let name = std::mem::take(&mut event.name).into_owned();
            event.attributes.push(KeyValue::new("event", name));
        }
        let dropped = std::mem::take(&mut event.dropped_attributes_count);
        if dropped > 0 {
            let name = "otel.event.dropped_attributes_count";
            event
                .attributes
                .push(KeyValue::new(name, i64::from(dropped)));
        }
        for field in &mut event.attributes {
            limit(&mut field.value, max_length);
        }
    }
}

/// An internal span has no tag for its kind.
fn kind_tag(kind: &SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Client => Some("client"),
        SpanKind::Server => Some("server"),
        SpanKind::Producer => Some("producer"),
        SpanKind::Consumer => Some("consumer"),
        SpanKind::Internal => None,
    }
}

/// Turns an array into a JSON text, and cuts a text.
fn limit(value: &mut Value, max_length: usize) {
    match value {
        Value::String(text) => {
            let text = text.as_str();
            // A text has no more characters than bytes.
            if text.len() > max_length
                && let Some((end, _)) = text.char_indices().nth(max_length)
            {
                *value = text[..end].to_owned().into();
            }
        }
        Value::Array(array) => {
            *value = json(array, max_length).into();
        }
        _ => {}
    }
}

/// The array as JSON; the limit holds for each text in it, as the specification has it.
fn json(array: &Array, max_length: usize) -> String {
    let cut = |text: &StringValue| text.as_str().chars().take(max_length).collect::<String>();
    match array {
        Array::Bool(values) => serde_json::json!(values),
        Array::I64(values) => serde_json::json!(values),
        Array::F64(values) => serde_json::json!(values),
        Array::String(values) => {
            serde_json::json!(values.iter().map(cut).collect::<Vec<_>>())
        }
        _ => serde_json::Value::Null,
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(value: impl Into<Value>, max_length: usize) -> Value {
        let mut value = value.into();
        limit(&mut value, max_length);
        value
    }

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!(limited("äöü", 2), "äö".into());
        assert_eq!(limited("äöü", 3), "äöü".into());
        assert_eq!(limited("äöü", 0), "".into());
        assert_eq!(limited(12_345, 1), 12_345.into());
    }

    #[test]
    fn arrays_become_json() {
        let texts = Array::String(vec!["a\"b".into(), "cde".into()]);
        assert_eq!(limited(Value::Array(texts), 2), r#"["a\"","cd"]"#.into());
        let numbers = Array::I64(vec![1, -2]);
        assert_eq!(limited(Value::Array(numbers), 2), "[1,-2]".into());
    }
}
