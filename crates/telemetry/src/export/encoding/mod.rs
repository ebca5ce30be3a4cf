//! Spans as the bytes that a path to Jaeger carries.
//!
//! A span is encoded where it ends: by the thread that made it, while the span is in that core's
//! cache. What waits is one block of bytes of a known size, and a batch of spans becomes a message
//! by what stands before and after it.
//!
//! The mapping from OpenTelemetry to Jaeger (`mapping`) is one for all paths; `protobuf` and
//! `thrift` write a span, and `envelope` is what opentelemetry-jaeger has around the spans of a
//! Thrift message.

mod envelope;
mod mapping;
mod protobuf;
mod thrift;

use opentelemetry_sdk::{Resource, trace::SpanData};

use self::thrift::Protocol;
use crate::Mode;

pub use envelope::EnvelopeError;

/// The Jaeger agent reads at most 65,000 bytes; macOS sends at most 9,216 by default.
const MAX_DATAGRAM: usize = if cfg!(target_os = "macos") {
    9_216
} else {
    65_000
};

/// A gRPC server takes 4 MiB by default; smaller messages are sent side by side.
const MAX_COLLECTOR_MESSAGE: usize = 1024 * 1024;

/// Most spans are no larger, in bytes: room for them is made at once.
const MOST_SPANS: usize = 1024;

/// How one process writes its spans for one path.
#[derive(Debug)]
pub(super) struct Encoding {
    format: Format,
    /// What a message has before its spans, and after them.
    head: Vec<u8>,
    tail: Vec<u8>,
    max_message: usize,
    max_text: usize,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Protobuf,
    Thrift(Protocol),
}

impl Encoding {
    /// For the path of `mode`. Attributes' texts are cut to `max_text` characters.
    pub(super) fn new(
        mode: Mode,
        resource: &Resource,
        max_text: usize,
    ) -> Result<Self, EnvelopeError> {
        let (format, (head, tail), max_message) = match mode {
            Mode::Grpc => (
                Format::Protobuf,
                (Vec::new(), protobuf::process(resource)),
                MAX_COLLECTOR_MESSAGE,
            ),
            Mode::ThriftCollector => (
                Format::Thrift(Protocol::Binary),
                envelope::batch(resource)?,
                MAX_COLLECTOR_MESSAGE,
            ),
            Mode::ThriftAgent => (
                Format::Thrift(Protocol::Compact),
                envelope::emit_batch(resource)?,
                MAX_DATAGRAM,
            ),
        };
        Ok(Self {
            format,
            head,
            tail,
            max_message,
            max_text,
        })
    }

    /// One span.
    pub(super) fn span(&self, span: &SpanData) -> Vec<u8> {
        let mut out = Vec::with_capacity(MOST_SPANS);
        match self.format {
            Format::Protobuf => protobuf::span(span, self.max_text, &mut out),
            Format::Thrift(protocol) => thrift::span(span, self.max_text, protocol, &mut out),
        }
        out
    }

    /// The bytes of spans that a message has room for.
    pub(super) fn room(&self) -> usize {
        self.max_message.saturating_sub(self.around())
    }

    /// A message of `count` spans, whose bytes are in `spans` one after the other.
    pub(super) fn message(&self, count: usize, spans: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.around() + spans.len());
        out.extend_from_slice(&self.head);
        if let Format::Thrift(protocol) = self.format {
            thrift::list_of_structs(count, protocol, &mut out);
        }
        out.extend_from_slice(spans);
        out.extend_from_slice(&self.tail);
        out
    }

    /// The most bytes that a message has besides its spans.
    fn around(&self) -> usize {
        self.head.len() + thrift::LIST_HEADER + self.tail.len()
    }
}
