//! A trace of Jaeger's query API, and its text as a tree. The types are verify's own: they must
//! read the answers of any Jaeger.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
};

use serde::Deserialize;
use serde_json::Value;

use super::http::FetchError;

/// The spans of one trace, in the order of their start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trace {
    /// The id, in hexadecimal.
    pub id: String,
    /// The spans.
    pub spans: Vec<Span>,
}

/// A span.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    /// The id, in hexadecimal.
    pub id: String,
    /// The id of the parent, in hexadecimal; `None` for a span without one.
    pub parent: Option<String>,
    /// The service's name.
    pub service: String,
    /// The name.
    pub operation: String,
    /// The start, in microseconds since 1970.
    pub start: u64,
    /// The duration, in microseconds.
    pub duration: u64,
    /// The tags: key and value. Two tags may have the same key.
    pub tags: Vec<(String, Value)>,
}

impl Span {
    /// Returns the value of the first tag of this key, if it is a string.
    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        self.tags
            .iter()
            .find(|(name, _)| name == key)
            .and_then(|(_, value)| value.as_str())
    }

    /// Returns `server`, `client` and so on; nothing for an internal span, which has no such tag.
    pub(crate) fn kind(&self) -> &str {
        self.tag("span.kind").unwrap_or_default()
    }
}

impl Trace {
    /// Reads a response of `/api/traces/{id}`; `None` if it has no trace.
    pub(super) fn from_answer(answer: Value) -> Result<Option<Self>, FetchError> {
        let answer: Answer = serde_json::from_value(answer)?;
        let Some(found) = answer.data.into_iter().next() else {
            return Ok(None);
        };
        let mut spans: Vec<Span> = found
            .spans
            .into_iter()
            .map(|span| Span {
                parent: span.parent(),
                service: found
                    .processes
                    .get(&span.process_id)
                    .map(|process| process.service_name.clone())
                    .unwrap_or_default(),
                id: span.span_id,
                operation: span.operation_name,
                start: span.start_time,
                duration: span.duration,
                tags: span
                    .tags
                    .into_iter()
                    .map(|tag| (tag.key, tag.value))
                    .collect(),
            })
            .collect();
        spans.sort_by_key(|span| span.start);
        Ok(Some(Self {
            id: found.trace_id,
            spans,
        }))
    }

    /// Returns the names of the services.
    pub(crate) fn services(&self) -> BTreeSet<String> {
        self.spans.iter().map(|span| span.service.clone()).collect()
    }

    /// Returns the spans whose parent is `id`.
    pub(crate) fn children<'t>(&'t self, id: &'t str) -> impl Iterator<Item = &'t Span> {
        self.spans
            .iter()
            .filter(move |span| span.parent.as_deref() == Some(id))
    }

    /// Returns the spans whose parent is not in the trace.
    pub(crate) fn roots(&self) -> Vec<&Span> {
        let ids: HashSet<&str> = self.spans.iter().map(|span| span.id.as_str()).collect();
        let is_root = |span: &&Span| {
            let parent = span.parent.as_deref();
            parent.is_none_or(|parent| !ids.contains(parent))
        };
        self.spans.iter().filter(is_root).collect()
    }

    fn write_tree(&self, f: &mut fmt::Formatter<'_>, span: &Span, indent: &str) -> fmt::Result {
        let label = format!("{indent}{} {}", span.service, span.operation);
        let kind = span.kind();
        let milliseconds = span.duration as f64 / 1000.0;
        writeln!(f, "  {label:<44} {kind:<8} {milliseconds:>10.3} ms")?;
        // Deeper than any trace of this demo: spans may name each other as parents in a circle.
        if indent.len() < 64 {
            for child in self.children(&span.id) {
                self.write_tree(f, child, &format!("{indent}  "))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (spans, services) = (self.spans.len(), self.services().len());
        writeln!(f, "trace {}: {spans} spans of {services} services", self.id)?;
        for root in self.roots() {
            self.write_tree(f, root, "")?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Vec<FoundTrace>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundTrace {
    #[serde(rename = "traceID")]
    trace_id: String,
    spans: Vec<FoundSpan>,
    processes: BTreeMap<String, FoundProcess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundSpan {
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: String,
    references: Vec<FoundReference>,
    start_time: u64,
    duration: u64,
    tags: Vec<FoundTag>,
    #[serde(rename = "processID")]
    process_id: String,
}

impl FoundSpan {
    fn parent(&self) -> Option<String> {
        self.references
            .iter()
            .find(|reference| reference.ref_type == "CHILD_OF")
            .map(|reference| reference.span_id.clone())
    }
}

#[derive(Deserialize)]
struct FoundReference {
    #[serde(rename = "refType")]
    ref_type: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Deserialize)]
struct FoundTag {
    key: String,
    value: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundProcess {
    service_name: String,
}
