//! Translates OTLP's spans to Jaeger's model (opentelemetry-collector-contrib
//! `pkg/translator/jaeger/traces_to_jaegerproto.go`, as in Jaeger 1.62).

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{AnyValue, Attribute, Event, Link, Resource, ResourceSpans, Scope, Span};
use crate::{
    go,
    model::{self, Log, Process, Receiver, RefKind, SpanRef, Tag, Value},
    receive::{Budget, DecodeError},
};

/// Translates the spans, in their order. Times after 2262 and spans that end before they start are
/// cut to the model's range.
///
/// # Errors
/// The names of scopes, which are copied to each of their spans, would take far more memory than
/// the message.
pub(crate) fn spans(
    resource_spans: Vec<ResourceSpans>,
    receiver: Receiver,
    budget: &mut Budget,
) -> Result<Vec<model::Span>, DecodeError> {
    let mut spans = Vec::new();
    for of_resource in resource_spans {
        let process = Arc::new(process(of_resource.resource));
        for of_scope in of_resource.scope_spans {
            let Scope { name, version } = &of_scope.scope;
            let texts = name.len() + version.len();
            budget.pay::<u8>(texts.saturating_mul(of_scope.spans.len()))?;
            let scope_tags = scope_tags(&of_scope.scope);
            let translate = |of| span(of, &scope_tags, &process, receiver);
            spans.extend(of_scope.spans.into_iter().map(translate));
        }
    }
    Ok(spans)
}

fn process(Resource { attributes }: Resource) -> Process {
    if attributes.is_empty() {
        return Process {
            service: "OTLPResourceNoServiceName".into(),
            tags: Vec::new(),
        };
    }
    let is_name = |attribute: &Attribute| &*attribute.key == "service.name";
    let service = match attributes.iter().find(|it| is_name(it)).map(|it| &it.value) {
        Some(AnyValue::String(name)) => name.clone(),
        _ => Box::default(),
    };
    let others = attributes.into_iter().filter(|it| !is_name(it));
    let mut tags: Vec<_> = others.map(tag).collect();
    tags.shrink_to_fit();
    Process { service, tags }
}

fn scope_tags(Scope { name, version }: &Scope) -> Vec<Tag> {
    let tags = [("otel.scope.name", name), ("otel.scope.version", version)];
    let known = tags.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(key, value)| Tag::text(key, value)).collect()
}

fn span(span: Span, scope_tags: &[Tag], process: &Arc<Process>, receiver: Receiver) -> model::Span {
    let (start_ns, end_ns) = (nanoseconds(span.start), nanoseconds(span.end));
    let mut tags = scope_tags.to_vec();
    tags.extend(span.attributes.into_iter().map(tag));
    tags.extend(kind(span.kind).map(|kind| Tag::text("span.kind", kind)));
    match span.status.code {
        1 => tags.push(Tag::text("otel.status_code", "OK")),
        2 => {
            tags.push(Tag::text("otel.status_code", "ERROR"));
            tags.push(Tag {
                key: "error".into(),
                value: Value::Bool(true),
            });
        }
        _ => {}
    }
    for (key, value) in [
        ("otel.status_description", &span.status.message),
        ("w3c.tracestate", &span.trace_state),
    ] {
        if !value.is_empty() {
            tags.push(Tag::text(key, value));
        }
    }
    tags.shrink_to_fit();
    let parent = SpanRef {
        kind: RefKind::ChildOf,
        trace_id: span.trace_id,
        span_id: span.parent,
    };
    model::Span {
        trace_id: span.trace_id,
        span_id: span.span_id,
        operation: span.name,
        references: references(parent, &span.links),
        flags: 0,
        start_ns,
        duration_ns: end_ns.saturating_sub(start_ns).max(0),
        tags,
        logs: span.events.into_iter().map(log).collect(),
        process: Arc::clone(process),
        warnings: Vec::new(),
        receiver,
    }
}

