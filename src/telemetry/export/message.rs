//! Cuts a batch into messages that a path can carry.
//!
//! opentelemetry-jaeger sends a batch that does not fit a datagram not at all, or encodes it up to
//! three times over to find out how to cut it. So sizes are known here, before anything is encoded:
//! as an upper bound that holds for Thrift compact, Thrift binary and protocol buffers.

use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::{Resource, trace::SpanData};

/// The Jaeger agent reads at most 65,000 bytes; macOS sends at most 9,216 by default.
pub(super) const MAX_DATAGRAM: usize = if cfg!(target_os = "macos") {
    9_216
} else {
    65_000
};

/// A gRPC server takes 4 MiB by default; smaller messages are encoded and sent side by side.
pub(super) const MAX_COLLECTOR_MESSAGE: usize = 1024 * 1024;

/// Eleven fields of at most 11 bytes (Thrift binary: 1 type, 2 id, 8 value), two list headers of 5
/// and the stop.
const SPAN: usize = 11 * 11 + 2 * 5 + 1;
/// Four fields of at most 11 bytes and the stop; in protocol buffers 16 and 8 bytes of ids.
const LINK: usize = 4 * 11 + 1;
/// A timestamp, the header of its fields and the stop.
const LOG: usize = 11 + 3 + 5 + 1;
/// Three fields (key, type, value) with 3 bytes before and 8 of length or value each, and the stop.
const TAG: usize = 3 * 11 + 1;
/// The message's name, the batch's and the process's headers.
const ENVELOPE: usize = 64;

/// Messages, each with spans that fit it.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) fitting: Vec<Vec<SpanData>>,
    /// How many spans fit no message.
    pub(super) too_large: usize,
}

/// Puts `spans`, in their order, into messages of at most `limit` bytes.
pub(super) fn split(spans: Vec<SpanData>, limit: usize) -> Messages {
    let mut messages = Messages {
        fitting: Vec::new(),
        too_large: 0,
    };
    let mut message = Vec::new();
    let mut left = limit;
    for span in spans {
        let size = span_size(&span);
        if size > limit {
            messages.too_large += 1;
            continue;
        }
        if size > left {
            messages.fitting.push(std::mem::take(&mut message));
            left = limit;
        }
        left -= size;
        message.push(span);
    }
    if !message.is_empty() {
        messages.fitting.push(message);
    }
    messages
}

/// What the process takes in each message, at most.
pub(super) fn process_size(resource: &Resource) -> usize {
    let tags = resource
        .iter()
        .map(|(key, value)| TAG + key.as_str().len() + value_size(value));
    ENVELOPE + tags.sum::<usize>()
}

fn span_size(span: &SpanData) -> usize {
    let logs = span.events.iter().map(|event| {
        LOG + tags_size(&event.attributes)
            // opentelemetry-jaeger adds the name where no field has it.
            + TAG + "event".len() + event.name.len()
    });
    SPAN + span.name.len()
        + tags_size(&span.attributes)
        + logs.sum::<usize>()
        + LINK * (span.links.len() + 1)
}

fn tags_size(tags: &[KeyValue]) -> usize {
    let sizes = tags
        .iter()
        .map(|tag| TAG + tag.key.as_str().len() + value_size(&tag.value));
    sizes.sum()
}

/// The text's bytes; numbers are in [`TAG`] already.
fn value_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.as_str().len(),
        Value::Bool(_) | Value::I64(_) | Value::F64(_) => 0,
        other => other.as_str().len(),
    }
}