fn nanoseconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn kind(number: i32) -> Option<&'static str> {
    match number {
        1 => Some("internal"),
        2 => Some("server"),
        3 => Some("client"),
        4 => Some("producer"),
        5 => Some("consumer"),
        _ => None,
    }
}

/// The references, with the parent first if there is one. A link to the parent has the kind of that
/// reference.
fn references(parent: SpanRef, links: &[Link]) -> Vec<SpanRef> {
    let mut parent = Some(parent).filter(|parent| parent.span_id.0 != 0);
    let mut others = Vec::with_capacity(links.len());
    for link in links {
        let reference = SpanRef {
            kind: link_kind(&link.attributes),
            trace_id: link.trace_id,
            span_id: link.span_id,
        };
        let same = |parent: &&mut SpanRef| {
            (parent.trace_id, parent.span_id) == (link.trace_id, link.span_id)
        };
        match parent.as_mut().filter(same) {
            Some(parent) => parent.kind = reference.kind,
            None => others.push(reference),
        }
    }
    parent.into_iter().chain(others).collect()
}

fn link_kind(attributes: &[Attribute]) -> RefKind {
    let kind = attributes
        .iter()
        .find(|it| &*it.key == "opentracing.ref_type");
    match kind.map(|kind| &kind.value) {
        Some(AnyValue::String(kind)) if &**kind == "child_of" => RefKind::ChildOf,
        _ => RefKind::FollowsFrom,
    }
}

fn log(event: Event) -> Log {
    let has_name = event.attributes.iter().any(|it| &*it.key == "event");
    let name = Some(&event.name).filter(|name| !name.is_empty() && !has_name);
    let name = name.map(|name| Tag::text("event", name));
    Log {
        timestamp_ns: nanoseconds(event.time),
        fields: name
            .into_iter()
            .chain(event.attributes.into_iter().map(tag))
            .collect(),
    }
}

fn tag(attribute: Attribute) -> Tag {
    let value = match attribute.value {
        AnyValue::Empty => Value::String(Box::default()),
        AnyValue::String(text) => Value::String(text),
        AnyValue::Bool(value) => Value::Bool(value),
        AnyValue::Int(value) => Value::Int64(value),
        AnyValue::Double(value) => Value::Float64(value),
        AnyValue::Bytes(bytes) => Value::Binary(bytes),
        list @ (AnyValue::Array(_) | AnyValue::Map(_)) => {
            let mut text = String::new();
            // JSON has no NaN. Go then writes nothing at all.
            let written = write_json(&list, &mut text).map(|()| text);
            Value::String(written.unwrap_or_default().into())
        }
    };
    Tag {
        key: attribute.key,
        value,
    }
}

/// Writes the value as `json.Marshal` does; `None` if Go cannot. The reader has bounded its depth.
fn write_json(value: &AnyValue, to: &mut String) -> Option<()> {
    match value {
        AnyValue::Empty => to.push_str("null"),
        AnyValue::String(text) => to.push_str(&go::json::text(text)),
        AnyValue::Bool(value) => to.push_str(&value.to_string()),
        AnyValue::Int(value) => to.push_str(&value.to_string()),
        AnyValue::Double(value) if !value.is_finite() => return None,
        AnyValue::Double(value) => to.push_str(&go::json::number(*value)),
        AnyValue::Bytes(bytes) if bytes.is_empty() => to.push_str("null"),
        AnyValue::Bytes(bytes) => to.push_str(&go::json::text(&STANDARD.encode(bytes))),
        AnyValue::Array(values) => {
            to.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    to.push(',');
                }
                write_json(value, to)?;
            }
            to.push(']');
        }
        AnyValue::Map(pairs) => {
            // Go sorts them, and of two with one key keeps the last.
            let pairs: BTreeMap<_, _> = pairs.iter().map(|it| (&*it.key, &it.value)).collect();
            to.push('{');
            for (index, (key, value)) in pairs.into_iter().enumerate() {
                if index > 0 {
                    to.push(',');
                }
                to.push_str(&go::json::text(key));
                to.push(':');
                write_json(value, to)?;
            }
            to.push('}');
        }
    }
    Some(())
}
